// Promotion to full rate and back: from a key picture on, bounded by the budget, the hottest first, nobody for ever.
// camera → packets → **looks** → frames → detections → incidents

import Base
import Domain
import Ingest
import Testing

@Suite struct FullRatePromises {
    @Test func promotionBeginsWithTheNextKeyPictureAndEndsWhenNothingIsSeen() {
        var scheduler = AttentionScheduler(policy: .init(floorSeconds: 5, cores: 1))
        scheduler.add(0, priority: .three, nowSeconds: 0)
        #expect(scheduler.keyPictureBegins(0, nowSeconds: 0) == .look(.first))
        scheduler.lookFinished(0, cpuSeconds: 0.002, change: 0.02, hasCandidate: true, nowSeconds: 0.1)
        scheduler.advance(nowSeconds: 1)
        #expect(!scheduler.wantsFullRate(0))
        #expect(scheduler.keyPictureBegins(0, nowSeconds: 2) == .look(.promoted))
        #expect(scheduler.wantsFullRate(0))
        scheduler.lookFinished(0, cpuSeconds: 0.002, change: 0, hasCandidate: false, nowSeconds: 2.1)
        var seconds = 2.1
        while scheduler.wantsFullRate(0), seconds < 60 {
            seconds += 0.1
            scheduler.advance(nowSeconds: seconds)
        }
        // Quiet for 6 s after the candidate at 0.1 s, but not before the shortest stay.
        #expect(seconds > 6 && seconds < 7)
    }

    @Test func aCameraThatMayNotBePromotedNeverIs() {
        var scheduler = AttentionScheduler(policy: .init(floorSeconds: 5, cores: 1))
        scheduler.add(3, priority: .one, mayPromote: false, nowSeconds: 0)
        for second in stride(from: 0.0, to: 60, by: 2) {
            if case .look(let reason) = scheduler.keyPictureBegins(3, nowSeconds: second) {
                #expect(reason != .promoted)
                scheduler.lookFinished(3, cpuSeconds: 0.002, change: 0.02, hasCandidate: true, nowSeconds: second + 0.1)
            }
        }
        #expect(!scheduler.wantsFullRate(3))
    }

    @Test func placesAreBoundedByTheBudgetAndChangeHands() {
        let seed = printedSeed("places")
        var cameras = (0..<60).map { _ in SimulatedCamera() }
        for slot in 0..<40 { cameras[slot].alwaysCandidate = true }
        for slot in 0..<10 { cameras[slot].priority = .one }
        var policy = AttentionScheduler.Policy()
        policy.cores = 0.25
        var fleet = AttentionSimulation(policy: policy, cameras: cameras, seed: seed)
        var most = 0
        fleet.onSweep = { fleet in
            if fleet.now > 5 { most = max(most, fleet.cameras.indices.count { fleet.scheduler.wantsFullRate($0) }) }
        }
        fleet.run(seconds: 300)
        // (0.25 · 0.7 − floors of about 0.02) · 0.6 / 9.5 ms.
        print("places: at most \(most), seconds at full rate \(fleet.fullRateSeconds.prefix(40).map { Int($0) })")
        #expect(most >= 6 && most <= 12)
        #expect(fleet.fullRateSeconds[..<40].allSatisfy { $0 > 0 })
        #expect(fleet.fullRateSeconds[..<40].max()! < 250)
        #expect(fleet.fullRateSeconds[40...].allSatisfy { $0 == 0 })
        // Priority 1 is hotter than equals of priority 3.
        let urgent = fleet.fullRateSeconds[..<10].reduce(0, +) / 10
        let others = fleet.fullRateSeconds[10..<40].reduce(0, +) / 30
        #expect(urgent > others)
        #expect(fleet.scheduler.figures(nowSeconds: fleet.now).floorReachedRatio == 1)
    }

    @Test func placesThatCostMoreThanExpectedDoNotBreakFloors() {
        let seed = printedSeed("expensive places")
        var cameras = (0..<100).map { _ in SimulatedCamera() }
        for slot in 0..<40 { cameras[slot].alwaysCandidate = true }
        var policy = AttentionScheduler.Policy()
        policy.cores = 0.25
        var fleet = AttentionSimulation(policy: policy, cameras: cameras, seed: seed)
        fleet.fullRatePictureSeconds = 0.003
        fleet.run(seconds: 120)
        let figures = fleet.scheduler.figures(nowSeconds: fleet.now)
        print("expensive places: \(figures.promoted) of 75 ms/s each, floor \(figures.floorReachedRatio)")
        // One report is three quarters of what this small budget saves, so a single camera may be late.
        #expect(figures.floorReachedRatio >= 0.97)
        #expect(figures.promoted <= 3)
    }

    @Test func overloadTakesThePlacesBack() {
        let seed = printedSeed("places overload")
        var cameras = (0..<60).map { _ in SimulatedCamera() }
        for slot in 0..<10 { cameras[slot].alwaysCandidate = true }
        var policy = AttentionScheduler.Policy()
        policy.cores = 0.2
        var fleet = AttentionSimulation(policy: policy, cameras: cameras, seed: seed)
        fleet.run(seconds: 30)
        #expect(fleet.scheduler.figures(nowSeconds: fleet.now).promoted > 3)
        fleet.costFactor = 20
        fleet.run(seconds: 60)
        #expect(fleet.scheduler.figures(nowSeconds: fleet.now).promoted == 0)
        fleet.costFactor = 1
        // The machine is probed again gently.
        fleet.run(seconds: 120)
        #expect(fleet.scheduler.figures(nowSeconds: fleet.now).promoted > 3)
    }
}
