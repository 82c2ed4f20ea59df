// The promises of the attention scheduler, on a simulated clock with a district's 4,100 cameras.
// camera → packets → **looks** → frames → detections → incidents

import Base
import Domain
import Ingest
import Testing

@Suite struct AttentionPromises {
    private func policy(share: Double = 0.7) -> AttentionScheduler.Policy {
        var policy = AttentionScheduler.Policy()
        policy.share = share
        return policy
    }

    @Test func theFloorIsMetWheneverTheBudgetAllowsIt() {
        let seed = printedSeed("floor")
        var fleet = AttentionSimulation(policy: policy(), cameras: district(seed: seed), seed: seed)
        fleet.run(seconds: 40)
        fleet.mark()
        fleet.run(seconds: 80)
        let figures = fleet.scheduler.figures(nowSeconds: fleet.now)
        print("floor: reached \(figures.floorReachedRatio), demand \(figures.floorDemand) of \(figures.budget)")
        print(
            "floor: granted \(figures.granted) refused \(figures.refused), age p50 \(figures.lookAgeP50Seconds) p99 \(figures.lookAgeP99Seconds)"
        )
        #expect(figures.floorReachedRatio == 1)
        #expect(figures.stretchByPriority == [1, 1, 1, 1])
        #expect(fleet.cameras.allSatisfy { $0.largestGapSeconds <= ($0.priority <= .two ? 5.5 : 11) })
        #expect(figures.granted[LookReason.first.rawValue] == 4100)
        // Quiet cameras are left alone: what is not needed for floors is not spent.
        #expect(figures.granted[LookReason.attention.rawValue] == 0)
        #expect(fleet.longestBacklogSeconds < 0.5)
    }

    /// The budget says 1.2 cores, but others leave less: floors need 0.82 of a core.
    @Test(arguments: [(cores: 1.0, busyOneIn: 50), (0.94, 10)])
    func spareAndAttentionNeverCostAFloorOnAMachineThatIsFull(cores: Double, busyOneIn: Int) {
        let seed = printedSeed("full machine")
        var policy = AttentionScheduler.Policy(floorSeconds: 10, cores: 2, share: 0.6)
        policy.usesSpare = true
        var cameras = district(seed: seed)
        for index in cameras.indices where index % busyOneIn == 0 { cameras[index].alwaysCandidate = true }
        var fleet = AttentionSimulation(policy: policy, cameras: cameras, seed: seed)
        fleet.cores = cores
        // 4,100 first looks at once; the fuller the machine, the longer until floors are spread evenly. The figure is one over a minute.
        fleet.run(seconds: 240)
        fleet.mark()
        var lowest = 1.0
        for _ in 0..<10 {
            fleet.run(seconds: 10)
            lowest = min(lowest, fleet.scheduler.figures(nowSeconds: fleet.now).floorReachedRatio)
        }
        print("full machine: floor lowest \(lowest), longest backlog \(fleet.longestBacklogSeconds) s")
        print("full machine: granted \(fleet.scheduler.figures(nowSeconds: fleet.now).granted)")
        #expect(lowest >= 0.999)
        #expect(fleet.longestBacklogSeconds < 2)
    }

    @Test func aSecondInWhichNothingIsDecodedCostsNoFloor() {
        let seed = printedSeed("stalls")
        var policy = AttentionScheduler.Policy(floorSeconds: 10, cores: 2, share: 0.6)
        policy.usesSpare = true
        var cameras = district(seed: seed)
        for index in cameras.indices where index % 20 == 0 { cameras[index].alwaysCandidate = true }
        var fleet = AttentionSimulation(policy: policy, cameras: cameras, seed: seed)
        // Others take both cores for a second, three times a minute.
        fleet.onSweep = { fleet in fleet.cores = fleet.now.truncatingRemainder(dividingBy: 20) < 1 ? 0.001 : 1.05 }
        fleet.run(seconds: 120)
        var lowest = 1.0
        for _ in 0..<12 {
            fleet.run(seconds: 10)
            lowest = min(lowest, fleet.scheduler.figures(nowSeconds: fleet.now).floorReachedRatio)
        }
        print("stalls: floor lowest \(lowest)")
        #expect(lowest >= 0.999)
    }

    @Test func aSingleFloorForAllIsMet() {
        let seed = printedSeed("one floor")
        let policy = AttentionScheduler.Policy(floorSeconds: 5, cores: 4)
        var fleet = AttentionSimulation(policy: policy, cameras: district(seed: seed), seed: seed)
        fleet.run(seconds: 80)
        #expect(fleet.scheduler.figures(nowSeconds: fleet.now).floorReachedRatio == 1)
    }

    @Test func nobodyStarvesWhenTheBudgetIsAFifthOfTheFloors() {
        let seed = printedSeed("starvation")
        var fleet = AttentionSimulation(policy: policy(share: 0.12), cameras: district(seed: seed), seed: seed)
        fleet.run(seconds: 100)
        fleet.mark()
        fleet.run(seconds: 300)
        let figures = fleet.scheduler.figures(nowSeconds: fleet.now)
        print("starvation: stretch \(figures.stretchByPriority), demand \(figures.floorDemand) of \(figures.budget)")
        #expect(fleet.cameras.allSatisfy { $0.looks > 0 })
        // 4,100 looks of 2 ms at 0.24 CPU seconds a second take 34 s; the largest stretch of the lowest priority follows from it.
        #expect(fleet.cameras.allSatisfy { $0.largestGapSeconds < 150 })
        #expect(figures.granted[LookReason.attention.rawValue] == 0)
        // What was spent is what was allowed.
        let spent = fleet.cameras.reduce(0.0) { $0 + $1.cpuSeconds } / 300
        print("starvation: spent \(spent) largest gap \(fleet.cameras.map(\.largestGapSeconds).max()!)")
        #expect(spent > 0.22 && spent < 0.26)
    }

    @Test func overloadDegradesByPriorityAndRecoveryIsComplete() {
        let seed = printedSeed("overload")
        var fleet = AttentionSimulation(policy: policy(), cameras: district(seed: seed), seed: seed)
        fleet.run(seconds: 80)
        #expect(fleet.scheduler.figures(nowSeconds: fleet.now).floorReachedRatio == 1)
        fleet.costFactor = 2.2
        fleet.run(seconds: 40)
        fleet.mark()
        fleet.run(seconds: 120)
        let during = fleet.scheduler.figures(nowSeconds: fleet.now)
        print("overload: reached \(during.floorReachedRatioByPriority) stretch \(during.stretchByPriority) demand \(during.floorDemand)")
        #expect(during.floorReachedRatioByPriority[0] > 0.98)
        #expect(during.floorReachedRatioByPriority[3] < 0.2)
        #expect(zip(during.stretchByPriority, during.stretchByPriority.dropFirst()).allSatisfy { $0 <= $1 + 1e-9 })
        #expect(fleet.longestBacklogSeconds < 2.2)
        fleet.costFactor = 1
        fleet.run(seconds: 120)
        let after = fleet.scheduler.figures(nowSeconds: fleet.now)
        print("recovery: \(after.floorReachedRatio) price \(after.price) stretch \(after.stretchByPriority)")
        #expect(after.floorReachedRatio == 1)
        #expect(after.stretchByPriority == [1, 1, 1, 1])
        #expect(after.price < 1)
    }

    @Test func oneNoisyCameraCannotEatTheBudget() {
        let seed = printedSeed("noisy")
        var cameras = district(seed: seed)
        // All-intra, expensive, and its detector never stops calling.
        cameras[7].groupSeconds = 0.04
        cameras[7].lookSeconds = 0.006
        cameras[7].alwaysCandidate = true
        var fleet = AttentionSimulation(policy: policy(), cameras: cameras, seed: seed)
        fleet.run(seconds: 30)
        fleet.mark()
        fleet.run(seconds: 90)
        let figures = fleet.scheduler.figures(nowSeconds: fleet.now)
        let share = fleet.cameras[7].cpuSeconds / 90 / figures.budget
        print("noisy: share \(share), looks/s \(Double(fleet.cameras[7].looks) / 90), floor \(figures.floorReachedRatio)")
        #expect(share < 0.01)
        #expect(fleet.cameras[7].looks <= 95)
        #expect(figures.floorReachedRatio == 1)
    }

    @Test func aThousandCallingCamerasShareWhatFloorsLeave() {
        let seed = printedSeed("calling")
        var cameras = district(seed: seed)
        for slot in 0..<1000 { cameras[slot * 4].alwaysCandidate = true }
        var fleet = AttentionSimulation(policy: policy(), cameras: cameras, seed: seed)
        fleet.run(seconds: 40)
        fleet.mark()
        fleet.run(seconds: 100)
        let figures = fleet.scheduler.figures(nowSeconds: fleet.now)
        let spent = fleet.cameras.reduce(0.0) { $0 + $1.cpuSeconds } / 100
        print("calling: floor \(figures.floorReachedRatio), spent \(spent) of \(figures.budget), promoted \(figures.promoted)")
        print("calling: price \(figures.price), granted \(figures.granted) refused \(figures.refused)")
        #expect(figures.floorReachedRatio > 0.999)
        #expect(spent > figures.budget * 0.9 && spent < figures.budget * 1.05)
        #expect(figures.promoted > 10)
        #expect(figures.refused[RefusalReason.price.rawValue] > 0)
    }

    @Test func workersThatAreBehindGetTheHottestLooksOnlyAndThenNone() {
        var scheduler = AttentionScheduler(policy: .init(floorSeconds: 60, cores: 1))
        for slot in 0..<2 {
            scheduler.add(slot, priority: .three, nowSeconds: 0)
            _ = scheduler.keyPictureBegins(slot, nowSeconds: 0)
        }
        // Slot 0 is asked for, slot 1 changed a little; both are past their first look.
        scheduler.lookFinished(0, cpuSeconds: 0.002, change: 0, hasCandidate: false, nowSeconds: 0.1)
        scheduler.lookFinished(1, cpuSeconds: 0.002, change: 0.01, hasCandidate: false, nowSeconds: 0.1)
        scheduler.request(0, untilSeconds: 100)
        func decisions(backlog: Double, at seconds: Double) -> [Bool] {
            var copy = scheduler
            copy.backlog(seconds: backlog, nowSeconds: seconds)
            return (0..<2).map { copy.keyPictureBegins($0, nowSeconds: seconds) != .skip }
        }
        #expect(decisions(backlog: 0, at: 2) == [true, true])
        #expect(decisions(backlog: 0.2, at: 2) == [true, true])
        #expect(decisions(backlog: 0.4, at: 2) == [false, false])
        // A floor is paid until the limit, and a report that is never renewed is forgotten.
        #expect(decisions(backlog: 0.7, at: 62) == [true, true])
        #expect(decisions(backlog: 1.4, at: 62) == [true, true])
        #expect(decisions(backlog: 2.1, at: 62) == [false, false])
        scheduler.backlog(seconds: 5, nowSeconds: 60)
        #expect(scheduler.keyPictureBegins(0, nowSeconds: 62) == .skip)
        #expect(scheduler.keyPictureBegins(0, nowSeconds: 64.5) == .look(.floor))
    }

    @Test func longGroupsAreRecognisedAndLookedAtOnEveryKeyPicture() {
        let seed = printedSeed("long groups")
        var cameras = district(410, seed: seed)
        for slot in 0..<20 { cameras[slot].groupSeconds = 15 + Double(slot) }
        var policy = policy()
        policy.cores = 0.2
        var fleet = AttentionSimulation(policy: policy, cameras: cameras, seed: seed)
        fleet.run(seconds: 150)
        fleet.mark()
        fleet.run(seconds: 150)
        let figures = fleet.scheduler.figures(nowSeconds: fleet.now)
        #expect(figures.longGroups.map(\.slot) == Array(0..<20))
        #expect(figures.longGroups.allSatisfy { abs($0.groupSeconds - 15 - Double($0.slot)) < 0.3 })
        #expect((0..<20).allSatisfy { fleet.cameras[$0].largestGapSeconds < fleet.cameras[$0].groupSeconds + 0.3 })
        #expect(figures.floorReachedRatio == 1)
    }
}
