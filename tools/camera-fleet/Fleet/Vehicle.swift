// A car: a body and a cabin with shaded sides, windows, lamps and wheels, drawn in metres.
// **scene ─▶ pictures** ─▶ encodings ─▶ packets ─▶ clients

import Foundation

/// A car that follows a path of places in time.
struct Vehicle {
    /// Where the car's middle is at which second; straight and even in between. In order of time.
    var path: [(seconds: Double, x: Float, z: Float)]
    /// The car looks along +z when true, towards the camera when false.
    var drivesAway: Bool
    var paint = Light(0.75, 0.77, 0.8)

    /// Draws the car at a time of the loop; nothing before and after its path.
    func draw(on canvas: inout Canvas, through lens: StreetLens, at seconds: Double) {
        guard let first = path.first, let last = path.last, seconds >= first.seconds, seconds <= last.seconds else { return }
        let index = max(path.firstIndex { $0.seconds >= seconds } ?? 1, 1)
        let (a, b) = (path[index - 1], path[index])
        let part = Float((seconds - a.seconds) / max(b.seconds - a.seconds, 1e-9))
        let place = StreetPoint(x: a.x + (b.x - a.x) * part, y: 0, z: a.z + (b.z - a.z) * part)
        // Heading follows the path, at most 14° off the street's direction.
        let drift = b.z == a.z ? 0 : max(-0.25, min(0.25, (b.x - a.x) / (b.z - a.z)))
        let turn = (drivesAway ? 0 : Float.pi) + atan(drift)
        guard let seen = lens.project(place), lens.project(StreetPoint(x: place.x, y: 0, z: place.z - 2.4)) != nil else { return }
        var body = CarBody(canvas: canvas, lens: lens, place: place, turn: turn, paint: paint, metres: max(seen.metres - 2.4, 0.5))
        body.draw()
        canvas = body.canvas
    }
}

private struct CarBody {
    var canvas: Canvas
    let lens: StreetLens
    let place: StreetPoint
    let turn: Float
    let paint: Light
    let metres: Float

    /// A block with a smaller top: half widths and the ends along the car, at the bottom and at the top.
    private struct Block {
        var bottom, top: Float
        var halfBottom, halfTop: Float
        var rearBottom, frontBottom, rearTop, frontTop: Float
    }

    private static let hull = Block(
        bottom: 0.27, top: 0.88, halfBottom: 0.88, halfTop: 0.85, rearBottom: -2.15, frontBottom: 2.15, rearTop: -2.1, frontTop: 2.02)
    private static let cabin = Block(
        bottom: 0.88, top: 1.45, halfBottom: 0.82, halfTop: 0.64, rearBottom: -1.85, frontBottom: 0.95, rearTop: -1.25, frontTop: 0.25)

    /// Across, up and along the car to the street.
    private func world(_ x: Float, _ y: Float, _ z: Float) -> StreetPoint {
        StreetPoint(x: place.x + x * cos(turn) + z * sin(turn), y: y, z: place.z - x * sin(turn) + z * cos(turn))
    }

    private func seen(_ corners: [StreetPoint]) -> [PicturePoint]? {
        var points: [PicturePoint] = []
        for corner in corners {
            guard let point = lens.project(corner) else { return nil }
            points.append(PicturePoint(x: point.x * Float(canvas.picture.width), y: point.y * Float(canvas.picture.height)))
        }
        return points
    }

    private mutating func fill(_ corners: [StreetPoint], _ light: Light, _ shade: Float = 1, opacity: Float = 1, isObject: Bool = true) {
        guard let points = seen(corners) else { return }
        let tint = Tint(red: light.red * shade, green: light.green * shade, blue: light.blue * shade)
        canvas.fill(points, tint, opacity: opacity, at: metres, countsAsObject: isObject)
    }

    private enum Side: CaseIterable { case left, right, front, rear }

    private func corners(_ block: Block, _ side: Side) -> [StreetPoint] {
        let b = block
        return switch side {
        case .left:
            [
                world(-b.halfBottom, b.bottom, b.rearBottom), world(-b.halfBottom, b.bottom, b.frontBottom),
                world(-b.halfTop, b.top, b.frontTop), world(-b.halfTop, b.top, b.rearTop),
            ]
        case .right:
            [
                world(b.halfBottom, b.bottom, b.rearBottom), world(b.halfBottom, b.bottom, b.frontBottom),
                world(b.halfTop, b.top, b.frontTop), world(b.halfTop, b.top, b.rearTop),
            ]
        case .front:
            [
                world(-b.halfBottom, b.bottom, b.frontBottom), world(b.halfBottom, b.bottom, b.frontBottom),
                world(b.halfTop, b.top, b.frontTop), world(-b.halfTop, b.top, b.frontTop),
            ]
        case .rear:
            [
                world(-b.halfBottom, b.bottom, b.rearBottom), world(b.halfBottom, b.bottom, b.rearBottom),
                world(b.halfTop, b.top, b.rearTop), world(-b.halfTop, b.top, b.rearTop),
            ]
        }
    }

    /// True when the lens is on the outer side of a face.
    private func faces(_ side: Side, _ block: Block) -> Bool {
        let middle = (block.rearBottom + block.frontBottom) / 2
        let (outer, inner): (StreetPoint, StreetPoint) =
            switch side {
            case .left: (world(-block.halfBottom, 0, middle), world(0, 0, middle))
            case .right: (world(block.halfBottom, 0, middle), world(0, 0, middle))
            case .front: (world(0, 0, block.frontBottom), world(0, 0, 0))
            case .rear: (world(0, 0, block.rearBottom), world(0, 0, 0))
            }
        let (nx, nz) = (outer.x - inner.x, outer.z - inner.z)
        return nx * (lens.position.x - outer.x) + nz * (lens.position.z - outer.z) > 0
    }

    /// The sun stands to the left of the street.
    private func sunlight(_ side: Side) -> Float {
        let across: Float = side == .left ? -cos(turn) : side == .right ? cos(turn) : 0
        return 0.84 - 0.26 * across
    }

    mutating func draw() {
        let dark = Light(0.05, 0.05, 0.06)
        for (spread, opacity): (Float, Float) in [(0.28, 0.2), (0.12, 0.3), (-0.05, 0.45)] {
            fill(
                [
                    world(-0.9 - spread, 0, -2.15 - spread), world(0.9 + spread, 0, -2.15 - spread),
                    world(0.9 + spread, 0, 2.15 + spread), world(-0.9 - spread, 0, 2.15 + spread),
                ].map { StreetPoint(x: $0.x + 0.15, y: 0, z: $0.z) }, dark, opacity: opacity, isObject: false)
        }
        let visible = Side.allCases.filter { faces($0, Self.hull) }
        for side in visible { drawHull(side) }
        let b = Self.hull
        fill(
            [
                world(-b.halfTop, b.top, b.rearTop), world(b.halfTop, b.top, b.rearTop), world(b.halfTop, b.top, b.frontTop),
                world(-b.halfTop, b.top, b.frontTop),
            ], paint, 1.08)
        for side in visible {
            let face = corners(Self.cabin, side)
            fill(face, paint, sunlight(side) * 0.9)
            fill(inset(face, 0.86), Light(0.13, 0.17, 0.21), side == .left ? 1.25 : 1)
            if side == .left || side == .right { fill(post(face), paint, sunlight(side) * 0.8) }
        }
        let c = Self.cabin
        fill(
            [
                world(-c.halfTop, c.top, c.rearTop), world(c.halfTop, c.top, c.rearTop), world(c.halfTop, c.top, c.frontTop),
                world(-c.halfTop, c.top, c.frontTop),
            ], paint, 1.16)
    }

    private mutating func drawHull(_ side: Side) {
        fill(corners(Self.hull, side), paint, sunlight(side))
        switch side {
        case .left, .right:
            let x: Float = (side == .left ? -1 : 1) * 0.885
            fill([world(x, 0.27, -2.1), world(x, 0.27, 2.1), world(x, 0.4, 2.12), world(x, 0.4, -2.1)], Light(0.12, 0.12, 0.13))
            for z: Float in [-1.35, 1.4] {
                fill(disc(x, 0.33, z, 0.37), Light(0.06, 0.06, 0.06))
                fill(disc(x * 1.01, 0.33, z, 0.2), Light(0.55, 0.56, 0.58), sunlight(side))
            }
        case .front, .rear:
            let z: Float = side == .front ? 2.13 : -2.14
            let lamp = side == .front ? Light(0.95, 0.94, 0.86) : Light(0.72, 0.08, 0.07)
            fill([world(-0.86, 0.28, z), world(0.86, 0.28, z), world(0.86, 0.45, z), world(-0.86, 0.45, z)], Light(0.13, 0.13, 0.14))
            for x: Float in [-0.68, 0.68] {
                fill([world(x - 0.16, 0.62, z), world(x + 0.16, 0.62, z), world(x + 0.16, 0.76, z), world(x - 0.16, 0.76, z)], lamp)
            }
        }
    }

    private func disc(_ x: Float, _ y: Float, _ z: Float, _ radius: Float) -> [StreetPoint] {
        (0..<14).map { n in
            let angle = Float(n) / 14 * 2 * .pi
            return world(x, y + radius * sin(angle), z + radius * cos(angle))
        }
    }

    private func inset(_ corners: [StreetPoint], _ part: Float) -> [StreetPoint] {
        let middle = corners.reduce(StreetPoint(x: 0, y: 0, z: 0), +) * 0.25
        return corners.map { middle * (1 - part) + $0 * part }
    }

    /// The post between front and rear door.
    private func post(_ c: [StreetPoint]) -> [StreetPoint] {
        func along(_ a: StreetPoint, _ b: StreetPoint, _ t: Float) -> StreetPoint { a * (1 - t) + b * t }
        return [along(c[0], c[1], 0.5), along(c[0], c[1], 0.54), along(c[3], c[2], 0.56), along(c[3], c[2], 0.52)]
    }
}
