// What lies between street and picture: sensor noise, cloud shadow, rain, a hand before the lens. Each is a function of the
// picture's number alone, so that a loop closes without a seam.
// **scene ─▶ pictures** ─▶ encodings ─▶ packets ─▶ clients

import Base
import Foundation

/// Noise of an image sensor: normally distributed, new in every picture, the same in every run.
struct SensorNoise {
    private let luma: [Int16]
    private let chroma: [Int16]
    private let seed: Int
    private static let tableBits = 14

    /// - Parameters: standard deviations in steps of 8-bit video.
    init(luma: Double, chroma: Double, widest: Int, seed: Int) {
        var generator = SeededGenerator(seed: UInt64(seed))
        func table(_ deviation: Double) -> [Int16] {
            guard deviation > 0 else { return [] }
            return (0..<(1 << Self.tableBits) + widest).map { _ in
                // Twelve uniform numbers add up to a normal one of deviation 1.
                let sum = (0..<12).reduce(0.0) { total, _ in total + Double(generator.next() >> 11) * 0x1p-53 }
                return Int16(((sum - 6) * deviation).rounded())
            }
        }
        self.luma = table(luma)
        self.chroma = table(chroma)
        self.seed = seed
    }

    func add(to picture: inout Picture, index: Int) {
        Self.add(luma, to: &picture.y, width: picture.width, key: index &* 3, seed: seed)
        Self.add(chroma, to: &picture.u, width: picture.width / 2, key: index &* 3 &+ 1, seed: seed)
        Self.add(chroma, to: &picture.v, width: picture.width / 2, key: index &* 3 &+ 2, seed: seed)
    }

    private static func add(_ table: [Int16], to plane: inout [UInt8], width: Int, key: Int, seed: Int) {
        guard !table.isEmpty else { return }
        for row in 0..<plane.count / width {
            let start = row &* width
            let from = Int(scatter(key, row, seed) * Float(1 << tableBits)) & (1 << tableBits - 1)
            for column in 0..<width {
                plane[start &+ column] = UInt8(clamping: Int16(plane[start &+ column]) &+ table[from &+ column])
            }
        }
    }
}

/// The shadow of one cloud that crosses the picture from left to right during `times`.
struct CloudShadow {
    let times: ClosedRange<Double>

    /// Part of the sunlight that arrives at a relative place, 1 without a cloud.
    func sunlight(_ x: Float, _ y: Float, at seconds: Double) -> Float {
        guard times.contains(seconds) else { return 1 }
        let duration = times.upperBound - times.lowerBound
        // Both edges need four tenths of the time to cross the picture, slant and softness included.
        func covered(_ edgeStart: Double) -> Float {
            let edge = Float((seconds - times.lowerBound) / duration - edgeStart) / 0.4 * 1.9 - 0.45
            let wave = 0.06 * sin(y * 9 + 1) + 0.22 * y
            return smooth((edge - (x + wave - 0.15)) / 0.4 + 0.5)
        }
        return 1 - 0.42 * (covered(0) - covered(0.6))
    }

    func apply(to picture: inout Picture, at seconds: Double) {
        guard times.contains(seconds) else { return }
        let (width, height) = (picture.width, picture.height)
        for row in 0..<height {
            let y = Float(row) / Float(height)
            // The shadow is soft: one value each 16 samples, straight in between.
            var right = sunlight(0, y, at: seconds)
            for first in Swift.stride(from: 0, to: width, by: 16) {
                let left = right
                right = sunlight(Float(first + 16) / Float(width), y, at: seconds)
                guard left < 1 || right < 1 else { continue }
                for column in first..<min(first + 16, width) {
                    let light = left + (right - left) * Float(column - first) / 16
                    let old = Float(picture.y[row &* width &+ column]) - 16
                    picture.y[row &* width &+ column] = UInt8(min(max(old * light + 16.5, 0), 255))
                }
            }
        }
    }
}

/// Falling drops: short bright strokes, in each picture elsewhere.
struct Rainfall {
    let seed: Int

    func draw(on picture: inout Picture, index: Int) {
        let (width, height) = (picture.width, picture.height)
        for drop in 0..<190 {
            let key = index &* 1009 &+ drop
            let near = scatter(key, 1, seed)
            let length = max(Int((0.02 + 0.07 * near * near) * Float(height)), 2)
            let x0 = scatter(key, 2, seed) * Float(width)
            let y0 = Int(scatter(key, 3, seed) * 1.1 * Float(height)) - length
            let bright = 10 + 30 * scatter(key, 4, seed)
            for step in 0..<length where y0 + step >= 0 && y0 + step < height {
                let column = Int(x0 - Float(step) * 0.12)
                guard column >= 0, column < width else { continue }
                let sample = Float(picture.y[(y0 + step) * width + column]) + bright
                picture.y[(y0 + step) * width + column] = UInt8(min(sample, 235))
            }
        }
    }
}

/// A dark cloth that is pulled over the lens from above.
struct Cover {
    let seed: Int

    /// - Parameter part: 0 leaves the picture alone, 1 hides all of it.
    func draw(on picture: inout Picture, part: Float) {
        guard part > 0 else { return }
        let (width, height) = (picture.width, picture.height)
        let hems = (0..<width).map { 0.12 * sin(Float($0) / Float(width) * 5 + 1) }
        let folds = (0..<width).map { 27 + 9 * Float($0) / Float(width) + 4 * sin(Float($0) / Float(width) * 21) }
        for row in 0..<height {
            let y = Float(row) / Float(height)
            for column in 0..<width {
                let hidden = smooth((part * 1.5 - 0.15 - y - hems[column]) / 0.12)
                guard hidden > 0 else { continue }
                let cloth = folds[column] + 3 * y
                let at = row &* width &+ column
                picture.y[at] = UInt8(Float(picture.y[at]) * (1 - hidden) + cloth * hidden)
                guard row % 2 == 0, column % 2 == 0 else { continue }
                let chroma = row / 2 &* (width / 2) &+ column / 2
                picture.u[chroma] = UInt8(Float(picture.u[chroma]) * (1 - hidden) + 126 * hidden)
                picture.v[chroma] = UInt8(Float(picture.v[chroma]) * (1 - hidden) + 131 * hidden)
            }
        }
    }
}
