// The scenes by name: what happens in each, when, and therefore what a detector ought to say about it.
// **scene** ─▶ pictures ─▶ encodings ─▶ packets ─▶ clients

package import Domain

/// A closed loop of simulated life in front of a camera.
package enum SceneName: String, Sendable, CaseIterable {
    case empty, night, walker, vehicle, parked, cloud, infrared, rain, covered, turned, defocused, frozen
    /// A vehicle that is left in the lane for half a minute, the traffic of a site at night, smoke.
    case blocked, shift, smoke

    /// Length of one loop in seconds, before it is rounded up to whole groups of pictures.
    package var naturalSeconds: Double {
        switch self {
        case .parked: 240
        case .blocked: 64
        case .empty, .night, .walker, .vehicle, .cloud, .infrared, .rain, .covered, .turned, .defocused, .frozen, .shift, .smoke: 40
        }
    }

    /// What a fleet shows when nobody asks for scenes: more than half of the cameras see somebody or something move. The parked lane
    /// is left out, since its long loop would make every start wait.
    package static let usualMix: [SceneName] = [
        .walker, .vehicle, .empty, .walker, .cloud, .vehicle, .night, .walker, .rain, .vehicle, .walker, .empty,
    ]

    /// The street it happens in.
    var seed: Int { (Self.allCases.firstIndex(of: self) ?? 0) + 11 }

    /// The part of the loop in which the scene's peculiarity is on, for scenes that have one.
    var disturbance: ClosedRange<Double>? {
        switch self {
        case .cloud: 15...29
        case .infrared: 16...32
        case .covered, .turned, .defocused, .frozen: 16...34
        case .empty, .night, .walker, .vehicle, .parked, .rain, .blocked, .shift, .smoke: nil
        }
    }

    /// While the vehicle stands, for scenes in which one does.
    var rest: ClosedRange<Double>? {
        switch self {
        case .parked: 26...216
        case .blocked: 18...46
        default: nil
        }
    }

    var walkers: [Walker] {
        guard self == .walker else { return [] }
        return [Walker(startSeconds: 17, from: StreetPoint(x: -8.2, y: 0, z: 9), to: StreetPoint(x: 12, y: 0, z: 9))]
    }

    var smoke: Smoke? { self == .smoke ? Smoke(source: StreetPoint(x: -3.2, y: 0.3, z: 15), times: 13...36) : nil }

    var vehicles: [Vehicle] {
        switch self {
        case .vehicle:
            [Vehicle(path: [(16, -1.9, 95), (32, -1.9, 1.5)], drivesAway: false, paint: Light(0.72, 0.2, 0.16))]
        case .parked, .blocked:
            rest.map { [Vehicle(path: Self.parkingPath($0), drivesAway: true)] } ?? []
        // Four lorries in half a minute, as far as a car can be one.
        case .shift:
            (0..<4).map { number in
                let start = 11 + 6 * Double(number)
                return Vehicle(
                    path: [(start, -1.9, 42), (start + 4, -1.9, 1.5)], drivesAway: false, paint: Light(0.8, 0.66, 0.2))
            }
        case .empty, .night, .walker, .cloud, .infrared, .rain, .covered, .turned, .defocused, .frozen, .smoke: []
        }
    }

    /// Comes from behind the camera, brakes into the fire lane, stands there, leaves up the street.
    private static func parkingPath(_ rest: ClosedRange<Double>) -> [(seconds: Double, x: Float, z: Float)] {
        var path: [(seconds: Double, x: Float, z: Float)] = []
        for step in 0...24 {
            let t = Float(step) / 24
            // 15 m in 6 s, evenly slower until it stands.
            path.append((rest.lowerBound - 6 + Double(t) * 6, 1.6 + 1.5 * smooth((t - 0.25) / 0.6), 1.2 + 13.8 * (2 * t - t * t)))
        }
        for step in 0...24 {
            let t = Float(step) / 2
            let driven = t < 4 ? 0.75 * t * t : 12 + 6 * (t - 4)
            path.append((rest.upperBound + Double(t), 3.1 - 1.7 * smooth((t - 0.5) / 3.5), 15 + driven))
        }
        return path
    }
}

/// One thing that truly happens in a scene, on the scene's own time.
package struct SceneEvent: Sendable, Hashable {
    /// `walker` or `vehicle` for who moves; the scene's name for what stands still and for what happens to the picture as a whole.
    package var kind: String
    package var startSeconds: Double
    package var endSeconds: Double
    /// Union of everywhere it can be seen.
    package var box: RelativeBox

    package init(kind: String, startSeconds: Double, endSeconds: Double, box: RelativeBox) {
        self.kind = kind
        self.startSeconds = startSeconds
        self.endSeconds = endSeconds
        self.box = box
    }
}

extension SceneName {
    /// What happens during one loop, in order of its start. Found by drawing the actors small, ten times a second.
    package func events(loopSeconds: Double, aspect: Float = 16 / 9) -> [SceneEvent] {
        let whole = RelativeBox(x: 0, y: 0, width: 1, height: 1)
        if self == .rain { return [SceneEvent(kind: rawValue, startSeconds: 0, endSeconds: loopSeconds, box: whole)] }
        if let disturbance {
            return [
                SceneEvent(kind: rawValue, startSeconds: disturbance.lowerBound, endSeconds: disturbance.upperBound, box: whole)
            ]
        }
        let stage = Stage(self, aspect: aspect)
        let visible = stride(from: 0, to: loopSeconds, by: 0.1).compactMap { seconds in
            stage.cast.box(at: seconds).map { (seconds: seconds, box: $0) }
        }
        func event(_ kind: String, _ from: Double, _ to: Double) -> SceneEvent? {
            let boxes = visible.filter { $0.seconds >= from && $0.seconds <= to }.map(\.box)
            guard let start = boxes.first else { return nil }
            return SceneEvent(kind: kind, startSeconds: from, endSeconds: to, box: boxes.dropFirst().reduce(start) { $0.union($1) })
        }
        // Whoever is out of view for a second is another event when somebody comes again.
        var runs: [(start: Double, end: Double)] = []
        for seen in visible {
            if let last = runs.last, seen.seconds - last.end < 1 {
                runs[runs.count - 1].end = seen.seconds
            } else {
                runs.append((seen.seconds, seen.seconds))
            }
        }
        let rounded = runs.map { (start: ($0.start * 10).rounded() / 10, end: ($0.end * 10).rounded() / 10 + 0.1) }
        guard let rest, let first = rounded.first, let last = rounded.last else {
            return rounded.compactMap { event(self == .shift ? "vehicle" : rawValue, $0.start, $0.end) }
        }
        return [
            event("vehicle", first.start, rest.lowerBound), event(rawValue, rest.lowerBound, rest.upperBound),
            event("vehicle", rest.upperBound, last.end),
        ].compactMap(\.self)
    }
}
