// One scene's camera and actors: where the lens hangs and who is in view at a given second.
// **scene ─▶ pictures** ─▶ encodings ─▶ packets ─▶ clients

import Domain

/// A scene seen through its lens, without backdrop and weather.
struct Stage {
    let name: SceneName
    let lens: StreetLens
    let walkers: [Walker]
    let vehicles: [Vehicle]

    init(_ name: SceneName, aspect: Float) {
        self.name = name
        lens = Self.lens(name, aspect: aspect, turnedDegrees: 0)
        walkers = name.walkers
        vehicles = name.vehicles
    }

    /// The pole stands on the right pavement; each street is looked at a little differently.
    static func lens(_ name: SceneName, aspect: Float, turnedDegrees: Float) -> StreetLens {
        StreetLens(
            x: 2.6 + 1.6 * scatter(1, 1, name.seed), height: 5.1, yawDegrees: -7 - 5 * scatter(1, 2, name.seed) + turnedDegrees,
            pitchDegrees: 15.5 + abs(turnedDegrees) * 0.1, aspect: aspect)
    }

    /// The street, lit as the scene has it; `disturbed` is the other state of the infrared scene.
    func street(disturbed: Bool = false) -> Street {
        switch name {
        case .night: Street(seed: name.seed, daylight: .night)
        case .infrared: Street(seed: name.seed, daylight: disturbed ? .infrared : .overcast)
        case .rain: Street(seed: name.seed, daylight: .overcast, wet: true)
        case .parked: Street(seed: name.seed, daylight: .sun, fireLane: true)
        case .empty, .walker, .vehicle, .cloud, .covered, .turned, .defocused, .frozen: Street(seed: name.seed, daylight: .sun)
        }
    }

    /// Draws everybody who is there at a second of the loop.
    func draw(on canvas: inout Canvas, at seconds: Double) {
        for vehicle in vehicles { vehicle.draw(on: &canvas, through: lens, at: seconds) }
        for walker in walkers { walker.draw(on: &canvas, through: lens, at: seconds) }
    }

    /// Where an actor is at a second of the loop, as far as it lies in the picture; nil while too little of it can be seen.
    func box(at seconds: Double) -> RelativeBox? {
        guard !walkers.isEmpty || !vehicles.isEmpty else { return nil }
        // Fine enough to tell the size; boxes are taken from the shapes and not from the samples.
        let (width, height) = (64, 36)
        var canvas = Canvas(Picture(width: width, height: height), depth: Array(repeating: .infinity, count: width * height))
        draw(on: &canvas, at: seconds)
        guard !canvas.extent.isEmpty else { return nil }
        let left = Double(max(canvas.extent.left / Float(width), 0)), right = Double(min(canvas.extent.right / Float(width), 1))
        let top = Double(max(canvas.extent.top / Float(height), 0)), bottom = Double(min(canvas.extent.bottom / Float(height), 1))
        guard right - left >= 0.015, bottom - top >= 0.04 else { return nil }
        return RelativeBox(x: left, y: top, width: right - left, height: bottom - top)
    }
}
