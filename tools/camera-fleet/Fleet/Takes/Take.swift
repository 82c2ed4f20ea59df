// One long recording of a street: what disturbs its picture, by which light, and whether anything happens.
// **take ─▶ pictures** ─▶ file with its truth

/// What changes a camera's picture although nothing happens at the place.
package enum DisturbanceKind: String, Sendable, CaseIterable {
    case clouds, rain, headlights, insects, infrared, noise, clock, trees, pulsing, artefacts

    /// The lights by which it occurs.
    package var lights: [TakeLight] {
        switch self {
        case .clouds: [.day]
        case .headlights, .insects, .infrared: [.night]
        case .rain, .noise, .clock, .trees, .pulsing, .artefacts: [.day, .night]
        }
    }

    /// As few pictures a second as show the disturbance: what drifts needs few, what darts or depends on the coding of each picture more.
    package var framesPerSecond: Int {
        switch self {
        case .clouds, .noise, .clock: 5
        case .rain, .headlights, .infrared, .trees, .artefacts: 8
        case .insects, .pulsing: 12
        }
    }

    /// How the camera codes; artefacts take four bit rates in turn, pulsing starves the pictures between the key pictures.
    func coding(seed: Int) -> (bitsPerSecond: Int, gopSeconds: Double) {
        switch self {
        case .pulsing: (64_000, 2)
        case .artefacts: ([24_000, 48_000, 96_000, 192_000][seed & 3], 2)
        case .noise: (768_000, 2)
        case .clouds, .rain, .headlights, .insects, .infrared, .clock, .trees: (384_000, 2)
        }
    }
}

/// Day, or one of the two kinds of night: lamps with colour, or infrared without.
package enum TakeLight: String, Sendable, CaseIterable { case day, night }

/// A recording as it is ordered: the same order always gives the same samples.
package struct Take: Sendable, Hashable {
    /// What it is recorded for.
    package enum Purpose: Sendable, Hashable {
        /// Nothing happens: whatever is reported is false.
        case empty
        /// Walkers and vehicles come and go, one at a time.
        case events
        /// The camera itself is attacked once, and recovers.
        case tamper(TamperKind)
    }

    package var purpose: Purpose
    package var disturbance: DisturbanceKind?
    package var light: TakeLight
    package var seed: Int
    package var seconds: Double

    package init(_ purpose: Purpose, _ disturbance: DisturbanceKind?, _ light: TakeLight, seed: Int, seconds: Double) {
        (self.purpose, self.disturbance, self.light) = (purpose, disturbance, light)
        (self.seed, self.seconds) = (seed, seconds)
    }

    /// Without the file's extension; a folder for each purpose.
    package var name: String {
        let folder =
            switch purpose {
            case .empty: "empty/"
            case .events: "events/"
            case .tamper(let kind): "tamper/\(kind.rawValue)-"
            }
        return folder + (disturbance.map { $0.rawValue + "-" } ?? "") + "\(light.rawValue)-\(seed)-\(Int(seconds))s"
    }

    package var framesPerSecond: Int { disturbance?.framesPerSecond ?? 5 }

    var coding: (bitsPerSecond: Int, gopSeconds: Double) { disturbance?.coding(seed: seed) ?? (384_000, 2) }

    /// Insects are seen because infrared lamps light them up, and a camera that switches is at infrared for half of the time; otherwise
    /// every second night is lit by lamps. Headlights need a dark that has colour.
    var daylight: Daylight {
        guard light == .night else {
            if disturbance == .rain || disturbance == .noise { return .overcast }
            return .sun
        }
        switch disturbance {
        case .insects: return .infrared
        case .infrared: return .overcast
        case .headlights: return .night
        case .clouds, .rain, .noise, .clock, .trees, .pulsing, .artefacts, nil:
            return scatter(1, 50, seed) < 0.5 ? .night : .infrared
        }
    }

    var tamper: Tampering? {
        guard case .tamper(let kind) = purpose else { return nil }
        return Tampering(kind: kind, times: 45...105)
    }
}

extension Take {
    /// Seconds of one take; long enough for slow clouds and several infrared switches. A set of less than an hour has shorter takes.
    package static let usualSeconds = 360.0

    /// The takes of an endurance set: `hours` of empty scenes in equal parts, a sixth of that and at least one take each with events by
    /// every light, and each kind of tampering by day and by night.
    package static func set(hours: Double, seed: Int) -> [Take] {
        let kinds = DisturbanceKind.allCases
        let seconds = min(usualSeconds, max(60, (hours * 3600 / Double(kinds.count)).rounded()))
        let rounds = max(1, Int((hours * 3600 / seconds / Double(kinds.count)).rounded()))
        let eventRounds = max(1, rounds / 12)
        var takes: [Take] = []
        for (index, kind) in kinds.enumerated() {
            for round in 0..<rounds {
                let light = kind.lights[round % kind.lights.count]
                takes.append(Take(.empty, kind, light, seed: seed &* 100_000 &+ index &* 1_000 &+ round, seconds: seconds))
            }
            for light in kind.lights {
                for round in 0..<eventRounds {
                    let number = seed &* 100_000 &+ 50_000 &+ index &* 1_000 &+ round &* 2 &+ (light == .night ? 1 : 0)
                    takes.append(Take(.events, kind, light, seed: number, seconds: seconds))
                }
            }
        }
        for (index, kind) in TamperKind.allCases.enumerated() {
            for light in TakeLight.allCases {
                takes.append(Take(.tamper(kind), nil, light, seed: seed &* 100_000 &+ 90_000 &+ index, seconds: 150))
            }
        }
        return takes
    }
}
