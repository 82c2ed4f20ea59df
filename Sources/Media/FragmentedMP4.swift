// Coded pictures into fragmented MP4 in memory, their bytes untouched: clips of incidents and live pictures in a browser.
// **packets ─▶ clips, live pictures**

import Base
import CFFmpeg
import RTSP

/// One picture on its way into an MP4.
package struct MP4Picture: Sendable {
    /// Annex B, with the parameter sets in front of each key picture.
    package var bytes: [UInt8]
    package var isKey: Bool
    /// When it is shown, on any clock that runs on from picture to picture.
    package var seconds: Double

    package init(bytes: [UInt8], isKey: Bool, seconds: Double) {
        self.bytes = bytes
        self.isKey = isKey
        self.seconds = seconds
    }
}

/// Puts the pictures of one stream into fragmented MP4 (ISO/IEC 14496-12 §8.8) without coding them again.
///
/// ```
///   empty ──key picture──▶ open(parameter sets) ──key picture with others──▶ open(those), with a head of its own
///     └────── predicted: left out        └── finish() ──▶ finished
/// ```
///
/// Time starts at 0 with the first picture and has the stream's own gaps. Pictures keep the order they came in: one that is to be shown
/// before an earlier one (B pictures, which few cameras send) is shown right behind it. Confined to one caller at a time.
package final class FragmentedMP4 {
    /// When a fragment is complete and its bytes come out.
    package enum Rhythm: Sendable {
        /// With the next key picture: small files.
        case group
        /// With the next picture: live.
        case picture
    }

    private static let ticksPerSecond: Int32 = 90_000
    private static let usualStep: Int64 = 3600

    private let codec: VideoCodec
    private let rhythm: Rhythm
    private var segment: Segment?
    private var originSeconds: Double?
    private var lastTicks: Int64 = -1
    private var step = FragmentedMP4.usualStep

    /// - Throws: `Failure` of kind `unsupported` for codecs that no player takes from an MP4.
    package init(codec: VideoCodec, rhythm: Rhythm) throws {
        guard codec == .h264 || codec == .h265 else { throw Failure(.unsupported, "an MP4 holds H.264 or H.265") }
        FFmpegLibrary.prepare()
        self.codec = codec
        self.rhythm = rhythm
    }

    /// True when this picture cannot go on in what was begun: its parameter sets are others. Players of files read one head only.
    package func isBreak(_ picture: MP4Picture) -> Bool {
        guard picture.isKey, let segment else { return false }
        let sets = parameterSets(of: picture.bytes)
        return !sets.isEmpty && sets != segment.parameterSets
    }

    /// Adds a picture and returns the bytes that are complete: the head with the first key picture, later whole fragments.
    ///
    /// - Throws: `Failure` when the parameter sets say no size; then nothing of the stream can be put into an MP4.
    package func append(_ picture: MP4Picture) throws -> [UInt8] {
        var ready: [UInt8] = []
        if segment == nil || isBreak(picture) {
            guard picture.isKey else { return [] }
            ready += try closeSegment()
            let origin = originSeconds ?? picture.seconds
            originSeconds = origin
            segment = try Segment(codec: codec, parameterSets: parameterSets(of: picture.bytes), rhythm: rhythm)
        }
        guard let segment, let originSeconds else { return ready }
        let wanted = ((picture.seconds - originSeconds) * Double(Self.ticksPerSecond)).rounded()
        // A clock that stands still or runs back must not stop the film.
        let ticks = max(lastTicks + 1, Int64(wanted.isFinite ? min(max(wanted, 0), 1e15) : 0))
        if lastTicks >= 0 { step = min(ticks - lastTicks, Int64(Self.ticksPerSecond)) }
        lastTicks = ticks
        try segment.write(picture, ticks: ticks, duration: step)
        return ready + segment.take()
    }

    /// Completes the last fragment and returns it; afterwards nothing more can be added.
    package func finish() throws -> [UInt8] { try closeSegment() }

    private func closeSegment() throws -> [UInt8] {
        guard let segment else { return [] }
        self.segment = nil
        try segment.finish()
        return segment.take()
    }

    /// In the order of the stream, each once: some cameras send theirs twice.
    private func parameterSets(of bytes: [UInt8]) -> [[UInt8]] {
        let layout = BitstreamLayout(codec: codec, extradata: [])
        var sets: [[UInt8]] = []
        for range in NALUnits(bytes) where layout.isParameterSet(bytes[range.lowerBound]) {
            let unit = Array(bytes[range])
            if !sets.contains(unit) { sets.append(unit) }
        }
        return sets
    }
}

/// One head with what belongs to it.
private final class Segment {
    let parameterSets: [[UInt8]]
    private let context: UnsafeMutablePointer<AVFormatContext>
    private let packet: UnsafeMutablePointer<AVPacket>
    private let output = Output()

    /// Where libavformat's bytes gather until they are taken.
    private final class Output {
        var bytes: [UInt8] = []
    }

    init(codec: VideoCodec, parameterSets: [[UInt8]], rhythm: FragmentedMP4.Rhythm) throws {
        let isH265 = codec == .h265
        let size = parameterSets.first { isH265 ? $0[0] >> 1 & 63 == 33 : $0[0] & 31 == 7 }
            .flatMap { PictureSize(parameterSet: $0, isH265: isH265) }
        guard let size else { throw Failure(.unsupported, "a key picture brings no parameter sets from which its size can be read") }
        self.parameterSets = parameterSets
        var context: UnsafeMutablePointer<AVFormatContext>?
        guard avformat_alloc_output_context2(&context, nil, "mp4", nil) >= 0, let context else { throw FFmpegLibrary.outOfMemory }
        guard let packet = av_packet_alloc(), avformat_new_stream(context, nil) != nil, let io = Self.makeIO(output) else {
            avformat_free_context(context)
            throw FFmpegLibrary.outOfMemory
        }
        self.context = context
        self.packet = packet
        context.pointee.pb = io
        // The same pictures give the same bytes, and so the same name in the store.
        context.pointee.flags |= AVFMT_FLAG_BITEXACT
        // Times are ours; a segment that begins later shall say so.
        context.pointee.avoid_negative_ts = 0
        let flags = "empty_moov+default_base_moof+frag_discont+" + (rhythm == .group ? "frag_keyframe" : "frag_every_frame")
        av_opt_set(context.pointee.priv_data, "movflags", flags, 0)
        av_opt_set(context.pointee.priv_data, "use_editlist", "0", 0)
        try describe(codec, size)
        try check(avformat_write_header(context, nil))
    }

    /// - Parameter output: Kept alive by the segment, which frees the returned context first.
    private static func makeIO(_ output: Output) -> UnsafeMutablePointer<AVIOContext>? {
        let size = 32 << 10
        guard let buffer = av_malloc(size) else { return nil }
        return avio_alloc_context(
            buffer.assumingMemoryBound(to: UInt8.self), Int32(size), 1, Unmanaged.passUnretained(output).toOpaque(), nil,
            { opaque, data, count in
                guard let opaque, let data, count > 0 else { return count }
                Unmanaged<Output>.fromOpaque(opaque).takeUnretainedValue().bytes += UnsafeBufferPointer(start: data, count: Int(count))
                return count
            }, nil)
    }

    private func describe(_ codec: VideoCodec, _ size: PictureSize) throws {
        guard let stream = context.pointee.streams[0], let description = stream.pointee.codecpar else { throw FFmpegLibrary.outOfMemory }
        description.pointee.codec_type = AVMEDIA_TYPE_VIDEO
        description.pointee.codec_id = codec.id
        // Apple's players take H.265 under this name only.
        if codec == .h265 { description.pointee.codec_tag = 0x3163_7668 }  // "hvc1", first letter lowest.
        description.pointee.width = Int32(size.width)
        description.pointee.height = Int32(size.height)
        stream.pointee.time_base = AVRational(num: 1, den: 90_000)
        let sets = parameterSets.reduce(into: [UInt8]()) { $0 += [0, 0, 0, 1] + $1 }
        guard let copy = av_mallocz(sets.count + Int(AV_INPUT_BUFFER_PADDING_SIZE)) else { throw FFmpegLibrary.outOfMemory }
        copy.copyMemory(from: sets, byteCount: sets.count)
        // The description owns it from here and frees it.
        description.pointee.extradata = copy.assumingMemoryBound(to: UInt8.self)
        description.pointee.extradata_size = Int32(sets.count)
    }

    deinit {
        if let io = context.pointee.pb {
            av_free(io.pointee.buffer)
            avio_context_free(&context.pointee.pb)
        }
        avformat_free_context(context)
        var packet: UnsafeMutablePointer<AVPacket>? = packet
        av_packet_free(&packet)
    }

    func write(_ picture: MP4Picture, ticks: Int64, duration: Int64) throws {
        guard let stream = context.pointee.streams[0] else { return }
        guard av_new_packet(packet, Int32(picture.bytes.count)) >= 0 else { throw FFmpegLibrary.outOfMemory }
        defer { av_packet_unref(packet) }
        picture.bytes.withUnsafeBufferPointer {
            if let start = $0.baseAddress { packet.pointee.data.update(from: start, count: $0.count) }
        }
        packet.pointee.flags = picture.isKey ? AV_PKT_FLAG_KEY : 0
        packet.pointee.pts = ticks
        packet.pointee.dts = ticks
        packet.pointee.duration = duration
        av_packet_rescale_ts(packet, AVRational(num: 1, den: 90_000), stream.pointee.time_base)
        try check(av_write_frame(context, packet))
        avio_flush(context.pointee.pb)
    }

    func finish() throws {
        try check(av_write_trailer(context))
        avio_flush(context.pointee.pb)
    }

    func take() -> [UInt8] {
        defer { output.bytes = [] }
        return output.bytes
    }

    private func check(_ status: Int32) throws {
        guard status < 0 else { return }
        throw Failure(.internal, "pictures cannot be put into an MP4: \(FFmpegLibrary.words(for: status))")
    }
}
