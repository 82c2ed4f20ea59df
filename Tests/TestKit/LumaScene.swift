// Luma pictures with known contents, drawn by arithmetic: what detector tests look at.
// **frames** → detections → incidents

package import Domain

/// A grey street with texture, seeded, on which rectangles can be placed and the light changed.
package struct LumaScene: Sendable {
    /// A textured rectangle in samples.
    package struct Thing: Sendable {
        package var x, y, width, height: Int
        package var brightness: Int

        package init(x: Int, y: Int, width: Int, height: Int, brightness: Int) {
            self.x = x
            self.y = y
            self.width = width
            self.height = height
            self.brightness = brightness
        }
    }

    package let shape: PlaneShape
    private var background: [UInt8]
    private var noise: UInt64

    /// - Parameters:
    ///   - padding: Extra samples at the end of each row, filled with garbage that nobody may read.
    ///   - gravelLevels: Strength of a fixed fine texture, which a lens out of focus loses; 0 for smooth ground.
    package init(width: Int, height: Int, seed: UInt64, padding: Int = 0, gravelLevels: Int = 0) {
        shape = PlaneShape(width: width, height: height, stride: width + padding)
        noise = seed
        var samples = [UInt8](repeating: 255, count: shape.stride * height)
        for y in 0..<height {
            for x in 0..<width {
                // Stripes and a slope give the photometric fit something to hold on to.
                let stripe = (x / 24 + y / 16) % 2 == 0 ? 24 : 0
                let gravel = (x * 7919 + y * 104_729 + x * y * 31) % (gravelLevels + 1)
                samples[y * shape.stride + x] = UInt8(60 + stripe + x * 60 / max(1, width) + y * 30 / max(1, height) + gravel)
            }
        }
        background = samples
    }

    /// Draws one picture.
    ///
    /// - Parameters:
    ///   - gain: Multiplies every sample, with `offset` added: a change of exposure.
    ///   - noiseLevels: Largest deviation of the sensor noise.
    package mutating func picture(_ things: [Thing] = [], gain: Double = 1, offset: Double = 0, noiseLevels: Int = 2) -> [UInt8] {
        var samples = background
        for thing in things {
            for y in (thing.y..<thing.y + thing.height).clamped(to: 0..<shape.height) {
                for x in (thing.x..<thing.x + thing.width).clamped(to: 0..<shape.width) {
                    let texture = ((x - thing.x) / 8 + (y - thing.y) / 8) % 2 * 16
                    samples[y * shape.stride + x] = UInt8(min(255, max(0, thing.brightness + texture)))
                }
            }
        }
        let span = UInt64(2 * noiseLevels + 1)
        for y in 0..<shape.height {
            for x in 0..<shape.width {
                noise = noise &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
                let wobble = Int((noise >> 33) % span) - noiseLevels
                let index = y * shape.stride + x
                samples[index] = UInt8(min(255, max(0, Int(Double(samples[index]) * gain + offset) + wobble)))
            }
        }
        return samples
    }

    /// The same street through a lens that is out of focus: every sample is the mean of those within a radius.
    package func outOfFocus(radius: Int) -> LumaScene {
        var scene = self
        for step in [1, shape.stride] {
            let source = scene.background
            for i in radius * step..<source.count - radius * step {
                var sum = 0
                for k in -radius...radius { sum += Int(source[i + k * step]) }
                scene.background[i] = UInt8(sum / (2 * radius + 1))
            }
        }
        return scene
    }
}
