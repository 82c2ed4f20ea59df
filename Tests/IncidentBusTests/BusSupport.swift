// What the bus tests share: drafts, a committer that keeps the contract in memory, a raw peer, a network that misbehaves.

import Base
import Domain
import Foundation
import IncidentBus
import Logging
import Synchronization
import Testing

/// An observation of camera number `camera`, `at` seconds after the start of 2026-11-23.
func draft(_ camera: Int, _ phase: IncidentPhase = .open, count: Int = 1, at seconds: Double = 0) -> IncidentDraft {
    let start = WallTime(millisecondsSince1970: 1_795_392_000_000)
    let digits = String(camera)
    return IncidentDraft(
        key: IncidentKey(
            camera: CameraID("51101100001320" + String(repeating: "0", count: 6 - digits.count) + digits)!,  // 20 digits by construction.
            category: "motion"),
        phase: phase, priority: .three, place: GeoPoint(lonE7: 1_050_757_000, latE7: 295_925_000), firstSeen: start,
        lastSeen: start.adding(seconds: seconds + 1), count: count, score: 71,
        box: RelativeBox(x: 0.1, y: 0.2, width: 0.3, height: 0.4), reason: ["moved"], snapshot: nil, mediaStartSeconds: 1.5,
        mediaLastSeconds: 2.5)
}

/// Runs what blocks on a thread of its own, because tests run on the shared pool.
func onOwnThread<T: Sendable>(_ body: @escaping @Sendable () throws -> T) async throws -> T {
    try await withCheckedThrowingContinuation { continuation in
        _ = OwnThread(name: "test") { continuation.resume(with: Result { try body() }) }
    }
}

/// Polls until `condition` holds; false when it does not within `limit`.
func eventually(within limit: Duration = .seconds(20), _ condition: @Sendable () -> Bool) async throws -> Bool {
    let deadline = ContinuousClock.now + limit
    while !condition() {
        if ContinuousClock.now > deadline { return false }
        try await Task.sleep(for: .milliseconds(2))
    }
    return true
}

let quiet = Logger(label: "bus") { _ in SwiftLogNoOpLogHandler() }

/// The real intervals, a tenth to a fortieth as long.
let hurried: BusTiming = {
    var timing = BusTiming()
    timing.retransmitBase = .milliseconds(100)
    timing.retransmitCap = .milliseconds(600)
    timing.retransmitFloor = .milliseconds(30)
    timing.rewind = .milliseconds(10)
    timing.idle = .milliseconds(200)
    timing.silence = .seconds(1)
    timing.hold = .milliseconds(300)
    return timing
}()

/// Keeps the contract of `IncidentCommitter` in memory: cursor, inbox by id and revision, dead letters, all or nothing.
final class MemoryCommitter: IncidentCommitter {
    struct State: Sendable {
        var cursors: [ReceiverCursors.Sender: UInt64] = [:]
        /// Of the message under each cursor.
        var digests: [ReceiverCursors.Sender: String] = [:]
        var hashes: [String: String] = [:]
        var incidents: [Incident] = []
        var deadLetters: [(sequence: UInt64, bytes: [UInt8], why: Failure)] = []
        var duplicates = 0
        var gaps = 0
        var batches = 0
        var largestBatch = 0
        /// Thrown by the next calls, one each.
        var failures: [Failure] = []
        var refusals = 0
        /// Broken promises of the receiver.
        var complaints: [String] = []
    }

    let state = Mutex(State())

    func position(node: NodeID, epoch: UInt64) throws -> CommittedPosition {
        let sender = ReceiverCursors.Sender(node: node, epoch: epoch)
        return state.withLock { CommittedPosition(sequence: $0.cursors[sender] ?? 0, sha256: $0.digests[sender]) }
    }

    func begin(node: NodeID, epoch: UInt64, at first: UInt64) throws {
        state.withLock { $0.cursors[.init(node: node, epoch: epoch)] = first - 1 }
    }

    func acceptGap(node: NodeID, epoch: UInt64, lowestRetained: UInt64) throws {
        try state.withLock {
            if !$0.failures.isEmpty {
                $0.refusals += 1
                throw $0.failures.removeFirst()
            }
            $0.cursors[.init(node: node, epoch: epoch)] = lowestRetained - 1
            $0.digests[.init(node: node, epoch: epoch)] = nil
            $0.gaps += 1
        }
    }

    func commit(_ batch: [ReceivedIncident]) throws -> [CommitOutcome] {
        try state.withLock { state in
            if !state.failures.isEmpty {
                state.refusals += 1
                throw state.failures.removeFirst()
            }
            state.batches += 1
            state.largestBatch = max(state.largestBatch, batch.count)
            return batch.map { Self.take($0, &state) }
        }
    }

    private static func take(_ message: ReceivedIncident, _ state: inout State) -> CommitOutcome {
        let sender = ReceiverCursors.Sender(node: message.node, epoch: message.epoch)
        let expected = (state.cursors[sender] ?? 0) + 1
        if message.sequence != expected { state.complaints.append("\(message.sequence) came, expected \(expected)") }
        state.cursors[sender] = message.sequence
        state.digests[sender] = message.sha256
        switch message.incident {
        case .failure(let why):
            state.deadLetters.append((message.sequence, message.bytes, why))
            return .quarantined(why.message)
        case .success(let incident):
            let key = "\(incident.id)/\(incident.revision)"
            if let known = state.hashes[key] {
                state.duplicates += 1
                return known == message.sha256 ? .duplicate : .quarantined("same id, other content")
            }
            state.hashes[key] = message.sha256
            state.incidents.append(incident)
            return .committed
        }
    }

    var committedCount: Int { state.withLock { $0.incidents.count } }
    var complaints: [String] { state.withLock { $0.complaints } }
    /// Every revision once, as `id/revision`, in the order of commitment.
    var ledger: [String] { state.withLock { $0.incidents.map { "\($0.id)/\($0.revision)" } } }
}

/// A DEALER that says what it is told to: another implementation, a broken one, or an enemy. Confined to one thread.
struct RawPeer: ~Copyable {
    let socket: ZeroMQSocket
    let wakeUp: WakeUp
    let node = NodeID(high: .random(in: 0 ... .max), low: 7)

    init(_ endpoint: String) throws {
        let wakeUp = try WakeUp()
        let socket = try ZeroMQSocket(.dealer)
        try socket.connect(try Endpoint.connecting(endpoint))
        self.socket = socket
        self.wakeUp = wakeUp
    }

    /// Sends once the connection stands.
    func send(_ parts: [[UInt8]]) throws {
        let deadline = ContinuousClock.now + .seconds(10)
        while try socket.send(parts) != .sent {
            guard ContinuousClock.now < deadline else { throw Failure(.deadlineExceeded, "the receiver does not take a message") }
            _ = try socket.wait(sending: true, wakeUp: wakeUp, timeout: .milliseconds(100))
        }
    }

    func send(_ type: FrameType, _ sequence: UInt64 = 0, _ payload: [UInt8] = []) throws {
        try send(BusFrame(FrameHeader(type: type, node: node, epoch: 1, sequence: sequence), payload: payload).parts)
    }

    func receive() throws -> DispatcherMessage {
        let deadline = ContinuousClock.now + .seconds(10)
        while ContinuousClock.now < deadline {
            if let parts = try socket.receive() {
                guard let message = DispatcherMessage(try BusFrame.decode(parts).get()) else { continue }
                return message
            }
            _ = try socket.wait(sending: false, wakeUp: wakeUp, timeout: .milliseconds(100))
        }
        throw Failure(.deadlineExceeded, "the receiver does not answer")
    }
}

/// Stands between one publisher and the receiver and loses, doubles, delays and damages messages both ways.
final class BadNetwork: Sendable {
    let endpoint: String
    let faults = FaultCount()
    private let stopping = StopSignal()
    private let thread: OwnThread

    init(to target: String, seed: UInt64, faultRate: Double) throws {
        let bound = BoundedQueue<Result<String, Failure>>(capacity: 1)
        let (stopping, faults) = (stopping, faults)
        thread = OwnThread(name: "network") {
            do {
                let front = try ZeroMQSocket(.router)
                let back = try ZeroMQSocket(.dealer)
                let wakeUp = try WakeUp()
                let name = try front.bind(try Endpoint.binding("tcp://127.0.0.1:0"))
                try back.connect(try Endpoint.connecting(target))
                _ = bound.offer(.success(name))
                var lane = (
                    up: Lane(seed: seed, rate: faultRate, count: faults), down: Lane(seed: seed + 1, rate: faultRate, count: faults)
                )
                var route: [UInt8]?
                while !stopping.isRaised {
                    _ = try front.wait(sending: false, wakeUp: wakeUp, timeout: .milliseconds(1))
                    while let parts = try front.receive() {
                        route = parts[0]
                        for message in lane.up.pass(Array(parts.dropFirst())) { _ = try back.send(message) }
                    }
                    while let parts = try back.receive() {
                        for message in lane.down.pass(parts) { if let route { _ = try front.send([route] + message) } }
                    }
                }
            } catch { _ = bound.offer(.failure(error as? Failure ?? Failure(.internal, "\(error)"))) }
        }
        endpoint = try (bound.take(timeout: .seconds(10)) ?? .failure(Failure(.deadlineExceeded, "no network"))).get()
    }

    func stop() {
        stopping.raise()
        thread.join()
    }

    final class FaultCount: Sendable {
        let total = Atomic<Int>(0)
    }

    private struct Lane {
        var generator: SeededGenerator
        let rate: Double
        let count: FaultCount
        /// A message that is delivered behind the next one.
        var held: [[UInt8]]?

        init(seed: UInt64, rate: Double, count: FaultCount) {
            generator = SeededGenerator(seed: seed)
            self.rate = rate
            self.count = count
        }

        mutating func pass(_ message: [[UInt8]]) -> [[[UInt8]]] {
            let late: [[[UInt8]]] = held.map { [$0] } ?? []
            held = nil
            guard Double.random(in: 0..<1, using: &generator) < rate else { return [message] + late }
            count.total.add(1, ordering: .relaxed)
            switch Int.random(in: 0..<4, using: &generator) {
            case 0: return late
            case 1: return [message, message] + late
            case 2:
                held = message
                return late
            default:
                var damaged = message
                let part = Int.random(in: 0..<damaged.count, using: &generator)
                if !damaged[part].isEmpty {
                    damaged[part][Int.random(in: 0..<damaged[part].count, using: &generator)] ^=
                        1 << UInt8.random(in: 0..<8, using: &generator)
                }
                return [damaged] + late
            }
        }
    }
}
