// What a simulated camera sees while nothing happens: the street drawn once, sharp or blurred.
// **scene ─▶ pictures** ─▶ encodings ─▶ packets ─▶ clients

/// A still picture of a street with the distances an actor needs to disappear behind things.
struct Backdrop: Sendable {
    var picture: Picture
    /// Metres to what stands up at each luma sample; infinite for ground and sky.
    var depth: [Float]

    /// Looks at every sample with `rays` × `rays` rays: 2 for smooth edges, 1 where the picture is moving anyway.
    static func make(_ street: Street, from lens: StreetLens, width: Int, height: Int, rays: Int = 2) -> Backdrop {
        var picture = Picture(width: width, height: height)
        var depth = [Float](repeating: .infinity, count: width * height)
        var chromaU = [Float](repeating: 0, count: width * height / 4)
        var chromaV = chromaU
        let step = 1 / Float(rays)
        let weight = step * step
        for row in 0..<height {
            for column in 0..<width {
                var sum = Light(0, 0, 0)
                for sub in 0..<rays * rays {
                    let x = (Float(column) + (Float(sub % rays) + 0.5) * step) / Float(width)
                    let y = (Float(row) + (Float(sub / rays) + 0.5) * step) / Float(height)
                    let seen = street.look(from: lens, x, y)
                    sum = sum + seen.light * weight
                    if sub == 0 { depth[row * width + column] = seen.depth }
                }
                let tint = Tint(red: sum.red, green: sum.green, blue: sum.blue)
                picture.y[row * width + column] = UInt8(tint.y + 0.5)
                chromaU[row / 2 * (width / 2) + column / 2] += tint.u / 4
                chromaV[row / 2 * (width / 2) + column / 2] += tint.v / 4
            }
        }
        picture.u = chromaU.map { UInt8($0 + 0.5) }
        picture.v = chromaV.map { UInt8($0 + 0.5) }
        return Backdrop(picture: picture, depth: depth)
    }

    /// The same seen out of focus; `radius` in luma samples.
    func blurred(radius: Int) -> Backdrop {
        guard radius > 0 else { return self }
        var result = self
        let (width, height) = (picture.width, picture.height)
        // Three box passes come close to a round blur.
        for _ in 0..<3 {
            result.picture.y = boxed(result.picture.y, width, height, radius)
            result.picture.u = boxed(result.picture.u, width / 2, height / 2, max(radius / 2, 1))
            result.picture.v = boxed(result.picture.v, width / 2, height / 2, max(radius / 2, 1))
        }
        return result
    }
}

/// Box blur along rows, then along columns; edges repeat.
private func boxed(_ plane: [UInt8], _ width: Int, _ height: Int, _ radius: Int) -> [UInt8] {
    func pass(_ source: [UInt8], count: Int, length: Int, stride: Int, lineStride: Int) -> [UInt8] {
        var result = source
        let size = radius * 2 + 1
        for line in 0..<count {
            let start = line * lineStride
            var sum = 0
            for k in -radius...radius { sum += Int(source[start + min(max(k, 0), length - 1) * stride]) }
            for k in 0..<length {
                result[start + k * stride] = UInt8(sum / size)
                sum += Int(source[start + min(k + radius + 1, length - 1) * stride])
                sum -= Int(source[start + max(k - radius, 0) * stride])
            }
        }
        return result
    }
    let rows = pass(plane, count: height, length: width, stride: 1, lineStride: width)
    return pass(rows, count: width, length: height, stride: width, lineStride: 1)
}
