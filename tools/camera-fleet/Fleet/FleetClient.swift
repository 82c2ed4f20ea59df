// One connection of a client as the serving loop keeps it.
// scene ─▶ pictures ─▶ encodings ─▶ packets ─▶ **clients**

import Base

/// How far a client has heard a camera's metadata.
struct MetadataPlace {
    let channel: UInt8
    var packetiser: MetadataPacketiser
    /// Of the camera's own time; everything up to here was said.
    var saidSeconds: Double
    /// On the fleet's clock: when every property is said again.
    var nextSynchronisationSeconds: Double
}

/// One client's socket, conversation and place in its camera's loop. Belongs to the serving thread.
final class FleetClient {
    let key: Int
    let socket: Socket
    var parser = RTSPParser()
    var conversation: Conversation
    /// Index of the camera it has named last; faults are told apart by it.
    var camera: Int?
    /// What the kernel would not take yet.
    private(set) var tail: [UInt8] = []
    private var tailStart = 0
    private(set) var isGone = false
    /// The list of clients it stands in, and its place there, for moves without a search.
    var lane = 0
    var laneIndex = 0
    /// The camera is silent or drips: nothing may leave at once.
    var isHeldBack = false
    /// Its pictures get wrong bits on their way out.
    var isCorrupt = false
    var lastHeardSeconds: Double
    var lastDripSeconds = -Double.infinity

    // While playing:
    var isPlaying = false
    var channel: UInt8 = 0
    var nextPicture = 0
    var nextReportSeconds = 0.0
    var packets: UInt32 = 0
    var payloadBytes: UInt32 = 0
    var metadata: MetadataPlace?

    init(key: Int, socket: Socket, conversation: Conversation, nowSeconds: Double) {
        self.key = key
        self.socket = socket
        self.conversation = conversation
        lastHeardSeconds = nowSeconds
    }

    var tailBytes: Int { tail.count - tailStart }

    /// Sends what it can and keeps the rest; returns the bytes that left.
    func push(_ bytes: [UInt8], _ range: Range<Int>) -> Int {
        guard !isGone else { return 0 }
        var sent = 0
        if tailBytes == 0, !isHeldBack {
            switch socket.send(bytes, range) {
            case .sent(let count): sent = count
            case .gone: isGone = true
            }
        }
        if !isGone, sent < range.count { tail += bytes[range.lowerBound + sent..<range.upperBound] }
        return sent
    }

    /// Sends from what was kept, at most `limit` bytes; returns the bytes that left.
    func flush(limit: Int = .max) -> Int {
        guard !isGone, tailBytes > 0 else { return 0 }
        guard case .sent(let count) = socket.send(tail, tailStart..<tailStart + min(tailBytes, limit)) else {
            isGone = true
            return 0
        }
        tailStart += count
        if tailStart == tail.count {
            tail.removeAll(keepingCapacity: false)
            tailStart = 0
        } else if tailStart > 64 << 10 {
            tail.removeFirst(tailStart)
            tailStart = 0
        }
        return count
    }

    func hangUp() { isGone = true }
}
