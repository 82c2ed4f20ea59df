// The walker's street as x264 codes it, cut into groups of pictures that a simulated camera can send in any order.
// camera → **packets → looks** → frames → detections → incidents

import CameraFleet
import Media

/// One encoding of the scene `walker`: real bytes, real sizes, and where the walker is.
struct CodedWalk {
    static let framesPerSecond = 25
    static let groupPictures = 50
    static let width = 256
    static let height = 144
    static let groupSeconds = Double(groupPictures) / Double(framesPerSecond)

    /// Each begins with its key picture and stands alone, so that any may follow any.
    let groups: [[EncodedPicture]]
    /// Pictures from the beginning in which somebody can be seen.
    let visit: ClosedRange<Int>
    /// Groups without anybody, the ones next to the walk left out.
    let quietGroups: [Int]
    let parameters = StreamParameters(codec: .h264, width: width, height: height, extradata: [])

    /// The scene drawn once for all encodings, and who is in it when.
    private static let scene: (pictures: [Picture], event: SceneEvent) = {
        let renderer = SceneRenderer(
            .walker, width: width, height: height, framesPerSecond: Double(framesPerSecond), gopPictures: groupPictures)
        return ((0..<renderer.pictureCount).map { renderer.picture($0) }, renderer.events[0])
    }()

    /// The same pictures, coded anew for each of `starts`: the group that the walker enters in begins at other moments of the entry.
    static func make(starts: [Int], rate: EncoderSettings.RateControl) throws -> [CodedWalk] {
        let (pictures, event) = scene
        let perSecond = Double(framesPerSecond)
        let seen = Int((event.startSeconds * perSecond).rounded(.up))...Int((event.endSeconds * perSecond).rounded(.down))
        return try starts.map { try CodedWalk(pictures, from: $0, seen: seen, rate) }
    }

    private init(_ pictures: [Picture], from start: Int, seen: ClosedRange<Int>, _ rate: EncoderSettings.RateControl) throws {
        // The bits for each sample that the fleet's usual cameras have, 512 kbit/s at 640×360; four times that where the rate may vary.
        let bits = 512_000 * Self.width * Self.height / (640 * 360) * (rate == .constant ? 1 : 4)
        var settings = EncoderSettings(
            codec: .h264, width: Self.width, height: Self.height, framesPerSecond: Self.framesPerSecond,
            gopPictures: Self.groupPictures, bitrateBitsPerSecond: bits)
        settings.rateControl = rate
        let encoder = try VideoEncoder(settings)
        // Two groups ahead, which are left out: the rate control has settled on a camera that has been on for a while.
        let lead = 2 * Self.groupPictures
        var coded: [EncodedPicture] = []
        for index in start - lead..<start + pictures.count {
            let picture = pictures[(index + pictures.count) % pictures.count]
            coded += try encoder.encode(y: picture.y, u: picture.u, v: picture.v)
        }
        coded = Array((coded + (try encoder.finish())).dropFirst(lead))
        groups = stride(from: 0, to: coded.count, by: Self.groupPictures).map { Array(coded[$0..<$0 + Self.groupPictures]) }
        precondition(groups.allSatisfy { $0[0].isKey }, "the encoder keeps its groups")
        visit = seen.lowerBound - start...seen.upperBound - start
        let (first, last) = (visit.lowerBound / Self.groupPictures, visit.upperBound / Self.groupPictures)
        quietGroups = groups.indices.filter { $0 < first - 1 || $0 > last + 1 }
        precondition(visit.lowerBound > 0 && !quietGroups.isEmpty, "the walk lies within the loop")
    }
}
