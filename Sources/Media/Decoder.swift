// Coded pictures to pictures, one decoder.
// packets ─▶ looks ─▶ **frames** ─▶ detections

import Base
import CFFmpeg

/// What one coded picture became.
package enum DecodeOutcome: Sendable, Hashable {
    /// That many frames were lent to the closure.
    case frames(Int)
    /// The decoder took the picture and waits for the next one.
    case needsMore
    /// Nothing could be made of it; the text says why, for people.
    case damaged(String)
}

/// One FFmpeg decoder on one thread; confined to one worker at a time.
package final class Decoder {
    private let context: UnsafeMutablePointer<AVCodecContext>
    private let frame: UnsafeMutablePointer<AVFrame>
    private let scratch: UnsafeMutablePointer<AVPacket>
    private let converter = LumaConverter()
    /// What this decoder only says in its log, counted by the log callback (shim.h).
    private let complaints: UnsafeMutablePointer<cff_complaints>
    private let parameterSets: [UInt8]
    /// Damage stays in every picture predicted from it, until a key picture comes out sound.
    private var isTainted = false
    /// Something of the picture before is still here.
    private var holdsHistory = false

    /// - Parameter skipLoopFilter: A third faster for looks; blocks show at edges, and predicted pictures drift.
    /// - Throws: `Failure` of kind `unsupported` or `resourceExhausted`.
    package init(_ parameters: StreamParameters, skipLoopFilter: Bool) throws {
        FFmpegLibrary.prepare()
        guard let codec = avcodec_find_decoder(AVCodecID(rawValue: parameters.raw.id)), codec.pointee.type == AVMEDIA_TYPE_VIDEO else {
            throw Failure(.unsupported, "there is no video decoder for \(parameters.codecName)")
        }
        guard let context = avcodec_alloc_context3(codec) else { throw FFmpegLibrary.outOfMemory }
        var failed: UnsafeMutablePointer<AVCodecContext>? = context
        complaints = .allocate(capacity: 1)
        complaints.initialize(to: cff_complaints())
        do {
            try Self.configure(context, parameters, skipLoopFilter: skipLoopFilter)
            context.pointee.opaque = UnsafeMutableRawPointer(complaints)
            let status = avcodec_open2(context, codec, nil)
            guard status >= 0 else {
                throw Failure(.unsupported, "the decoder for \(parameters.codecName) does not start: \(FFmpegLibrary.words(for: status))")
            }
            guard let frame = av_frame_alloc(), let scratch = av_packet_alloc() else { throw FFmpegLibrary.outOfMemory }
            self.frame = frame
            self.scratch = scratch
        } catch {
            avcodec_free_context(&failed)
            complaints.deallocate()
            throw error
        }
        self.context = context
        parameterSets = parameters.codec == .h264 || parameters.codec == .h265 ? parameters.extradata : []
    }

    private static func configure(
        _ context: UnsafeMutablePointer<AVCodecContext>, _ parameters: StreamParameters, skipLoopFilter: Bool
    ) throws {
        context.pointee.max_pixels = FFmpegLibrary.largestPicturePixels
        // Workers are the parallelism; frame threads would also delay every picture.
        context.pointee.thread_count = 1
        context.pointee.pkt_timebase = AVRational(num: 1, den: AV_TIME_BASE)
        // A picture with missing parts is handed out marked instead of withheld: its damage is health.
        context.pointee.flags |= AV_CODEC_FLAG_OUTPUT_CORRUPT
        if skipLoopFilter { context.pointee.skip_loop_filter = AVDISCARD_ALL }
        context.pointee.codec_tag = parameters.raw.tag
        context.pointee.bits_per_coded_sample = parameters.raw.bitsPerSample
        context.pointee.pix_fmt = AVPixelFormat(rawValue: parameters.raw.pixelFormat)
        if Int64(parameters.width) * Int64(parameters.height) <= FFmpegLibrary.largestPicturePixels {
            context.pointee.width = Int32(parameters.width)
            context.pointee.height = Int32(parameters.height)
        }
        guard !parameters.extradata.isEmpty else { return }
        let count = parameters.extradata.count
        guard let copy = av_mallocz(count + Int(AV_INPUT_BUFFER_PADDING_SIZE)) else { throw FFmpegLibrary.outOfMemory }
        copy.copyMemory(from: parameters.extradata, byteCount: count)
        // The context owns it from here and frees it.
        context.pointee.extradata = copy.assumingMemoryBound(to: UInt8.self)
        context.pointee.extradata_size = Int32(count)
    }

    deinit {
        var context: UnsafeMutablePointer<AVCodecContext>? = context
        var frame: UnsafeMutablePointer<AVFrame>? = frame
        var scratch: UnsafeMutablePointer<AVPacket>? = scratch
        avcodec_free_context(&context)
        av_frame_free(&frame)
        av_packet_free(&scratch)
        complaints.deallocate()
    }

    /// Decodes the next picture of a stream and lends each frame that is ready to `body`.
    ///
    /// - Throws: Only what `body` throws, and `Failure` when a pixel format cannot be read.
    package func decode(_ picture: CodedPicture, _ body: (borrowing Frame) throws -> Void) throws -> DecodeOutcome {
        let before = complaints.pointee
        let sent = avcodec_send_packet(context, picture.packet)
        // A gap in front of a key picture has no consequence.
        if picture.isCorrupt || (!picture.isKey && complaints.pointee.gaps != before.gaps) { isTainted = true }
        return try receive(sent, errorsBefore: before.errors, body)
    }

    /// Decodes one key picture on its own, whatever was decoded before, and forgets it.
    ///
    /// The stream's parameter sets are given again, since another camera's picture may have brought other ones.
    func decodeAlone(_ picture: CodedPicture, _ body: (borrowing Frame) throws -> Void) throws -> DecodeOutcome {
        // Flushing frees and takes again all tables of the H.264 decoder, some percent of a look. Between two sound IDR pictures, each of
        // which begins by forgetting, it changes nothing.
        let isIDR = picture.withBytes { picture.layout.beginsWithIDR($0) }
        if holdsHistory && !isIDR { reset() }
        var isClean = false
        defer { if isClean { holdsHistory = true } else { reset() } }
        let errorsBefore = complaints.pointee.errors
        av_packet_unref(scratch)
        guard av_packet_ref(scratch, picture.packet) >= 0 else { throw FFmpegLibrary.outOfMemory }
        if !parameterSets.isEmpty {
            guard let copy = av_packet_new_side_data(scratch, AV_PKT_DATA_NEW_EXTRADATA, parameterSets.count) else {
                throw FFmpegLibrary.outOfMemory
            }
            copy.update(from: parameterSets, count: parameterSets.count)
        }
        let sent = avcodec_send_packet(context, scratch)
        av_packet_unref(scratch)
        if picture.isCorrupt { isTainted = true }
        let first = try receive(sent, errorsBefore: errorsBefore, keepsTaint: true, body)
        guard case .needsMore = first else {
            if case .frames(1) = first { isClean = isIDR && !isTainted }
            return first
        }
        // A stream with reordering holds the picture back until it hears that no more will come.
        let last = try receive(avcodec_send_packet(context, nil), errorsBefore: errorsBefore, keepsTaint: true, body)
        if case .needsMore = last { return .damaged("a key picture from which no picture came") }
        return last
    }

    /// Lends the frames still held back at the end of a stream. Call `reset()` before decoding on.
    package func drain(_ body: (borrowing Frame) throws -> Void) throws {
        _ = try receive(avcodec_send_packet(context, nil), errorsBefore: complaints.pointee.errors, body)
    }

    /// Forgets every picture seen, so that the next one may come from anywhere in any stream of the same parameters.
    package func reset() {
        avcodec_flush_buffers(context)
        isTainted = false
        holdsHistory = false
        av_frame_unref(frame)
    }

    private func receive(
        _ sent: Int32, errorsBefore: Int64, keepsTaint: Bool = false, _ body: (borrowing Frame) throws -> Void
    ) throws -> DecodeOutcome {
        var count = 0
        var status = sent
        while true {
            let received = avcodec_receive_frame(context, frame)
            if received == -EAGAIN || received == cff_AVERROR_EOF { break }
            guard received >= 0 else {
                status = received
                break
            }
            defer { av_frame_unref(frame) }
            let isDamagedItself =
                sent < 0 || complaints.pointee.errors != errorsBefore || frame.pointee.decode_error_flags != 0
                || frame.pointee.flags & AV_FRAME_FLAG_CORRUPT != 0
            if isDamagedItself {
                isTainted = true
            } else if frame.pointee.key_frame != 0, !keepsTaint {
                isTainted = false
            }
            let time = frame.pointee.best_effort_timestamp
            count += 1
            try body(
                Frame(
                    pointer: frame, luma: try converter.luma(of: frame), isDamaged: isTainted,
                    ptsSeconds: time == cff_NO_TIMESTAMP ? nil : Double(time) / 1e6))
        }
        if count > 0 { return .frames(count) }
        // End of stream after a drain is no damage.
        guard status < 0, status != cff_AVERROR_EOF, status != -EAGAIN else { return .needsMore }
        if status == -ENOMEM { return .damaged("the picture is larger than is accepted") }
        return .damaged("the picture cannot be decoded: \(FFmpegLibrary.words(for: status))")
    }
}
