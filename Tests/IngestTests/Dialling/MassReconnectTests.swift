// 4,100 cameras fall at once and come back: within two minutes, never above the budgets, one incident.

import Base
import Domain
import Testing

@testable import Ingest

private let settings: [(name: String, setting: FleetSimulation.Setting)] = [
    ("41 subnets of 100, back at once", .init(subnets: 41, perSubnet: 100)),
    // 17 × 10/s lets 170/s through, so the fleet's 50/s binds; a subnet alone would take 24 s.
    ("17 subnets of 241, back at once", .init(subnets: 17, perSubnet: 241)),
    ("41 subnets of 100, refused for 45 s", .init(subnets: 41, perSubnet: 100, backAfter: 45)),
    ("17 subnets of 241, refused for 150 s", .init(subnets: 17, perSubnet: 241, backAfter: 150)),
    (
        "41 subnets of 100, 150 s of deadlines",
        .init(subnets: 41, perSubnet: 100, backAfter: 150, failSeconds: 10, failure: .deadlineExceeded)
    ),
    (
        "17 subnets of 241, a tenth stays dead",
        .init(subnets: 17, perSubnet: 241, failSeconds: 10, deadPercent: 10, failure: .deadlineExceeded)
    ),
    // With 10 s to find a host silent, the dead third takes all 64 slots and the living need 209 s: connecting gets 3 s.
    (
        "41 subnets of 100, a third stays dead",
        .init(subnets: 41, perSubnet: 100, failSeconds: 3, deadPercent: 33, failure: .deadlineExceeded)
    ),
    // 4 × 10/s is below 50/s: here the subnets bind.
    ("4 subnets of 250, back at once", .init(subnets: 4, perSubnet: 250)),
]

@Test(arguments: settings.indices)
func aFleetThatFallsAtOnceIsBackInTwoMinutesWithinItsBudgetsAndAsOneIncident(index: Int) {
    let (name, setting) = settings[index]
    let seed = UInt64(index) + 41
    print("seed \(seed): \(name)")
    var fleet = FleetSimulation(setting, seed: seed)
    fleet.run(until: setting.backAfter + (setting.deadPercent == 0 ? 150 : 700))
    let busiest = fleet.busiestSecond
    let (half, most, all) = (fleet.secondsUntil(percent: 50), fleet.secondsUntil(percent: 95), fleet.secondsUntil(percent: 100))
    print(
        "\(name): 50 % \(half.rounded()) s, 95 % \(most.rounded()) s, 100 % \(all.rounded()) s; "
            + "busiest second \(busiest.all) of 50, subnet \(busiest.subnet) of 10; in flight \(fleet.mostInFlight) of 64; "
            + "\(fleet.opens.count) attempts, \(fleet.asks) asked")
    #expect(most <= 120)
    #expect(busiest.all <= 50)
    #expect(busiest.subnet <= 10)
    #expect(fleet.mostInFlight <= 64)
    let common = fleet.told.filter { if case .commonLost = $0.action { true } else { false } }
    let single = fleet.told.filter { if case .lost = $0.action { true } else { false } }
    for told in fleet.told.prefix(6) {
        print(
            "  \(told.atSeconds.rounded()) s \(OutageReport(told.action, now: .seconds(FleetSimulation.kill + told.atSeconds), wall: .init(millisecondsSince1970: 0)).reason[0])"
        )
    }
    if setting.deadPercent == 0 {
        #expect(single.isEmpty)
        #expect(common.count <= 1)
        #expect(setting.subnets * setting.perSubnet < 4000 || common.count == 1, "a minute in the dark is told, once")
        let changes = fleet.told.count { if case .commonChanged = $0.action { true } else { false } }
        #expect(fleet.told.count - changes == 2 * common.count, "what was told is taken back")
    } else {
        #expect(common.count == 1)
        // Those that stay dead are told one by one when the common failure is over.
        #expect(single.count == (0..<fleet.count).count { $0 % 100 < setting.deadPercent })
    }
}
