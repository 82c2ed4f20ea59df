// The place a simulated camera looks at: road, pavements, houses, trees, sky; one ray for each sample, everything from a seed.
// **scene ─▶ pictures** ─▶ encodings ─▶ packets ─▶ clients

import Foundation

/// A colour as light that leaves a surface, 0…1 as displayed.
struct Light {
    var red, green, blue: Float

    init(_ red: Float, _ green: Float, _ blue: Float) { (self.red, self.green, self.blue) = (red, green, blue) }

    static func * (a: Self, k: Float) -> Self { Self(a.red * k, a.green * k, a.blue * k) }
    static func * (a: Self, b: Self) -> Self { Self(a.red * b.red, a.green * b.green, a.blue * b.blue) }
    static func + (a: Self, b: Self) -> Self { Self(a.red + b.red, a.green + b.green, a.blue + b.blue) }

    func mixed(_ other: Light, _ part: Float) -> Light { self * (1 - part) + other * part }
    var grey: Float { 0.3 * red + 0.59 * green + 0.11 * blue }
}

/// What lights the street.
enum Daylight { case sun, overcast, night, infrared }

/// One street with houses on both sides, fully determined by its seed.
struct Street {
    let seed: Int
    var daylight: Daylight
    /// The road is wet and mirrors what stands behind it.
    var wet = false
    /// A fire lane is marked at the right kerb.
    var fireLane = false

    /// From the middle of the road to each kerb.
    static let halfRoadMetres: Float = 4.5
    private static let leftHouses: Float = -9.5
    private static let rightHouses: Float = 10
    private static let endMetres: Float = 96
    private static let kerbMetres: Float = 0.28

    /// Trees and lamps, nearest first.
    private let trees: [(x: Float, z: Float, crown: Float)]
    private let lamps: [(x: Float, z: Float)]

    init(seed: Int, daylight: Daylight, wet: Bool = false, fireLane: Bool = false) {
        (self.seed, self.daylight, self.wet, self.fireLane) = (seed, daylight, wet, fireLane)
        trees =
            (0..<6).map { n in (x: -6.4, z: 15 + Float(n) * 12 + scatter(n, 1, seed) * 3, crown: 1.7 + scatter(n, 2, seed) * 0.7) }
            + (0..<5).map { n in (x: 6.6, z: 24 + Float(n) * 13 + scatter(n, 3, seed) * 3, crown: 1.6 + scatter(n, 4, seed) * 0.8) }
        lamps = (0..<4).map { (x: -5.4, z: 17 + Float($0) * 22) }
    }

    /// What a ray meets first.
    private struct Hit {
        var metres = Float.infinity
        var point = StreetPoint(x: 0, y: 0, z: 0)
        var surface = Surface.sky
    }

    private enum Surface { case sky, ground, leftWall, rightWall, end, leaves, wood, metal }

    /// Colour of the street in one direction, and the distance if what is seen there stands up.
    func look(from lens: StreetLens, _ x: Float, _ y: Float) -> (light: Light, depth: Float) {
        let direction = lens.direction(x, y)
        let hit = trace(lens.position, direction, ground: true)
        var light = shade(hit, direction)
        if daylight == .infrared {
            // The lamps sit around the lens: light falls off with distance and towards the picture's edge.
            let (dx, dy) = (x - 0.5, y - 0.55)
            let reach = 1.75 / (1 + hit.metres * hit.metres / 420) * max(0.3, 1 - 1.3 * (dx * dx + dy * dy))
            light = Light(1, 1, 1) * min(0.93, light.grey * (hit.metres.isFinite ? reach : 0.05) + 0.03)
        }
        if wet, hit.surface == .ground { light = mirrored(hit, direction, light) }
        return (light, hit.surface == .ground || hit.surface == .sky ? .infinity : hit.metres)
    }

    /// True where the ray meets the crown of a tree first.
    func showsLeaves(from lens: StreetLens, _ x: Float, _ y: Float) -> Bool {
        trace(lens.position, lens.direction(x, y), ground: true).surface == .leaves
    }

    private func mirrored(_ hit: Hit, _ direction: StreetPoint, _ light: Light) -> Light {
        let ripple = (texture(hit.point.x * 3, hit.point.z * 0.8, seed &+ 77) - 0.5) * 0.12
        let up = StreetPoint(x: direction.x + ripple, y: -direction.y, z: direction.z)
        let seen = shade(trace(hit.point, up, ground: false), up)
        let puddle = smooth((texture(hit.point.x * 0.5, hit.point.z * 0.35, seed &+ 78) - 0.42) * 6)
        return light.mixed(seen, 0.1 + 0.22 * puddle)
    }

    private func trace(_ from: StreetPoint, _ d: StreetPoint, ground: Bool) -> Hit {
        var hit = Hit()
        func take(_ t: Float, _ surface: Surface) {
            guard t > 0.01, t < hit.metres else { return }
            hit = Hit(metres: t, point: from + d * t, surface: surface)
        }
        if ground, d.y < 0 { take(-from.y / d.y, .ground) }
        if d.x < 0 { wall((Self.leftHouses - from.x) / d.x, .leftWall, from, d, take) }
        if d.x > 0 { wall((Self.rightHouses - from.x) / d.x, .rightWall, from, d, take) }
        guard d.z > 0 else { return hit }
        let end = (Self.endMetres - from.z) / d.z
        if from.y + d.y * end < 7 + 5 * texture((from.x + d.x * end) * 0.12, 3, seed &+ 5) { take(end, .end) }
        for (index, tree) in trees.enumerated() {
            let t = (tree.z - from.z) / d.z
            guard t > 0.5, t < hit.metres else { continue }
            let (x, y) = (from.x + d.x * t - tree.x, from.y + d.y * t)
            guard abs(x) < tree.crown + 0.6, y < 8 else { continue }
            let (ex, ey) = (x / tree.crown, (y - 4.4) / (tree.crown * 1.1))
            let rim = 0.72 + 0.55 * texture(x * 2.2 + Float(index) * 9, y * 2.2, seed &+ 11)
            if ex * ex + ey * ey < rim { take(t, .leaves) } else if abs(x) < 0.16, y < 4, y > 0 { take(t, .wood) }
        }
        for lamp in lamps {
            let t = (lamp.z - from.z) / d.z
            guard t > 0.5, t < hit.metres else { continue }
            let (x, y) = (from.x + d.x * t - lamp.x, from.y + d.y * t)
            if abs(x) < 0.08, y < 7.2, y > 0 { take(t, .metal) } else if x > -0.1, x < 1.7, abs(y - 7.2) < 0.11 { take(t, .metal) }
        }
        return hit
    }

    private func wall(_ t: Float, _ surface: Surface, _ from: StreetPoint, _ d: StreetPoint, _ take: (Float, Surface) -> Void) {
        guard t > 0 else { return }
        let (y, z) = (from.y + d.y * t, from.z + d.z * t)
        guard z < Self.endMetres, y < House(at: z, left: surface == .leftWall, seed: seed).heightMetres, y >= 0 else { return }
        take(t, surface)
    }

    private func shade(_ hit: Hit, _ d: StreetPoint) -> Light {
        let p = hit.point
        var light: Light
        switch hit.surface {
        case .sky: return sky(d)
        case .ground: light = ground(p)
        case .leftWall: light = House(at: p.z, left: true, seed: seed).face(p, night: daylight == .night) * shadow(wallLeft: true)
        case .rightWall: light = House(at: p.z, left: false, seed: seed).face(p, night: daylight == .night) * shadow(wallLeft: false)
        case .end: light = Light(0.33, 0.42, 0.33) * (0.7 + 0.6 * texture(p.x * 0.5, p.y * 0.7, seed &+ 6))
        case .leaves:
            let clump = texture(p.x * 2.6, p.y * 2.6, seed &+ 12)
            light = Light(0.22, 0.34, 0.15) * (0.35 + 1.15 * clump + 0.09 * (p.y - 4))
            if daylight == .infrared { light = light * 2.4 }
        case .wood: light = Light(0.3, 0.25, 0.2) * (0.75 + 0.5 * grain(p.x * 9, p.y * 2, seed))
        case .metal: light = Light(0.42, 0.44, 0.45)
        }
        if daylight == .night { light = light * lampLight(p) + glow(hit) }
        // Haze: distance takes colour away by day.
        let haze: Float = daylight == .night || daylight == .infrared ? 0 : (wet ? 1 - exp(-hit.metres / 75) : 1 - exp(-hit.metres / 230))
        return light.mixed(wet ? Light(0.62, 0.64, 0.66) : Light(0.74, 0.8, 0.86), haze)
    }

    private func shadow(wallLeft: Bool) -> Float {
        switch daylight {
        case .sun: wallLeft ? 0.62 : 1.04
        case .overcast: 0.78
        case .night, .infrared: 1
        }
    }

    private func sky(_ d: StreetPoint) -> Light {
        let height = max(0, d.y / max(0.2, d.z))
        switch daylight {
        case .night: return Light(0.045, 0.05, 0.085).mixed(Light(0.15, 0.11, 0.08), exp(-height * 9) * 0.8)
        case .infrared: return Light(0.02, 0.02, 0.02)
        case .overcast:
            return Light(0.7, 0.72, 0.75) * (0.92 + 0.16 * texture(d.x / d.z * 4, height * 9, seed &+ 40))
        case .sun:
            let cloud = smooth((texture(d.x / d.z * 3.5, height * 11, seed &+ 40) - 0.45) * 3.2)
            return Light(0.9, 0.93, 0.96).mixed(Light(0.46, 0.65, 0.88), smooth(height * 3.2)).mixed(Light(0.97, 0.97, 0.97), cloud * 0.75)
        }
    }

    private func lampLight(_ p: StreetPoint) -> Light {
        var sum: Float = 0.035
        for lamp in lamps {
            let (dx, dy, dz) = (p.x - lamp.x - 1.5, p.y - 7, p.z - lamp.z)
            sum += (p.y < 6.9 ? 44 : 8) / (40 + dx * dx + dy * dy * 0.5 + dz * dz)
        }
        return Light(1.1, 0.86, 0.58) * min(sum, 1.1) + Light(0.05, 0.06, 0.09)
    }

    /// Light that leaves by itself: lamp heads and lit windows.
    private func glow(_ hit: Hit) -> Light {
        let p = hit.point
        switch hit.surface {
        case .metal: return p.y > 7.05 ? Light(1, 0.9, 0.65) : Light(0, 0, 0)
        case .leftWall: return House(at: p.z, left: true, seed: seed).windowGlow(p)
        case .rightWall: return House(at: p.z, left: false, seed: seed).windowGlow(p)
        default: return Light(0, 0, 0)
        }
    }

    private func ground(_ p: StreetPoint) -> Light {
        let half = Self.halfRoadMetres
        let away = abs(p.x)
        var light: Light
        if away < half {
            light = Light(0.37, 0.375, 0.385) * (0.82 + 0.36 * texture(p.x * 1.7, p.z * 1.1, seed &+ 20))
            // Worn wheel tracks and a repaired patch.
            light = light * (1 - 0.08 * smooth(1 - abs(abs(p.x) - 2.1) / 0.5))
            if p.z > 15, p.z < 18.6, p.x > -3, p.x < -1.4 { light = light * 0.8 }
            light = light.mixed(Light(0.86, 0.86, 0.83), markings(p) * (0.62 + 0.3 * grain(p.x * 7, p.z * 7, seed &+ 21)))
            if fireLane { light = light.mixed(Light(0.85, 0.67, 0.13), fireLanePaint(p)) }
        } else if away < half + Self.kerbMetres {
            light =
                Light(0.66, 0.65, 0.62) * (away < half + 0.1 ? 0.62 : 1) * ((p.z * 1.0).truncatingRemainder(dividingBy: 1) < 0.04 ? 0.7 : 1)
        } else {
            let (tx, tz) = ((away * 2).rounded(.down), (p.z * 2).rounded(.down))
            let joint = away * 2 - tx < 0.07 || p.z * 2 - tz < 0.07
            light = Light(0.57, 0.545, 0.51) * (0.87 + 0.2 * scatter(Int(tx), Int(tz), seed &+ 22)) * (joint ? 0.78 : 1)
            light = light * (0.9 + 0.2 * texture(p.x, p.z, seed &+ 23))
        }
        if wet { light = light * 0.66 }
        return daylight == .sun ? light * sunOnGround(p) : light
    }

    /// Centre line, edge lines and the crossing, 0…1.
    private func markings(_ p: StreetPoint) -> Float {
        if p.z > 7.4, p.z < 10.4 { return (p.x + 50).truncatingRemainder(dividingBy: 1.1) < 0.55 && abs(p.x) < 4.1 ? 1 : 0 }
        if abs(p.x) < 0.08, p.z > 12, p.z.truncatingRemainder(dividingBy: 6) < 3.2 { return 1 }
        if abs(p.x) > 4.15, abs(p.x) < 4.28, !(fireLane && p.x > 0 && p.z < 24) { return 0.9 }
        return p.z > 11.2 && p.z < 11.6 && p.x > -4.2 && p.x < -0.1 ? 1 : 0
    }

    private func fireLanePaint(_ p: StreetPoint) -> Float {
        guard p.x > 1.9, p.x < 4.35, p.z > 11, p.z < 24 else { return 0 }
        let border = p.x < 2.05 || p.x > 4.2 || p.z < 11.2 || p.z > 23.8
        let hatch = (p.x + p.z).truncatingRemainder(dividingBy: 1.5) < 0.2
        return border || hatch ? 0.55 + 0.3 * grain(p.x * 6, p.z * 6, seed &+ 24) : 0
    }

    /// 1 in the sun, less in the shadow of the left houses and of trees.
    private func sunOnGround(_ p: StreetPoint) -> Float {
        let house = House(at: p.z + 3, left: true, seed: seed)
        let edge = Self.leftHouses + house.heightMetres * 0.36
        var light = 0.6 + 0.48 * smooth((p.x - edge) / 0.35 + 0.5)
        for tree in trees {
            let (dx, dz) = ((p.x - tree.x - 2.6) / (tree.crown + 0.4), (p.z - tree.z - 1.4) / tree.crown)
            let inside = 1 - (dx * dx + dz * dz)
            guard inside > 0 else { continue }
            let leaves = smooth((texture(p.x * 2.2, p.z * 2.2, seed &+ 31) - 0.35) * 4)
            light = min(light, 1.08 - 0.42 * smooth(inside * 2) * leaves)
        }
        return light
    }
}
