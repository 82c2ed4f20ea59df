// The few mechanisms everyone shares.

import Base
import Domain
import Foundation
import Logging
import Synchronization
import Testing

@Test func backoffStaysUnderItsBoundAndStartsAgain() {
    var generator = SeededGenerator(seed: 5)
    var backoff = Backoff(base: .seconds(1), cap: .seconds(60))
    for attempt in 0..<40 {
        let wait = backoff.next(using: &generator).seconds
        #expect(wait >= 0 && wait < min(60, Double(1 << min(attempt, 20))))
    }
    backoff.reset()
    #expect(backoff.next(using: &generator) < .seconds(1))
}

@Test func aFullQueueRefusesAndAClosedOneDrains() {
    let queue = BoundedQueue<Int>(capacity: 2)
    #expect(queue.offer(1) && queue.offer(2))
    #expect(queue.offer(3) == false)
    queue.close()
    #expect(queue.offer(4) == false)
    #expect(queue.take(timeout: .zero) == 1)
    #expect(queue.take(timeout: .zero) == 2)
    #expect(queue.take(timeout: .seconds(5)) == nil)
}

@Test func aQueueKeepsOrderBetweenThreads() {
    let queue = BoundedQueue<Int>(capacity: 4)
    let producer = OwnThread(name: "producer") { for number in 0..<1000 { _ = queue.put(number) } }
    var taken: [Int] = []
    while taken.count < 1000, let next = queue.take(timeout: .seconds(10)) { taken.append(next) }
    producer.join()
    #expect(taken == Array(0..<1000))
}

@Test(arguments: [("short", "short"), ("live 0123456789", "live 0123456789"), ("longer than fifteen", "longer than fif")])
func theKernelKnowsThreadsByTheirNames(name: String, comm: String) async throws {
    let shown = try await onOwnThread(name) { try String(contentsOfFile: "/proc/thread-self/comm", encoding: .utf8) }
    #expect(shown == comm + "\n")
}

@Test(.timeLimit(.minutes(1))) func aThreadThatHasEndedHoldsNothing() async throws {
    final class Witness: Sendable {}
    weak var witness: Witness?
    do {
        let held = Witness()
        witness = held
        OwnThread(name: "witness") { withExtendedLifetime(held) {} }.join()
    }
    // Its closure goes a moment after the end was told.
    while witness != nil { try await Task.sleep(for: .milliseconds(1)) }
}

@Test func aRaisedSignalWakesItsSleepers() {
    let signal = StopSignal()
    let sleeper = Slot(signal: signal)
    #expect(sleeper.thread.join(timeout: .zero) == false)
    signal.raise()
    sleeper.thread.join()
    #expect(signal.isRaised)
}

private struct Slot {
    let thread: OwnThread
    init(signal: StopSignal) { thread = OwnThread(name: "sleeper") { _ = signal.sleep(.seconds(60)) } }
}

@Test func metricsPrintAsPrometheusText() {
    let registry = MetricsRegistry()
    registry.counter("snowlight_b_total", "Things.", labels: [("kind", "a\"b\\c\nd")]).increment(by: 3)
    let histogram = registry.histogram("snowlight_c_seconds", "Times.", bounds: [0.1, 1])
    for value in [0.05, 0.5, 5] { histogram.observe(value) }
    registry.gauge("snowlight_a", "Level.") { [(labels: [], value: 1.5)] }
    #expect(
        registry.render() == """
            # HELP snowlight_a Level.
            # TYPE snowlight_a gauge
            snowlight_a 1.5
            # HELP snowlight_b_total Things.
            # TYPE snowlight_b_total counter
            snowlight_b_total{kind="a\\"b\\\\c\\nd"} 3
            # HELP snowlight_c_seconds Times.
            # TYPE snowlight_c_seconds histogram
            snowlight_c_seconds_bucket{le="0.1"} 1
            snowlight_c_seconds_bucket{le="1"} 2
            snowlight_c_seconds_bucket{le="+Inf"} 3
            snowlight_c_seconds_sum 5.55
            snowlight_c_seconds_count 3

            """)
}

@Test func logLinesAreJSONWithoutSecrets() throws {
    let lines = Mutex<[String]>([])
    var logger = Logger(label: "test") { label in
        JSONLogHandler(label: label, level: .trace) { line in lines.withLock { $0.append(line) } }
    }
    logger[metadataKey: "url"] = "rtsp://admin:p%40ss@10.0.0.1/ch1"
    logger.error("failed \"quoted\"\nrtsp://admin:secret@host/x", metadata: ["name": "<script>\u{1b}"])
    let line = try #require(lines.withLock { $0.first })
    let object = try #require(try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: String])
    #expect(object["url"] == "rtsp://***@10.0.0.1/ch1")
    #expect(object["message"] == "failed \"quoted\"\nrtsp://***@host/x")
    #expect(object["name"] == "<script>\u{1b}")
    #expect(line.filter { $0 == "\n" }.count == 1)
    #expect(WallTime(object["time"] ?? "") != nil)
}

@Test func yamlFindingsNameTheLine() {
    let text = """
        port: 70000
        # a comment
        look: key
        lokk: full
        nested:
          wait: soon
        """
    let (root, findings) = StrictYAML.parse(text, file: "a.yaml")
    let yaml = root!  // The text above is valid YAML.
    #expect(yaml.child("port")?.int(in: 0...65_535) == nil)
    #expect(yaml.child("look")?.string() == "key")
    #expect(yaml.child("nested")?.child("wait")?.duration(in: .zero ... .seconds(9)) == nil)
    yaml.finish()
    #expect(findings.diagnostics.map(\.line) == [1, 6, 4])
    #expect(findings.diagnostics.last?.message.contains("unknown key 'lokk'") == true)
}

@Test(arguments: ["a: [1", "a: b: c", "\t- x", "a: 1\na: 2", ""])
func brokenYAMLHasALine(text: String) {
    let (root, findings) = StrictYAML.parse(text, file: "a.yaml")
    #expect(root == nil)
    #expect(findings.diagnostics.first?.line != nil)
}

@Test func amountsOfMemoryParse() {
    let text = "[64KiB, 512MiB, 2GiB, 1KiB, 512MB, 512, 1.5GiB, 9999999999999GiB, -1MiB, {}]"
    let (root, findings) = StrictYAML.parse(text, file: "a.yaml")
    let read = root?.elements.map { $0.bytes(in: 2048...4 << 30) }
    #expect(read == [64 << 10, 512 << 20, 2 << 30, nil, nil, nil, nil, nil, nil, nil])
    #expect(findings.diagnostics.count == 7)
}

@Test(arguments: [("500ms", 0.5), ("2s", 2.0), ("5m", 300), ("1h", 3600), ("1.5s", 1.5)])
func lengthsOfTimeParse(text: String, seconds: Double) { #expect(abs((Duration(parsing: text)?.seconds ?? -1) - seconds) < 1e-9) }

@Test(arguments: ["", "2", "s", "-1s", "nans", "infs", "2 days", "1e99h"])
func othersDoNot(text: String) { #expect(Duration(parsing: text) == nil) }

@Test func simulatedTimeMovesBothClocks() {
    let time = SimulatedTime()
    let wall = time.wallNow
    time.advance(by: .milliseconds(1500))
    #expect(time.now == .milliseconds(1500))
    #expect(time.wallNow.seconds(since: wall) == 1.5)
}

@Test func failuresNameWhatHappenedAndWhere() {
    let failure = Failure(.unavailable, "the camera is gone", context: [("camera", "1")], cause: Failure(.internal, "inner"))
    #expect(failure.description == "the camera is gone (camera=1): inner")
    #expect(Diagnostic(file: "a.csv", line: 3, message: "bad").description == "a.csv:3: error: bad")
}
