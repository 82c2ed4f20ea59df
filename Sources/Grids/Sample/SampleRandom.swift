// Seeded randomness of the sample district: the same seed gives the same bytes on every machine.
// **seed** → mesh → regions → names → files

/// SplitMix64 (Steele, Lea, Flood 2014): 64 bits of state, good enough for scenery.
struct SampleRandom: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }

    /// 0 ..< 1. Not `Double.random`, whose use of the generator may change with the standard library.
    mutating func unit() -> Double { Double(next() >> 11) / 9_007_199_254_740_992 }

    /// `-reach ..< reach`.
    mutating func around(_ reach: Double) -> Double { (unit() * 2 - 1) * reach }

    mutating func below(_ count: Int) -> Int { Int(unit() * Double(count)) }
}
