// Where a simulated camera hangs and how the street's metres become its picture's samples.
// **scene ─▶ pictures** ─▶ encodings ─▶ packets ─▶ clients

import Foundation

/// A point of the street in metres: x to the right, y up, z along the street away from the camera's pole.
struct StreetPoint {
    var x, y, z: Float

    static func + (a: Self, b: Self) -> Self { Self(x: a.x + b.x, y: a.y + b.y, z: a.z + b.z) }
    static func * (a: Self, k: Float) -> Self { Self(x: a.x * k, y: a.y * k, z: a.z * k) }
}

/// A pinhole camera on a pole beside the street.
struct StreetLens {
    let position: StreetPoint
    let yawDegrees: Float
    private let forward, right, up: StreetPoint
    /// Half the picture's height and width at a distance of one metre.
    private let halfHeight: Float
    private let halfWidth: Float

    init(x: Float, height: Float, yawDegrees: Float, pitchDegrees: Float, aspect: Float, fieldDegrees: Float = 48) {
        position = StreetPoint(x: x, y: height, z: 0)
        self.yawDegrees = yawDegrees
        let (yaw, pitch) = (yawDegrees * .pi / 180, pitchDegrees * .pi / 180)
        forward = StreetPoint(x: sin(yaw) * cos(pitch), y: -sin(pitch), z: cos(yaw) * cos(pitch))
        right = StreetPoint(x: cos(yaw), y: 0, z: -sin(yaw))
        up = StreetPoint(x: sin(yaw) * sin(pitch), y: cos(pitch), z: cos(yaw) * sin(pitch))
        halfHeight = tan(fieldDegrees / 2 * .pi / 180)
        halfWidth = halfHeight * aspect
    }

    /// The direction seen at a relative place of the picture (0…1 each), long enough to reach one metre of depth.
    func direction(_ x: Float, _ y: Float) -> StreetPoint {
        forward + right * ((2 * x - 1) * halfWidth) + up * ((1 - 2 * y) * halfHeight)
    }

    /// Where a point appears, relative to the picture, and its distance in metres; nil behind the lens.
    func project(_ point: StreetPoint) -> (x: Float, y: Float, metres: Float)? {
        let (dx, dy, dz) = (point.x - position.x, point.y - position.y, point.z - position.z)
        let depth = dx * forward.x + dy * forward.y + dz * forward.z
        guard depth > 0.3 else { return nil }
        let across = dx * right.x + dy * right.y + dz * right.z
        let above = dx * up.x + dy * up.y + dz * up.z
        return ((across / depth / halfWidth + 1) / 2, (1 - above / depth / halfHeight) / 2, depth)
    }

    /// How much of the picture's height one upright metre takes at a distance.
    func heightOfMetre(at metres: Float) -> Float { 1 / (2 * halfHeight * metres) }
}

/// A number of 0…1 that looks random and is always the same for the same three integers.
func scatter(_ a: Int, _ b: Int, _ seed: Int) -> Float {
    var h = UInt64(bitPattern: Int64(a)) &* 0x9E37_79B9_7F4A_7C15 ^ UInt64(bitPattern: Int64(b)) &* 0xC2B2_AE3D_27D4_EB4F
    h ^= UInt64(bitPattern: Int64(seed)) &* 0x1656_67B1_9E37_79F9
    h = (h ^ (h >> 29)) &* 0xBF58_476D_1CE4_E5B9
    h ^= h >> 32
    return Float(h & 0xFF_FFFF) / Float(0x100_0000)
}

/// Smooth noise of 0…1 with a grain of one unit.
func grain(_ x: Float, _ y: Float, _ seed: Int) -> Float {
    let (fx, fy) = (x.rounded(.down), y.rounded(.down))
    let (ix, iy) = (Int(fx), Int(fy))
    let (tx, ty) = (smooth(x - fx), smooth(y - fy))
    let top = scatter(ix, iy, seed) * (1 - tx) + scatter(ix + 1, iy, seed) * tx
    let bottom = scatter(ix, iy + 1, seed) * (1 - tx) + scatter(ix + 1, iy + 1, seed) * tx
    return top * (1 - ty) + bottom * ty
}

/// Three octaves of `grain`.
func texture(_ x: Float, _ y: Float, _ seed: Int) -> Float {
    grain(x, y, seed) * 0.55 + grain(x * 2.3, y * 2.3, seed + 1) * 0.3 + grain(x * 5.1, y * 5.1, seed + 2) * 0.15
}

/// 0 below 0, 1 above 1, and a soft step between.
func smooth(_ t: Float) -> Float {
    let s = min(max(t, 0), 1)
    return s * s * (3 - 2 * s)
}
