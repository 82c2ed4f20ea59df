// Random events in any order never trap, never lose a slot, and leave nothing behind when all cameras are gone.
// camera → packets → **looks** → frames → detections → incidents

import Base
import Domain
import Ingest
import Testing

@Suite struct AttentionProperties {
    @Test func randomEventsNeverTrapAndConserveSlots() {
        let seed = printedSeed("random events")
        for round in 0..<10 {
            var random = SeededGenerator(seed: seed &+ UInt64(round))
            var policy = AttentionScheduler.Policy()
            policy.cores = Double.random(in: 0.001...0.1, using: &random)
            policy.fullRatePlaces = Int.random(in: 0...6, using: &random)
            var scheduler = AttentionScheduler(policy: policy)
            var taken: Set<Int> = []
            var (now, asked) = (0.0, 0)
            for _ in 0..<4000 {
                now += Double.random(in: -0.05...0.3, using: &random)
                let slot = Int.random(in: -1..<40, using: &random)
                switch Int.random(in: 0..<14, using: &random) {
                case 0 where slot >= 0 && !taken.contains(slot):
                    let priority = Priority.allCases.randomElement(using: &random)!
                    scheduler.add(slot, priority: priority, floorSeconds: Bool.random(using: &random) ? nil : 1, nowSeconds: now)
                    taken.insert(slot)
                case 1 where Int.random(in: 0..<8, using: &random) == 0:
                    scheduler.remove(slot)
                    taken.remove(slot)
                case 2: scheduler.streamEnded(slot)
                case 3:
                    let cpu = [0.0, 0.002, 5, -1, .infinity, .nan].randomElement(using: &random)!
                    let change = [0.0, 0.01, 1, -1, .nan].randomElement(using: &random)!
                    scheduler.lookFinished(
                        slot, cpuSeconds: cpu, change: change, hasCandidate: Bool.random(using: &random), nowSeconds: now)
                case 4: scheduler.lookDropped(slot, nowSeconds: now)
                case 5: scheduler.lookFailed(slot, nowSeconds: now)
                case 6: scheduler.request(slot, untilSeconds: now + 5)
                case 7: scheduler.fullRateCost(slot, cpuSeconds: 0.01, pictures: Int.random(in: 0...30, using: &random), nowSeconds: now)
                case 8: scheduler.backlog(seconds: [0, 0.5, 3, -1, .nan, .infinity].randomElement(using: &random)!, nowSeconds: now)
                case 9: scheduler.keyPicture(slot, sizeBytes: 30_000, nowSeconds: now)
                case 10: for _ in 0..<40 { scheduler.predictedPicture(slot, sizeBytes: Int.random(in: -1...90_000, using: &random)) }
                default:
                    if taken.contains(slot) { asked += 1 }
                    let decision = scheduler.keyPictureBegins(slot, nowSeconds: now)
                    if !taken.contains(slot) { #expect(decision == .skip) }
                }
                #expect(scheduler.cameraCount == taken.count)
            }
            let figures = scheduler.figures(nowSeconds: now)
            #expect(figures.granted.reduce(0, +) + figures.refused.reduce(0, +) == UInt64(asked))
            #expect(figures.promoted + figures.waitingForFullRate <= taken.count)
            #expect(figures.promoted <= policy.fullRatePlaces)
            for slot in taken { scheduler.remove(slot) }
            let empty = scheduler.figures(nowSeconds: now + 1)
            #expect(scheduler.cameraCount == 0 && empty.cameras == 0 && empty.promoted == 0 && empty.waitingForFullRate == 0)
            #expect(empty.floorDemand == 0)
        }
    }

    @Test func aDroppedLookIsOwedAtTheNextKeyPictureAndAForgottenOneInTheEnd() {
        var scheduler = AttentionScheduler(policy: .init(floorSeconds: 10, cores: 1))
        scheduler.add(0, priority: .three, nowSeconds: 0)
        #expect(scheduler.keyPictureBegins(0, nowSeconds: 0) == .look(.first))
        #expect(scheduler.keyPictureBegins(0, nowSeconds: 2) == .skip)
        scheduler.lookDropped(0, nowSeconds: 3)
        #expect(scheduler.keyPictureBegins(0, nowSeconds: 4) == .look(.first))
        #expect(scheduler.keyPictureBegins(0, nowSeconds: 12) == .skip)
        #expect(scheduler.keyPictureBegins(0, nowSeconds: 14) == .look(.first))
    }

    @Test func aRequestIsLookedAtOnEachKeyPictureUntilItEnds() {
        var scheduler = AttentionScheduler(policy: .init(floorSeconds: 10, cores: 1))
        scheduler.add(0, priority: .four, nowSeconds: 0)
        scheduler.request(0, untilSeconds: 20)
        var reasons: [LookReason] = []
        for second in stride(from: 0.0, to: 24, by: 2) {
            if case .look(let reason) = scheduler.keyPictureBegins(0, nowSeconds: second) {
                reasons.append(reason)
                scheduler.lookFinished(0, cpuSeconds: 0.002, change: 0, hasCandidate: false, nowSeconds: second + 0.1)
            }
        }
        #expect(reasons == [.first] + Array(repeating: .requested, count: 9))
    }

    @Test func aCameraThatCannotBeDecodedIsTriedAtItsFloor() {
        var scheduler = AttentionScheduler(policy: .init(floorSeconds: 10, cores: 1))
        scheduler.add(0, priority: .three, nowSeconds: 0)
        var tries: [Double] = []
        for second in stride(from: 0.0, to: 100, by: 2) {
            if case .look = scheduler.keyPictureBegins(0, nowSeconds: second) {
                tries.append(second)
                if second == 0 {
                    scheduler.lookFinished(0, cpuSeconds: 0.002, change: 0, hasCandidate: false, nowSeconds: second + 0.1)
                } else {
                    scheduler.lookFailed(0, nowSeconds: second + 0.1)
                }
            }
        }
        #expect(tries.count <= 13)
        #expect(scheduler.lookAgeSeconds(0, nowSeconds: 100) == 100)
    }

    @Test func otherTermsKeepWhatWasLearnedAndChangeTheDemand() {
        var scheduler = AttentionScheduler(policy: .init(floorSeconds: 60, cores: 1))
        scheduler.add(0, priority: .three, nowSeconds: 0)
        for second in stride(from: 0.0, to: 120, by: 2) {
            if case .look = scheduler.keyPictureBegins(0, nowSeconds: second) {
                scheduler.lookFinished(0, cpuSeconds: 0.002, change: 0, hasCandidate: false, nowSeconds: second + 0.1)
            }
        }
        let before = scheduler.figures(nowSeconds: 120).floorDemand
        scheduler.change(0, priority: .one, floorSeconds: 4, mayPromote: false)
        let after = scheduler.figures(nowSeconds: 120).floorDemand
        #expect(after > 10 * before && before > 0)
        #expect(scheduler.keyPictureBegins(0, nowSeconds: 122) == .look(.floor))
        scheduler.remove(0)
        #expect(scheduler.figures(nowSeconds: 122).floorDemand == 0)
    }

    @Test func spareBudgetIsUsedOnlyWhereThePolicySaysSo() {
        for usesSpare in [false, true] {
            var policy = AttentionScheduler.Policy(floorSeconds: 60, cores: 1)
            policy.usesSpare = usesSpare
            var scheduler = AttentionScheduler(policy: policy)
            scheduler.add(0, priority: .three, nowSeconds: 0)
            _ = scheduler.keyPictureBegins(0, nowSeconds: 0)
            scheduler.lookFinished(0, cpuSeconds: 0.002, change: 0, hasCandidate: false, nowSeconds: 0.1)
            #expect(scheduler.keyPictureBegins(0, nowSeconds: 2) == (usesSpare ? .look(.spare) : .skip))
        }
    }

    @Test func aStreamThatEndedOwesNothing() {
        var scheduler = AttentionScheduler(policy: .init(floorSeconds: 10, cores: 1))
        scheduler.add(0, priority: .three, nowSeconds: 0)
        _ = scheduler.keyPictureBegins(0, nowSeconds: 0)
        scheduler.streamEnded(0)
        let figures = scheduler.figures(nowSeconds: 500)
        #expect(figures.cameras == 0 && figures.floorReachedRatio == 1 && figures.floorDemand == 0)
        #expect(scheduler.keyPictureBegins(0, nowSeconds: 500) == .look(.first))
    }
}
