// Rain that comes and goes: thin strokes far away, wide soft ones near the lens.
// **take ─▶ pictures** ─▶ file with its truth

import Foundation

/// Falling drops, in each picture elsewhere; infrared lamps make the near ones glare.
struct Shower: Disturbance {
    let seed: Int
    let isLit: Bool

    func apply(to picture: inout Picture, at seconds: Double) {
        let (width, height) = (picture.width, picture.height)
        // From drizzle to downpour and back within a few minutes.
        let strength = 0.15 + 0.85 * smooth(0.5 + 0.5 * sin(Float(seconds) / 47 + 6.28 * scatter(1, 70, seed)))
        let slant = 0.05 + 0.25 * scatter(2, 70, seed)
        for drop in 0..<Int(260 * strength) {
            let key = Int(seconds * 1000) &* 1009 &+ drop
            let near = scatter(key, 1, seed)
            // One drop in fifteen passes near the lens: wide, long and pale.
            let wide = near > 0.93 ? 1 + Int(scatter(key, 5, seed) * 3) : 0
            let length = max(Int((0.02 + 0.16 * near * near) * Float(height)), 2)
            let x0 = scatter(key, 2, seed) * Float(width)
            let y0 = Int(scatter(key, 3, seed) * 1.2 * Float(height)) - length
            let bright = (8 + 26 * scatter(key, 4, seed)) * (isLit ? 1.7 : 1) / Float(1 + wide)
            for step in 0..<length where y0 + step >= 0 && y0 + step < height {
                let middle = Int(x0 - Float(step) * slant)
                for column in max(middle - wide, 0)..<max(min(middle + wide + 1, width), max(middle - wide, 0)) {
                    let at = (y0 + step) * width + column
                    picture.y[at] = UInt8(min(Float(picture.y[at]) + bright, 235))
                }
            }
        }
    }
}
