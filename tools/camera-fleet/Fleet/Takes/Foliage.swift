// Crowns of trees that sway: leaves are shifted within the crown, more in gusts, and show their pale side.
// **take ─▶ pictures** ─▶ file with its truth

import Foundation

/// Every luma sample that shows leaves, and how the wind moves them. Chroma stays: leaves have one colour.
struct Foliage: Sendable {
    private struct Leaf {
        var at: Int32
        var column, row: Int16
        var phase: Float
    }

    private let still: Backdrop
    private let leaves: [Leaf]
    private let seed: Int

    init(_ backdrop: Backdrop, _ street: Street, _ lens: StreetLens, seed: Int) {
        still = backdrop
        self.seed = seed
        let (width, height) = (backdrop.picture.width, backdrop.picture.height)
        var leaves: [Leaf] = []
        for row in 0..<height {
            for column in 0..<width {
                let (x, y) = ((Float(column) + 0.5) / Float(width), (Float(row) + 0.5) / Float(height))
                guard street.showsLeaves(from: lens, x, y) else { continue }
                leaves.append(
                    Leaf(
                        at: Int32(row * width + column), column: Int16(column), row: Int16(row),
                        phase: 9 * grain(Float(column) / 14, Float(row) / 14, seed &+ 100)))
            }
        }
        self.leaves = leaves
    }

    /// Shifts the leaves of an undisturbed picture of the same street.
    func sway(_ picture: inout Picture, at seconds: Double) {
        let (width, height) = (picture.width, picture.height)
        let t = Float(seconds)
        // Gusts of some ten seconds: 1 to 6 samples of 640.
        let gust = (1 + 5 * smooth(texture(t * 0.09, 1, seed &+ 101) * 2.2 - 0.5)) * Float(width) / 640
        for leaf in leaves {
            let dx = gust * sin(t * 4.1 + leaf.phase), dy = gust * 0.5 * sin(t * 5.3 + leaf.phase * 1.7)
            let column = min(max(Int(leaf.column) + Int(dx.rounded()), 0), width - 1)
            let row = min(max(Int(leaf.row) + Int(dy.rounded()), 0), height - 1)
            let pale = 1 + 0.05 * gust * sin(t * 7 + leaf.phase * 2.3)
            picture.y[Int(leaf.at)] = scaled(still.picture.y[row &* width &+ column], pale)
        }
    }
}
