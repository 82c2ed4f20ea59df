// Pictures decoded, masked and coded again: for cameras that show what nobody may see, and for codecs no player takes from an MP4.
// packets ─▶ frames ─▶ **masked packets ─▶ clips, live pictures**

import Base
import CFFmpeg
package import Domain

/// Turns one camera's pictures into H.264 with its privacy masks burnt in.
///
/// CPU for seconds: 640×360 costs about a tenth of a core at 25 pictures a second. For own threads; confined to one caller at a time.
package final class Recoder {
    /// Larger pictures are scaled down; coding 4K in software would take a core and a half.
    private static let largestWidth = 1920
    /// Only steers the encoder's rate: pictures keep their own times.
    private static let nominalRate = 25

    private let parameters: StreamParameters
    private let privacy: [Zone]
    private let decoder: Decoder
    private var output: (encoder: VideoEncoder, mask: BlockMask, picture: ScaledPicture)?
    /// Source timestamps to the caller's seconds, from the latest picture that had one.
    private var offsetSeconds = 0.0

    /// - Throws: `Failure` when there is no decoder.
    package init(_ parameters: StreamParameters, masking privacy: [Zone]) throws {
        self.parameters = parameters
        self.privacy = privacy
        decoder = try Decoder(parameters, skipLoopFilter: false)
    }

    /// Takes the stream's next picture and returns what is ready, at the seconds given.
    ///
    /// A picture that cannot be decoded is left out; a damaged one is shown as it came out.
    package func recode(_ coded: CodedPicture, seconds: Double) throws -> [MP4Picture] {
        if let pts = coded.ptsSeconds { offsetSeconds = seconds - pts }
        var ready: [MP4Picture] = []
        _ = try decoder.decode(coded) { frame in
            let shown = frame.ptsSeconds.map { $0 + offsetSeconds } ?? seconds
            for picture in try encode(frame) { ready.append(MP4Picture(bytes: picture.bytes, isKey: picture.isKey, seconds: shown)) }
        }
        return ready
    }

    private func encode(_ frame: borrowing Frame) throws -> [EncodedPicture] {
        let width = max(16, min(frame.width, Self.largestWidth) & ~1)
        let height = max(16, min(4096, frame.height * width / max(1, frame.width)) & ~1)
        if output?.mask.width != width || output?.mask.height != height {
            // A twelfth of a bit a sample and picture is what cameras spend themselves: 0.5 Mbit/s at 640×360.
            let bits = min(max(width * height * Self.nominalRate / 12, 200_000), 8_000_000)
            let settings = EncoderSettings(
                codec: .h264, width: width, height: height, framesPerSecond: Self.nominalRate, gopPictures: 2 * Self.nominalRate,
                bitrateBitsPerSecond: bits)
            output = (
                try VideoEncoder(settings), BlockMask(privacy, width: width, height: height),
                try ScaledPicture(width: width, height: height)
            )
        }
        guard let output else { return [] }
        let picture = try output.picture.scaled(from: frame.pointer)
        output.mask.burn(into: picture, black: 16)
        return try output.encoder.encode(picture)
    }
}

/// A 4:2:0 picture of limited range that others are scaled into, again and again.
private final class ScaledPicture {
    private let target: UnsafeMutablePointer<AVFrame>
    private var scaler: OpaquePointer?

    init(width: Int, height: Int) throws {
        target = try Frame.allocate(width: Int32(width), height: Int32(height), format: AV_PIX_FMT_YUV420P)
    }

    deinit {
        sws_freeContext(scaler)
        var target: UnsafeMutablePointer<AVFrame>? = target
        av_frame_free(&target)
    }

    func scaled(from source: UnsafeMutablePointer<AVFrame>) throws -> UnsafeMutablePointer<AVFrame> {
        scaler = sws_getCachedContext(
            scaler, source.pointee.width, source.pointee.height, AVPixelFormat(rawValue: source.pointee.format), target.pointee.width,
            target.pointee.height, AV_PIX_FMT_YUV420P, SWS_BICUBIC, nil, nil, nil)
        guard scaler != nil else { throw Failure(.unsupported, "pictures of this pixel format cannot be coded again") }
        guard av_frame_make_writable(target) >= 0 else { throw FFmpegLibrary.outOfMemory }
        let status = sws_scale_frame(scaler, target, source)
        guard status >= 0 else { throw Failure(.internal, "scaling a picture failed: \(FFmpegLibrary.words(for: status))") }
        return target
    }
}
