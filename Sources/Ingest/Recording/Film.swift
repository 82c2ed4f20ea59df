// A camera's pictures as one MP4: as they are where that is allowed and playable, else masked and coded again.
// **packets ─▶ clips, live pictures**

import Base
import Domain
import Media

/// Pictures of one camera into MP4 bytes. A value for one own thread.
struct Film: ~Copyable {
    private let privacy: [Zone]
    private let codec: VideoCodec
    private let mp4: FragmentedMP4
    private var recoder: (recoder: Recoder, parameters: StreamParameters)?

    /// - Parameters:
    ///   - privacy: What nobody may see; without any, H.264 and H.265 stay as the camera coded them.
    ///   - codec: What the camera sends.
    init(privacy: [Zone], codec: VideoCodec, rhythm: FragmentedMP4.Rhythm) throws {
        self.privacy = privacy
        self.codec = codec
        mp4 = try FragmentedMP4(codec: Self.isRecoded(codec, privacy: privacy) ? .h264 : codec, rhythm: rhythm)
    }

    /// True when pictures of this codec cannot stay as they are. Motion JPEG in an MP4 is played by nothing.
    static func isRecoded(_ codec: VideoCodec, privacy: [Zone]) -> Bool { !privacy.isEmpty || codec == .mjpeg }

    /// Adds a picture and returns the bytes that are complete.
    ///
    /// - Throws: `Failure`, of kind `unsupported` when the camera has changed its codec.
    mutating func append(_ taped: TapedPicture) throws -> [UInt8] {
        guard taped.parameters.codec == codec else { throw Failure(.unsupported, "the camera has changed its codec") }
        guard Self.isRecoded(codec, privacy: privacy) else {
            return try mp4.append(
                MP4Picture(bytes: taped.picture.bytesAnnexB(), isKey: taped.picture.isKey, seconds: taped.seconds))
        }
        return try recode(taped).reduce(into: []) { $0 += try mp4.append($1) }
    }

    /// The last fragment.
    mutating func finish() throws -> [UInt8] { try mp4.finish() }

    private mutating func recode(_ taped: TapedPicture) throws -> [MP4Picture] {
        if recoder?.parameters != taped.parameters {
            // What is predicted from pictures of the decoder before cannot be decoded.
            guard taped.picture.isKey else { return [] }
            recoder = (try Recoder(taped.parameters, masking: privacy), taped.parameters)
        }
        return try recoder?.recoder.recode(taped.picture, seconds: taped.seconds) ?? []
    }

    /// The pictures around `seconds` that one head describes: players of files read one head only.
    static func oneHead(_ pictures: [TapedPicture], around seconds: Double) -> ArraySlice<TapedPicture> {
        var start = pictures.startIndex
        for index in pictures.indices.dropFirst()
        where pictures[index].picture.isKey && pictures[index].parameters != pictures[index - 1].parameters {
            if pictures[index].seconds > seconds { return pictures[start..<index] }
            start = index
        }
        return pictures[start...]
    }
}
