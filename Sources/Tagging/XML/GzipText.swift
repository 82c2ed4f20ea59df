// Documents that come as gzip, unpacked by zlib into a bounded buffer.
// **documents → assertions** → tags → incidents

import CZlib

/// Gzip (RFC 1952) as cameras send it with `vnd.onvif.metadata+gzip`.
enum GzipText {
    /// True for what begins like gzip.
    static func isGzip(_ bytes: [UInt8]) -> Bool { bytes.starts(with: [0x1F, 0x8B]) }

    /// Unpacks one member; nil when it is damaged, does not end, or would become longer than `most`. Bytes behind it are passed over.
    static func unpacked(_ packed: [UInt8], most: Int) -> [UInt8]? {
        var stream = z_stream()
        // 16 above the largest window: gzip and nothing else.
        guard inflateInit2_(&stream, 16 + MAX_WBITS, ZLIB_VERSION, Int32(MemoryLayout<z_stream>.size)) == Z_OK else { return nil }
        defer { inflateEnd(&stream) }
        var input = packed
        var part = [UInt8](repeating: 0, count: 16 << 10)
        var text: [UInt8] = []
        return input.withUnsafeMutableBufferPointer { source -> [UInt8]? in
            stream.next_in = source.baseAddress
            stream.avail_in = UInt32(source.count)
            while true {
                let (status, count) = part.withUnsafeMutableBufferPointer { room in
                    stream.next_out = room.baseAddress
                    stream.avail_out = UInt32(room.count)
                    let status = inflate(&stream, Z_NO_FLUSH)
                    return (status, room.count - Int(stream.avail_out))
                }
                guard status == Z_OK || status == Z_STREAM_END, text.count + count <= most else { return nil }
                text += part[0..<count]
                if status == Z_STREAM_END { return text }
                // Nothing more can come of what there is.
                if stream.avail_in == 0, count < part.count { return nil }
            }
        }
    }
}
