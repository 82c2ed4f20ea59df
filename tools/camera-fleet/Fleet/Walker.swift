// Somebody on foot: a shaded figure with moving legs, drawn in metres so that size and steps fit the place.
// **scene ─▶ pictures** ─▶ encodings ─▶ packets ─▶ clients

import Foundation

/// A person who walks straight from one place to another.
struct Walker {
    var startSeconds: Double
    var from: StreetPoint
    var to: StreetPoint
    var metresPerSecond: Double = 1.35
    var jacket = Light(0.62, 0.16, 0.13)
    var trousers = Light(0.13, 0.15, 0.2)

    private var metres: Double {
        let (dx, dz) = (Double(to.x - from.x), Double(to.z - from.z))
        return (dx * dx + dz * dz).squareRoot()
    }

    /// From the first step to the last, in seconds of the loop.
    var times: ClosedRange<Double> { startSeconds...startSeconds + metres / metresPerSecond }

    /// Draws the figure as it stands at a time of the loop; nothing before and after the walk.
    func draw(on canvas: inout Canvas, through lens: StreetLens, at seconds: Double) {
        guard times.contains(seconds) else { return }
        let walked = Float((seconds - startSeconds) * metresPerSecond)
        let length = Float(metres)
        let heading = StreetPoint(x: (to.x - from.x) / length, y: 0, z: (to.z - from.z) / length)
        let feet = from + heading * walked
        guard let ground = lens.project(feet) else { return }
        var figure = Figure(canvas: canvas, lens: lens, feet: feet, heading: heading, metres: ground.metres)
        figure.drawShadow()
        figure.drawBody(phase: walked / 1.4 * 2 * .pi, jacket: jacket, trousers: trousers)
        canvas = figure.canvas
    }
}

/// The brush that knows where the figure's feet are.
private struct Figure {
    var canvas: Canvas
    let lens: StreetLens
    let feet: StreetPoint
    let heading: StreetPoint
    let metres: Float

    private var samplesPerMetre: Float { lens.heightOfMetre(at: metres) * Float(canvas.picture.height) }

    /// A point `ahead` metres in front of the feet, `above` the ground and `beside` them.
    private func point(_ ahead: Float, _ above: Float, _ beside: Float = 0) -> PicturePoint {
        let place = StreetPoint(
            x: feet.x + heading.x * ahead + heading.z * beside, y: above, z: feet.z + heading.z * ahead - heading.x * beside)
        guard let seen = lens.project(place) else { return PicturePoint(x: -1e4, y: -1e4) }
        return PicturePoint(x: seen.x * Float(canvas.picture.width), y: seen.y * Float(canvas.picture.height))
    }

    private mutating func limb(_ a: PicturePoint, _ b: PicturePoint, _ radiusMetres: Float, _ light: Light, _ shade: Float = 1) {
        let tint = Tint(red: light.red * shade, green: light.green * shade, blue: light.blue * shade)
        canvas.stroke(a, b, radius: radiusMetres * samplesPerMetre, tint, at: metres)
    }

    mutating func drawShadow() {
        let dark = Tint(red: 0.1, green: 0.1, blue: 0.12)
        let centre = point(0, 0)
        let scale = samplesPerMetre
        canvas.ellipse(
            PicturePoint(x: centre.x + 0.45 * scale, y: centre.y - 0.02 * scale), 0.75 * scale, 0.14 * scale, dark, opacity: 0.42,
            softness: 0.1 * scale, at: metres - 0.5, countsAsObject: false)
    }

    mutating func drawBody(phase: Float, jacket: Light, trousers: Light) {
        let lift = 0.02 * abs(cos(phase))
        let hip = 0.9 + lift
        let skin = Light(0.72, 0.55, 0.45)
        // The far arm and leg first, darker.
        arm(swing: -sin(phase), beside: -0.17, lift, jacket, skin, shade: 0.62)
        leg(swing: sin(phase), bend: cos(phase), beside: -0.08, hip, trousers, shade: 0.7)
        leg(swing: -sin(phase), bend: -cos(phase), beside: 0.08, hip, trousers, shade: 1.05)
        limb(point(0, hip), point(0.03, 1.36 + lift), 0.175, jacket, 0.8)
        limb(point(-0.04, hip + 0.08), point(0, 1.37 + lift), 0.115, jacket, 1.15)
        limb(point(0.03, 1.42 + lift), point(0.04, 1.52 + lift), 0.055, skin, 0.85)
        limb(point(0.045, 1.6 + lift), point(0.045, 1.64 + lift), 0.095, skin)
        limb(point(0, 1.67 + lift), point(0.05, 1.69 + lift), 0.09, Light(0.1, 0.09, 0.08))
        arm(swing: sin(phase), beside: 0.19, lift, jacket, skin, shade: 1)
    }

    private mutating func leg(swing: Float, bend: Float, beside: Float, _ hip: Float, _ light: Light, shade: Float) {
        let thigh = 0.44 * swing
        let knee = (ahead: 0.44 * sin(thigh) + 0.01, above: hip - 0.44 * cos(thigh))
        let shin = thigh - 0.75 * max(0, bend)
        let foot = (ahead: knee.ahead + 0.43 * sin(shin), above: max(knee.above - 0.43 * cos(shin), 0.05))
        limb(point(0, hip, beside), point(knee.ahead, knee.above, beside), 0.092, light, shade)
        limb(point(knee.ahead, knee.above, beside), point(foot.ahead, foot.above, beside), 0.068, light, shade * 0.95)
        limb(point(foot.ahead, foot.above, beside), point(foot.ahead + 0.16, foot.above - 0.01, beside), 0.05, Light(0.07, 0.07, 0.07))
    }

    private mutating func arm(swing: Float, beside: Float, _ lift: Float, _ light: Light, _ skin: Light, shade: Float) {
        let angle = 0.5 * swing
        let elbow = (ahead: 0.28 * sin(angle), above: 1.36 + lift - 0.28 * cos(angle))
        let hand = (ahead: elbow.ahead + 0.26 * sin(angle + 0.3), above: elbow.above - 0.26 * cos(angle + 0.3))
        limb(point(0, 1.36 + lift, beside), point(elbow.ahead, elbow.above, beside), 0.062, light, shade)
        limb(point(elbow.ahead, elbow.above, beside), point(hand.ahead, hand.above, beside), 0.052, light, shade * 0.95)
        limb(point(hand.ahead, hand.above, beside), point(hand.ahead, hand.above - 0.04, beside), 0.045, skin, shade)
    }
}
