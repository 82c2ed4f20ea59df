// The publisher's conversation on simulated time: one table of moves, then thousands of lost, doubled and late messages.

import Base
import IncidentBus
import Testing

private let second = Duration.seconds(1)

/// A flow that has been welcomed at `last`, at time zero.
private func welcomed(last: UInt64 = 0, highest: UInt64 = 1000) -> PublisherFlow {
    var flow = PublisherFlow(acknowledged: last, seed: 1, now: .zero)
    flow.opened(now: .zero)
    flow.didSendHello(now: .zero)
    _ = flow.received(.welcome(last: last, credit: .standard), now: .zero, ceiling: highest)
    return flow
}

private func send(_ flow: inout PublisherFlow, through: UInt64, bytes: Int = 700, now: Duration = .zero) {
    while flow.sent < through { flow.didSend(sequence: flow.sent + 1, bytes: bytes, now: now) }
}

@Test func greetsFirstAndResumesBehindTheLastCommitted() {
    var flow = PublisherFlow(acknowledged: 0, seed: 1, now: .zero)
    flow.opened(now: .zero)
    #expect(flow.next(now: .zero, highest: 90) == .hello)
    #expect(flow.next(now: .zero, highest: 90) == .hello)  // Until the socket takes it.
    flow.didSendHello(now: .zero)
    #expect(flow.next(now: .zero, highest: 90) == nil)
    let actions = flow.received(.welcome(last: 40, credit: .standard), now: .zero, ceiling: 90)
    #expect(actions == [.note(.welcomed(last: 40)), .acknowledge(through: 40)])
    #expect(flow.next(now: .zero, highest: 90) == .incident(after: 40))
    #expect(flow.next(now: .zero, highest: 40) == nil)
}

@Test func creditIsNeverExceeded() {
    var flow = welcomed()
    send(&flow, through: 256)
    #expect(flow.next(now: .zero, highest: 1000) == nil)
    #expect(flow.received(.ack(through: 100, quarantined: []), now: .zero, ceiling: 1000) == [.acknowledge(through: 100)])
    #expect(flow.next(now: .zero, highest: 1000) == .incident(after: 256))
    #expect(flow.inFlight == (156, 156 * 700))

    var heavy = welcomed()
    send(&heavy, through: 16, bytes: 65_000)
    #expect(heavy.admits(bytes: 65_000) == false && heavy.admits(bytes: 8000))
    var generous = welcomed()
    generous.opened(now: .zero)
    _ = generous.received(.welcome(last: 0, credit: Credit(messages: 1_000_000, bytes: .max)), now: .zero, ceiling: 1000)
    send(&generous, through: 256)
    #expect(generous.next(now: .zero, highest: 1000) == nil)
}

@Test func nothingNewMeansGoBackButNotTooOften() {
    var flow = welcomed()
    send(&flow, through: 10)
    #expect(flow.received(.ack(through: 0, quarantined: []), now: second, ceiling: 10) == [.note(.rewind)])
    #expect(flow.next(now: second, highest: 10) == .incident(after: 0))
    send(&flow, through: 10, now: second)
    #expect(flow.received(.ack(through: 0, quarantined: []), now: second + .milliseconds(100), ceiling: 10).isEmpty)
    #expect(flow.received(.ack(through: 0, quarantined: []), now: second + .milliseconds(200), ceiling: 10) == [.note(.rewind)])
}

@Test func silenceRetransmitsThenReopens() {
    var flow = welcomed()
    send(&flow, through: 3)
    var now = Duration.zero
    var retransmissions = 0
    var reopened: Duration?
    while reopened == nil && now < .seconds(60) {
        now += .milliseconds(50)
        for action in flow.tick(now: now) {
            if action == .note(.retransmit) { retransmissions += 1 }
            if action == .reopen { reopened = now }
        }
        if flow.next(now: now, highest: 3) == .hello { flow.didSendHello(now: now) }
    }
    #expect(retransmissions == 1)  // Then it asks where the dispatcher stands instead of pouring more in.
    #expect(reopened == .seconds(10))
    flow.opened(now: now)
    #expect(flow.next(now: now, highest: 3) == .hello)
    _ = flow.received(.welcome(last: 2, credit: .standard), now: now, ceiling: 3)
    #expect(flow.next(now: now, highest: 3) == .incident(after: 2))
}

@Test func retransmissionsBackOffWithFullJitter() {
    var flow = welcomed()
    var waits: [Double] = []
    var now = Duration.zero
    for _ in 0..<40 {
        send(&flow, through: 1, now: now)
        let began = now
        var retransmits = false
        while !retransmits {
            now += .milliseconds(10)
            _ = flow.received(.pong(last: 0), now: now, ceiling: 1)  // Alive, but committing nothing.
            retransmits = flow.tick(now: now) == [.note(.retransmit)]
        }
        waits.append((now - began).seconds)
        flow.didSendHello(now: now)
        _ = flow.received(.welcome(last: 0, credit: .standard), now: now, ceiling: 1)
    }
    #expect(waits.allSatisfy { $0 > 0.49 && $0 < 30.02 })
    #expect(waits[0] < 2.02)
    #expect((waits.max() ?? 0) > 10)
    // Full jitter: short waits stay possible after many attempts.
    #expect((waits.dropFirst(5).min() ?? 30) < 8)
}

@Test func pingsOnlyWhenIdle() {
    var flow = welcomed()
    #expect(flow.next(now: .seconds(2), highest: 0) == nil)
    #expect(flow.next(now: .seconds(3), highest: 0) == .ping)
    flow.didSendPing(now: .seconds(3))
    #expect(flow.next(now: .seconds(5), highest: 0) == nil)
    #expect(flow.received(.pong(last: 0), now: .seconds(3), ceiling: 0).isEmpty)
    #expect(flow.tick(now: .seconds(12)).isEmpty)
    #expect(flow.tick(now: .seconds(13)) == [.note(.silence), .reopen])
}

@Test func refusalsHold() {
    var flow = welcomed()
    send(&flow, through: 5)
    #expect(flow.received(.nack(.retry, last: 0, after: second), now: .zero, ceiling: 5) == [.note(.held(.retry))])
    #expect(flow.next(now: .zero, highest: 5) == nil)
    // A welcome or a second refusal that was on its way changes nothing.
    #expect(flow.received(.welcome(last: 0, credit: .standard), now: .zero, ceiling: 5).isEmpty)
    #expect(flow.received(.nack(.retry, last: 0, after: .seconds(50)), now: .zero, ceiling: 5).isEmpty)
    flow.opened(now: .milliseconds(500))
    #expect(flow.next(now: .milliseconds(999), highest: 5) == nil)
    #expect(flow.tick(now: second).isEmpty)
    #expect(flow.next(now: second, highest: 5) == .hello)

    for code in [NackCode.version, .unauthorised, .conflict] {
        var held = welcomed()
        #expect(held.received(.nack(code, last: 0, after: .zero), now: .zero, ceiling: 5) == [.note(.held(code))])
        #expect(held.state == .holding(until: .seconds(30)))
    }
}

@Test func aDispatcherFromABackupIsReplayed() {
    var flow = welcomed(last: 800)
    #expect(flow.received(.pong(last: 500), now: second, ceiling: 1000) == [.note(.regressed(to: 500))])
    #expect(flow.next(now: second, highest: 1000) == .hello)
    flow.didSendHello(now: second)
    _ = flow.received(.welcome(last: 500, credit: .standard), now: second, ceiling: 1000)
    #expect(flow.next(now: second, highest: 1000) == .incident(after: 500))
}

@Test func anOutboxFromABackupGetsANewEpoch() {
    var flow = PublisherFlow(acknowledged: 10, seed: 1, now: .zero)
    flow.opened(now: .zero)
    flow.didSendHello(now: .zero)
    #expect(flow.received(.welcome(last: 500, credit: .standard), now: .zero, ceiling: 40) == [.renewEpoch])
    flow.renewed(acknowledged: 0, now: .zero)
    #expect(flow.next(now: .zero, highest: 40) == .hello)
    #expect(welcomedActions(&flow) == .incident(after: 0))
}

@Test func anOutboxWithAnotherPastGetsANewEpochWhateverItsNumbers() {
    var flow = PublisherFlow(acknowledged: 10, seed: 1, now: .zero)
    flow.opened(now: .zero)
    flow.didSendHello(now: .zero)
    let welcome = DispatcherMessage.welcome(last: 20, credit: .standard, proof: String(repeating: "a", count: 64))
    // A number without a proof says nothing before WELCOME.
    for message in [DispatcherMessage.pong(last: 20), .ack(through: 20, quarantined: [])] {
        #expect(flow.received(message, now: .zero, ceiling: 40).isEmpty)
    }
    #expect(flow.received(welcome, now: .zero, ceiling: 40, isOurs: false) == [.renewEpoch])
    #expect(flow.state == .greeting && flow.acknowledged == 10)
    #expect(flow.received(welcome, now: .zero, ceiling: 40) == [.note(.welcomed(last: 20)), .acknowledge(through: 20)])
}

private func welcomedActions(_ flow: inout PublisherFlow) -> PublisherFlow.Outgoing? {
    _ = flow.received(.welcome(last: 0, credit: .standard), now: .zero, ceiling: 40)
    return flow.next(now: .zero, highest: 40)
}

@Test func impossibleAcknowledgementsAreIgnored() {
    var flow = welcomed()
    send(&flow, through: 5)
    #expect(flow.received(.ack(through: 900, quarantined: []), now: .zero, ceiling: 5) == [.note(.impossible)])
    #expect(flow.acknowledged == 0)
    #expect(
        flow.received(.ack(through: 2, quarantined: [2]), now: .zero, ceiling: 5) == [.note(.quarantined([2])), .acknowledge(through: 2)])
}

@Test func numbersOfOneSenderMustFollowEachOther() {
    var cursors = ReceiverCursors()
    let sender = ReceiverCursors.Sender(node: NodeID(high: 1, low: 1), epoch: 1)
    #expect(cursors.committed(sender) == nil)
    cursors.load(sender, committed: 5)
    #expect(cursors.place(sender, 5) == .duplicate && cursors.place(sender, 7) == .gap && cursors.place(sender, 6) == .next)
    #expect(cursors.place(sender, 6) == .duplicate && cursors.place(sender, 7) == .next)
    #expect(cursors.committed(sender) == 5)
    cursors.commitStaged()
    #expect(cursors.committed(sender) == 7)
    #expect(cursors.missing(sender, below: 8) == 0 && cursors.missing(sender, below: 11) == 3)
    cursors.forget()
    #expect(cursors.committed(sender) == nil)
    for index in 0..<UInt64(ReceiverCursors.capacity + 1) { cursors.load(.init(node: NodeID(high: index, low: 0), epoch: 1), committed: 3) }
    cursors.trim()
    #expect(cursors.committed(.init(node: NodeID(high: 0, low: 0), epoch: 1)) == nil)
}

/// Publisher and receiver joined by a network that loses, doubles and delays; the dispatcher forgets everything uncommitted at random.
@Test(arguments: 1...12)
func everythingArrivesOnceAndInOrderWhateverTheNetworkDoes(seed: Int) {
    var generator = SeededGenerator(seed: UInt64(seed))
    var flow = PublisherFlow(acknowledged: 0, seed: UInt64(seed), now: .zero)
    let highest: UInt64 = 300
    let sender = ReceiverCursors.Sender(node: NodeID(high: 1, low: 1), epoch: 1)
    var cursors = ReceiverCursors()
    var committed: [UInt64] = []
    var toDispatcher: [(due: Duration, outgoing: PublisherFlow.Outgoing, sequence: UInt64)] = []
    var toPublisher: [(due: Duration, message: DispatcherMessage)] = []
    var marked: UInt64 = 0
    var now = Duration.zero

    func delays() -> [Duration] {
        let roll = Double.random(in: 0..<1, using: &generator)
        let copies = roll < 0.15 ? 0 : roll < 0.3 ? 2 : 1
        return (0..<copies).map { _ in now + .milliseconds(Double.random(in: 0..<1, using: &generator) < 0.15 ? 200 : 2) }
    }

    flow.opened(now: now)
    while flow.acknowledged < highest && now < .seconds(3600) {
        now += .milliseconds(1)
        var actions = flow.tick(now: now)
        for (_, message) in toPublisher.filter({ $0.due <= now }) { actions += flow.received(message, now: now, ceiling: highest) }
        toPublisher.removeAll { $0.due <= now }
        for action in actions {
            if case .acknowledge(let through) = action {
                #expect(through <= UInt64(committed.count), "seed \(seed): acknowledged before it was committed")
                marked = max(marked, through)
            }
            if action == .reopen { flow.opened(now: now) }
        }
        for _ in 0..<4 {
            guard let outgoing = flow.next(now: now, highest: highest) else { break }
            var sequence: UInt64 = 0
            switch outgoing {
            case .hello: flow.didSendHello(now: now)
            case .ping: flow.didSendPing(now: now)
            case .incident(let after):
                sequence = after + 1
                flow.didSend(sequence: sequence, bytes: 700, now: now)
            }
            #expect(flow.inFlight.messages <= 256)
            for due in delays() { toDispatcher.append((due, outgoing, sequence)) }
        }
        if Double.random(in: 0..<1, using: &generator) < 0.0005 { cursors.forget() }  // Restarted.
        var answers: [DispatcherMessage] = []
        var owed = false
        for (_, outgoing, sequence) in toDispatcher.filter({ $0.due <= now }) {
            if cursors.committed(sender) == nil { cursors.load(sender, committed: UInt64(committed.count)) }
            switch outgoing {
            case .hello: answers.append(.welcome(last: UInt64(committed.count), credit: .standard))
            case .ping: answers.append(.pong(last: UInt64(committed.count)))
            case .incident:
                owed = true
                if cursors.place(sender, sequence) == .next { committed.append(sequence) }
            }
        }
        toDispatcher.removeAll { $0.due <= now }
        cursors.commitStaged()
        if owed { answers.append(.ack(through: UInt64(committed.count), quarantined: [])) }
        for answer in answers { for due in delays() { toPublisher.append((due, answer)) } }
    }
    #expect(committed == Array(1...highest), "seed \(seed)")
    #expect(marked == highest, "seed \(seed)")
}
