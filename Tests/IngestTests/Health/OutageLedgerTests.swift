// The outage ledger as timelines: who is told, when, and what one cause becomes.

import Base
import Domain
import Testing

@testable import Ingest

@Test func aLostCameraIsToldAfterAMinuteAndRestoredAfterHalfOfOne() {
    var line = Timeline(hosts: spread(subnets: 2, perSubnet: 20))
    line.set([3], .unreachable)
    line.run(59)
    #expect(line.words.isEmpty)
    line.run(1)
    #expect(line.words == ["lost 3"])
    line.run(600)
    line.set([3], .streaming)
    line.run(29)
    #expect(line.words.count == 1)
    line.run(1)
    #expect(line.words == ["lost 3", "restored 3"])
    #expect(line.told[1].at - line.told[0].at == 630)
}

@Test(arguments: [10, 40, 59]) func aShortGapIsNotTold(seconds: Int) {
    var line = Timeline(hosts: spread(subnets: 2, perSubnet: 20))
    line.set([3], .stalled)
    line.run(seconds)
    line.set([3], .streaming)
    line.run(600)
    #expect(line.words.isEmpty)
}

@Test func aFlappingCameraIsOneIncident() {
    var line = Timeline(hosts: spread(subnets: 2, perSubnet: 20))
    for _ in 0..<360 {
        line.set([3], .stalled)
        line.run(5)
        line.set([3], .streaming)
        line.run(5)
    }
    #expect(line.words == ["lost 3"])
    guard case .lost(let one) = line.told[0].action else { return }
    #expect(one.drops == 7, "seven times within the first minute")
    line.run(30)
    #expect(line.words == ["lost 3", "restored 3"])
}

@Test(arguments: [CameraState.refused, .unsupported, .quarantined, .stalled, .unreachable]) func everyStateWithoutPicturesIsLost(
    state: CameraState
) {
    var line = Timeline(hosts: spread(subnets: 1, perSubnet: 20))
    line.set([0], state)
    line.run(60)
    guard case .lost(let one)? = line.told.first?.action else {
        Issue.record("nothing was told")
        return
    }
    #expect(one.state == state)
    #expect(one.reason == "\(state.rawValue) for a reason (camera)")
}

@Test func camerasThatWaitForTheirFirstConnectionAreNotLost() {
    var line = Timeline(hosts: ["10.0.0.1"])
    line.ledger = OutageLedger()
    line.set([0], .connecting)
    line.run(1000)
    #expect(line.words.isEmpty)
    line.set([0], .refused)
    line.run(60)
    #expect(line.words == ["lost 0"])
}

@Test func nothingIsToldWhileTheStallIsOursAndOnlyWhatIsStillSoAfterwards() {
    var line = Timeline(hosts: spread(subnets: 10, perSubnet: 20))
    line.ledger.ours(OwnStall(.workers, since: .seconds(line.second)), now: .seconds(line.second))
    line.set(0..<200, .stalled)
    line.run(600)
    #expect(line.words == ["own workers"])
    line.ledger.ours(nil, now: .seconds(line.second))
    line.set(1..<200, .streaming)
    line.run(29)
    #expect(line.words.count == 1)
    line.run(61)
    #expect(line.words == ["own workers", "own over workers", "lost 0"])
    #expect(line.told[2].at - line.told[1].at == 60)
}

@Test func aStallOfOursThatComesAndGoesIsOneIncident() {
    var line = Timeline(hosts: spread(subnets: 1, perSubnet: 20))
    for _ in 0..<50 {
        line.ledger.ours(OwnStall(.disk, since: .seconds(line.second)), now: .seconds(line.second))
        line.run(20)
        line.ledger.ours(nil, now: .seconds(line.second))
        line.run(20)
    }
    line.run(60)
    #expect(line.words == ["own disk", "own over disk"])
}

@Test func removedCamerasEndTheirIncidentsAndUntouchedOnesKeepTheirs() {
    var line = Timeline(hosts: spread(subnets: 10, perSubnet: 20))
    line.set([3, 4], .refused)
    line.run(60)
    line.ledger.remove(cameraID(3))
    line.run(1)
    #expect(line.words == ["lost 3", "lost 4", "withdrawn 3"])
    // A new session of a camera we know begins as connecting: no news.
    line.set([4, 5], .connecting)
    line.run(300)
    #expect(line.words.count == 3)
}

@Test func aRestartContinuesWhatWasRunning() {
    var before = Timeline(hosts: spread(subnets: 10, perSubnet: 20))
    before.set([30], .refused)
    before.set(0..<20, .unreachable)
    before.run(60)
    let wall = WallTime(millisecondsSince1970: 1_795_000_000_000)
    let reports = before.told.map { OutageReport($0.action, now: .seconds(before.second), wall: wall) }
    #expect(reports.count == 2)
    var line = Timeline(hosts: spread(subnets: 10, perSubnet: 20))
    line.ledger = OutageLedger()
    line.set(0..<200, .connecting)
    let gone = IncidentKey(camera: cameraID(999), category: OutageReport.cameraLost)
    var adopted: [Bool] = []
    for key in reports.map(\.key) + [gone] { adopted.append(line.ledger.adopt(key, since: .zero, now: .seconds(line.second))) }
    #expect(adopted == [true, true, false])
    line.set(20..<200, .streaming)
    line.set(0..<20, .unreachable)
    line.run(300)
    #expect(line.words == ["restored 30"])
    line.set(0..<20, .streaming)
    line.run(30)
    #expect(line.words == ["restored 30", "over subnet:10.0.0.0/24 0 recovered"])
    let ended = OutageReport(line.told[1].action, now: .seconds(line.second), wall: wall)
    #expect(reports.contains { $0.key == ended.key }, "the end finds the beginning")
}

/// Whatever happens: what is told is taken back once, nobody is told twice, and nothing stays open when all is well.
@Test(arguments: 0..<12) func everythingToldIsTakenBack(round: Int) {
    let seed = UInt64(9000 + round)
    print("seed \(seed)")
    var generator = SeededGenerator(seed: seed)
    var line = Timeline(hosts: Array(repeating: "10.0.0.9", count: 12) + spread(subnets: 4, perSubnet: 12))
    for _ in 0..<300 {
        let first = Int.random(in: 0..<60, using: &generator)
        let size = [1, 1, 1, 3, 12, 60].randomElement(using: &generator)!  // Not empty.
        let state: CameraState = [.streaming, .stalled, .unreachable, .refused, .connecting].randomElement(using: &generator)!
        line.set(first..<min(60, first + size), state)
        if Int.random(in: 0..<20, using: &generator) == 0 {
            let stall: OwnStall? = Bool.random(using: &generator) ? OwnStall(.disk, since: .seconds(line.second)) : nil
            line.ledger.ours(stall, now: .seconds(line.second))
        }
        line.run(Int.random(in: 0..<25, using: &generator))
    }
    line.ledger.ours(nil, now: .seconds(line.second))
    line.set(0..<60, .streaming)
    line.run(120)
    #expect(line.ledger.running == (0, 0))
    var open: Set<IncidentKey> = []
    for (at, action) in line.told {
        let report = OutageReport(action, now: .seconds(at), wall: WallTime(millisecondsSince1970: 0).adding(seconds: Double(at)))
        #expect(report.reason.allSatisfy { !$0.isEmpty })
        if report.phase == .updated {
            #expect(open.contains(report.key), "\(report.key) changes without a beginning")
        } else if report.phase == .open {
            #expect(open.insert(report.key).inserted, "\(report.key) is told twice")
        } else {
            #expect(open.remove(report.key) != nil, "\(report.key) ends without a beginning")
        }
    }
    #expect(open.isEmpty)
}
