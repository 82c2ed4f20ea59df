// Pictures to coded pictures as a camera would send them: for the simulated fleet and for tests.
// **pictures ─▶ packets** (the flow's source when no camera is at hand)

import Base
import CFFmpeg

/// How a simulated camera codes its pictures.
package struct EncoderSettings: Sendable, Hashable {
    /// Speed of libx264 and libx265, fastest first.
    package enum Preset: String, Sendable, CaseIterable { case ultrafast, superfast, veryfast, faster, medium }

    /// How H.264 and H.265 spend bits; JPEGs are always coded to the bit rate.
    package enum RateControl: Sendable, Hashable {
        /// The same in each second whatever happens, so that sizes say little about the scene.
        case constant
        /// What the scene needs, up to the bit rate: the "variable rate" of cameras. 18 (fine) to 40 (coarse).
        case quality(Int)
    }

    package var codec: VideoCodec
    /// Even.
    package var width: Int
    package var height: Int
    package var framesPerSecond: Int
    /// Pictures from one key picture to the next; exactly, since scene cuts make none.
    package var gopPictures: Int
    package var bitrateBitsPerSecond: Int
    package var preset: Preset
    package var rateControl = RateControl.constant

    package init(
        codec: VideoCodec, width: Int, height: Int, framesPerSecond: Int, gopPictures: Int, bitrateBitsPerSecond: Int,
        preset: Preset = .superfast
    ) {
        self.codec = codec
        self.width = width
        self.height = height
        self.framesPerSecond = framesPerSecond
        self.gopPictures = gopPictures
        self.bitrateBitsPerSecond = bitrateBitsPerSecond
        self.preset = preset
    }
}

/// One picture as coded: Annex B with parameter sets in front of each key picture, or a JPEG.
package struct EncodedPicture: Sendable, Hashable {
    package var bytes: [UInt8]
    package var isKey: Bool
    /// Counts from 0 in the order of the pictures handed in; output order is the same.
    package var index: Int

    package init(bytes: [UInt8], isKey: Bool, index: Int) {
        self.bytes = bytes
        self.isKey = isKey
        self.index = index
    }
}

/// Codes 8-bit 4:2:0 pictures like a camera: no B pictures, closed groups of fixed length, the rate held by a buffer of one second.
///
/// One thread, confined to one caller at a time. The same input gives the same bytes.
package final class VideoEncoder {
    package let settings: EncoderSettings
    private let context: UnsafeMutablePointer<AVCodecContext>
    private let frame: UnsafeMutablePointer<AVFrame>
    private let packet: UnsafeMutablePointer<AVPacket>
    private var nextIndex = 0
    private var finished = false

    /// - Throws: `Failure` of kind `invalidInput` for settings that cannot be, `unsupported` when the encoder is not installed.
    package init(_ settings: EncoderSettings) throws {
        FFmpegLibrary.prepare()
        try Self.check(settings)
        self.settings = settings
        let name =
            switch settings.codec {
            case .h264: "libx264"
            case .h265: "libx265"
            case .mjpeg: "mjpeg"
            case .other: throw Failure(.unsupported, "there is an encoder for h264, h265 and mjpeg only")
            }
        guard let codec = avcodec_find_encoder_by_name(name) else {
            throw Failure(.unsupported, "this FFmpeg was built without \(name): install Debian's libavcodec")
        }
        guard let context = avcodec_alloc_context3(codec) else { throw FFmpegLibrary.outOfMemory }
        var failed: UnsafeMutablePointer<AVCodecContext>? = context
        do {
            Self.configure(context, settings)
            let status = avcodec_open2(context, codec, nil)
            guard status >= 0 else { throw Failure(.internal, "\(name) does not start: \(FFmpegLibrary.words(for: status))") }
            frame = try Frame.allocate(width: Int32(settings.width), height: Int32(settings.height), format: context.pointee.pix_fmt)
            guard let packet = av_packet_alloc() else { throw FFmpegLibrary.outOfMemory }
            self.packet = packet
        } catch {
            avcodec_free_context(&failed)
            throw error
        }
        self.context = context
    }

    private static func check(_ settings: EncoderSettings) throws {
        func refuse(_ why: String) -> Failure { Failure(.invalidInput, why) }
        guard (16...4096).contains(settings.width), (16...4096).contains(settings.height), settings.width % 2 == 0,
            settings.height % 2 == 0
        else { throw refuse("a coded picture's sides are even numbers from 16 to 4096") }
        guard (1...120).contains(settings.framesPerSecond) else { throw refuse("the frame rate is 1 to 120 pictures a second") }
        guard (1...10_000).contains(settings.gopPictures) else { throw refuse("a key picture comes every 1 to 10000 pictures") }
        guard (8_000...200_000_000).contains(settings.bitrateBitsPerSecond) else { throw refuse("the bit rate is 8 kbit/s to 200 Mbit/s") }
        if case .quality(let quality) = settings.rateControl, !(18...40).contains(quality) { throw refuse("the quality is 18 to 40") }
    }

    private static func configure(_ context: UnsafeMutablePointer<AVCodecContext>, _ settings: EncoderSettings) {
        context.pointee.width = Int32(settings.width)
        context.pointee.height = Int32(settings.height)
        context.pointee.pix_fmt = settings.codec == .mjpeg ? AV_PIX_FMT_YUVJ420P : AV_PIX_FMT_YUV420P
        context.pointee.time_base = AVRational(num: 1, den: Int32(settings.framesPerSecond))
        context.pointee.framerate = AVRational(num: Int32(settings.framesPerSecond), den: 1)
        context.pointee.thread_count = 1
        context.pointee.gop_size = Int32(settings.gopPictures)
        context.pointee.max_b_frames = 0
        let codesQuality = settings.rateControl != .constant && settings.codec != .mjpeg
        context.pointee.bit_rate = codesQuality ? 0 : Int64(settings.bitrateBitsPerSecond)
        let gop = settings.gopPictures
        let kilobits = settings.bitrateBitsPerSecond / 1000
        // Cameras hold their rate; without the buffer a still scene would shrink to nothing and a key picture swell.
        let common =
            "keyint=\(gop):min-keyint=\(gop):scenecut=0:open-gop=0:bframes=0:repeat-headers=1:vbv-maxrate=\(kilobits)"
            + ":vbv-bufsize=\(kilobits)"
        func set(_ name: String, _ value: String) { av_opt_set(context.pointee.priv_data, name, value, 0) }
        if case .quality(let quality) = settings.rateControl, codesQuality { set("crf", "\(quality)") }
        switch settings.codec {
        case .h264:
            set("preset", settings.preset.rawValue)
            set("tune", "zerolatency")
            // Ultrafast codes without CABAC, which is all that Baseline allows.
            set("profile", settings.preset == .ultrafast ? "baseline" : "main")
            set("x264-params", common + ":sliced-threads=0:annexb=1")
        case .h265:
            set("preset", settings.preset.rawValue)
            set("tune", "zerolatency")
            set("x265-params", "log-level=none:info=0:pools=none:frame-threads=1:wpp=0:" + common)
        case .mjpeg, .other:
            context.pointee.color_range = AVCOL_RANGE_JPEG
            // RTP carries no Huffman tables (RFC 2435 §3.1.5): cameras use those of the standard, and so does this encoder.
            set("huffman", "default")
            context.pointee.qmin = 2
            context.pointee.qmax = 31
        }
    }

    deinit {
        var context: UnsafeMutablePointer<AVCodecContext>? = context
        var frame: UnsafeMutablePointer<AVFrame>? = frame
        var packet: UnsafeMutablePointer<AVPacket>? = packet
        avcodec_free_context(&context)
        av_frame_free(&frame)
        av_packet_free(&packet)
    }

    /// Codes the next picture from three planes without row gaps, chroma at half width and height; returns what is ready.
    package func encode(y: Span<UInt8>, u: Span<UInt8>, v: Span<UInt8>) throws -> [EncodedPicture] {
        let (width, height) = (settings.width, settings.height)
        guard y.count == width * height, u.count == y.count / 4, v.count == u.count else {
            throw Failure(.invalidInput, "the planes hold \(y.count), \(u.count) and \(v.count) samples for \(width)×\(height) pixels")
        }
        guard !finished else { throw Failure(.conflict, "this encoder is finished") }
        guard av_frame_make_writable(frame) >= 0 else { throw FFmpegLibrary.outOfMemory }
        let (data, stride) = (frame.pointee.data, frame.pointee.linesize)
        Self.copy(y, to: data.0, stride: Int(stride.0), width: width, height: height)
        Self.copy(u, to: data.1, stride: Int(stride.1), width: width / 2, height: height / 2)
        Self.copy(v, to: data.2, stride: Int(stride.2), width: width / 2, height: height / 2)
        frame.pointee.pts = Int64(nextIndex)
        nextIndex += 1
        return try receive(avcodec_send_frame(context, frame))
    }

    /// Codes the next picture from one of this encoder's size in 4:2:0; returns what is ready.
    func encode(_ picture: UnsafeMutablePointer<AVFrame>) throws -> [EncodedPicture] {
        guard !finished else { throw Failure(.conflict, "this encoder is finished") }
        picture.pointee.pts = Int64(nextIndex)
        nextIndex += 1
        return try receive(avcodec_send_frame(context, picture))
    }

    /// The same for arrays.
    package func encode(y: [UInt8], u: [UInt8], v: [UInt8]) throws -> [EncodedPicture] {
        try encode(y: y.span, u: u.span, v: v.span)
    }

    /// Returns the pictures still held back; afterwards nothing more can be coded.
    package func finish() throws -> [EncodedPicture] {
        guard !finished else { return [] }
        finished = true
        return try receive(avcodec_send_frame(context, nil))
    }

    private static func copy(_ plane: Span<UInt8>, to target: UnsafeMutablePointer<UInt8>?, stride: Int, width: Int, height: Int) {
        guard let target else { return }
        plane.withUnsafeBufferPointer { source in
            guard let start = source.baseAddress else { return }
            for row in 0..<height { (target + row * stride).update(from: start + row * width, count: width) }
        }
    }

    private func receive(_ sent: Int32) throws -> [EncodedPicture] {
        guard sent >= 0 else { throw Failure(.internal, "coding a picture failed: \(FFmpegLibrary.words(for: sent))") }
        var pictures: [EncodedPicture] = []
        while true {
            let status = avcodec_receive_packet(context, packet)
            if status == -EAGAIN || status == cff_AVERROR_EOF { return pictures }
            guard status >= 0 else { throw Failure(.internal, "coding a picture failed: \(FFmpegLibrary.words(for: status))") }
            defer { av_packet_unref(packet) }
            pictures.append(
                EncodedPicture(
                    bytes: Array(UnsafeBufferPointer(start: packet.pointee.data, count: Int(packet.pointee.size))),
                    isKey: packet.pointee.flags & AV_PKT_FLAG_KEY != 0, index: Int(packet.pointee.pts)))
        }
    }
}
