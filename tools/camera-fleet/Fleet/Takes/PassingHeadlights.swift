// Headlights of vehicles that are themselves out of the picture: glow that sweeps over road and walls.
// **take ─▶ pictures** ─▶ file with its truth

import Base
import Foundation

/// Soft pools of light that cross the picture, brighter where the street reflects more.
struct PassingHeadlights: Disturbance {
    private struct Sweep {
        var times: ClosedRange<Double>
        /// Middle of the pool at both ends of the sweep, relative to the picture.
        var from, to: (x: Float, y: Float)
        var size: Float
        var strength: Float
    }

    private let sweeps: [Sweep]

    init(seed: Int, seconds: Double) {
        var generator = SeededGenerator(seed: UInt64(bitPattern: Int64(seed)) &+ 80)
        var sweeps: [Sweep] = []
        var start = 12 + generator.unit() * 10
        while start < seconds {
            let length = 1.6 + generator.unit() * 4
            let leftToRight = generator.unit() < 0.5
            let height = Float(0.35 + generator.unit() * 0.45)
            let (a, b): (Float, Float) = leftToRight ? (-0.35, 1.35) : (1.35, -0.35)
            sweeps.append(
                Sweep(
                    times: start...start + length, from: (a, height), to: (b, height + Float(generator.unit() - 0.5) * 0.3),
                    size: Float(0.12 + generator.unit() * 0.2), strength: Float(0.6 + generator.unit() * 1.4)))
            start += length + 6 + generator.unit() * 20
        }
        self.sweeps = sweeps
    }

    func apply(to picture: inout Picture, at seconds: Double) {
        for sweep in sweeps where sweep.times.contains(seconds) {
            let part = Float((seconds - sweep.times.lowerBound) / (sweep.times.upperBound - sweep.times.lowerBound))
            let middle = (x: sweep.from.x + (sweep.to.x - sweep.from.x) * part, y: sweep.from.y + (sweep.to.y - sweep.from.y) * part)
            // The vehicle turns in and away again: the glow swells and fades.
            let strength = sweep.strength * smooth(part * 4) * smooth((1 - part) * 4)
            applySoftLight(to: &picture) { x, y in
                let (dx, dy) = ((x - middle.x) / sweep.size, (y - middle.y) / (sweep.size * 0.7))
                return 1 + strength * exp(-(dx * dx + dy * dy))
            }
        }
    }
}

extension SeededGenerator {
    /// A number of 0…1.
    mutating func unit() -> Double { Double(next() >> 11) * 0x1p-53 }
}
