// A fleet that falls and comes back, on simulated time: sessions, pacer and ledger together, a network made of numbers.

import Base
import Domain
@testable import Ingest

/// Runs until `until` and keeps what was dialled, shown and told.
struct FleetSimulation {
    struct Setting {
        var subnets: Int
        var perSubnet: Int
        /// When connections succeed again, after the kill.
        var backAfter: Double = 0
        /// How long an attempt takes that succeeds.
        var openSeconds = 0.05
        /// How long one takes that fails: 0.003 for a refusal, 10 for a deadline.
        var failSeconds = 0.003
        /// Of 100 cameras, how many never come back.
        var deadPercent = 0
        var failure = Failure.Kind.unavailable
    }

    struct Told: Equatable {
        var atSeconds: Double
        var action: OutageAction
    }

    private enum Step {
        case reserve, ask
        case done(works: Bool)
    }

    let setting: Setting
    private(set) var opens: [(at: Duration, subnet: Int)] = []
    private(set) var told: [Told] = []
    private(set) var backAt: [Int: Double] = [:]
    private(set) var mostInFlight = 0
    private(set) var asks = 0
    private var generator: SeededGenerator
    private var pacer = OpenPacer()
    private var ledger = OutageLedger()
    private var sessions: [CameraSession] = []
    private var isUp: [Bool]
    private var shown: [CameraState?]
    private var queue = TimedQueue<(camera: Int, step: Step)>()
    private let networks: [CameraNetwork]
    private let ids: [CameraID]
    static let kill = 200.0

    var count: Int { setting.subnets * setting.perSubnet }

    init(_ setting: Setting, seed: UInt64) {
        self.setting = setting
        generator = SeededGenerator(seed: seed)
        let count = setting.subnets * setting.perSubnet
        isUp = Array(repeating: true, count: count)
        shown = Array(repeating: nil, count: count)
        networks = (0..<count).map { CameraNetwork(host: "10.0.\($0 % setting.subnets).\(1 + $0 / setting.subnets % 254)") }
        ids = (0..<count).map(cameraID)
        let wall = WallTime(millisecondsSince1970: 1_795_000_000_000)
        sessions = Array(repeating: CameraSession(policy: .init(), wall: wall), count: count)
    }

    private func isDead(_ camera: Int) -> Bool { camera % 100 < setting.deadPercent }

    mutating func run(until end: Double) {
        for camera in 0..<count { sessions[camera].opened(now: .zero) }
        // Long enough that the backoff has started again.
        for second in 100..<Int(Self.kill) { keepHouse(Double(second)) }
        let order = (0..<count).shuffled(using: &generator)
        for (place, camera) in order.enumerated() {
            // The last connection ends half a second after the first.
            fail(camera, at: .seconds(Self.kill + 0.5 * Double(place) / Double(count)), lost: true)
        }
        var second = Self.kill + 1
        while second <= Self.kill + end {
            while let (at, event) = queue.popFirst(before: .seconds(second)) { perform(event.camera, event.step, at) }
            keepHouse(second)
            second += 1
        }
    }

    private mutating func fail(_ camera: Int, at now: Duration, lost: Bool) {
        isUp[camera] = false
        let many = lost && pacer.lost(now: now)
        let failure = Failure(lost ? .unavailable : setting.failure, "the connection ended (network)")
        let wait = sessions[camera].failed(failure, now: now, amongMany: many, using: &generator)
        queue.push((camera, .reserve), at: now + wait)
    }

    private mutating func perform(_ camera: Int, _ step: Step, _ now: Duration) {
        switch step {
        case .reserve: queue.push((camera, .ask), at: now + pacer.reserve(networks[camera].subnet, now: now))
        case .ask:
            asks += 1
            switch pacer.begin(ids[camera], doubtful: sessions[camera].isDoubtful) {
            case .again(let after): queue.push((camera, .reserve), at: now + after)
            case .open:
                sessions[camera].retrying()
                opens.append((now, camera % setting.subnets))
                mostInFlight = max(mostInFlight, pacer.inFlight)
                let works = !isDead(camera) && now.seconds >= Self.kill + setting.backAfter
                queue.push((camera, .done(works: works)), at: now + .seconds(works ? setting.openSeconds : setting.failSeconds))
            }
        case .done(let works):
            pacer.finish(ids[camera])
            guard works else { return fail(camera, at: now, lost: false) }
            sessions[camera].opened(now: now)
            isUp[camera] = true
            backAt[camera] = now.seconds - Self.kill
        }
    }

    private mutating func keepHouse(_ second: Double) {
        let now = Duration.seconds(second)
        let wall = WallTime(millisecondsSince1970: 1_795_000_000_000).adding(seconds: second)
        for camera in 0..<count {
            // Steady cameras take turns, so that the test takes seconds; those about to change are asked each second.
            if isUp[camera] == (shown[camera] == .streaming) && camera % 5 != Int(second) % 5 { continue }
            if isUp[camera] {
                sessions[camera].packetsSeen(now: now, bytes: 250_000, isKey: true)
                sessions[camera].decoded(now: now, wall: wall)
            }
            let health = sessions[camera].examine(now: now, wall: wall)
            if shown[camera] == health.state { continue }
            shown[camera] = health.state
            ledger.state(ids[camera], networks[camera], health.state, reason: health.reason, now: now)
        }
        told += ledger.tick(now: now).map { Told(atSeconds: second - Self.kill, action: $0) }
    }

    // MARK: what is asked

    /// Seconds after the power came back until this share of the living fleet shows pictures.
    func secondsUntil(percent: Double) -> Double {
        let living = (0..<count).count { !isDead($0) }
        let sorted = backAt.filter { !isDead($0.key) }.values.sorted()
        let index = Int((Double(living) * percent / 100).rounded(.up)) - 1
        return index < sorted.count ? sorted[index] - setting.backAfter : .infinity
    }

    /// The most attempts in any window of one second: over all, and into one subnet.
    var busiestSecond: (all: Int, subnet: Int) {
        let sorted = opens.sorted { $0.at < $1.at }
        let perSubnet = Dictionary(grouping: sorted, by: \.subnet).values.map { Self.busiest($0.map(\.at)) }
        return (Self.busiest(sorted.map(\.at)), perSubnet.max() ?? 0)
    }

    private static func busiest(_ times: [Duration]) -> Int {
        var (first, most) = (0, 0)
        for (last, at) in times.enumerated() {
            while at - times[first] >= .seconds(1) { first += 1 }
            most = max(most, last - first + 1)
        }
        return most
    }
}

/// A 20-digit id for the n-th camera.
func cameraID(_ number: Int) -> CameraID {
    let digits = String(number)
    return CameraID("51101100001320" + String(repeating: "0", count: 6 - digits.count) + digits)!  // 20 digits for numbers below a million.
}

/// Events in the order of their time; equal times keep the order they came in.
struct TimedQueue<Element> {
    private var heap: [(at: Duration, number: Int, element: Element)] = []
    private var pushed = 0

    mutating func push(_ element: Element, at: Duration) {
        heap.append((at, pushed, element))
        pushed += 1
        var child = heap.count - 1
        while child > 0, isBefore(child, (child - 1) / 2) {
            heap.swapAt(child, (child - 1) / 2)
            child = (child - 1) / 2
        }
    }

    mutating func popFirst(before limit: Duration) -> (at: Duration, element: Element)? {
        guard let first = heap.first, first.at < limit else { return nil }
        heap.swapAt(0, heap.count - 1)
        heap.removeLast()
        var parent = 0
        while true {
            var least = parent
            for child in [2 * parent + 1, 2 * parent + 2] where child < heap.count && isBefore(child, least) { least = child }
            if least == parent { break }
            heap.swapAt(parent, least)
            parent = least
        }
        return (first.at, first.element)
    }

    private func isBefore(_ a: Int, _ b: Int) -> Bool { (heap[a].at, heap[a].number) < (heap[b].at, heap[b].number) }
}
