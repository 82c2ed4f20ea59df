// A coded picture of the native transport, put together once in the memory that the decoder will read.
// camera ─RTSP─▶ **packets ─▶ looks** ─▶ frames

import CFFmpeg

/// Memory for pictures in the making, used again and again. Safe on any thread.
///
/// Four sizes: a picture that outgrows its block moves to the next one, once, and is remembered by whoever asks with
/// `expectedBytes` the next time. What is held is bounded by the pictures in flight at the worst moment so far.
package final class PicturePool: @unchecked Sendable {
    // Unchecked: FFmpeg's buffer pools take their own lock, and `pools` is not written after init.
    private let pools: [(bytes: Int, pool: OpaquePointer)]
    /// Larger ones are no pictures of a street camera; WIRE.md caps a picture here as well.
    package static let largestPictureBytes = 8 << 20
    private static let padding = Int(AV_INPUT_BUFFER_PADDING_SIZE)

    package init() {
        FFmpegLibrary.prepare()
        pools = [32 << 10, 128 << 10, 1 << 20, Self.largestPictureBytes].map { bytes in
            guard let pool = av_buffer_pool_init(Int(bytes) + Self.padding, nil) else {
                preconditionFailure("no memory for an empty pool at the start")
            }
            return (bytes, pool)
        }
    }

    deinit {
        for (_, pool) in pools {
            var pool: OpaquePointer? = pool
            // Blocks that are still out free themselves with their last reference.
            av_buffer_pool_uninit(&pool)
        }
    }

    /// A block that holds at least `bytes`; nil beyond the largest, or when there is no memory.
    fileprivate func block(for bytes: Int) -> (reference: UnsafeMutablePointer<AVBufferRef>, capacity: Int)? {
        guard let (capacity, pool) = pools.first(where: { $0.bytes >= bytes }), let reference = av_buffer_pool_get(pool) else { return nil }
        return (reference, capacity)
    }
}

/// One picture in the making. Confined to one thread at a time; moves with its connection.
package struct PictureAssembly: ~Copyable {
    private let pool: PicturePool
    private var block: UnsafeMutablePointer<AVBufferRef>?
    private var capacity = 0
    private var used = 0
    private var isOverfull = false
    /// The block is no block of the pool but exactly as large as its picture, for pictures that are kept.
    private var isOwn = false

    package init(pool: PicturePool) { self.pool = pool }

    deinit {
        var block = block
        av_buffer_unref(&block)
    }

    /// Bytes put together so far.
    package var sizeBytes: Int { used }

    /// Starts a picture and forgets an unfinished one.
    ///
    /// - Parameters:
    ///   - expectedBytes: The size of the last picture of this kind; a good guess avoids the one move.
    ///   - isKept: It will stay for seconds. A predicted picture of 2 KB in the pool's smallest block would hold 32 KB.
    package mutating func begin(expectedBytes: Int, isKept: Bool = false) {
        used = 0
        isOverfull = false
        let wanted = min(expectedBytes + expectedBytes / 4, PicturePool.largestPictureBytes)
        if block != nil, capacity >= wanted, isOwn == isKept { return }
        discard()
        isOwn = isKept
        if isKept { resize(wanted) } else { take(pool.block(for: wanted)) }
    }

    /// Adds bytes behind those that are there; beyond the largest picture nothing is kept and `finish` returns nil.
    package mutating func append(_ bytes: Span<UInt8>) {
        guard reserve(bytes.count), let block else { return }
        bytes.withUnsafeBufferPointer {
            if let start = $0.baseAddress { (block.pointee.data + used).update(from: start, count: $0.count) }
        }
        used += bytes.count
    }

    /// Adds one byte.
    package mutating func append(_ byte: UInt8) {
        guard reserve(1), let block else { return }
        block.pointee.data[used] = byte
        used += 1
    }

    private mutating func reserve(_ count: Int) -> Bool {
        if isOverfull { return false }
        if block != nil, used + count <= capacity { return true }
        if isOwn {
            // A half more each time: growing byte by byte would copy the picture as often.
            if used + count <= PicturePool.largestPictureBytes { resize(used + max(count, used / 2)) }
            isOverfull = block == nil || used + count > capacity
            return !isOverfull
        }
        guard let larger = pool.block(for: used + count) else {
            isOverfull = true
            return false
        }
        if let block { larger.reference.pointee.data.update(from: block.pointee.data, count: used) }
        av_buffer_unref(&block)
        take(larger)
        return true
    }

    /// Gives an own block another size; its picture moves only when the block cannot grow where it is.
    private mutating func resize(_ bytes: Int) {
        guard av_buffer_realloc(&block, bytes + Int(AV_INPUT_BUFFER_PADDING_SIZE)) >= 0 else { return discard() }
        capacity = bytes
    }

    private mutating func take(_ taken: (reference: UnsafeMutablePointer<AVBufferRef>, capacity: Int)?) {
        block = taken?.reference
        capacity = taken?.capacity ?? 0
    }

    /// Lets go of the picture and its memory.
    package mutating func discard() {
        av_buffer_unref(&block)
        take(nil)
        used = 0
    }

    /// Hands the picture over without copying it; nil when there is nothing or it was too large.
    ///
    /// - Parameters:
    ///   - isCorrupt: Bytes are known to be missing: its decoding is health and never a detection.
    ///   - codec: H.264 and H.265 as Annex B, MJPEG as a whole JPEG.
    package mutating func finish(
        isKey: Bool, isCorrupt: Bool, ptsSeconds: Double?, codec: VideoCodec, arrival: Duration
    ) throws -> CodedPicture? {
        if isOwn, used > 0, used < capacity { resize(used) }
        guard let block, used > 0, !isOverfull else {
            discard()
            return nil
        }
        // FFmpeg's bit readers run a little over the end.
        (block.pointee.data + used).update(repeating: 0, count: Int(AV_INPUT_BUFFER_PADDING_SIZE))
        let picture = try CodedPicture(
            owning: block, sizeBytes: used, isKey: isKey, isCorrupt: isCorrupt, ptsSeconds: ptsSeconds, codec: codec, arrival: arrival)
        self.block = nil
        take(nil)
        used = 0
        return picture
    }
}
