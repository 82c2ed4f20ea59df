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

/// Looks every 0.1 s: a ledger that has seen a thing from 10.0 to 12.0 s.
private func runningLedger(atEdge: Bool = false) -> IncidentLedger {
    var ledger = IncidentLedger(.standard)
    for look in 0...20 {
        let t = 10 + Double(look) / 10
        _ = ledger.absorb([sighting(9.4, at: t, atEdge: atEdge)], atSeconds: t)
    }
    return ledger
}

@Test func theFirstDetectionOpens() throws {
    var ledger = IncidentLedger(.standard)
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
    var ledger = IncidentLedger(.standard)
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

@Test func withinTheQuietGapAnythingExtends() {
    var ledger = runningLedger()
    #expect(ledger.absorb([sighting(13, at: 13.3, x: 0.9)], atSeconds: 13.3).isEmpty)
    #expect(ledger.expire(atSeconds: 14).isEmpty)
}

@Test func whileFadingOnlyItsPlaceExtends() {
    func quiet(_ ledger: IncidentLedger) -> IncidentLedger {
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
    var ledger = IncidentLedger(.standard)
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
    var ledger = IncidentLedger(.standard)
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
    var ledger = IncidentLedger(.standard)
    #expect(ledger.absorb([sighting(0, at: 1)], atSeconds: 1, zone: "a").map(\.zone) == ["a"])
    #expect(ledger.absorb([sighting(0, at: 1)], atSeconds: 1, zone: "b").map(\.zone) == ["b"])
    #expect(ledger.finish().map(\.zone) == ["a", "b"])
    #expect(!ledger.hasRunning)
}

@Test func anIncidentAdoptedAfterARestartIsContinuedNotDoubled() {
    var ledger = IncidentLedger(.standard)
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

@Test(arguments: [UInt64(1), 2, 3, 20_261_123])
func underRandomInputEveryIncidentEndsExactlyOnce(seed: UInt64) {
    print("seed \(seed)")
    var generator = SeededGenerator(seed: seed)
    for _ in 0..<40 {
        var ledger = IncidentLedger(.standard)
        var open: [String: LedgerEvent] = [:]
        var ended: Set<Int> = []
        var t = 0.0
        func check(_ events: [LedgerEvent]) {
            for event in events {
                #expect(event.startSeconds <= event.lastSeconds)
                switch event.kind {
                case .opened:
                    #expect(open[event.zone] == nil, "never two for a key")
                    open[event.zone] = event
                case .updated:
                    #expect(open[event.zone]?.number == event.number)
                    #expect((open[event.zone]?.count ?? 0) <= event.count)
                    #expect((open[event.zone]?.startSeconds ?? 0) == event.startSeconds)
                    open[event.zone] = event
                case .ended:
                    #expect(open[event.zone]?.number == event.number)
                    #expect((open[event.zone]?.count ?? 0) <= event.count)
                    #expect(event.endSeconds == event.lastSeconds)
                    #expect(ended.insert(event.number).inserted, "ended once")
                    open[event.zone] = nil
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
            default: check(ledger.expire(atSeconds: t))
            }
        }
        check(ledger.finish())
        #expect(open.isEmpty)
    }
}
