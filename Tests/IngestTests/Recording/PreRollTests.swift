// The ring keeps its promises for any stream: a key picture first, no hole, never above the budget, fair.

import Base
import Domain
import Ingest
import Testing

/// A number that tells pictures apart, counted per camera.
private typealias Ring = PreRoll<Int>

@Suite struct PreRollTests {
    @Test func itReachesBackToTheKeyPictureBeforeTheTime() {
        var ring = Ring(keptSeconds: 5, budgetBytes: 1 << 20)
        // A key picture every 2 s, 25 pictures a second.
        for number in 0..<500 {
            let isKept = ring.append(number, isKey: number % 50 == 0, seconds: Double(number) / 25, bytes: 100, slot: 3)
            #expect(isKept)
        }
        // Newest 19.96 s: the group of 14 s is the last that is needed for 14.96 s.
        let all = ring.entries(3, sinceSeconds: 0)
        #expect(all.first?.picture == 350 && all.first?.isKey == true && all.last?.picture == 499)
        #expect(ring.entries(3, sinceSeconds: 17.1).first?.picture == 400)
        #expect(ring.entries(3, sinceSeconds: 18).first?.picture == 450)
        #expect(ring.entries(3, sinceSeconds: .infinity).first?.picture == 450)
        #expect(ring.entries(0, sinceSeconds: 0).isEmpty && ring.entries(99, sinceSeconds: 0).isEmpty)
        #expect(ring.bytes == 150 * 100)
        ring.clear(3)
        #expect(ring.bytes == 0 && ring.entries(3, sinceSeconds: 0).isEmpty)
        let isKept = ring.append(500, isKey: false, seconds: 20, bytes: 100, slot: 3)
        #expect(!isKept, "its group is gone")
    }

    @Test func nothingStandsBehindAHole() {
        var ring = Ring(keptSeconds: 60, budgetBytes: 1 << 20)
        ring.append(0, isKey: true, seconds: 0, bytes: 10, slot: 0)
        ring.append(1, isKey: false, seconds: 1, bytes: 10, slot: 0)
        ring.interrupt(0)
        let isKept = ring.append(3, isKey: false, seconds: 3, bytes: 10, slot: 0)
        #expect(!isKept && !ring.isOpen(0))
        ring.append(4, isKey: true, seconds: 4, bytes: 10, slot: 0)
        #expect(ring.entries(0, sinceSeconds: 0).map(\.picture) == [0, 1, 4])
        ring.interrupt(7)
        ring.clear(7)
    }

    @Test func theBudgetTakesTheOldestGroupOfAll() {
        var ring = Ring(keptSeconds: 1_000, budgetBytes: 1_000)
        // Camera 0 sends ten times what camera 1 sends; both end with the same stretch of time.
        for second in 0..<100 {
            ring.append(second, isKey: true, seconds: Double(second), bytes: 100, slot: 0)
            ring.append(second, isKey: true, seconds: Double(second) + 0.5, bytes: 10, slot: 1)
        }
        let (large, small) = (ring.entries(0, sinceSeconds: 0), ring.entries(1, sinceSeconds: 0))
        #expect(ring.bytes <= 1_000 && ring.bytes > 850)
        #expect(abs((large.first?.seconds ?? 0) - (small.first?.seconds ?? 0)) <= 1)
        #expect(large.count >= 8 && small.count >= 8)
        // A picture larger than everything takes everything and itself.
        let isKept = ring.append(100, isKey: true, seconds: 100, bytes: 2_000, slot: 2)
        #expect(!isKept && ring.bytes == 0)
    }

    @Test func anyStreamsKeepThePromises() {
        for seed in UInt64(1)...40 {
            var random = SeededGenerator(seed: seed)
            let budget = Int.random(in: 0...20_000, using: &random)
            let kept = Double.random(in: 0.5...8, using: &random)
            var ring = Ring(keptSeconds: kept, budgetBytes: budget)
            let cameras = Int.random(in: 1...6, using: &random)
            var next = [Int](repeating: 0, count: cameras)
            var holes = [Set<Int>](repeating: [], count: cameras)
            var now = 0.0
            for _ in 0..<3_000 {
                now += Double.random(in: 0...0.05, using: &random)
                let slot = Int.random(in: 0..<cameras, using: &random)
                switch Int.random(in: 0..<100, using: &random) {
                case 0: ring.clear(slot)
                case 1...4:
                    ring.interrupt(slot)
                    // The one that is missing.
                    holes[slot].insert(next[slot])
                    next[slot] += 1
                default:
                    ring.append(
                        next[slot], isKey: Int.random(in: 0..<12, using: &random) == 0, seconds: now,
                        bytes: Int.random(in: 0...400, using: &random), slot: slot)
                    next[slot] += 1
                }
                #expect(ring.bytes <= budget, "seed \(seed)")
            }
            for slot in 0..<cameras {
                let entries = ring.entries(slot, sinceSeconds: -1)
                guard let first = entries.first else { continue }
                #expect(first.isKey, "seed \(seed)")
                for (before, after) in zip(entries, entries.dropFirst()) {
                    #expect(before.seconds <= after.seconds && before.picture < after.picture)
                    // A predicted picture stands right behind the one before it.
                    if !after.isKey { #expect(after.picture == before.picture + 1, "seed \(seed), camera \(slot)") }
                }
                // At most one group more than asked for.
                let later = entries.dropFirst().first { $0.isKey }
                if let later { #expect(later.seconds > (entries.last?.seconds ?? 0) - kept, "seed \(seed)") }
            }
        }
    }
}

@Suite struct PreRollPlanTests {
    private func wish(_ slot: Int, _ priority: Priority = .three, hot: Bool = false, rate: Double? = 84_000, kept: Bool = false)
        -> PreRollPlan.Wish
    {
        PreRollPlan.Wish(slot: slot, priority: priority, isHot: hot, bytesPerSecond: rate, isKept: kept)
    }

    /// 84,000 + 16,000 bytes a second for 8 + 2 s: a megabyte each, of nine tenths of the budget.
    private func choose(_ wishes: [PreRollPlan.Wish], megabytes: Double) -> [Int] {
        PreRollPlan.choose(wishes, seconds: 8, budgetBytes: Int(megabytes * 1e6 / 0.9) + 1).sorted()
    }

    @Test func everybodyWhereThereIsRoom() {
        #expect(choose((0..<5).map { wish($0) }, megabytes: 5) == [0, 1, 2, 3, 4])
        #expect(choose([], megabytes: 5).isEmpty)
        #expect(choose([wish(0)], megabytes: 0.5).isEmpty)
    }

    @Test func priorityThenHeatThenThoseWhoHaveOne() {
        let wishes = [wish(0), wish(1, kept: true), wish(2, hot: true), wish(3, .one), wish(4, .four, hot: true)]
        #expect(choose(wishes, megabytes: 1) == [3])
        #expect(choose(wishes, megabytes: 2) == [2, 3])
        #expect(choose(wishes, megabytes: 3) == [1, 2, 3])
        #expect(choose(wishes, megabytes: 4) == [0, 1, 2, 3])
    }

    @Test func aCameraThatIsTooLargeLeavesRoomForSmallerOnes() {
        #expect(choose([wish(0, .one, rate: 2e6), wish(1), wish(2, rate: nil)], megabytes: 2) == [1, 2])
    }

    @Test func theChoiceDoesNotFlutter() {
        var wishes = (0..<10).map { wish($0) }
        let first = choose(wishes, megabytes: 4)
        for index in wishes.indices { wishes[index].isKept = first.contains(index) }
        #expect(choose(wishes.reversed(), megabytes: 4) == first)
    }
}
