// "This was an event": one incident for one suppression, whoever presses how often, whatever is interrupted where.

import Base
import Domain
import Foundation
import IncidentBus
import Storage
import TestKit
import Testing

/// An ingest node with one suppression on disk.
private struct Node {
    let folder: String
    let store: SuppressionStore
    let outbox: Outbox
    let snapshots: SnapshotStore
    let restorer: SuppressionRestorer
    let kept: SuppressedEvidence

    /// - Parameter node: The process before this one, ended.
    init(after node: Node? = nil, isCameraKnown: Bool = true) throws {
        folder = try node?.folder ?? temporaryFolder()
        store = try SuppressionStore.open(path: folder + "/suppressions.sqlite")
        outbox = try Outbox.open(path: folder + "/outbox.sqlite")
        snapshots = try SnapshotStore(directory: folder + "/snapshots")
        restorer = SuppressionRestorer(store: store, snapshots: snapshots, outbox: outbox) { _ in
            isCameraKnown ? GeoPoint(lonE7: 1_050_757_000, latE7: 295_925_000) : nil
        }
        let draft = draft(1)
        let at = SystemTime().wallNow.adding(seconds: -30)
        let id = SuppressionID(high: UInt64(at.millisecondsSince1970) << 16 | 0x7001, low: 0x8000_0000_0000_0001)
        kept =
            node?.kept
            ?? SuppressedEvidence(
                record: SuppressionRecord(
                    id: id, camera: draft.key.camera, zone: "lane", rule: "", category: "motion", priority: .four, reason: .unconfirmed,
                    facts: ["moved 3.2 cells"], box: draft.box, at: at), jpeg: [0xFF, 0xD8, 1, 2, 3])
        if node == nil { try store.keep([kept]) }
    }

    func restore(by: String = "duty", note: String = "有人翻越护栏") throws -> SuppressionRecord? {
        try restorer.restore(kept.record.id, by: by, name: "值班员", note: note)
    }

    func sent() throws -> [Incident] {
        try outbox.pending(after: 0, limit: 100).map { try IncidentJSON.decode($0.bytes, sequence: $0.sequence) }
    }

    func close() throws {
        try store.close()
        try outbox.close()
    }
}

@Test func aSuppressionBecomesTheIncidentThatItShouldHaveBeen() throws {
    let node = try Node()
    defer { try? node.close() }
    // Something else runs under the same key: the restored one stands beside it.
    var running = draft(1)
    running.key.zone = "lane"
    let other = try node.outbox.append([running])[0]
    let record = try #require(try node.restore())
    let incident = try #require(try node.sent().last)
    #expect(incident.id == node.kept.record.id && incident.id != other.id && incident.revision == 1 && incident.phase == .ended)
    #expect(incident.key == running.key && incident.priority == .four && incident.firstSeen == node.kept.record.at)
    #expect(incident.reason == ["moved 3.2 cells"] && incident.box == node.kept.record.box && incident.restoration == record.restoration)
    #expect(incident.restoration?.by == "duty" && incident.restoration?.suppressed == .unconfirmed)
    #expect(try node.snapshots.load(#require(incident.snapshot?.sha256)) == node.kept.jpeg)
    #expect(try node.outbox.openIncidents().map(\.incident.id) == [other.id])
    #expect(node.outbox.depth().rows == 2)
}

@Test func sayingItAgainChangesNothing() async throws {
    let node = try Node()
    defer { try? node.close() }
    let first = try node.restore()
    #expect(try node.restore(by: "other", note: "again") == first)
    // Two people at once: one of them is first, both read the same.
    let crowd = try Node()
    defer { try? crowd.close() }
    let words = try await onOwnThread {
        let found = (0..<4).map { number in
            Mailbox { try crowd.restore(by: "officer-\(number)") }
        }
        return try found.map { try $0.value() }
    }
    #expect(Set(words).count == 1 && words[0] != nil)
    #expect(try node.sent().count == 1 && crowd.sent().count == 1)
    #expect(try node.restorer.restore(UUID7(high: 1, low: 1), by: "duty", name: "", note: "x") == nil)
}

/// What a thread of its own returns.
private final class Mailbox<Value: Sendable>: Sendable {
    private let queue = BoundedQueue<Result<Value, any Error>>(capacity: 1)
    private let thread: OwnThread
    init(_ body: @escaping @Sendable () throws -> Value) {
        thread = OwnThread(name: "officer") { [queue] in _ = queue.offer(Result { try body() }) }
    }
    func value() throws -> Value {
        thread.join()
        guard let result = queue.take(timeout: .seconds(10)) else { throw Failure(.deadlineExceeded, "no answer") }
        return try result.get()
    }
}

/// The process ends behind each step; the next one ends what was begun, once.
@Test(arguments: 1...4) func whatWasInterruptedIsFinishedAtTheNextStart(step: Int) throws {
    var node = try Node()
    let id = node.kept.record.id
    let begun = try #require(try node.store.beginRestoring(id, by: "duty", name: "值班员", note: "有人"))
    let restoration = try #require(begun.record.restoration)
    if step >= 2 { _ = try node.snapshots.store(try #require(begun.jpeg)) }
    if step >= 3 {
        var draft = draft(1, .ended)
        draft.key.zone = "lane"
        #expect(try node.outbox.append(draft, restoredAs: id, restoration))
        #expect(try node.outbox.append(draft, restoredAs: id, restoration) == false)
    }
    if step >= 4 { try node.store.finishRestoring(id) }
    try node.close()
    node = try Node(after: node)
    defer { try? node.close() }
    #expect(try node.restorer.finishInterrupted() == (step < 4 ? 1 : 0))
    #expect(try node.restorer.finishInterrupted() == 0)
    let sent = try node.sent()
    #expect(sent.count == 1 && sent[0].id == id && sent[0].restoration == restoration)
    #expect(try node.restore(by: "later")?.restoration == restoration)
    #expect(try node.sent() == sent)
}

@Test func anIncidentOfACameraThatIsGoneWaits() throws {
    var node = try Node(isCameraKnown: false)
    #expect(try node.restore()?.restoration != nil)
    #expect(try node.sent().isEmpty && node.restorer.finishInterrupted() == 0)
    try node.close()
    node = try Node(after: node)
    defer { try? node.close() }
    #expect(try node.restorer.finishInterrupted() == 1 && node.sent().count == 1)
}

@Test func aFullOutboxKeepsTheWordAndTheNextPressSendsIt() throws {
    var node = try Node()
    try node.outbox.close()
    let small = try Outbox.open(path: node.folder + "/outbox.sqlite", maximumBytes: 64 << 10)
    let restorer = SuppressionRestorer(store: node.store, snapshots: node.snapshots, outbox: small) { _ in GeoPoint(lonE7: 1, latE7: 1) }
    _ = #expect(throws: Failure.self) { while true { _ = try small.append([draft(1, .updated)]) } }
    let full = #expect(throws: Failure.self) { try restorer.restore(node.kept.record.id, by: "duty", name: "值班员", note: "有人") }
    #expect(full?.kind == .resourceExhausted)
    try small.close()
    try node.store.close()
    node = try Node(after: node)
    defer { try? node.close() }
    #expect(try node.restore(by: "other")?.restoration?.by == "duty")
    #expect(try node.sent().last?.restoration?.note == "有人")
}
