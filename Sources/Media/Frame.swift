// One decoded picture, lent for the time of a closure.
// packets ─▶ looks ─▶ **frames** ─▶ detections

import Base
import CFFmpeg
package import Domain

/// One decoded picture in the decoder's own memory; valid only while the closure that received it runs.
package struct Frame: ~Copyable {
    let pointer: UnsafeMutablePointer<AVFrame>
    /// The picture itself, or its grey copy when it has no plain luma plane.
    let luma: UnsafeMutablePointer<AVFrame>
    /// Decoding had to guess: show it and count it as health, but detect nothing in it.
    package let isDamaged: Bool
    /// Seconds since the first picture of the source.
    package let ptsSeconds: Double?

    package var width: Int { Int(pointer.pointee.width) }
    package var height: Int { Int(pointer.pointee.height) }
    /// Coded anew, without any other picture.
    package var isKey: Bool { pointer.pointee.key_frame != 0 }

    /// Mean distance of the colour planes from grey, in levels; nil where the picture has no plain 8-bit colour planes.
    ///
    /// Every eighth sample of every eighth row of planes: 900 samples of each at 640×360, a microsecond.
    package var chromaDeviation: Double? {
        guard let description = av_pix_fmt_desc_get(AVPixelFormat(rawValue: pointer.pointee.format)), LumaConverter.hasPlainLuma(pointer),
            description.pointee.nb_components >= 3, let u = pointer.pointee.data.1, let v = pointer.pointee.data.2
        else { return nil }
        let columns = width >> Int(description.pointee.log2_chroma_w)
        let rows = height >> Int(description.pointee.log2_chroma_h)
        let (strideU, strideV) = (Int(pointer.pointee.linesize.1), Int(pointer.pointee.linesize.2))
        var sum = 0
        var count = 0
        for y in stride(from: 0, to: rows, by: 8) {
            for x in stride(from: 0, to: columns, by: 8) {
                sum += abs(Int(u[y * strideU + x]) - 128) + abs(Int(v[y * strideV + x]) - 128)
                count += 1
            }
        }
        return count > 0 ? Double(sum) / Double(count) : nil
    }

    /// Lends the 8-bit brightness plane: the decoder's own where it has one, else (10 bit, RGB, palette) a converted copy.
    ///
    /// The span ends with the last sample of the last row, so its length is `stride * (height - 1) + width`. Values are as coded:
    /// limited range (16…235) for most cameras.
    package func withLuma<R>(_ body: (Span<UInt8>, PlaneShape) throws -> R) rethrows -> R {
        let shape = PlaneShape(width: width, height: height, stride: Int(luma.pointee.linesize.0))
        let plane = UnsafeBufferPointer(start: luma.pointee.data.0, count: shape.stride * (shape.height - 1) + shape.width)
        return try body(plane.span, shape)
    }
}

/// Turns pictures without a plain luma plane into 8-bit grey, in one buffer that is used again.
final class LumaConverter {
    private var scaler: OpaquePointer?
    private var grey: UnsafeMutablePointer<AVFrame>?

    deinit {
        sws_freeContext(scaler)
        av_frame_free(&grey)
    }

    /// True when plane 0 is 8-bit brightness, one byte a sample, rows from top to bottom.
    static func hasPlainLuma(_ frame: UnsafeMutablePointer<AVFrame>) -> Bool {
        guard frame.pointee.data.0 != nil, frame.pointee.linesize.0 >= frame.pointee.width,
            let description = av_pix_fmt_desc_get(AVPixelFormat(rawValue: frame.pointee.format))
        else { return false }
        let strange = UInt64(AV_PIX_FMT_FLAG_RGB | AV_PIX_FMT_FLAG_PAL | AV_PIX_FMT_FLAG_BITSTREAM | AV_PIX_FMT_FLAG_HWACCEL)
        let luma = description.pointee.comp.0
        return description.pointee.flags & strange == 0 && luma.plane == 0 && luma.step == 1 && luma.offset == 0 && luma.shift == 0
            && luma.depth == 8
    }

    /// The picture itself where its luma is plain, else its grey copy; valid until the next call.
    func luma(of source: UnsafeMutablePointer<AVFrame>) throws -> UnsafeMutablePointer<AVFrame> {
        Self.hasPlainLuma(source) ? source : try convert(source)
    }

    private func convert(_ source: UnsafeMutablePointer<AVFrame>) throws -> UnsafeMutablePointer<AVFrame> {
        let (width, height) = (source.pointee.width, source.pointee.height)
        scaler = sws_getCachedContext(
            scaler, width, height, AVPixelFormat(rawValue: source.pointee.format), width, height, AV_PIX_FMT_GRAY8, SWS_POINT, nil, nil,
            nil)
        guard scaler != nil else {
            throw Failure(.unsupported, "pictures of this pixel format cannot be turned into grey")
        }
        if let grey, grey.pointee.width != width || grey.pointee.height != height { av_frame_free(&self.grey) }
        let target = try self.grey ?? Frame.allocate(width: width, height: height, format: AV_PIX_FMT_GRAY8)
        self.grey = target
        let status = sws_scale_frame(scaler, target, source)
        guard status >= 0 else { throw Failure(.internal, "grey conversion failed: \(FFmpegLibrary.words(for: status))") }
        return target
    }
}

extension Frame {
    /// A new picture with memory of its own; the caller frees it.
    static func allocate(width: Int32, height: Int32, format: AVPixelFormat) throws -> UnsafeMutablePointer<AVFrame> {
        guard let frame = av_frame_alloc() else { throw FFmpegLibrary.outOfMemory }
        frame.pointee.width = width
        frame.pointee.height = height
        frame.pointee.format = format.rawValue
        guard av_frame_get_buffer(frame, 0) >= 0 else {
            var frame: UnsafeMutablePointer<AVFrame>? = frame
            av_frame_free(&frame)
            throw FFmpegLibrary.outOfMemory
        }
        return frame
    }
}
