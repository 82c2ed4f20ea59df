// How long to wait before trying again, so that many clients do not come back at once.

/// Full jitter: the n-th wait is uniform in `0 ..< min(cap, base · 2ⁿ)`.
///
/// Source: AWS Architecture Blog, "Exponential Backoff And Jitter". A value type; not shared between threads.
package struct Backoff: Sendable {
    private let base: Duration
    private let cap: Duration
    private var attempt = 0

    /// - Parameters:
    ///   - base: Upper bound of the first wait.
    ///   - cap: Upper bound of every wait.
    package init(base: Duration = .seconds(1), cap: Duration = .seconds(60)) {
        self.base = base
        self.cap = cap
    }

    /// Draws the next wait and raises the bound of the one after it.
    package mutating func next(using generator: inout some RandomNumberGenerator) -> Duration {
        let bound = min(cap.seconds, base.seconds * Double(1 << min(attempt, 20)))
        attempt += 1
        return .seconds(Double.random(in: 0..<max(bound, .leastNonzeroMagnitude), using: &generator))
    }

    /// Starts again from `base`, after a success that lasted.
    package mutating func reset() { attempt = 0 }
}

/// SplitMix64 (Steele, Lea, Flood 2014): small, fast, reproducible from its seed. Not for secrets.
package struct SeededGenerator: RandomNumberGenerator, Sendable {
    private var state: UInt64

    package init(seed: UInt64) { state = seed }

    /// The next 64 pseudo-random bits.
    package mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }
}
