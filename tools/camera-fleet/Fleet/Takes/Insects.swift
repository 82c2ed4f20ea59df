// Insects in the light of infrared lamps: near the lens, out of focus, fast, bright.
// **take ─▶ pictures** ─▶ file with its truth

import Base
import Foundation

/// Visits of single insects; some dart through, some hover before the lens for seconds.
struct Insects: Disturbance {
    private struct Visit {
        var times: ClosedRange<Double>
        /// Middle of the flight, its drift in pictures a second, and the wobble on it.
        var x, y, driftX, driftY: Float
        var wobble: Float
        var wobbleHertz: (x: Float, y: Float)
        /// Radius of the circle of confusion in parts of the picture's width.
        var radius: Float
        var brightness: Float

        /// Where it is; relative to the picture.
        func place(_ seconds: Double) -> (x: Float, y: Float) {
            let t = Float(seconds - (times.lowerBound + times.upperBound) / 2)
            return (
                x + driftX * t + wobble * sin(t * wobbleHertz.x * 2 * .pi),
                y + driftY * t + wobble * 0.8 * cos(t * wobbleHertz.y * 2 * .pi + 1)
            )
        }
    }

    private let visits: [Visit]
    /// Time the shutter is open at night.
    private static let exposureSeconds = 0.04

    init(seed: Int, seconds: Double) {
        var generator = SeededGenerator(seed: UInt64(bitPattern: Int64(seed)) &+ 90)
        func unit() -> Float { Float(generator.unit()) }
        var visits: [Visit] = []
        var start = 11 + generator.unit() * 5
        while start < seconds {
            let hovers = unit() < 0.25
            let length = hovers ? 1 + generator.unit() * 3 : 0.2 + generator.unit() * 1.0
            let speed: Float = hovers ? 0.08 : 0.5 + 1.1 * unit()
            let heading = unit() * 2 * .pi
            visits.append(
                Visit(
                    times: start...start + length, x: 0.15 + 0.7 * unit(), y: 0.15 + 0.7 * unit(), driftX: speed * cos(heading),
                    driftY: speed * sin(heading), wobble: 0.02 + 0.1 * unit(), wobbleHertz: (0.6 + 2 * unit(), 0.6 + 2 * unit()),
                    radius: 0.008 + 0.035 * unit() * unit(), brightness: 40 + 110 * unit()))
            // Swarms: every now and then the next one is there already.
            start += unit() < 0.3 ? generator.unit() : length + 2 + generator.unit() * 12
        }
        self.visits = visits
    }

    func apply(to picture: inout Picture, at seconds: Double) {
        for visit in visits where visit.times.contains(seconds) {
            // A streak: the disc at five moments of the exposure, each with a fifth of the light.
            for part in 0..<5 {
                let place = visit.place(seconds + Double(part) / 5 * Self.exposureSeconds)
                glow(on: &picture, place, visit.radius, visit.brightness / 5)
            }
        }
    }

    private func glow(on picture: inout Picture, _ place: (x: Float, y: Float), _ relativeRadius: Float, _ light: Float) {
        let (width, height) = (picture.width, picture.height)
        let radius = relativeRadius * Float(width)
        let (x, y) = (place.x * Float(width), place.y * Float(height))
        let rows = max(Int(y - radius), 0)..<max(min(Int(y + radius) + 1, height), max(Int(y - radius), 0))
        let columns = max(Int(x - radius), 0)..<max(min(Int(x + radius) + 1, width), max(Int(x - radius), 0))
        for row in rows {
            for column in columns {
                let (dx, dy) = (Float(column) - x, Float(row) - y)
                let inside = 1 - (dx * dx + dy * dy) / (radius * radius)
                guard inside > 0 else { continue }
                let at = row &* width &+ column
                picture.y[at] = UInt8(min(Float(picture.y[at]) + light * min(inside * 2.5, 1), 250))
            }
        }
    }
}
