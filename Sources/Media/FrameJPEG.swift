// Pictures for people: a frame scaled and coded as JPEG.
// looks ─▶ **frames** ─▶ detections ─▶ incidents

import Base
import CFFmpeg
package import Domain

extension Frame {
    /// A colour JPEG at most `maxWidth` wide, never enlarged, sides even. A few milliseconds; for snapshots, not for every look.
    ///
    /// - Parameters:
    ///   - quality: 1…100; 80 is good for evidence.
    ///   - privacy: What nobody may see; black in the JPEG. Without a default, so that no caller forgets to ask.
    package func jpeg(maxWidth: Int, quality: Int, masking privacy: [Zone]) throws -> [UInt8] {
        let source = pointer
        let targetWidth = max(min(maxWidth, width), 2) & ~1
        let targetHeight = max(height * targetWidth / max(width, 1), 2) & ~1
        let scaled = try Frame.allocate(width: Int32(targetWidth), height: Int32(targetHeight), format: AV_PIX_FMT_YUVJ420P)
        var owned: UnsafeMutablePointer<AVFrame>? = scaled
        defer { av_frame_free(&owned) }
        try Self.scale(source, to: scaled)
        if !privacy.isEmpty { BlockMask(privacy, width: targetWidth, height: targetHeight).burn(into: scaled, black: 0) }
        let clamped = min(max(quality, 1), 100)
        // MJPEG's quantiser runs from 2 (best) to 31.
        let quantiser = 2 + (100 - clamped) * 29 / 99
        return try Self.encode(scaled, quantiser: Int32(quantiser))
    }

    private static func scale(_ source: UnsafeMutablePointer<AVFrame>, to target: UnsafeMutablePointer<AVFrame>) throws {
        let (from, to) = (source.pointee, target.pointee)
        guard
            let scaler = sws_getContext(
                from.width, from.height, AVPixelFormat(rawValue: from.format), to.width, to.height, AV_PIX_FMT_YUVJ420P, SWS_BICUBIC, nil,
                nil, nil)
        else { throw Failure(.unsupported, "pictures of this pixel format cannot be made into a JPEG") }
        defer { sws_freeContext(scaler) }
        // JPEG is full range BT.601. Cameras seldom say what they send: BT.709 is what they mean from 720 lines on.
        let isHD = from.colorspace == AVCOL_SPC_BT709 || (from.colorspace == AVCOL_SPC_UNSPECIFIED && from.height >= 720)
        let matrix = sws_getCoefficients(isHD ? SWS_CS_ITU709 : SWS_CS_ITU601)
        let fullRange = [AV_PIX_FMT_YUVJ420P, AV_PIX_FMT_YUVJ422P, AV_PIX_FMT_YUVJ444P, AV_PIX_FMT_YUVJ440P, AV_PIX_FMT_YUVJ411P]
        let isFull = from.color_range == AVCOL_RANGE_JPEG || fullRange.contains(AVPixelFormat(rawValue: from.format))
        // Refused for grey and RGB sources, for which the defaults are right.
        sws_setColorspaceDetails(scaler, matrix, isFull ? 1 : 0, sws_getCoefficients(SWS_CS_ITU601), 1, 0, 1 << 16, 1 << 16)
        let status = sws_scale_frame(scaler, target, source)
        guard status >= 0 else { throw Failure(.internal, "scaling a picture failed: \(FFmpegLibrary.words(for: status))") }
        target.pointee.color_range = AVCOL_RANGE_JPEG
    }

    private static func encode(_ picture: UnsafeMutablePointer<AVFrame>, quantiser: Int32) throws -> [UInt8] {
        guard let codec = avcodec_find_encoder(AV_CODEC_ID_MJPEG), let context = avcodec_alloc_context3(codec) else {
            throw FFmpegLibrary.outOfMemory
        }
        var owned: UnsafeMutablePointer<AVCodecContext>? = context
        defer { avcodec_free_context(&owned) }
        context.pointee.width = picture.pointee.width
        context.pointee.height = picture.pointee.height
        context.pointee.pix_fmt = AV_PIX_FMT_YUVJ420P
        context.pointee.color_range = AVCOL_RANGE_JPEG
        context.pointee.time_base = AVRational(num: 1, den: 25)
        context.pointee.thread_count = 1
        context.pointee.flags |= AV_CODEC_FLAG_QSCALE
        context.pointee.global_quality = quantiser * FF_QP2LAMBDA
        picture.pointee.quality = quantiser * FF_QP2LAMBDA
        picture.pointee.pts = 0
        guard let packet = av_packet_alloc() else { throw FFmpegLibrary.outOfMemory }
        var ownedPacket: UnsafeMutablePointer<AVPacket>? = packet
        defer { av_packet_free(&ownedPacket) }
        var status = avcodec_open2(context, codec, nil)
        if status >= 0 { status = avcodec_send_frame(context, picture) }
        if status >= 0 { status = avcodec_receive_packet(context, packet) }
        guard status >= 0 else { throw Failure(.internal, "coding a JPEG failed: \(FFmpegLibrary.words(for: status))") }
        return Array(UnsafeBufferPointer(start: packet.pointee.data, count: Int(packet.pointee.size)))
    }
}
