// The one block of memory into which all sockets of a thread are read, one after the other.
// **camera ─RTSP─▶ packets** ─▶ looks

/// A receive buffer that many connections share: each puts back what it had left over, reads behind it, and takes the rest away again.
///
/// Confined to one thread.
package struct ReceiveBuffer {
    private var bytes: [UInt8]
    /// Bytes in front that hold something.
    package private(set) var filled = 0

    /// - Parameter capacityBytes: 512 KiB holds 100 ms of a 40 Mbit/s camera.
    package init(capacityBytes: Int = 512 << 10) { bytes = Array(repeating: 0, count: capacityBytes) }

    /// True when a read has left no room: there may be more in the socket.
    package var isFull: Bool { filled == bytes.count }

    /// Begins anew with the bytes that a connection had left over.
    package mutating func restore(_ carried: [UInt8]) {
        precondition(carried.count < bytes.count, "what is carried over leaves room to read")
        filled = carried.count
        bytes.withUnsafeMutableBufferPointer { target in
            carried.withUnsafeBufferPointer { source in
                if let from = source.baseAddress, let to = target.baseAddress { to.update(from: from, count: source.count) }
            }
        }
    }

    /// Reads what is there behind the bytes held.
    package mutating func receive(from socket: Socket) -> ReceiveOutcome {
        let outcome = socket.receive(into: &bytes, at: filled)
        if case .received(let count) = outcome { filled += count }
        return outcome
    }

    /// Lends the bytes held.
    package func withBytes<R>(_ body: (Span<UInt8>) throws -> R) rethrows -> R { try body(bytes.span.extracting(0..<filled)) }

    /// Forgets the first `count` bytes.
    package mutating func drop(_ count: Int) {
        precondition(count >= 0 && count <= filled, "only what is held can be dropped")
        guard count > 0 else { return }
        let rest = filled - count
        bytes.withUnsafeMutableBufferPointer { memory in
            // The ranges may overlap; `update` moves as memmove does.
            if let start = memory.baseAddress, rest > 0 { start.update(from: start + count, count: rest) }
        }
        filled = rest
    }

    /// Puts the bytes held into `carried`, whose capacity is used again.
    package func save(into carried: inout [UInt8]) {
        carried.removeAll(keepingCapacity: true)
        carried.append(contentsOf: bytes[0..<filled])
    }
}
