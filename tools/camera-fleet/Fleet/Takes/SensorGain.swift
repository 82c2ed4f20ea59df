// Noise that grows with a sensor's gain while the light fades, and falls when it returns.
// **take ─▶ pictures** ─▶ file with its truth

import Foundation

/// Deviation of luma noise over time, in steps of 8-bit video; chroma carries a third of it.
struct SensorGain: Hashable {
    var quietest: Double
    var loudest: Double
    var periodSeconds: Double

    /// As many tables of noise as are told apart.
    static let levels = 6

    /// The level at a time, 0 for the quietest.
    func level(at seconds: Double) -> Int {
        Int((0.5 - 0.5 * cos(seconds / periodSeconds * 2 * .pi)) * Double(Self.levels - 1) + 0.5)
    }

    func deviation(level: Int) -> Double { quietest + (loudest - quietest) * Double(level) / Double(Self.levels - 1) }
}
