// One coded picture on its way from the camera's thread to a worker.
// camera ─RTSP─▶ **packets ─▶ looks** ─▶ frames

import CFFmpeg

/// One coded picture that owns its bytes and can cross threads.
package final class CodedPicture: @unchecked Sendable {
    // Unchecked: the packet is written before init returns and only read afterwards; its bytes are reference counted by FFmpeg.
    let packet: UnsafeMutablePointer<AVPacket>
    /// Decodable without any other picture.
    package let isKey: Bool
    /// Seconds since the first picture of the source; nil when the source gives no time.
    package let ptsSeconds: Double?
    package let sizeBytes: Int
    /// Memory that goes with this object, for budgets: the whole block, and about half a kilobyte of descriptions of it.
    package var heldBytes: Int { Int(packet.pointee.buf?.pointee.size ?? sizeBytes) + 512 }
    /// When it was read, on the clock that was handed to the source.
    package let arrival: Duration
    /// The source itself says that bytes are missing.
    package let isCorrupt: Bool
    let layout: BitstreamLayout

    /// Takes over what `filled` refers to and leaves it empty. Times of the packet are microseconds since the first picture.
    init(taking filled: UnsafeMutablePointer<AVPacket>, isKey: Bool, arrival: Duration, layout: BitstreamLayout) throws {
        guard let packet = av_packet_alloc() else { throw FFmpegLibrary.outOfMemory }
        av_packet_move_ref(packet, filled)
        self.packet = packet
        self.isKey = isKey
        self.arrival = arrival
        self.layout = layout
        sizeBytes = Int(packet.pointee.size)
        isCorrupt = packet.pointee.flags & AV_PKT_FLAG_CORRUPT != 0
        let time = packet.pointee.pts != cff_NO_TIMESTAMP ? packet.pointee.pts : packet.pointee.dts
        ptsSeconds = time == cff_NO_TIMESTAMP ? nil : Double(time) / 1e6
    }

    /// Takes over a block of memory that holds a whole picture and the decoder's padding behind it.
    init(
        owning block: UnsafeMutablePointer<AVBufferRef>, sizeBytes: Int, isKey: Bool, isCorrupt: Bool, ptsSeconds: Double?,
        codec: VideoCodec, arrival: Duration
    ) throws {
        guard let packet = av_packet_alloc() else { throw FFmpegLibrary.outOfMemory }
        packet.pointee.buf = block
        packet.pointee.data = block.pointee.data
        packet.pointee.size = Int32(sizeBytes)
        packet.pointee.flags = (isKey ? AV_PKT_FLAG_KEY : 0) | (isCorrupt ? AV_PKT_FLAG_CORRUPT : 0)
        packet.pointee.pts = ptsSeconds.map { Int64(($0 * 1e6).rounded()) } ?? cff_NO_TIMESTAMP
        packet.pointee.dts = packet.pointee.pts
        self.packet = packet
        self.sizeBytes = sizeBytes
        self.isKey = isKey
        self.isCorrupt = isCorrupt
        self.ptsSeconds = ptsSeconds
        self.arrival = arrival
        layout = BitstreamLayout(codec: codec, extradata: [])
    }

    /// Copies `bytes`, for pictures that do not come from a `PacketSource`: Annex B for H.264 and H.265, JPEG for MJPEG.
    package init(
        bytes: [UInt8], isKey: Bool, ptsSeconds: Double?, parameters: StreamParameters, arrival: Duration = .zero
    ) throws {
        FFmpegLibrary.prepare()
        guard let packet = av_packet_alloc() else { throw FFmpegLibrary.outOfMemory }
        self.packet = packet
        self.isKey = isKey
        self.ptsSeconds = ptsSeconds
        self.arrival = arrival
        sizeBytes = bytes.count
        isCorrupt = false
        layout = BitstreamLayout(codec: parameters.codec, extradata: [])
        // av_new_packet adds the padding that FFmpeg's bit readers run into.
        guard av_new_packet(packet, Int32(bytes.count)) >= 0 else { throw FFmpegLibrary.outOfMemory }
        bytes.withUnsafeBufferPointer { if let start = $0.baseAddress { packet.pointee.data.update(from: start, count: bytes.count) } }
        packet.pointee.flags = isKey ? AV_PKT_FLAG_KEY : 0
        packet.pointee.pts = ptsSeconds.map { Int64(($0 * 1e6).rounded()) } ?? cff_NO_TIMESTAMP
        packet.pointee.dts = packet.pointee.pts
    }

    deinit {
        var packet: UnsafeMutablePointer<AVPacket>? = packet
        av_packet_free(&packet)
    }

    /// Lends the bytes as the source delivered them.
    package func withBytes<R>(_ body: (Span<UInt8>) throws -> R) rethrows -> R {
        try body(UnsafeBufferPointer(start: packet.pointee.data, count: sizeBytes).span)
    }

    /// A copy of the bytes: H.264 and H.265 as Annex B with start codes, the parameter sets in front of every key picture; other
    /// codecs as they are.
    package func bytesAnnexB() -> [UInt8] {
        withBytes { layout.annexB($0, isKey: isKey) }
    }
}
