// Messages of sensors and tag readers on their way to the cameras beside them.
// sensor ══▶ **messages → tags** → incidents

import Base
import Domain
import Logging
import Synchronization
import Tagging

/// The sensor desk of a node with its counters and its log. Safe on any thread; never blocks.
///
/// The log names who spoke and why it was refused, never what was said.
final class SensorRoom: Sendable {
    private struct State {
        var desk = SensorDesk()
        var refused = Refused()
    }

    /// Refusals since the log had its last line about them.
    private struct Refused {
        var count = 0
        var nextLine = Duration.zero

        /// Counts one; returns how many the line that is due now is about, nil while none is due.
        mutating func note(_ now: Duration) -> Int? {
            count += 1
            guard now >= nextLine else { return nil }
            defer { (count, nextLine) = (0, now + SensorRoom.logEvery) }
            return count
        }
    }

    /// A sensor that was set up wrongly says so again and again.
    private static let logEvery: Duration = .seconds(10)

    private let state = Mutex(State())
    private let time: any TimeSource
    private let log: Logger
    private let taken: Counter
    private let refusedByReason: [SensorRefusal: Counter]

    init(time: any TimeSource, metrics: MetricsRegistry, log: Logger) {
        self.time = time
        self.log = log
        let (name, help) = ("snowlight_sensor_messages_total", "Messages of sensors and tag readers, by what became of them.")
        taken = metrics.counter(name, help, labels: [("result", "taken")])
        refusedByReason = metrics.counters(name, help, label: "result")
        metrics.gauge("snowlight_reader_sightings", "Tags that each reader has seen since the start, whoever's they were.") { [weak self] in
            let sightings = self?.state.withLock { $0.desk.sightingsByReader } ?? [:]
            return sightings.sorted { $0.key < $1.key }.map { ([("reader", $0.key)], Double($0.value)) }
        }
    }

    /// Says which cameras are read here now.
    func stand(_ cameras: some Sequence<Camera>) {
        let places = SensorDesk.places(of: cameras)
        state.withLock { $0.desk.places = places }
    }

    /// Says what is looked for now.
    func compare(with reports: [TheftReport]) {
        let list = TheftList(reports)
        state.withLock { $0.desk.thefts = list }
    }

    /// Takes one message.
    func hear(_ message: [UInt8], from speaker: SensorSpeaker) -> SensorDesk.Outcome {
        let (now, wall) = (time.now, time.wallNow)
        let (outcome, toldOf) = state.withLock { state in
            let outcome = state.desk.receive(message, from: speaker, nowSeconds: now.seconds, wall: wall)
            return (outcome, outcome.refusal == nil ? nil : state.refused.note(now))
        }
        if let why = outcome.refusal { refusedByReason[why]!.increment() } else { taken.increment() }  // All cases are present.
        if let why = outcome.refusal, let toldOf {
            log.warning(
                "messages of sensors are refused",
                metadata: ["count": "\(toldOf)", "latest_from": "\(speaker.name)", "reason": "\(why.sentence)"])
        }
        return outcome
    }
}

extension SensorDesk.Outcome {
    fileprivate var refusal: SensorRefusal? {
        if case .refused(let why) = self { why } else { nil }
    }
}

extension SensorSpeaker {
    fileprivate var name: String {
        switch self {
        case .local: "this machine"
        case .key(let name): name
        }
    }
}
