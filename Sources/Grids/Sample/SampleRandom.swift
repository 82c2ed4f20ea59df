// Seeded randomness of the sample district: the same seed gives the same bytes on every machine.
// **seed** → mesh → regions → names → files

import Base

/// What the sample draws from a generator. Its own arithmetic: what `Double.random` makes of one may change with the standard library.
struct SampleRandom: RandomNumberGenerator {
    private var generator: SeededGenerator

    init(seed: UInt64) { generator = SeededGenerator(seed: seed) }

    mutating func next() -> UInt64 { generator.next() }

    /// 0 ..< 1.
    mutating func unit() -> Double { Double(next() >> 11) / 9_007_199_254_740_992 }

    /// `-reach ..< reach`.
    mutating func around(_ reach: Double) -> Double { (unit() * 2 - 1) * reach }

    mutating func below(_ count: Int) -> Int { Int(unit() * Double(count)) }
}
