// Suppressions never make a worker wait: a disk that is slow, full or broken costs explanations, and each lost one is counted.

import Base
import Domain
import Foundation
import Logging
import Synchronization
import Testing

@testable import Ingest

/// A sink that does as it is told.
private final class Sink: SuppressionSink {
    enum Mood: Sendable { case works, slow, full, broken }
    let mood: Mutex<Mood>
    private let state = Mutex<(batches: [Int], calls: Int)>(([], 0))
    private let gate = StopSignal()

    init(_ mood: Mood) { self.mood = Mutex(mood) }
    var batches: [Int] { state.withLock { $0.batches } }
    var calls: Int { state.withLock { $0.calls } }
    func letGo() { gate.raise() }

    func keep(_ batch: [SuppressedEvidence]) throws -> (rows: Int, pictures: Int) {
        state.withLock { $0.calls += 1 }
        switch mood.withLock({ $0 }) {
        case .works: break
        case .slow: _ = gate.sleep(.seconds(30))
        case .full: throw Failure(.resourceExhausted, "the disk is full")
        case .broken: throw Failure(.dataLoss, "not to be trusted")
        }
        state.withLock { $0.batches.append(batch.count) }
        return (batch.count / 2, 1)
    }
}

private struct Bench {
    let sink: Sink
    let registry = MetricsRegistry()
    let recorder: SuppressionRecorder

    init(_ mood: Sink.Mood) {
        sink = Sink(mood)
        let metrics = IngestMetrics(registry)
        recorder = SuppressionRecorder(sink: sink, metrics: metrics, log: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
    }

    func offer(_ count: Int, _ reason: SuppressionReason = .ghost) {
        let record = SuppressionRecord(
            id: SuppressionID(high: 1, low: 1), camera: CameraID("51101100001320000001")!, zone: "", rule: "",  // 20 digits.
            category: "motion", priority: .four, reason: reason, facts: [], box: nil, at: WallTime(millisecondsSince1970: 0))
        for _ in 0..<count { recorder.offer(SuppressedEvidence(record: record, jpeg: nil)) }
    }

    func stop() async throws { try await onOwnThread("stop") { recorder.stop() } }

    func number(_ metric: String) -> Int? {
        registry.render().split(separator: "\n").first { $0.hasPrefix(metric + " ") }?.split(separator: " ").last.flatMap { Int($0) }
    }

    func waitForCalls(_ count: Int) async throws {
        let deadline = ContinuousClock.now + .seconds(20)
        while sink.calls < count, ContinuousClock.now < deadline { try await Task.sleep(for: .milliseconds(2)) }
        #expect(sink.calls >= count)
    }
}

@Test func suppressionsAreKeptInGroupsAndStoppingWritesTheRest() async throws {
    let bench = Bench(.works)
    bench.offer(300)
    bench.offer(7, .lighting)
    try await bench.stop()
    #expect(bench.sink.batches.reduce(0, +) == 307 && bench.sink.batches.count <= 3)
    #expect(bench.number("snowlight_suppressed_total{reason=\"ghost\"}") == 300)
    #expect(bench.number("snowlight_suppressed_total{reason=\"lighting\"}") == 7)
    #expect(bench.number("snowlight_suppressions_dropped_total{reason=\"queue\"}") == 0)
    #expect(bench.number("snowlight_suppressions_deleted_total{what=\"record\"}") == bench.sink.batches.map { $0 / 2 }.reduce(0, +))
}

@Test func aSlowDiskCostsExplanationsAndNeverMakesAWorkerWait() async throws {
    let bench = Bench(.slow)
    bench.offer(1)
    // The first is on its way to the disk, or still waits for company; the queue holds 512 besides.
    let begin = ContinuousClock.now
    bench.offer(2000)
    #expect(ContinuousClock.now - begin < .seconds(2))
    try await bench.waitForCalls(1)
    bench.offer(2000)
    bench.sink.mood.withLock { $0 = .works }
    bench.sink.letGo()
    try await bench.stop()
    let dropped = try #require(bench.number("snowlight_suppressions_dropped_total{reason=\"queue\"}"))
    #expect(dropped > 2000 && dropped + bench.sink.batches.reduce(0, +) == 4001)
    #expect(bench.number("snowlight_suppressed_total{reason=\"ghost\"}") == 4001)
}

@Test func aFullDiskLosesWhatComesMeanwhileAndNothingAfterwards() async throws {
    let bench = Bench(.full)
    bench.offer(10)
    try await bench.waitForCalls(1)
    bench.sink.mood.withLock { $0 = .works }
    bench.offer(5)
    try await bench.stop()
    #expect(bench.sink.batches == [5])
    #expect(bench.number("snowlight_suppressions_dropped_total{reason=\"disk\"}") == 10)
}

@Test func aDamagedFileIsNotTouchedAgain() async throws {
    let bench = Bench(.broken)
    bench.offer(10)
    try await bench.waitForCalls(1)
    bench.sink.mood.withLock { $0 = .works }
    bench.offer(5)
    try await bench.stop()
    #expect(bench.sink.calls == 1 && bench.sink.batches.isEmpty)
    #expect(bench.number("snowlight_suppressions_dropped_total{reason=\"disk\"}") == 15)
}

@Test func picturesHaveABudget() {
    var allowance = PictureAllowance()
    func taken(_ seconds: [Double]) -> Int { seconds.count { allowance.take(atSeconds: $0) } }
    // At once …
    let atOnce = taken(Array(repeating: 50, count: 100))
    // … and then two a second, whatever is asked, also when time stands still or runs back.
    let inAMinute = taken((0..<6000).map { 50 + Double($0) / 100 })
    let inThePast = taken([10])
    let afterwards = taken(Array(repeating: 10_000, count: 100))
    #expect(atOnce == 8 && (118...121).contains(inAMinute) && inThePast == 0 && afterwards == 8, "\(atOnce), \(inAMinute)")
}
