// One 4:2:0 picture in memory and the few shapes that actors are drawn with.
// **scene ─▶ pictures** ─▶ encodings ─▶ packets ─▶ clients

/// A colour as luma and chroma, 8-bit video range (BT.601).
struct Tint {
    var y, u, v: Float

    /// - Parameters: 0…1 each, as displayed.
    init(red: Float, green: Float, blue: Float) {
        let (r, g, b) = (min(max(red, 0), 1), min(max(green, 0), 1), min(max(blue, 0), 1))
        y = 16 + 65.481 * r + 128.553 * g + 24.966 * b
        u = 128 - 37.797 * r - 74.203 * g + 112 * b
        v = 128 + 112 * r - 93.786 * g - 18.214 * b
    }

    /// The same colour under more or less light.
    func lit(_ light: Float) -> Tint {
        var result = self
        result.y = 16 + (y - 16) * light
        return result
    }
}

/// A point in a picture, in luma samples from its upper left corner.
struct PicturePoint {
    var x, y: Float
}

/// Planes of a 4:2:0 picture without row gaps; sides are even.
package struct Picture: Equatable, Sendable {
    package let width: Int
    package let height: Int
    package internal(set) var y: [UInt8]
    package internal(set) var u: [UInt8]
    package internal(set) var v: [UInt8]

    /// A grey picture.
    package init(width: Int, height: Int, luma: UInt8 = 16) {
        precondition(width > 0 && height > 0 && width % 2 == 0 && height % 2 == 0, "a 4:2:0 picture has even sides")
        self.width = width
        self.height = height
        y = Array(repeating: luma, count: width * height)
        u = Array(repeating: 128, count: width * height / 4)
        v = u
    }
}

/// The smallest upright rectangle around what was drawn, in luma samples; empty until something was.
struct DrawnExtent {
    var left = Float.infinity, top = Float.infinity, right = -Float.infinity, bottom = -Float.infinity

    var isEmpty: Bool { left >= right || top >= bottom }

    mutating func include(_ point: PicturePoint, radius: Float = 0) {
        left = min(left, point.x - radius)
        right = max(right, point.x + radius)
        top = min(top, point.y - radius)
        bottom = max(bottom, point.y + radius)
    }
}

/// A picture under the brush: shapes are blended with soft edges, and hidden by what stands nearer.
struct Canvas {
    var picture: Picture
    /// Distance in metres of what stands up in the background at each luma sample; the ground counts as infinitely far.
    let depth: [Float]
    /// What `fill` has covered since it was last emptied; shadows do not count.
    var extent = DrawnExtent()
    /// The light in which actors stand: 1 by day, less at night.
    var light: Float = 1
    /// True for an infrared camera, which sees no colour.
    var isMonochrome = false

    init(_ picture: Picture, depth: [Float]) {
        self.picture = picture
        self.depth = depth
    }

    /// Fills a convex polygon given in either sense of rotation.
    mutating func fill(_ corners: [PicturePoint], _ tint: Tint, opacity: Float = 1, at metres: Float, countsAsObject: Bool = true) {
        guard corners.count >= 3 else { return }
        // Edges as lines whose positive side is inside; the doubled area tells the sense of rotation.
        var area: Float = 0
        for (index, a) in corners.enumerated() {
            let b = corners[(index + 1) % corners.count]
            area += a.x * b.y - b.x * a.y
        }
        guard abs(area) > 0.02 else { return }
        let sense: Float = area > 0 ? 1 : -1
        var edges: [(nx: Float, ny: Float, c: Float)] = []
        for (index, a) in corners.enumerated() {
            let b = corners[(index + 1) % corners.count]
            let (dx, dy) = (b.x - a.x, b.y - a.y)
            let length = (dx * dx + dy * dy).squareRoot()
            guard length > 1e-4 else { continue }
            let (nx, ny) = (-dy / length * sense, dx / length * sense)
            edges.append((nx, ny, -(nx * a.x + ny * a.y)))
        }
        var box = DrawnExtent()
        for corner in corners { box.include(corner) }
        if countsAsObject { for corner in corners { extent.include(corner) } }
        blend(tint, opacity, metres, box) { x, y in
            var nearest = Float.infinity
            for edge in edges { nearest = min(nearest, edge.nx * x + edge.ny * y + edge.c) }
            return nearest
        }
    }

    /// Draws a line with round ends.
    mutating func stroke(_ a: PicturePoint, _ b: PicturePoint, radius: Float, _ tint: Tint, at metres: Float) {
        var box = DrawnExtent()
        box.include(a, radius: radius)
        box.include(b, radius: radius)
        extent.include(a, radius: radius)
        extent.include(b, radius: radius)
        let (dx, dy) = (b.x - a.x, b.y - a.y)
        let squared = max(dx * dx + dy * dy, 1e-6)
        blend(tint, 1, metres, box) { x, y in
            let along = min(max(((x - a.x) * dx + (y - a.y) * dy) / squared, 0), 1)
            let (ex, ey) = (x - a.x - dx * along, y - a.y - dy * along)
            return radius - (ex * ex + ey * ey).squareRoot()
        }
    }

    /// Fills an upright ellipse; `softness` in samples widens its edge, as for shadows.
    mutating func ellipse(
        _ centre: PicturePoint, _ radiusX: Float, _ radiusY: Float, _ tint: Tint, opacity: Float = 1, softness: Float = 1,
        at metres: Float, countsAsObject: Bool = true
    ) {
        guard radiusX > 0.05, radiusY > 0.05 else { return }
        var box = DrawnExtent()
        box.include(PicturePoint(x: centre.x - radiusX, y: centre.y - radiusY), radius: softness)
        box.include(PicturePoint(x: centre.x + radiusX, y: centre.y + radiusY), radius: softness)
        if countsAsObject {
            extent.include(PicturePoint(x: centre.x - radiusX, y: centre.y - radiusY))
            extent.include(PicturePoint(x: centre.x + radiusX, y: centre.y + radiusY))
        }
        let scale = min(radiusX, radiusY) / max(softness, 1)
        blend(tint, opacity, metres, box) { x, y in
            let (ex, ey) = ((x - centre.x) / radiusX, (y - centre.y) / radiusY)
            return (1 - (ex * ex + ey * ey).squareRoot()) * scale
        }
    }

    /// Blends where `inside` (signed distance in samples, positive within) says, first luma, then chroma at half the size.
    private mutating func blend(
        _ tint: Tint, _ opacity: Float, _ metres: Float, _ box: DrawnExtent, _ inside: (Float, Float) -> Float
    ) {
        var tint = tint.lit(light)
        if isMonochrome { (tint.u, tint.v) = (128, 128) }
        let (width, height) = (picture.width, picture.height)
        let left = max(Int(box.left) - 1, 0), right = min(Int(box.right) + 2, width)
        let top = max(Int(box.top) - 1, 0), bottom = min(Int(box.bottom) + 2, height)
        guard left < right, top < bottom, box.right > 0, box.bottom > 0 else { return }
        for row in top..<bottom {
            for column in left..<right where depth[row &* width &+ column] > metres {
                let cover = min(max(inside(Float(column) + 0.5, Float(row) + 0.5) + 0.5, 0), 1) * opacity
                if cover > 0 { mix(&picture.y[row &* width &+ column], tint.y, cover) }
            }
        }
        for row in top / 2..<(bottom + 1) / 2 {
            for column in left / 2..<(right + 1) / 2 where depth[row &* 2 &* width &+ column &* 2] > metres {
                let cover = min(max(inside(Float(column) * 2 + 1, Float(row) * 2 + 1) * 0.5 + 0.5, 0), 1) * opacity
                guard cover > 0 else { continue }
                mix(&picture.u[row &* width / 2 &+ column], tint.u, cover)
                mix(&picture.v[row &* width / 2 &+ column], tint.v, cover)
            }
        }
    }
}

@inline(__always)
private func mix(_ sample: inout UInt8, _ value: Float, _ cover: Float) {
    let old = Float(sample)
    sample = UInt8(min(max(old + (value - old) * cover + 0.5, 0), 255))
}
