// The fronts of the houses along a street: shops below, windows above, balconies and air conditioners between.
// **scene ─▶ pictures** ─▶ encodings ─▶ packets ─▶ clients

import Foundation

/// The house that stands at one place along the street.
struct House {
    private let number: Int
    private let seed: Int
    private let left: Bool
    private static let widthMetres: Float = 12.5
    private static let floorMetres: Float = 3.1
    private static let shopMetres: Float = 3.9

    init(at z: Float, left: Bool, seed: Int) {
        number = Int(((z + (left ? 4 : 9)) / Self.widthMetres).rounded(.down)) &* 2 &+ (left ? 0 : 1)
        self.seed = seed
        self.left = left
    }

    private var floors: Int { 2 + Int(scatter(number, 50, seed) * 4) }

    /// Height of the roof's edge.
    var heightMetres: Float { Self.shopMetres + Float(floors) * Self.floorMetres + 0.5 }

    private var plaster: Light {
        let colours = [
            Light(0.78, 0.73, 0.63), Light(0.62, 0.42, 0.34), Light(0.72, 0.72, 0.7), Light(0.76, 0.66, 0.5), Light(0.8, 0.78, 0.74),
            Light(0.6, 0.62, 0.6),
        ]
        return colours[Int(scatter(number, 51, seed) * Float(colours.count))]
    }

    /// Where a point of the front lies within its house and within its window's cell.
    private func cell(_ p: StreetPoint) -> (along: Float, column: Int, row: Int, u: Float, v: Float) {
        let along = (p.z + (left ? 4 : 9)) - (Float(number >> 1) * Self.widthMetres)
        let pitch = 2.5 + 0.6 * scatter(number, 52, seed)
        let column = (along / pitch).rounded(.down)
        let height = (p.y - Self.shopMetres) / Self.floorMetres
        let row = height.rounded(.down)
        return (along, Int(column), Int(row), along / pitch - column, height - row)
    }

    /// Colour of the front at a point.
    func face(_ p: StreetPoint, night: Bool) -> Light {
        let place = cell(p)
        // Between two houses lies a narrow dark gap.
        if place.along < 0.25 { return Light(0.13, 0.13, 0.14) }
        if p.y < Self.shopMetres { return shop(p, place.along, night: night) }
        if p.y > heightMetres - 0.5 { return plaster * 0.82 }
        var wall = plaster * (0.88 + 0.2 * texture(place.along * 1.2, p.y * 0.9, seed &+ number))
        // Rain has drawn streaks below the sills.
        wall = wall * (1 - 0.1 * smooth(grain(place.along * 2.7, 1, seed &+ number &+ 3) * 3 - 1.6))
        if place.v < 0.05 { return wall * 0.8 }
        if isWindow(place.u, place.v) { return window(place) }
        if place.u > 0.14, place.u < 0.82, place.v > 0.22, place.v < 0.29 { return wall * 1.12 }
        let hasCooler = scatter(place.column, place.row, seed &+ number &+ 7) < 0.4
        if hasCooler, place.u > 0.84, place.u < 0.99, place.v > 0.3, place.v < 0.52 {
            return Light(0.8, 0.8, 0.78) * (place.v < 0.34 ? 0.6 : 1)
        }
        return wall
    }

    private func isWindow(_ u: Float, _ v: Float) -> Bool { u > 0.18 && u < 0.78 && v > 0.3 && v < 0.8 }

    private func window(_ place: (along: Float, column: Int, row: Int, u: Float, v: Float)) -> Light {
        let middle = abs(place.u - 0.48) < 0.02 || place.u < 0.21 || place.u > 0.75 || place.v > 0.77 || place.v < 0.33
        if middle { return Light(0.75, 0.76, 0.76) }
        let curtain = scatter(place.column, place.row, seed &+ number &+ 8)
        let glass = Light(0.19, 0.24, 0.29) * (0.7 + 0.8 * place.v)
        guard curtain > 0.6 else { return glass }
        return place.u < 0.48 ? glass.mixed(Light(0.62, 0.58, 0.52), 0.7) : glass
    }

    private func shop(_ p: StreetPoint, _ along: Float, night: Bool) -> Light {
        let shopNumber = Int(along / 4.1)
        let u = along / 4.1 - Float(shopNumber)
        let colours = [
            Light(0.66, 0.16, 0.13), Light(0.13, 0.33, 0.5), Light(0.75, 0.57, 0.15), Light(0.16, 0.42, 0.27), Light(0.52, 0.5, 0.48),
        ]
        let sign = colours[Int(scatter(shopNumber, 53, seed &+ number) * Float(colours.count))]
        if u < 0.05 { return plaster * 0.85 }
        if p.y > 2.75, p.y < 3.65 {
            // Strokes that read as lettering from afar.
            let letter = grain(along * 7, p.y * 7, seed &+ number &+ 9) > 0.58 && p.y > 2.95 && p.y < 3.45 && u > 0.2 && u < 0.85
            return letter ? sign.mixed(Light(0.93, 0.9, 0.8), 0.8) : sign
        }
        if p.y >= 3.65 { return plaster * 0.75 }
        let isShut = scatter(shopNumber, 54, seed &+ number) < 0.45
        if isShut { return Light(0.55, 0.56, 0.57) * ((p.y * 7).truncatingRemainder(dividingBy: 1) < 0.25 ? 0.75 : 1) }
        let frame = abs(u - 0.5) < 0.015 || u < 0.09 || p.y < 0.35
        return frame ? Light(0.5, 0.48, 0.45) : Light(0.2, 0.22, 0.24) * (0.7 + 0.7 * texture(along * 1.6, p.y * 1.6, seed &+ number &+ 10))
    }

    /// Light from windows where somebody is awake.
    func windowGlow(_ p: StreetPoint) -> Light {
        let place = cell(p)
        guard place.along >= 0.25 else { return Light(0, 0, 0) }
        if p.y < Self.shopMetres {
            let shopNumber = Int(place.along / 4.1)
            let isOpen = scatter(shopNumber, 54, seed &+ number) > 0.85 && p.y < 2.75 && p.y > 0.35
            return isOpen ? Light(0.55, 0.48, 0.36) : Light(0, 0, 0)
        }
        guard p.y < heightMetres - 0.5, isWindow(place.u, place.v), scatter(place.column, place.row, seed &+ number &+ 13) < 0.22 else {
            return Light(0, 0, 0)
        }
        return Light(0.72, 0.56, 0.34) * (0.5 + 0.6 * scatter(place.column, place.row, seed &+ number &+ 14))
    }
}
