// The publisher's side of the conversation as a pure value: what to send next, when to give up, where to resume.
// incidents → outbox ══**greet, send, retransmit**══▶ dispatcher → cases
//
//            opened                    WELCOME
//   ┌─────────────────▶ greeting ───────────────────▶ flowing
//   │                    ▲  ▲ │                         │ │
//   │ reopen             │  │ │ NACK                    │ │ NACK
//   │ (10 s silence)     │  │ ▼                         │ ▼
//   │                    │  holding ◀───────────────────┼─┘
//   │                    │   (until its time is over)   │
//   └── any state        └──────────────────────────────┘
//                          retransmission due, or the dispatcher fell behind
//
// | state | event | becomes | does |
// |---|---|---|---|
// | any | opened (new socket) | greeting; holding stays | forgets what was in flight, HELLO at once |
// | any | 10 s without a frame from the dispatcher | the same | reopen |
// | greeting | WELCOME(last ≤ ceiling) | flowing | acknowledge through last, resume at last + 1 |
// | greeting | WELCOME(last > ceiling, or something else under its number) | greeting | renew the epoch: this file is an older copy |
// | greeting | HELLO unanswered (2 s doubling to 30 s, full jitter) | greeting | HELLO again |
// | flowing | ACK or PONG or WELCOME(more) | flowing | acknowledge, more credit |
// | flowing | ACK(nothing new) with some in flight | flowing | go back to the last acknowledged, at most each 200 ms |
// | flowing | PONG(less than acknowledged) | greeting | the dispatcher was restored from a backup: ask where it stands |
// | flowing | nothing new for 2 s doubling to 30 s, full jitter | greeting | HELLO, then everything behind WELCOME's last |
// | greeting, flowing | NACK(retry) | holding(after) | – |
// | greeting, flowing | NACK(other) | holding(30 s) | – |
// | holding | its time is over | greeting | HELLO |
//
// Promises. greeting: no INCIDENT is sent, and nothing but WELCOME acknowledges. flowing: numbers leave strictly in order, never more
// than credit behind the last acknowledged one. holding: only PING is sent. In every state: what is acknowledged to the outbox was
// committed by the dispatcher.

import Base

/// Intervals of the conversation, from WIRE.md; tests shorten them.
package struct BusTiming: Hashable, Sendable {
    package var retransmitBase: Duration = .seconds(2)
    package var retransmitCap: Duration = .seconds(30)
    /// Below the time of one slow commit a retransmission only adds load.
    package var retransmitFloor: Duration = .milliseconds(500)
    package var rewind: Duration = .milliseconds(200)
    package var idle: Duration = .seconds(3)
    package var silence: Duration = .seconds(10)
    /// How long a refusal that only a person or an update can lift is respected before asking again.
    package var hold: Duration = .seconds(30)

    package init() {}

    /// The intervals of WIRE.md.
    package static let standard = BusTiming()
}

/// One publisher's conversation with the dispatcher. A value without clock, socket or disk.
package struct PublisherFlow: Sendable {
    /// Where the conversation stands; the diagram above says what each state promises.
    package enum State: Hashable, Sendable {
        case greeting, flowing
        case holding(until: Duration)
    }

    /// What may be sent now.
    package enum Outgoing: Hashable, Sendable {
        case hello, ping
        /// The row behind this number, if `admits` its size.
        case incident(after: UInt64)
    }

    /// What the shell must do.
    package enum Action: Hashable, Sendable {
        case acknowledge(through: UInt64)
        /// Close the socket, open a new one, call `opened`.
        case reopen
        /// Draw a new epoch in the outbox, then call `renewed`.
        case renewEpoch
        /// Count it and log it.
        case note(Note)
    }

    /// What happened that operators may want to know: metric label and log text at once.
    package enum Note: Hashable, Sendable {
        case welcomed(last: UInt64)
        case retransmit, rewind, silence
        /// The dispatcher stands before what it had acknowledged.
        case regressed(to: UInt64)
        case held(NackCode)
        case quarantined([UInt64])
        /// An acknowledgement of a number that was never given; ignored.
        case impossible

        /// The metric label.
        package var label: String {
            switch self {
            case .welcomed: "welcomed"
            case .retransmit: "retransmit"
            case .rewind: "rewind"
            case .silence: "silence"
            case .regressed: "regressed"
            case .held(let code): "held_\(code.rawValue)"
            case .quarantined: "quarantined"
            case .impossible: "impossible"
            }
        }
    }

    package private(set) var state = State.greeting
    /// The dispatcher has committed through here.
    package private(set) var acknowledged: UInt64
    /// Handed to the socket through here.
    package private(set) var sent: UInt64
    private let timing: BusTiming
    private var credit = Credit.standard
    private var inFlightSizes: [Int] = []
    private var inFlightBytes = 0
    private var generator: SeededGenerator
    private var helloBackoff: Backoff
    private var retransmitBackoff: Backoff
    private var helloDue: Duration
    private var retransmitDue: Duration?
    private var rewindAllowed: Duration
    private var lastInbound: Duration
    private var lastOutbound: Duration

    /// - Parameters:
    ///   - acknowledged: Where the outbox believes the dispatcher stands; WELCOME corrects it.
    ///   - seed: Of the jitter.
    package init(acknowledged: UInt64, timing: BusTiming = .standard, seed: UInt64, now: Duration) {
        self.acknowledged = acknowledged
        self.timing = timing
        sent = acknowledged
        generator = SeededGenerator(seed: seed)
        helloBackoff = Backoff(base: timing.retransmitBase, cap: timing.retransmitCap)
        retransmitBackoff = Backoff(base: timing.retransmitBase, cap: timing.retransmitCap)
        helloDue = now
        rewindAllowed = now
        lastInbound = now
        lastOutbound = now
    }

    /// Sent and not yet acknowledged.
    package var inFlight: (messages: Int, bytes: Int) { (inFlightSizes.count, inFlightBytes) }

    /// A new socket connects.
    package mutating func opened(now: Duration) {
        lastInbound = now
        lastOutbound = now
        helloBackoff.reset()
        forgetInFlight()
        if case .holding = state { return }
        greet(now)
    }

    /// The outbox has a new epoch and holds numbers behind `acknowledged`.
    package mutating func renewed(acknowledged: UInt64, now: Duration) {
        self.acknowledged = acknowledged
        forgetInFlight()
        greet(now)
    }

    /// What to send now, or nil. Ask again after each `did…`; a message that could not be sent is offered again.
    package func next(now: Duration, highest: UInt64) -> Outgoing? {
        if state == .greeting && now >= helloDue { return .hello }
        if state == .flowing && sent < highest && inFlightSizes.count < credit.messages && inFlightBytes < credit.bytes {
            return .incident(after: sent)
        }
        return now - lastOutbound >= timing.idle ? .ping : nil
    }

    /// True when a message of this size fits into what is left of the credit; the first always does.
    package func admits(bytes: Int) -> Bool { inFlightSizes.isEmpty || inFlightBytes + bytes <= credit.bytes }

    /// HELLO was taken by the socket.
    package mutating func didSendHello(now: Duration) {
        lastOutbound = now
        helloDue = now + Self.draw(&helloBackoff, &generator, timing.retransmitFloor)
    }

    /// PING was taken by the socket.
    package mutating func didSendPing(now: Duration) { lastOutbound = now }

    /// The incident `sequence` of `bytes` was taken by the socket.
    package mutating func didSend(sequence: UInt64, bytes: Int, now: Duration) {
        precondition(state == .flowing && sequence == sent + 1, "incidents leave in order, after WELCOME")
        sent = sequence
        inFlightSizes.append(bytes)
        inFlightBytes += bytes
        lastOutbound = now
        if retransmitDue == nil { retransmitDue = now + Self.draw(&retransmitBackoff, &generator, timing.retransmitFloor) }
    }

    /// A message from the dispatcher, for this node and epoch.
    /// - Parameters:
    ///   - ceiling: The highest number that can ever have been sent; whoever knows a higher one knows another outbox.
    ///   - isOurs: False when WELCOME proves that its number held something else: the dispatcher knows another life of this outbox.
    package mutating func received(_ message: DispatcherMessage, now: Duration, ceiling: UInt64, isOurs: Bool = true) -> [Action] {
        lastInbound = now
        switch message {
        case .welcome(let last, let credit, _): return welcomed(last, credit, now, ceiling, isOurs)
        case .ack(let through, let quarantined):
            var actions: [Action] = quarantined.isEmpty ? [] : [.note(.quarantined(quarantined))]
            if through == acknowledged && state == .flowing && !inFlightSizes.isEmpty && now >= rewindAllowed {
                rewindAllowed = now + timing.rewind
                forgetInFlight()
                actions.append(.note(.rewind))
            } else {
                actions += progress(through, now, ceiling)
            }
            return actions
        case .nack(let code, _, let after):
            if case .holding = state { return [] }
            state = .holding(until: now + (code == .retry ? min(max(after, .milliseconds(50)), .seconds(60)) : timing.hold))
            forgetInFlight()
            return [.note(.held(code))]
        case .pong(let last):
            if last < acknowledged && state == .flowing {
                greet(now)
                return [.note(.regressed(to: last))]
            }
            return progress(last, now, ceiling)
        }
    }

    /// Time has passed.
    package mutating func tick(now: Duration) -> [Action] {
        if now - lastInbound >= timing.silence {
            lastInbound = now
            return [.note(.silence), .reopen]
        }
        if case .holding(let until) = state, now >= until {
            greet(now)
        } else if state == .flowing, let due = retransmitDue, now >= due {
            greet(now)
            return [.note(.retransmit)]
        }
        return []
    }

    /// When `tick` or `next` has to be asked again at the latest.
    /// - Parameter blocked: True while the socket takes nothing; then what waits to be sent sets no deadline.
    package func deadline(blocked: Bool) -> Duration {
        var earliest = lastInbound + timing.silence
        if case .holding(let until) = state { earliest = min(earliest, until) }
        if state == .flowing, let due = retransmitDue { earliest = min(earliest, due) }
        if !blocked {
            earliest = min(earliest, lastOutbound + timing.idle)
            if state == .greeting { earliest = min(earliest, helloDue) }
        }
        return earliest
    }

    private mutating func welcomed(
        _ last: UInt64, _ credit: Credit, _ now: Duration, _ ceiling: UInt64, _ isOurs: Bool
    ) -> [Action] {
        guard state == .greeting else { return progress(last, now, ceiling) }
        guard last <= ceiling, isOurs else { return [.renewEpoch] }
        var actions: [Action] = [.note(.welcomed(last: last))]
        if last > acknowledged { retransmitBackoff.reset() }
        if last < acknowledged { actions.append(.note(.regressed(to: last))) }
        acknowledged = last
        forgetInFlight()
        helloBackoff.reset()
        state = .flowing
        // Never more than our own share, never nothing.
        self.credit = Credit(
            messages: min(max(credit.messages, 1), Credit.standard.messages), bytes: min(max(credit.bytes, 1), Credit.standard.bytes))
        actions.append(.acknowledge(through: last))
        return actions
    }

    private mutating func progress(_ through: UInt64, _ now: Duration, _ ceiling: UInt64) -> [Action] {
        // Before WELCOME nobody has proved that these numbers are ours.
        guard state == .flowing, through > acknowledged else { return [] }
        guard through <= ceiling else { return [.note(.impossible)] }
        let done = Int(min(through - acknowledged, UInt64(inFlightSizes.count)))
        inFlightBytes -= inFlightSizes[..<done].reduce(0, +)
        inFlightSizes.removeFirst(done)
        acknowledged = through
        sent = max(sent, through)
        retransmitBackoff.reset()
        retransmitDue = inFlightSizes.isEmpty ? nil : now + Self.draw(&retransmitBackoff, &generator, timing.retransmitFloor)
        return [.acknowledge(through: through)]
    }

    private mutating func greet(_ now: Duration) {
        state = .greeting
        helloDue = now
        forgetInFlight()
    }

    /// Go-back-N: whatever was not acknowledged is sent again.
    private mutating func forgetInFlight() {
        inFlightSizes.removeAll(keepingCapacity: true)
        inFlightBytes = 0
        sent = acknowledged
        retransmitDue = nil
    }

    private static func draw(_ backoff: inout Backoff, _ generator: inout SeededGenerator, _ floor: Duration) -> Duration {
        max(floor, backoff.next(using: &generator))
    }
}
