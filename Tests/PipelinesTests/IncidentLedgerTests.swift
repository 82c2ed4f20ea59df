// The ledger's table row by row, and its promises under random input.

import Base
import Domain
@testable import Pipelines
import TestKit
import Testing

private func sighting(
    _ start: Double, at seconds: Double, x: Double = 0.4, atEdge: Bool = false, score: Int = 70, zones: [String] = []
) -> Detection {
    let box = RelativeBox(x: x, y: 0.4, width: 0.1, height: 0.1)
    return Detection(
        kind: .motion, startSeconds: start, confirmedSeconds: start + 0.6, lastSeconds: seconds, box: box, score: score,
        reason: ["score \(score)"], isAtEdge: atEdge, zones: zones)
}

/// A ledger as a camera with one rule for each zone drives it: look by look.
private struct LookedLedger {
    var ledger = IncidentLedger()
    var settings = LedgerSettings.standard
    var priority = Priority.four
    /// The sightings that met a cool-down.
    var cooled = 0

    var hasRunning: Bool { ledger.hasRunning }

    mutating func absorb(_ detections: [Detection], atSeconds: Double, zone: String = "") -> [LedgerEvent] {
        var events: [LedgerEvent] = []
        ledger.noteLook(atSeconds: atSeconds)
        ledger.expire(atSeconds: atSeconds, into: &events)
        guard let first = detections.first else { return events }
        var sighting = Sighting(first)
        for detection in detections.dropFirst() { sighting.fold(Sighting(detection)) }
        let terms = LedgerTerms(priority: priority, settings: settings)
        if ledger.absorb(sighting, key: key(zone), terms: terms, atSeconds: atSeconds, into: &events) != .taken { cooled += 1 }
        return events
    }

    mutating func expire(atSeconds: Double) -> [LedgerEvent] {
        var events: [LedgerEvent] = []
        ledger.expire(atSeconds: atSeconds, into: &events)
        return events
    }

    mutating func finish() -> [LedgerEvent] { ledger.finish() }

    mutating func adopt(startSeconds: Double, lastSeconds: Double, count: Int) {
        ledger.adopt(
            key(""), terms: LedgerTerms(priority: priority, settings: settings), startSeconds: startSeconds, lastSeconds: lastSeconds,
            count: count)
    }

    func key(_ zone: String) -> LedgerKey { LedgerKey(zone: zone, category: "motion") }
}

/// Looks every 0.1 s: a ledger that has seen a thing from 10.0 to 12.0 s.
private func runningLedger(atEdge: Bool = false) -> LookedLedger {
    var ledger = LookedLedger()
    for look in 0...20 {
        let t = 10 + Double(look) / 10
        _ = ledger.absorb([sighting(9.4, at: t, atEdge: atEdge)], atSeconds: t)
    }
    return ledger
}

@Test func theFirstDetectionOpens() throws {
    var ledger = LookedLedger()
    #expect(ledger.absorb([], atSeconds: 9).isEmpty)
    let event = try #require(ledger.absorb([sighting(9.4, at: 10)], atSeconds: 10).first)
    #expect(event.kind == .opened)
    #expect(event.startSeconds == 9.4)
    #expect(event.confirmedSeconds == 10)
    #expect(event.lastSeconds == 10)
    #expect(event.endSeconds == nil)
    #expect(event.count == 1)
    #expect(ledger.hasRunning)
}

@Test func updatesComeAtMostEveryTenSeconds() {
    var ledger = LookedLedger()
    var updates: [LedgerEvent] = []
    for look in 0...350 {
        let t = Double(look) / 10
        updates += ledger.absorb([sighting(0, at: t)], atSeconds: t).filter { $0.kind == .updated }
    }
    #expect(updates.map(\.lastSeconds) == [10, 20, 30])
    #expect(updates.last?.count == 301)
}

@Test func whatVanishedInsideThePictureIsWaitedForAndThenEnded() {
    var ledger = runningLedger()
    #expect(ledger.expire(atSeconds: 21.9).isEmpty)
    let events = ledger.expire(atSeconds: 22.1)
    #expect(events.map(\.kind) == [.ended])
    #expect(events.first?.endSeconds == 12)
    #expect(!ledger.hasRunning)
    #expect(ledger.expire(atSeconds: 100).isEmpty)
}

@Test func whatLeftOverTheEdgeEndsAfterTheQuietGap() {
    var ledger = runningLedger(atEdge: true)
    #expect(ledger.expire(atSeconds: 13.4).isEmpty)
    #expect(ledger.expire(atSeconds: 13.6).map(\.kind) == [.ended])
}

@Test func otherRulesContinueWhatTheyMakeAndLetTheRestExpire() {
    var kept = runningLedger()
    var terms = LedgerTerms(priority: .three, rule: 2)
    #expect(kept.ledger.follow([kept.key(""): terms]).isEmpty)
    #expect(kept.ledger.restate(kept.key(""))?.priority == .three && kept.ledger.restate(kept.key(""))?.rule == 2)
    terms = LedgerTerms(priority: .four, rule: 1)
    #expect(kept.ledger.follow([kept.key(""): terms]).isEmpty)
    #expect(kept.ledger.restate(kept.key(""))?.priority == .three, "what was urgent stays urgent")
    #expect(kept.ledger.follow([kept.key("gate"): terms]).map(\.kind) == [.expired])
    #expect(!kept.hasRunning)
}

@Test func withinTheQuietGapAnythingExtends() {
    var ledger = runningLedger()
    #expect(ledger.absorb([sighting(13, at: 13.3, x: 0.9)], atSeconds: 13.3).isEmpty)
    #expect(ledger.expire(atSeconds: 14).isEmpty)
}

@Test func whileFadingOnlyItsPlaceExtends() {
    func quiet(_ ledger: LookedLedger) -> LookedLedger {
        var ledger = ledger
        for look in 1...60 { _ = ledger.absorb([], atSeconds: 12 + Double(look) / 10) }
        return ledger
    }
    var here = quiet(runningLedger())
    #expect(here.absorb([sighting(18, at: 18.6, x: 0.45)], atSeconds: 18.6).isEmpty)

    var elsewhere = quiet(runningLedger())
    let events = elsewhere.absorb([sighting(18, at: 18.6, x: 0.8)], atSeconds: 18.6)
    #expect(events.map(\.kind) == [.ended, .opened])
    #expect(events.first?.endSeconds == 12)
    #expect(events.last?.startSeconds == 18)
    #expect(events.first?.number != events.last?.number)
}

@Test func atLooksFarApartTheGapsAreCountedInLooks() {
    var ledger = LookedLedger()
    _ = ledger.absorb([], atSeconds: 0)
    _ = ledger.absorb([sighting(0, at: 4, atEdge: true)], atSeconds: 4)
    #expect(ledger.expire(atSeconds: 8.9).isEmpty, "1.25 looks of 4 s have not passed")
    #expect(ledger.expire(atSeconds: 9.1).map(\.kind) == [.ended])
}

@Test func aTrackThatOutlivesItsIncidentStartsTheNextOneWhereThatEnded() throws {
    var ledger = runningLedger(atEdge: true)
    #expect(ledger.expire(atSeconds: 14).count == 1)
    let event = try #require(ledger.absorb([sighting(9.4, at: 14.1)], atSeconds: 14.1).first)
    #expect(event.kind == .opened)
    #expect(event.startSeconds == 12)
    #expect(event.confirmedSeconds == 12)
}

@Test func aBusyPlaceKeepsOneIncidentRunning() {
    var ledger = LookedLedger()
    var opened = 0
    // Every 5 s somebody crosses for 2 s, for ten minutes.
    for look in 0..<6000 {
        let t = Double(look) / 10
        let inCycle = t.truncatingRemainder(dividingBy: 5)
        let detections = inCycle < 2 ? [sighting(t - inCycle, at: t, atEdge: true)] : []
        opened += ledger.absorb(detections, atSeconds: t).count { $0.kind == .opened }
    }
    #expect(opened == LedgerSettings.standard.busyIncidents)
}

@Test func eachZoneHasAnIncidentOfItsOwn() {
    var ledger = LookedLedger()
    #expect(ledger.absorb([sighting(0, at: 1)], atSeconds: 1, zone: "a").map(\.key.zone) == ["a"])
    #expect(ledger.absorb([sighting(0, at: 1)], atSeconds: 1, zone: "b").map(\.key.zone) == ["b"])
    #expect(ledger.finish().map(\.key.zone) == ["a", "b"])
    #expect(!ledger.hasRunning)
}

@Test func anIncidentAdoptedAfterARestartIsContinuedNotDoubled() {
    var ledger = LookedLedger()
    ledger.adopt(startSeconds: -20, lastSeconds: -3, count: 40)
    ledger.adopt(startSeconds: -9, lastSeconds: -2, count: 1)
    // Its place is not known any more, so anything within the reopening time continues it.
    #expect(ledger.absorb([sighting(2, at: 3, zones: ["lane"])], atSeconds: 3).allSatisfy { $0.kind != .opened })
    let events = ledger.finish()
    #expect(events.count == 1)
    #expect(events.first?.startSeconds == -20)
    #expect(events.first?.count == 41)
    #expect(events.first?.zones == ["lane"])

    ledger.adopt(startSeconds: -20, lastSeconds: -8, count: 40)
    #expect(ledger.expire(atSeconds: 2.5).map(\.kind) == [.ended])
}

@Test func aVeryLongIncidentIsContinuedByTheNextAndNothingIsLeftOut() throws {
    var ledger = LookedLedger()
    ledger.settings.rollOverSeconds = 100
    var events: [LedgerEvent] = []
    for look in 0...250 { events += ledger.absorb([sighting(0, at: Double(look))], atSeconds: Double(look)) }
    events += ledger.finish()
    let opened = events.filter { $0.kind == .opened }
    let ended = events.filter { $0.kind == .ended }
    #expect(opened.map(\.startSeconds) == [0, 99, 198])
    #expect(ended.compactMap(\.endSeconds) == [99, 198, 250])
    #expect(ended.reduce(0) { $0 + $1.count } == 251, "every sighting is counted once")
    #expect(opened.dropFirst().allSatisfy { $0.reason.first?.hasPrefix("continues an incident of") == true })
}

@Test func theCoolDownStartsAtDeliveryAndNotAtTheIncident() {
    var ledger = LookedLedger()
    ledger.settings.coolDownSeconds = 60
    func pass(_ seconds: Double) -> Int {
        let opened = ledger.absorb([sighting(seconds, at: seconds, atEdge: true)], atSeconds: seconds).count { $0.kind == .opened }
        _ = ledger.finish()
        return opened
    }
    #expect(pass(10) == 1)
    #expect(pass(20) == 1, "nobody has been told of the first")
    ledger.ledger.delivered(ledger.key(""), priority: .four, atSeconds: 25)
    #expect(pass(40) == 0)
    #expect(pass(84) == 0)
    #expect(ledger.cooled == 2)
    #expect(pass(86) == 1, "60 s after the delivery, 66 s after the incident")
}

@Test func whatLastsThroughACoolDownIsToldAfterIt() {
    var ledger = LookedLedger()
    ledger.settings.coolDownSeconds = 30
    ledger.ledger.delivered(ledger.key(""), priority: .four, atSeconds: 0)
    let opened = (1...40).filter { look in
        ledger.absorb([sighting(1, at: Double(look))], atSeconds: Double(look)).contains { $0.kind == .opened }
    }
    #expect(opened == [30])
}

@Test(arguments: [(Priority.four, Priority.four, 0), (.four, .three, 1), (.two, .four, 0), (.two, .one, 1)])
func onlyTheMoreUrgentBreaksThroughACoolDown(delivered: Priority, next: Priority, opened: Int) {
    var ledger = LookedLedger()
    ledger.settings.coolDownSeconds = 600
    ledger.ledger.delivered(ledger.key(""), priority: delivered, atSeconds: 0)
    ledger.priority = next
    #expect(ledger.absorb([sighting(1, at: 1)], atSeconds: 1).count == opened)
}

@Test func whatBecomesMoreUrgentIsSaidAtOnce() {
    var ledger = LookedLedger()
    _ = ledger.absorb([sighting(0, at: 0)], atSeconds: 0)
    ledger.priority = .one
    let events = ledger.absorb([sighting(0, at: 1)], atSeconds: 1)
    #expect(events.map(\.kind) == [.updated])
    #expect(events.map(\.priority) == [.one])
    ledger.priority = .three
    #expect(ledger.absorb([sighting(0, at: 2)], atSeconds: 2).isEmpty)
    #expect(ledger.finish().map(\.priority) == [.one], "it does not become less urgent again")
}

@Test func whatNobodyCanTellNeitherEndsNorLastsForEver() {
    var ledger = LookedLedger()
    ledger.settings.expireSeconds = 120
    _ = ledger.absorb([sighting(0, at: 0)], atSeconds: 0)
    for second in 1...120 {
        ledger.ledger.hold(ledger.key(""), atSeconds: Double(second))
        #expect(ledger.expire(atSeconds: Double(second)).isEmpty)
    }
    ledger.ledger.hold(ledger.key(""), atSeconds: 121)
    let events = ledger.expire(atSeconds: 121)
    #expect(events.map(\.kind) == [.expired])
    #expect(events.first?.endSeconds == 0)
    #expect(!ledger.hasRunning)
}

@Test(arguments: [UInt64(1), 2, 3, 20_261_123])
func underRandomInputEveryIncidentEndsExactlyOnce(seed: UInt64) {
    print("seed \(seed)")
    var generator = SeededGenerator(seed: seed)
    for _ in 0..<40 {
        var ledger = LookedLedger()
        ledger.settings.rollOverSeconds = Double.random(in: 60...300, using: &generator)
        ledger.settings.coolDownSeconds = Bool.random(using: &generator) ? 20 : 0
        var open: [String: LedgerEvent] = [:]
        var ended: Set<Int> = []
        var t = 0.0
        func check(_ events: [LedgerEvent]) {
            for event in events {
                #expect(event.startSeconds <= event.lastSeconds)
                switch event.kind {
                case .opened:
                    #expect(open[event.key.zone] == nil, "never two for a key")
                    open[event.key.zone] = event
                case .updated:
                    #expect(open[event.key.zone]?.number == event.number)
                    #expect((open[event.key.zone]?.count ?? 0) <= event.count)
                    #expect((open[event.key.zone]?.startSeconds ?? 0) == event.startSeconds)
                    open[event.key.zone] = event
                case .ended, .expired:
                    #expect(open[event.key.zone]?.number == event.number)
                    #expect((open[event.key.zone]?.count ?? 0) <= event.count)
                    #expect(event.endSeconds == event.lastSeconds)
                    #expect(ended.insert(event.number).inserted, "ended once")
                    open[event.key.zone] = nil
                }
            }
        }
        for _ in 0..<400 {
            t += Double.random(in: 0.01...4, using: &generator)
            let zone = Bool.random(using: &generator) ? "" : "lane"
            switch Int.random(in: 0..<10, using: &generator) {
            case 0...4:
                let start = t - Double.random(in: 0...6, using: &generator)
                let x = Double.random(in: 0...0.9, using: &generator)
                check(ledger.absorb([sighting(start, at: t, x: x, atEdge: Bool.random(using: &generator))], atSeconds: t, zone: zone))
            case 5...7: check(ledger.absorb([], atSeconds: t, zone: zone))
            case 8: ledger.ledger.delivered(ledger.key(zone), priority: .four, atSeconds: t)
            default: check(ledger.expire(atSeconds: t))
            }
        }
        check(ledger.finish())
        #expect(open.isEmpty)
    }
}
