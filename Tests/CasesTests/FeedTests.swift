// The feed: without a gap, in commit order, limited to what changed, and announced to everyone who listens.

import Base
@testable import Cases
import Domain
import Foundation
import IncidentBus
import Storage
import Testing

@Test func theFeedHasNoGapUnderConcurrentActsAndCommits() async throws {
    let district = try SmallDistrict()
    defer { try? district.file.close() }
    var sender = Sender(seed: 70)
    try district.take((0..<40).map { sender.message(sender.incident(camera: $0 % 4 + 1)) })
    let cases = try await district.store.cases(CaseFilter(), for: SmallDistrict.duty).items
    let batches = (0..<30).map { batch in (0..<5).map { sender.message(sender.incident(camera: ($0 + batch) % 4 + 1)) } }
    let failed = BoundedQueue<String>(capacity: 100)
    let bus = OwnThread(name: "bus") {
        for batch in batches {
            do { try district.take(batch) } catch { _ = failed.offer("\(error)") }
        }
    }
    // A reader follows while both write; what it collects must be everything.
    let store = district.store
    let signal = district.signal
    let follower = Task {
        var seen: [FeedEntry] = []
        var after: Int64 = 0
        for await newest in signal.subscribe() {
            while after < newest {
                let page = try await store.feed(after: after, limit: 37, for: SmallDistrict.duty)
                guard page.seq > after else { break }
                seen += page.items
                after = page.seq
            }
            if newest == .max { break }
        }
        return seen
    }
    try await withThrowingTaskGroup(of: Void.self) { group in
        for item in cases {
            group.addTask {
                let worker = SmallDistrict.reader(Int(String(item.grid?.code.last ?? "1")) ?? 1)
                let number = CaseNumber(item.no)!  // Made by the dispatcher.
                _ = try await store.act(number, .acknowledge, expectedVersion: 3, note: "", by: worker)
            }
        }
        try await group.waitForAll()
    }
    bus.join()
    #expect(failed.count == 0)
    signal.announce(.max)  // The end of this test's feed.
    let seen = try await follower.value
    let total = Int64((40 + 150) * 2 + 40 * 2)
    #expect(seen.map(\.seq) == Array(1...total))
    #expect(try district.count("case_event WHERE action = 'acknowledge'") == 40)
    #expect(try CaseLog.verify(district.file).isSound)
}

@Test func changesTellTheLatestStateOnce() async throws {
    let district = try SmallDistrict()
    defer { try? district.file.close() }
    var sender = Sender(seed: 71)
    var incident = sender.incident(camera: 1)
    try district.take([sender.message(incident)])
    guard case .changes(let first) = try await district.store.changes(since: 0, for: SmallDistrict.duty) else {
        Issue.record("nothing was pruned")
        return
    }
    #expect(first.prev == 0 && first.seq == 2 && first.items.count == 2)
    for _ in 0..<50 {
        incident = sender.revised(incident)
        try district.take([sender.message(incident)])
    }
    guard case .changes(let storm) = try await district.store.changes(since: first.seq, for: SmallDistrict.duty) else {
        Issue.record("nothing was pruned")
        return
    }
    #expect(storm.prev == 2 && storm.seq == 52 && storm.items.count == 1)
    guard case .incident(let item) = storm.items[0] else {
        Issue.record("only the incident changed")
        return
    }
    #expect(item.rev == 51 && item.count == 51)
    // A reader of another grid moves on without learning anything.
    guard case .changes(let silent) = try await district.store.changes(since: first.seq, for: SmallDistrict.reader(2)) else {
        Issue.record("nothing was pruned")
        return
    }
    #expect(silent.items.isEmpty && silent.seq == 52)
    guard case .changes(let nothing) = try await district.store.changes(since: 52, for: SmallDistrict.duty) else {
        Issue.record("52 is the newest")
        return
    }
    #expect(nothing.items.isEmpty && nothing.seq == 52 && nothing.prev == 52)
}

@Test func aQuestionOlderThanTheFeedOrFromTheFutureStartsAgain() async throws {
    let district = try SmallDistrict()
    defer { try? district.file.close() }
    var sender = Sender(seed: 72)
    try district.take([sender.message(sender.incident())])
    #expect(try await district.store.changes(since: 3, for: SmallDistrict.duty) == .resync, "there is no 3 yet: another file was restored")
    try district.tamper("UPDATE feed_head SET seq = 101999 WHERE id = 1")
    try district.tamper("UPDATE feed SET seq = seq + 100000")
    // 102,000 is written next: rows up to 2,000 go. Those moved to 100,001 and 100,002 stay.
    try district.take([sender.message(sender.incident())])
    #expect(try district.count("feed") == 4)
    #expect(try await district.store.changes(since: 99_999, for: SmallDistrict.duty) == .resync)
    guard case .changes(let changes) = try await district.store.changes(since: 100_000, for: SmallDistrict.duty) else {
        Issue.record("100,001 is kept")
        return
    }
    #expect(changes.seq == 102_001 && changes.newest == 102_001)
}

@Test func oldFeedRowsGo() throws {
    let district = try SmallDistrict()
    defer { try? district.file.close() }
    var sender = Sender(seed: 73)
    try district.take([sender.message(sender.incident())])
    try district.tamper("UPDATE feed_head SET seq = 100999 WHERE id = 1")
    try district.take([sender.message(sender.incident())])
    let rows = try district.file.read { try $0.rows("SELECT seq FROM feed ORDER BY seq").map { try $0.int("seq") } }
    #expect(rows == [101_000, 101_001])
}

@Test func subscribersGetTheNewestAndLeaveNothingBehind() async throws {
    let signal = FeedSignal()
    signal.announce(5)
    var stream: AsyncStream<Int64>? = signal.subscribe()
    var iterator = stream?.makeAsyncIterator()
    #expect(await iterator?.next() == 5, "a new reader knows at once where the feed stands")
    for sequence in [6, 9, 8, 7] as [Int64] { signal.announce(sequence) }
    #expect(await iterator?.next() == 9 && signal.newest == 9)
    #expect(signal.readers == 1)
    iterator = nil
    stream = nil
    #expect(signal.readers == 0)

    let task = Task { for await _ in signal.subscribe() {} }
    try await poll { signal.readers == 1 }
    task.cancel()
    await task.value
    #expect(signal.readers == 0)
}

private func poll(_ condition: () -> Bool) async throws {
    let deadline = ContinuousClock.now + .seconds(5)
    while !condition() {
        try #require(ContinuousClock.now < deadline, "nothing happened within 5 s")
        await Task.yield()
    }
}
