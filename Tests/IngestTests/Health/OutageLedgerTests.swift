// The outage ledger as timelines: who is told, when, and what one cause becomes.

import Base
import Domain
import Testing

@testable import Ingest

/// A small installation: states are set by hand, a tick passes each second, what is told is written down with its second.
private struct Timeline {
    var ledger = OutageLedger()
    var second = 0
    var states: [Int: CameraState] = [:]
    var told: [(at: Int, action: OutageAction)] = []
    let networks: [CameraNetwork]

    /// All streaming for a while.
    init(hosts: [String]) {
        networks = hosts.map { CameraNetwork(host: $0) }
        set(hosts.indices, .streaming)
        run(40)
    }

    mutating func set(_ cameras: some Sequence<Int>, _ state: CameraState) {
        for camera in cameras {
            states[camera] = state
            ledger.state(
                cameraID(camera), networks[camera], state, reason: "\(state.rawValue) for a reason (camera)", now: .seconds(second))
        }
    }

    mutating func run(_ seconds: Int) {
        for _ in 0..<seconds {
            second += 1
            told += ledger.tick(now: .seconds(second)).map { (second, $0) }
        }
    }

    /// Kind, first camera or scope, and number of cameras of each thing told.
    var words: [String] { told.map { Self.words($0.action) } }

    static func words(_ action: OutageAction) -> String {
        switch action {
        case .lost(let one): "lost \(Int(one.camera.digits.suffix(6))!)"  // Made by `cameraID`.
        case .restored(let one): "restored \(Int(one.camera.digits.suffix(6))!)"
        case .withdrawn(let one): "withdrawn \(Int(one.camera.digits.suffix(6))!)"
        case .commonLost(let one): "common \(one.scope) \(one.cameras)"
        case .commonChanged(let one): "now \(one.scope) \(one.stillLost)/\(one.cameras)"
        case .commonRestored(let one, let ending): "over \(one.scope) \(one.stillLost) \(ending)"
        case .ownStall(let stall, _): "own \(stall.cause)"
        case .ownRecovered(let stall, _): "own over \(stall.cause)"
        }
    }
}

/// `count` cameras with an address each in every subnet.
private func spread(subnets: Int, perSubnet: Int) -> [String] {
    (0..<subnets).flatMap { subnet in (0..<perSubnet).map { "10.0.\(subnet).\($0 + 1)" } }
}

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

@Test(arguments: [
    // NVR of 16 in a subnet of 16 + 20: 5 or more, and 60 % of it.
    (fall: 16, expected: ["common host:10.0.0.9 16"]), (10, ["common host:10.0.0.9 10"]),
    (9, (0..<9).map { "lost \($0)" }), (4, (0..<4).map { "lost \($0)" }),
])
func aRecorderThatFailsIsOneIncident(fall: Int, expected: [String]) {
    var line = Timeline(
        hosts: Array(repeating: "10.0.0.9", count: 16) + (0..<20).map { "10.0.0.\($0 + 20)" }
            + spread(subnets: 9, perSubnet: 40).map { "1" + $0 })
    line.set(0..<fall, .unreachable)
    line.run(400)
    #expect(line.words == expected)
}

@Test(arguments: [
    (fall: 20, expected: ["common subnet:10.0.0.0/24 20"]), (12, ["common subnet:10.0.0.0/24 12"]), (11, (0..<11).map { "lost \($0)" }),
])
func aSwitchThatFailsIsOneIncident(fall: Int, expected: [String]) {
    var line = Timeline(hosts: spread(subnets: 10, perSubnet: 20))
    line.set(0..<fall, .stalled)
    line.run(400)
    #expect(line.words == expected)
}

@Test func halfOfTheFleetIsOneIncidentWithoutMembersOneByOne() {
    var line = Timeline(hosts: spread(subnets: 10, perSubnet: 20))
    // Every second camera: no subnet reaches 60 %.
    for camera in stride(from: 0, to: 200, by: 2) {
        line.set([camera], .unreachable)
        if camera % 8 == 0 { line.run(1) }
    }
    line.run(600)
    #expect(line.words == ["common fleet 100"])
}

@Test func theLargestScopeThatFitsIsNamedByItsMostPreciseName() {
    var line = Timeline(hosts: Array(repeating: "127.0.0.1", count: 200))
    line.set(0..<110, .unreachable)
    line.run(120)
    #expect(line.words == ["common host:127.0.0.1 110"])
}

@Test func fallsThatAreFarApartHaveNoCommonCause() {
    var line = Timeline(hosts: spread(subnets: 10, perSubnet: 20))
    for camera in 0..<20 {
        line.set([camera], .unreachable)
        line.run(10)
    }
    line.run(120)
    #expect(line.words == (0..<20).map { "lost \($0)" })
}

@Test func camerasThatWereLostBeforeCountNeitherForNorAgainst() {
    var line = Timeline(hosts: spread(subnets: 10, perSubnet: 20))
    line.set(0..<10, .refused)
    line.run(300)
    #expect(line.words == (0..<10).map { "lost \($0)" }, "half of a subnet is not 60 %")
    line.set(10..<20, .unreachable)
    line.run(300)
    #expect(line.words.last == "common subnet:10.0.0.0/24 10")
    #expect(line.words.count == 11)
}

@Test func membersThatStayAwayAreToldOnTheirOwnLater() {
    var line = Timeline(hosts: spread(subnets: 10, perSubnet: 20))
    line.set(0..<20, .unreachable)
    line.run(100)
    line.set(3..<20, .streaming)
    line.run(30)
    #expect(line.words == ["common subnet:10.0.0.0/24 20", "over subnet:10.0.0.0/24 3 recovered"])
    line.run(59)
    #expect(line.words.count == 2)
    line.run(1)
    #expect(line.words.suffix(3) == ["lost 0", "lost 1", "lost 2"])
    line.set(0..<3, .streaming)
    line.run(30)
    #expect(line.words.suffix(3) == ["restored 0", "restored 1", "restored 2"])
    #expect(line.ledger.running == (0, 0))
}

@Test func aFleetThatComesBackWithoutOneSwitchLeavesTheSwitch() {
    var line = Timeline(hosts: spread(subnets: 10, perSubnet: 20))
    line.set(0..<200, .unreachable)
    line.run(100)
    line.set(20..<200, .streaming)
    line.run(300)
    #expect(line.words == ["common fleet 200", "over fleet 20 recovered", "common subnet:10.0.0.0/24 20"])
}

@Test func aThirdThatStaysAwayIsToldInSmallerPieces() {
    var line = Timeline(hosts: spread(subnets: 10, perSubnet: 20))
    line.set(0..<200, .unreachable)
    line.run(100)
    line.set(80..<200, .streaming)
    line.run(600)
    #expect(
        line.words == ["common fleet 200", "now fleet 80/200", "over fleet 80 narrowed"]
            + (0..<4).map { "common subnet:10.0.\($0).0/24 20" })
}

@Test func aCutThatSpreadsOverMoreThanAWindowIsToldInTwoPieces() {
    var line = Timeline(hosts: spread(subnets: 4, perSubnet: 25))
    // A subnet each 20 s: the first is told alone, then three of four fell within the window of the second.
    for subnet in 0..<4 {
        line.set(subnet * 25..<(subnet + 1) * 25, .unreachable)
        line.run(subnet == 0 ? 45 : 10)
    }
    line.run(300)
    #expect(line.words.first == "common subnet:10.0.0.0/24 25")
    #expect(line.words.dropFirst() == ["common fleet 75"])
    line.set(0..<100, .streaming)
    line.run(31)
    #expect(line.words.suffix(2) == ["over fleet 0 recovered", "over subnet:10.0.0.0/24 0 recovered"])
}

@Test func aRecorderThatFallsWithItsSubnetIsToldAsTheSubnet() {
    var line = Timeline(
        hosts: Array(repeating: "10.0.0.9", count: 16) + (0..<10).map { "10.0.0.\($0 + 20)" }
            + spread(subnets: 9, perSubnet: 40).map { "1" + $0 })
    line.set(0..<12, .unreachable)
    line.run(25)
    line.set(16..<26, .unreachable)
    line.run(30)
    // The recorder is due before the rest of the subnet, yet all of it is known by then.
    line.run(100)
    #expect(line.words == ["common subnet:10.0.0.0/24 22"])
}

@Test func aSmallerFailureOfTheSameWindowMergesIntoTheLargerOne() {
    var line = Timeline(hosts: spread(subnets: 5, perSubnet: 20))
    // The first subnet is due before the third falls into a window with its second half.
    line.set(0..<10, .unreachable)
    line.run(10)
    line.set(10..<20, .unreachable)
    line.run(5)
    line.set(20..<40, .unreachable)
    line.run(20)
    line.set(40..<60, .unreachable)
    line.run(200)
    #expect(
        line.words == [
            "common subnet:10.0.0.0/24 20", "over subnet:10.0.0.0/24 20 merged(into: fleet)", "common fleet 50", "now fleet 60/60",
        ])
    line.set(0..<60, .streaming)
    line.run(30)
    #expect(line.words.last == "over fleet 0 recovered")
    #expect(line.ledger.running == (0, 0))
}

@Test func stragglersJoinAndLaterLossesDoNot() {
    var line = Timeline(hosts: spread(subnets: 10, perSubnet: 20))
    line.set(0..<14, .unreachable)
    line.run(120)
    line.set([15], .unreachable)
    line.run(300)
    #expect(line.words == ["common subnet:10.0.0.0/24 14", "now subnet:10.0.0.0/24 15/15"])
    line.set([16], .unreachable)
    line.run(100)
    #expect(line.words == ["common subnet:10.0.0.0/24 14", "now subnet:10.0.0.0/24 15/15", "lost 16"])
}

@Test func aFailureThatGrowsOrShrinksIsToldAtMostOnceAMinute() {
    var line = Timeline(hosts: spread(subnets: 2, perSubnet: 40))
    line.set(0..<25, .unreachable)
    for camera in 25..<40 {
        line.run(10)
        line.set([camera], .unreachable)
    }
    line.run(300)
    let grown = line.told.filter { if case .commonChanged = $0.action { true } else { false } }
    #expect(line.words.first == "common subnet:10.0.0.0/24 28" && line.words.last == "now subnet:10.0.0.0/24 40/40")
    #expect(grown.count == line.told.count - 1 && (2...4).contains(grown.count))
    #expect(zip(line.told, line.told.dropFirst()).allSatisfy { $1.at - $0.at >= 60 })
    let report = OutageReport(grown[0].action, now: .seconds(grown[0].at), wall: WallTime(millisecondsSince1970: 0).adding(seconds: 1))
    #expect(report.phase == .updated && report.reason[0].contains("cameras are missing: the network 10.0.0.0/24"))
    line.set(0..<10, .streaming)
    line.run(30)
    #expect(line.words.last == "now subnet:10.0.0.0/24 30/40")
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
