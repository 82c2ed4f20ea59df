// One scene's camera and actors: where the lens hangs and who is in view at a given second.
// **scene ─▶ pictures** ─▶ encodings ─▶ packets ─▶ clients

/// A scene seen through its lens, without backdrop and weather.
struct Stage {
    let name: SceneName
    let cast: Cast

    init(_ name: SceneName, aspect: Float) {
        self.name = name
        cast = Cast(
            lens: Self.lens(name, aspect: aspect, turnedDegrees: 0), walkers: name.walkers, vehicles: name.vehicles,
            smoke: name.smoke)
    }

    var lens: StreetLens { cast.lens }

    /// The pole stands on the right pavement; each street is looked at a little differently.
    static func lens(_ name: SceneName, aspect: Float, turnedDegrees: Float) -> StreetLens {
        lens(seed: name.seed, aspect: aspect, turnedDegrees: turnedDegrees)
    }

    static func lens(seed: Int, aspect: Float, turnedDegrees: Float) -> StreetLens {
        StreetLens(
            x: 2.6 + 1.6 * scatter(1, 1, seed), height: 5.1, yawDegrees: -7 - 5 * scatter(1, 2, seed) + turnedDegrees,
            pitchDegrees: 15.5 + abs(turnedDegrees) * 0.1, aspect: aspect)
    }

    /// The street, lit as the scene has it; `disturbed` is the other state of the infrared scene.
    func street(disturbed: Bool = false) -> Street {
        switch name {
        case .night: Street(seed: name.seed, daylight: .night)
        case .infrared: Street(seed: name.seed, daylight: disturbed ? .infrared : .overcast)
        case .rain: Street(seed: name.seed, daylight: .overcast, wet: true)
        case .parked, .blocked: Street(seed: name.seed, daylight: .sun, fireLane: true)
        case .shift: Street(seed: name.seed, daylight: .night)
        case .empty, .walker, .vehicle, .cloud, .covered, .turned, .defocused, .frozen, .smoke: Street(seed: name.seed, daylight: .sun)
        }
    }
}
