// What many cameras share, they lose together: one cause becomes one incident.

import Base
import Domain
import Testing

@testable import Ingest

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
