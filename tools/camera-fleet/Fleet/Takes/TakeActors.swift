// Walkers and vehicles of a take, one at a time with empty time between, and when each can be seen.
// **take ─▶ pictures** ─▶ file with its truth

import Base
import Domain
import Foundation

/// What happens in a take, in order of time.
struct TakeActors: Sendable {
    private enum Actor: Sendable {
        case walker(Walker)
        case vehicle(Vehicle)
    }

    private let lens: StreetLens
    private let daylight: Daylight
    private let actors: [Actor]
    /// What truly happens: for each actor the time in which enough of it is in view.
    let events: [SceneEvent]

    /// The first actor comes after 26 s: a detector that looks each 5 s has learnt the street by then.
    init(_ take: Take, lens: StreetLens) {
        self.lens = lens
        daylight = take.daylight
        guard take.purpose == .events else {
            (actors, events) = ([], [])
            return
        }
        var generator = SeededGenerator(seed: UInt64(bitPattern: Int64(take.seed)) &+ 110)
        var actors: [Actor] = []
        var events: [SceneEvent] = []
        var start = 26 + generator.unit() * 6
        while start < take.seconds - 35 {
            let actor: Actor =
                generator.unit() < 0.55
                ? .walker(Self.walker(at: start, &generator)) : .vehicle(Self.vehicle(at: start, &generator))
            guard let event = Self.event(actor, lens) else {
                start += 5
                continue
            }
            actors.append(actor)
            events.append(event)
            // Fewer than eight in a take: an incident ledger calls a place with more of them busy and joins them.
            start = event.endSeconds + 24 + generator.unit() * 20
        }
        (self.actors, self.events) = (actors, events)
    }

    /// Crosses the street between the houses, to either side.
    private static func walker(at start: Double, _ generator: inout SeededGenerator) -> Walker {
        let (near, far) = (Float(7.5 + generator.unit() * 5.5), Float(7.5 + generator.unit() * 5.5))
        let toRight = generator.unit() < 0.5
        let (left, right) = (StreetPoint(x: -9.4, y: 0, z: near), StreetPoint(x: 9.9, y: 0, z: far))
        return Walker(
            startSeconds: start, from: toRight ? left : right, to: toRight ? right : left, metresPerSecond: 1.1 + generator.unit() * 0.7,
            jacket: colour(&generator), trousers: Light(0.13, 0.15, 0.2) * Float(0.7 + generator.unit()))
    }

    /// Drives towards the camera or away at 15 to 40 km/h, from or to a yard 42 m up the street: farther away it would be seen by
    /// detectors before it is large enough to count.
    private static func vehicle(at start: Double, _ generator: inout SeededGenerator) -> Vehicle {
        let away = generator.unit() < 0.5
        let seconds = 40.5 / (4.2 + generator.unit() * 6.8)
        let path: [(seconds: Double, x: Float, z: Float)] =
            away ? [(start, 1.8, 1.5), (start + seconds, 1.8, 42)] : [(start, -1.9, 42), (start + seconds, -1.9, 1.5)]
        return Vehicle(path: path, drivesAway: away, paint: colour(&generator))
    }

    private static func colour(_ generator: inout SeededGenerator) -> Light {
        let colours = [
            Light(0.72, 0.2, 0.16), Light(0.75, 0.77, 0.8), Light(0.16, 0.28, 0.5), Light(0.1, 0.1, 0.11), Light(0.62, 0.56, 0.4),
            Light(0.85, 0.85, 0.83),
        ]
        return colours[Int(generator.unit() * Double(colours.count))]
    }

    /// Found by drawing the actor small, ten times a second.
    private static func event(_ actor: Actor, _ lens: StreetLens) -> SceneEvent? {
        var cast = Cast(lens: lens)
        let (kind, times): (String, ClosedRange<Double>)
        switch actor {
        case .walker(let walker): (cast.walkers, kind, times) = ([walker], "walker", walker.times)
        case .vehicle(let vehicle):
            (cast.vehicles, kind) = ([vehicle], "vehicle")
            times = vehicle.path[0].seconds...vehicle.path[1].seconds
        }
        let seen = stride(from: times.lowerBound, through: times.upperBound, by: 0.1).compactMap { seconds in
            cast.box(at: seconds).map { (seconds: seconds, box: $0) }
        }
        guard let first = seen.first, let last = seen.last else { return nil }
        return SceneEvent(
            kind: kind, startSeconds: first.seconds, endSeconds: last.seconds, box: seen.dropFirst().reduce(first.box) { $0.union($1.box) })
    }

    /// Draws whoever is there, in the light that there is.
    func draw(on canvas: inout Canvas, at seconds: Double, isInfrared: Bool) {
        for actor in actors {
            switch actor {
            case .walker(let walker) where walker.times.contains(seconds):
                let part = Float((seconds - walker.startSeconds) * walker.metresPerSecond)
                let way = walker.to + walker.from * -1
                let length = (way.x * way.x + way.z * way.z).squareRoot()
                light(&canvas, at: walker.from + way * (part / length), isInfrared)
                walker.draw(on: &canvas, through: lens, at: seconds)
            case .vehicle(let vehicle) where vehicle.path[0].seconds...vehicle.path[1].seconds ~= seconds:
                let (a, b) = (vehicle.path[0], vehicle.path[1])
                let place = StreetPoint(x: a.x, y: 0, z: a.z + (b.z - a.z) * Float((seconds - a.seconds) / (b.seconds - a.seconds)))
                light(&canvas, at: place, isInfrared)
                vehicle.draw(on: &canvas, through: lens, at: seconds)
                canvas.light = 1
                if daylight == .night || isInfrared { drawLamps(on: &canvas, of: vehicle, at: place) }
            case .walker, .vehicle: break
            }
        }
        canvas.light = 1
    }

    /// Street lamps give even light, a camera's infrared lamps fall off with distance as they do on the street.
    private func light(_ canvas: inout Canvas, at place: StreetPoint, _ isInfrared: Bool) {
        let metres = lens.project(place)?.metres ?? 10
        canvas.isMonochrome = isInfrared
        canvas.light = isInfrared ? min(1.1, 1.5 / (1 + metres * metres / 420)) : daylight == .night ? 0.5 : 1
    }

    /// Two bright lamps with a bloom around them; rear lamps are weaker.
    private func drawLamps(on canvas: inout Canvas, of vehicle: Vehicle, at place: StreetPoint) {
        let z = place.z - 2.2
        let (tint, strength): (Tint, Float) =
            vehicle.drivesAway ? (Tint(red: 0.75, green: 0.1, blue: 0.08), 0.5) : (Tint(red: 1, green: 0.97, blue: 0.88), 1)
        for x: Float in [-0.68, 0.68] {
            guard z > 1, let seen = lens.project(StreetPoint(x: place.x + x, y: 0.69, z: z)) else { continue }
            let metre = lens.heightOfMetre(at: seen.metres) * Float(canvas.picture.height)
            let middle = PicturePoint(x: seen.x * Float(canvas.picture.width), y: seen.y * Float(canvas.picture.height))
            let at = seen.metres - 0.3
            canvas.ellipse(middle, 0.7 * metre, 0.6 * metre, tint, opacity: 0.35 * strength, softness: 0.6 * metre, at: at)
            canvas.ellipse(middle, 0.14 * metre, 0.12 * metre, tint, opacity: strength, at: at)
        }
    }
}
