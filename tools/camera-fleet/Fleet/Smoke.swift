// Smoke that rises somewhere and drifts.
// **scene ─▶ pictures** ─▶ encodings ─▶ packets ─▶ clients

import Foundation

/// Puffs of smoke, one after the other from one place, that rise, drift to the right and thin out.
struct Smoke {
    var source: StreetPoint
    /// From the first puff until the last has thinned out.
    var times: ClosedRange<Double>

    private static let everySeconds = 0.7
    private static let lastsSeconds = 9.0

    /// Draws the puffs of a time of the loop, the oldest first.
    func draw(on canvas: inout Canvas, through lens: StreetLens, at seconds: Double) {
        let last = Int((times.upperBound - times.lowerBound - Self.lastsSeconds) / Self.everySeconds)
        for number in 0...last {
            let age = seconds - times.lowerBound - Double(number) * Self.everySeconds
            guard age > 0, age < Self.lastsSeconds else { continue }
            let t = Float(age)
            let at = StreetPoint(x: source.x + 0.55 * t + 0.3 * scatter(number, 1, 5), y: source.y + 0.5 * t, z: source.z)
            guard let seen = lens.project(at) else { continue }
            let metre = lens.heightOfMetre(at: seen.metres) * Float(canvas.picture.height)
            let radius = (0.55 + 0.16 * t) * metre
            let grey = 0.62 + 0.2 * scatter(number, 2, 5)
            canvas.ellipse(
                PicturePoint(x: seen.x * Float(canvas.picture.width), y: seen.y * Float(canvas.picture.height)), radius, radius * 0.85,
                Tint(red: grey, green: grey, blue: grey * 1.02), opacity: 0.85 * (1 - t / Float(Self.lastsSeconds)),
                softness: 0.3 * radius, at: seen.metres)
        }
    }
}
