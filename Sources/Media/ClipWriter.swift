// Coded pictures into a file that every player opens.
// **packets ─▶ file**: what the fleet rendered, and clips for tests

import Base
import CFFmpeg

/// Writes coded pictures of one stream to a file; its name's extension (`.mp4`, `.mkv`) chooses the format.
///
/// Confined to one caller at a time. A file without `finish()` is not playable.
package final class ClipWriter {
    private let settings: EncoderSettings
    private let path: String
    private let context: UnsafeMutablePointer<AVFormatContext>
    private let packet: UnsafeMutablePointer<AVPacket>
    private enum State { case empty, open, finished }
    private var state = State.empty

    /// - Throws: `Failure` when the format is not known or the file cannot be made.
    package init(path: String, settings: EncoderSettings) throws {
        FFmpegLibrary.prepare()
        guard settings.codec != .other else { throw Failure(.unsupported, "clips hold h264, h265 or mjpeg") }
        self.path = path
        self.settings = settings
        var context: UnsafeMutablePointer<AVFormatContext>?
        let url = "file:" + path
        guard avformat_alloc_output_context2(&context, nil, nil, url) >= 0, let context else {
            throw Failure(.invalidInput, "no video format has this file name's extension", context: [("file", path)])
        }
        var failed: UnsafeMutablePointer<AVFormatContext>? = context
        let status = avio_open(&context.pointee.pb, url, AVIO_FLAG_WRITE)
        guard status >= 0, avformat_new_stream(context, nil) != nil, let packet = av_packet_alloc() else {
            avio_closep(&context.pointee.pb)
            avformat_free_context(failed)
            failed = nil
            throw status < 0 ? Failure.media(status, .openingFile, place: path) : FFmpegLibrary.outOfMemory
        }
        self.context = context
        self.packet = packet
    }

    deinit {
        avio_closep(&context.pointee.pb)
        avformat_free_context(context)
        var packet: UnsafeMutablePointer<AVPacket>? = packet
        av_packet_free(&packet)
    }

    /// Writes the next picture; the first one must be a key picture, since it brings the parameter sets for the file's head.
    package func append(_ picture: EncodedPicture) throws {
        guard state != .finished else { throw Failure(.conflict, "this clip is finished", context: [("file", path)]) }
        if state == .empty {
            guard picture.isKey else { throw Failure(.invalidInput, "a clip starts with a key picture", context: [("file", path)]) }
            try writeHead(parameterSets: parameterSets(of: picture.bytes))
            state = .open
        }
        guard let stream = context.pointee.streams[0] else { return }
        guard av_new_packet(packet, Int32(picture.bytes.count)) >= 0 else { throw FFmpegLibrary.outOfMemory }
        picture.bytes.withUnsafeBufferPointer {
            if let start = $0.baseAddress { packet.pointee.data.update(from: start, count: $0.count) }
        }
        packet.pointee.flags = picture.isKey ? AV_PKT_FLAG_KEY : 0
        packet.pointee.pts = Int64(picture.index)
        packet.pointee.dts = packet.pointee.pts
        packet.pointee.duration = 1
        av_packet_rescale_ts(packet, AVRational(num: 1, den: Int32(settings.framesPerSecond)), stream.pointee.time_base)
        try check(av_interleaved_write_frame(context, packet))
    }

    /// Completes the file and closes it.
    package func finish() throws {
        guard state == .open else {
            throw Failure(.conflict, state == .empty ? "a clip without pictures" : "this clip is finished", context: [("file", path)])
        }
        state = .finished
        try check(av_write_trailer(context))
        try check(avio_closep(&context.pointee.pb))
    }

    private func parameterSets(of bytes: [UInt8]) -> [UInt8] {
        let layout = BitstreamLayout(codec: settings.codec, extradata: [])
        return NALUnits(bytes).filter { layout.isParameterSet(bytes[$0.lowerBound]) }.reduce(into: []) {
            $0 += [0, 0, 0, 1] + bytes[$1]
        }
    }

    private func writeHead(parameterSets: [UInt8]) throws {
        guard let stream = context.pointee.streams[0], let codec = stream.pointee.codecpar else { return }
        codec.pointee.codec_type = AVMEDIA_TYPE_VIDEO
        codec.pointee.codec_id = settings.codec.id
        codec.pointee.width = Int32(settings.width)
        codec.pointee.height = Int32(settings.height)
        codec.pointee.format = (settings.codec == .mjpeg ? AV_PIX_FMT_YUVJ420P : AV_PIX_FMT_YUV420P).rawValue
        stream.pointee.time_base = AVRational(num: 1, den: Int32(settings.framesPerSecond))
        stream.pointee.avg_frame_rate = AVRational(num: Int32(settings.framesPerSecond), den: 1)
        if !parameterSets.isEmpty {
            guard let copy = av_mallocz(parameterSets.count + Int(AV_INPUT_BUFFER_PADDING_SIZE)) else { throw FFmpegLibrary.outOfMemory }
            copy.copyMemory(from: parameterSets, byteCount: parameterSets.count)
            codec.pointee.extradata = copy.assumingMemoryBound(to: UInt8.self)
            codec.pointee.extradata_size = Int32(parameterSets.count)
        }
        try check(avformat_write_header(context, nil))
    }

    private func check(_ status: Int32) throws {
        guard status < 0 else { return }
        let kind: Failure.Kind = status == -ENOSPC ? .dataLoss : .unavailable
        throw Failure(kind, "the clip cannot be written: \(FFmpegLibrary.words(for: status))", context: [("file", path)])
    }
}
