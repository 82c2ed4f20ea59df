// One camera or file read through libavformat, picture by picture.
// camera ─RTSP─▶ **packets** ─▶ looks ─▶ frames

package import Base
import CFFmpeg
package import Domain
import RTSP

/// What one call of `PacketSource.read` brought.
package enum ReadOutcome: Sendable {
    case picture(CodedPicture)
    /// A predicted picture that was not wanted; its bytes are already gone.
    case skipped(sizeBytes: Int)
    /// The end of a file. A camera has no end: when it hangs up, `read` throws.
    case end
}

/// One open RTSP or file source. Own thread only: every call may block until its deadline.
package final class PacketSource {
    private var context: UnsafeMutablePointer<AVFormatContext>?
    private let stream: UnsafeMutablePointer<AVStream>
    private let scratch: UnsafeMutablePointer<AVPacket>
    private let interrupt: Interrupt
    private let time: any TimeSource
    private let place: String
    private let readingPhase: MediaPhase
    private let hasCredentials: Bool
    private let everyPictureIsKey: Bool
    private let layout: BitstreamLayout
    /// Takes what a camera sends beside its pictures.
    private let onMetadata: (([UInt8]) -> Void)?
    /// The time of the first picture in microseconds, which becomes 0.
    private var origin: Int64?
    /// What is known about the stream; a camera's width and height may follow with a key picture and may change later.
    package private(set) var parameters: StreamParameters

    /// Opens `rtsp://host[:port]/path`. Blocks until the answer to PLAY or until `openTimeout`; no picture is awaited.
    ///
    /// Over TCP, and over UDP when the camera refuses TCP (461): there are devices that send nothing else, and a picture that loses a packet
    /// is better than none.
    ///
    /// - Parameters:
    ///   - time: The clock that dates each picture's `arrival`.
    ///   - onMetadata: Asks for the camera's metadata as well and takes it, packet by packet, while `read` waits for a picture. Where a
    ///     document ends is not known here. A camera that refuses this track cannot be opened with it.
    /// - Throws: `Failure` of kind `unauthorised`, `unavailable`, `deadlineExceeded`, `notFound` (404), `unsupported`,
    ///   `invalidInput` or `cancelled`. No failure holds the credentials or the URL.
    package static func openRTSP(
        url: String, credentials: Credentials?, interrupt: Interrupt, openTimeout: Duration = .seconds(10),
        time: any TimeSource = SystemTime(), onMetadata: (([UInt8]) -> Void)? = nil
    ) throws -> PacketSource {
        FFmpegLibrary.prepare()
        let address = try RTSPAddress(url)
        let fullURL = try address.url(with: credentials)
        interrupt.setDeadline(after: openTimeout)
        // FFmpeg reports an unknown host as a plain I/O error. Blocks without a deadline of ours, on the camera's own thread.
        _ = try SocketAddress.resolve(host: address.host, port: address.port)
        let options = [
            ("rtsp_transport", address.isTLS ? "tcp" : "tcp+udp"),
            // TCP first; of datagrams only those that come from the camera itself.
            ("rtsp_flags", "prefer_tcp+filter_src"),
            // Microseconds a socket may be silent. Each byte starts it anew and FFmpeg 5.1 reports its end as invalid data, so it is
            // longer than every deadline of ours: the interrupt decides, and says what happened.
            ("timeout", "20000000"),
            ("allowed_media_types", onMetadata == nil ? "video" : "video+data"),
            ("protocol_whitelist", address.isTLS ? "tls,tcp" : "tcp,rtp,udp"),
            ("format_whitelist", "rtsp"),
            ("codec_whitelist", "h264,hevc,mjpeg"),
            ("max_streams", "8"),
            ("probesize", "1000000"),
            ("analyzeduration", "1000000"),
            ("fpsprobesize", "0"),
            ("user_agent", "Snowlight"),
        ]
        return try PacketSource(
            Opening(
                url: fullURL, format: "rtsp", options: options, place: address.place, phase: .openingCamera,
                hasCredentials: credentials != nil), interrupt: interrupt, time: time, onMetadata: onMetadata)
    }

    /// Opens a local video file of any format and codec that FFmpeg decodes. Never reaches the network, whatever `path` looks like.
    package static func openFile(
        path: String, interrupt: Interrupt, time: any TimeSource = SystemTime()
    ) throws -> PacketSource {
        FFmpegLibrary.prepare()
        interrupt.setDeadline(after: .seconds(10))
        // `file:` keeps a path such as `concat:a|b` or `http://…` what it is: a file name.
        return try PacketSource(
            Opening(
                url: "file:" + path, format: nil, options: [("protocol_whitelist", "file"), ("format_whitelist", fileFormats)],
                place: path, phase: .openingFile, hasCredentials: false), interrupt: interrupt, time: time)
    }

    /// Demuxers for files; those that follow links to other files (hls, concat, dash) are left out.
    private static let fileFormats = "mov,mp4,m4a,3gp,3g2,mj2,avi,matroska,webm,mpegts,mpeg,mpegvideo,h264,hevc,mjpeg,gif,flv,asf,m4v,ogg"

    private struct Opening {
        let url: String
        let format: String?
        let options: [(String, String)]
        let place: String
        let phase: MediaPhase
        let hasCredentials: Bool
    }

    private init(_ opening: Opening, interrupt: Interrupt, time: any TimeSource, onMetadata: (([UInt8]) -> Void)? = nil) throws {
        self.interrupt = interrupt
        self.onMetadata = onMetadata
        self.time = time
        place = opening.place
        hasCredentials = opening.hasCredentials
        let isCamera = opening.phase == .openingCamera
        readingPhase = isCamera ? .readingCamera : .readingFile
        func failure(_ code: Int32) -> Failure {
            .media(code, opening.phase, place: opening.place, interrupt: interrupt, hasCredentials: opening.hasCredentials)
        }
        let context = try Self.openContext(opening, interrupt, failure)
        var opened: UnsafeMutablePointer<AVFormatContext>? = context
        do {
            // Cameras need no probing: the description names the codec, and the first key picture brings the rest.
            if !isCamera {
                let status = avformat_find_stream_info(context, nil)
                guard status >= 0 else { throw failure(status) }
            }
            let streams = UnsafeBufferPointer(start: context.pointee.streams, count: Int(context.pointee.nb_streams))
            guard let stream = streams.compactMap(\.self).first(where: { $0.pointee.codecpar.pointee.codec_type == AVMEDIA_TYPE_VIDEO })
            else {
                throw Failure(
                    .unsupported, isCamera ? "the camera offers no video stream" : "the file holds no video",
                    context: [(isCamera ? "camera" : "file", opening.place)])
            }
            for case let other? in streams where other != stream && !(onMetadata != nil && Self.isData(other)) {
                other.pointee.discard = AVDISCARD_ALL
            }
            let parameters = StreamParameters(stream)
            try Self.check(parameters, isCamera: isCamera, place: opening.place)
            guard let scratch = av_packet_alloc() else { throw FFmpegLibrary.outOfMemory }
            self.stream = stream
            self.parameters = parameters
            self.scratch = scratch
            self.context = context
            layout = BitstreamLayout(codec: parameters.codec, extradata: parameters.extradata)
            let described = avcodec_descriptor_get(stream.pointee.codecpar.pointee.codec_id)
            everyPictureIsKey = described.map { $0.pointee.props & AV_CODEC_PROP_INTRA_ONLY != 0 } ?? false
        } catch {
            interrupt.closing(within: .seconds(1)) { avformat_close_input(&opened) }
            throw error
        }
    }

    private static func openContext(
        _ opening: Opening, _ interrupt: Interrupt, _ failure: (Int32) -> Failure
    ) throws -> UnsafeMutablePointer<AVFormatContext> {
        guard let allocated = avformat_alloc_context() else { throw FFmpegLibrary.outOfMemory }
        var options: OpaquePointer?
        defer { av_dict_free(&options) }
        for (name, value) in opening.options { av_dict_set(&options, name, value, 0) }
        let format = opening.format.flatMap { av_find_input_format($0) }
        guard opening.format == nil || format != nil else {
            avformat_free_context(allocated)
            throw Failure(.unsupported, "this FFmpeg was built without RTSP: install Debian's libavformat")
        }
        var context: UnsafeMutablePointer<AVFormatContext>? = allocated
        // On failure it frees the context and sets it to nil.
        let status = cff_open_input(&context, opening.url, format, &options, interrupt.state)
        guard status >= 0, let context else { throw failure(status) }
        guard av_dict_count(options) == 0 else {
            var opened: UnsafeMutablePointer<AVFormatContext>? = context
            interrupt.closing(within: .seconds(1)) { avformat_close_input(&opened) }
            let first = av_dict_get(options, "", nil, AV_DICT_IGNORE_SUFFIX).map { String(cString: $0.pointee.key) } ?? "?"
            throw Failure(.internal, "this FFmpeg does not know the option '\(first)': its version is not the expected one")
        }
        return context
    }

    private static func check(_ parameters: StreamParameters, isCamera: Bool, place: String) throws {
        let context = [(name: isCamera ? "camera" : "file", value: place)]
        if isCamera, parameters.codec == .other {
            throw Failure(
                .unsupported, "the camera sends \(parameters.codecName); H.264, H.265 or MJPEG is needed: change it at the camera",
                context: context)
        }
        guard avcodec_find_decoder(AVCodecID(rawValue: parameters.raw.id)) != nil else {
            throw Failure(.unsupported, "there is no decoder for \(parameters.codecName)", context: context)
        }
    }

    deinit {
        close()
        var scratch: UnsafeMutablePointer<AVPacket>? = scratch
        av_packet_free(&scratch)
    }

    /// Waits for the next picture, at most `timeout`, however slowly its bytes drip in.
    ///
    /// - Parameter keepPredicted: False lets go of every picture that needs another one, before it is copied or kept.
    /// - Throws: `Failure`; afterwards only `close()` makes sense.
    package func read(timeout: Duration, keepPredicted: Bool) throws -> ReadOutcome {
        guard let context else { throw Failure(.cancelled, "the source is closed", context: [("source", place)]) }
        interrupt.setDeadline(after: timeout)
        while true {
            let status = av_read_frame(context, scratch)
            if status == cff_AVERROR_EOF, readingPhase == .readingFile { return .end }
            guard status >= 0 else {
                throw Failure.media(status, readingPhase, place: place, interrupt: interrupt, hasCredentials: hasCredentials)
            }
            guard scratch.pointee.stream_index == stream.pointee.index, scratch.pointee.size > 0 else {
                handOverMetadata()
                av_packet_unref(scratch)
                // Packets of other streams could come for ever; files are read without waiting, so the callback is not asked.
                if interrupt.isStopped || interrupt.isLate {
                    throw Failure.media(cff_AVERROR_EXIT, readingPhase, place: place, interrupt: interrupt)
                }
                continue
            }
            rebase()
            let isKey = everyPictureIsKey || scratch.pointee.flags & AV_PKT_FLAG_KEY != 0
            guard isKey || keepPredicted else {
                let size = Int(scratch.pointee.size)
                av_packet_unref(scratch)
                return .skipped(sizeBytes: size)
            }
            if isKey, readingPhase == .readingCamera { learnSize() }
            return .picture(try CodedPicture(taking: scratch, isKey: isKey, arrival: time.now, layout: layout))
        }
    }

    private static func isData(_ stream: UnsafeMutablePointer<AVStream>) -> Bool {
        stream.pointee.codecpar.pointee.codec_type == AVMEDIA_TYPE_DATA
    }

    /// The payload of one RTP packet of a data track; libavformat knows no such payload and hands it on as it came.
    private func handOverMetadata() {
        guard let onMetadata, let context, scratch.pointee.size > 0, scratch.pointee.stream_index < context.pointee.nb_streams,
            let other = context.pointee.streams[Int(scratch.pointee.stream_index)], Self.isData(other)
        else { return }
        onMetadata([UInt8](UnsafeBufferPointer(start: scratch.pointee.data, count: Int(scratch.pointee.size))))
    }

    /// A camera's size comes from its parameter sets, which libavformat's parser has just read.
    private func learnSize() {
        var size: (width: Int, height: Int)?
        if parameters.codec == .mjpeg {
            size = sizeOfJPEG(UnsafeBufferPointer(start: scratch.pointee.data, count: Int(scratch.pointee.size)).span)
        } else if let parser = av_stream_get_parser(stream) {
            size = (Int(parser.pointee.width), Int(parser.pointee.height))
        }
        if let size, size.width > 0, size.height > 0 { (parameters.width, parameters.height) = size }
    }

    /// Times become microseconds since the first picture, the same for every source.
    private func rebase() {
        av_packet_rescale_ts(scratch, stream.pointee.time_base, AVRational(num: 1, den: AV_TIME_BASE))
        let first = scratch.pointee.pts != cff_NO_TIMESTAMP ? scratch.pointee.pts : scratch.pointee.dts
        if origin == nil {
            guard first != cff_NO_TIMESTAMP || readingPhase == .readingCamera else { return }
            // libavformat loses the time of the first RTP picture, which is 0 by construction (rtpdec counts from its first packet).
            origin = first == cff_NO_TIMESTAMP ? 0 : first
            if first == cff_NO_TIMESTAMP { scratch.pointee.pts = 0 }
        }
        guard let origin else { return }
        if scratch.pointee.pts != cff_NO_TIMESTAMP { scratch.pointee.pts &-= origin }
        if scratch.pointee.dts != cff_NO_TIMESTAMP { scratch.pointee.dts &-= origin }
    }

    /// Closes the connection or file; a camera gets its TEARDOWN, within a second of its own even after `Interrupt.stop()`.
    ///
    /// Without TEARDOWN a camera keeps the session for a minute and may have no other to give.
    package func close() {
        guard context != nil else { return }
        interrupt.closing(within: .seconds(1)) { avformat_close_input(&context) }
    }
}
