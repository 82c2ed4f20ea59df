// Tier 0: a walker is looked at within one group of pictures where coded sizes can be trusted, and nothing is spent where not.
// camera → **packets → looks** → frames → detections → incidents

import Base
import Domain
import Testing

@testable import Ingest

@Suite struct WakeUpPromises {
    /// Quiet cameras with a floor of 10 s; someone walks in about once in 40 s at a random phase and stays for 12.
    private func walk(_ sizes: SimulatedCamera.Sizes, usesCodedSize: Bool, seed: UInt64) -> (
        latencies: [(seconds: Double, trust: Double)], fleet: AttentionSimulation
    ) {
        var camera = SimulatedCamera()
        camera.sizes = sizes
        var policy = AttentionScheduler.Policy(floorSeconds: 10, cores: 0.2)
        policy.usesCodedSize = usesCodedSize
        var fleet = AttentionSimulation(policy: policy, cameras: Array(repeating: camera, count: 60), seed: seed)
        var random = SeededGenerator(seed: seed &+ 1)
        var latencies: [(seconds: Double, trust: Double)] = []
        var trusts = Array(repeating: 0.0, count: 60)
        for slot in 0..<60 { fleet.cameras[slot].visit = begin(after: 35, &random) }
        fleet.onSweep = { fleet in
            for slot in fleet.cameras.indices {
                let visit = fleet.cameras[slot].visit
                if fleet.now < visit.lowerBound { trusts[slot] = fleet.scheduler.trust(slot) }
                guard fleet.now >= visit.upperBound + 0.5 else { continue }
                if fleet.now > 160 {
                    latencies.append(((fleet.cameras[slot].firstLookOfVisitSeconds ?? .infinity) - visit.lowerBound, trusts[slot]))
                }
                fleet.cameras[slot].visit = begin(after: fleet.now + 20, &random)
                fleet.cameras[slot].visitFactor = Double.random(in: 4...10, using: &random)
                fleet.cameras[slot].firstLookOfVisitSeconds = nil
            }
        }
        fleet.run(seconds: 400)
        return (latencies, fleet)
    }

    private func begin(after seconds: Double, _ random: inout SeededGenerator) -> Range<Double> {
        let start = seconds + Double.random(in: 0..<20, using: &random)
        return start..<start + 12
    }

    private func median(_ values: [Double]) -> Double { values.sorted()[values.count / 2] }

    @Test func aWalkerIsLookedAtWithinOneGroup() {
        let seed = printedSeed("wake-up")
        let (latencies, fleet) = walk(.variable, usesCodedSize: true, seed: seed)
        let trusted = latencies.filter { $0.trust > 0.8 }.map(\.seconds)
        let inTime = Double(trusted.count { $0 <= 2.3 }) / Double(max(1, trusted.count))
        print("wake-up: \(trusted.count) of \(latencies.count) with trust > 0.8, in time \(inTime)")
        print("wake-up: median \(median(trusted)), largest \(trusted.max()!)")
        print("wake-up: granted \(fleet.scheduler.figures(nowSeconds: fleet.now).granted)")
        #expect(trusted.count > latencies.count * 3 / 4)
        #expect(inTime >= 0.9)
        let (without, _) = walk(.variable, usesCodedSize: false, seed: seed)
        print("wake-up off: median \(median(without.map(\.seconds)))")
        #expect((4.0...6.0).contains(median(without.map(\.seconds))))
    }

    @Test(arguments: [SimulatedCamera.Sizes.constant, .unrelated])
    func camerasWithoutASignalGetNoTrustAndNoExtraLooks(_ sizes: SimulatedCamera.Sizes) {
        let seed = printedSeed("no signal \(sizes)")
        let (latencies, fleet) = walk(sizes, usesCodedSize: true, seed: seed)
        let trusts = (0..<60).map { fleet.scheduler.trust($0) }
        let granted = fleet.scheduler.figures(nowSeconds: fleet.now).granted
        print("no signal \(sizes): trust at most \(trusts.max()!), mean \(trusts.reduce(0, +) / 60), granted \(granted)")
        print("no signal \(sizes): median latency \(median(latencies.map(\.seconds)))")
        if sizes == .constant {
            #expect(trusts.allSatisfy { $0 < 0.3 })
            #expect(granted[LookReason.wakeUp.rawValue] == 0)
        } else {
            #expect(trusts.count { $0 >= 0.4 } < 6)
            // Of 30,000 key pictures … a few while a lucky coincidence lasts.
            #expect(granted[LookReason.wakeUp.rawValue] < granted[LookReason.floor.rawValue] / 20)
        }
    }

    @Test func tierZeroOnlyEverAddsLooks() {
        let seed = printedSeed("adds")
        let with = walk(.variable, usesCodedSize: true, seed: seed).fleet
        let without = walk(.variable, usesCodedSize: false, seed: seed).fleet
        #expect(with.cameras.reduce(0) { $0 + $1.looks } >= without.cameras.reduce(0) { $0 + $1.looks })
        #expect(with.scheduler.figures(nowSeconds: with.now).floorReachedRatio == 1)
    }

    @Test func aCameraCostsAtMost300BytesOfBaseline() {
        #expect(MemoryLayout<CodedSizeBaseline>.stride + MemoryLayout<SizeTrust>.stride <= 300)
    }

    @Test func trustFollowsAgreementAndFadesToThePrior() {
        let policy = AttentionScheduler.Policy()
        var trust = SizeTrust()
        #expect(trust.value(policy) == 0.25)
        func visit(_ trust: inout SizeTrust, deviated: Bool, atSeconds seconds: Double) {
            trust.learn(deviated: deviated, changed: true, nowSeconds: seconds, policy)
            trust.learn(deviated: deviated, changed: true, nowSeconds: seconds + 2, policy)
            trust.learn(deviated: false, changed: false, nowSeconds: seconds + 4, policy)
        }
        for index in 0..<5 { visit(&trust, deviated: true, atSeconds: Double(index) * 60) }
        #expect(trust.value(policy) > 0.8)
        // A visitor who comes just before a key picture makes large pictures after it.
        let earlier = trust.value(policy)
        trust.learn(deviated: false, changed: true, nowSeconds: 400, policy)
        #expect(trust.value(policy) == earlier)
        trust.learn(deviated: true, changed: true, nowSeconds: 402, policy)
        #expect(trust.value(policy) > earlier)
        trust.learn(deviated: false, changed: false, nowSeconds: 404, policy)
        for index in 0..<20 { visit(&trust, deviated: false, atSeconds: 500 + Double(index) * 60) }
        #expect(trust.value(policy) < 0.3)
        // Days later two observations outweigh all that were before them.
        trust = SizeTrust()
        for index in 0..<5 { visit(&trust, deviated: true, atSeconds: Double(index) * 60) }
        for index in 0..<2 { trust.learn(deviated: true, changed: false, nowSeconds: 400_000 + Double(index), policy) }
        #expect(trust.value(policy) < 0.2)
    }

    @Test func oneStallDoesNotSpoilTheRhythm() {
        var group = GroupRhythm()
        var seconds = 0.0
        for gap in [0, 2, 2, 30, 2, 2.1, 2] {
            seconds += gap
            group.keyPicture(nowSeconds: seconds)
        }
        #expect(abs(group.medianSeconds! - 2) < 0.001 && abs(group.expectedSeconds! - 2.1) < 0.001)
        group.streamEnded()
        group.keyPicture(nowSeconds: 500)
        #expect(abs(group.medianSeconds! - 2) < 0.001)
    }

    @Test func logarithmsAreMonotonicAndNeverTrap() {
        var last: UInt16 = 0
        for size in Array(1...5000) + [100_000, 1 << 20, 1 << 31, 1 << 40, .max] {
            let value = CodedSizeBaseline.logarithm(size)
            #expect(value >= last)
            last = value
        }
        #expect(CodedSizeBaseline.logarithm(0) == 0 && CodedSizeBaseline.logarithm(-5) == 0)
        #expect(CodedSizeBaseline.logarithm(2048) == 11 * 2048)
    }

    /// One large picture is noise; a scene that stays different becomes the norm.
    @Test func oneLargePictureIsNothingAndALastingRiseBecomesUsual() {
        var baseline = CodedSizeBaseline()
        var random = SeededGenerator(seed: 5)
        func group(_ baseline: inout CodedSizeBaseline, factor: Double, largeAt: Int? = nil) {
            for index in 1..<50 {
                let size = Double.random(in: 1800...2200, using: &random) * (index == largeAt ? 8 : factor)
                baseline.predictedPicture(sizeBytes: Int(size))
            }
        }
        for _ in 0..<30 {
            group(&baseline, factor: 1)
            baseline.keyPicture()
        }
        group(&baseline, factor: 1, largeAt: 20)
        #expect(baseline.deviation == 0)
        baseline.keyPicture()
        group(&baseline, factor: 4)
        #expect(baseline.deviation > 0.9)
        var groups = 0
        while baseline.deviation > 0, groups < 1000 {
            baseline.keyPicture()
            group(&baseline, factor: 4)
            groups += 1
        }
        print("a fourfold rise becomes usual after \(groups * 2) s")
        #expect(groups > 30 && groups < 300)
    }
}
