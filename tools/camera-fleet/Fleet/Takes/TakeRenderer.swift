// Pictures of a take by number: street, trees, actors, what lies between, noise, in the order in which light passes them.
// **take ─▶ pictures** ─▶ file with its truth

/// Draws any picture of a take; the same number always gives the same samples. One thread at a time.
package final class TakeRenderer {
    package let take: Take
    package let width: Int
    package let height: Int
    package let pictureCount: Int
    private let lens: StreetLens
    private let street: Street
    private let plain: Backdrop
    private let actors: TakeActors
    private let disturbances: [any Disturbance]
    private let foliage: Foliage?
    private let infraredSwitch: InfraredSwitch?
    private let noise: SensorGain
    private var noiseTables: [Int: SensorNoise] = [:]
    /// Backdrops of another state of the camera, by what part of the way it has come; drawn when first needed.
    private var others: [Int: Backdrop] = [:]
    private static let steps = 12

    package init(_ take: Take, width: Int = 640, height: Int = 360) {
        self.take = take
        (self.width, self.height) = (width, height)
        pictureCount = Int((take.seconds * Double(take.framesPerSecond)).rounded())
        let lens = Stage.lens(seed: take.seed, aspect: Float(width) / Float(height), turnedDegrees: 0)
        let street = Street(seed: take.seed, daylight: take.daylight, wet: take.disturbance == .rain)
        let plain = Backdrop.make(street, from: lens, width: width, height: height)
        (self.lens, self.street, self.plain) = (lens, street, plain)
        actors = TakeActors(take, lens: lens)
        disturbances = take.disturbances
        foliage = take.disturbance == .trees ? Foliage(plain, street, lens, seed: take.seed) : nil
        infraredSwitch = take.disturbance == .infrared ? InfraredSwitch(stateSeconds: 55 + Double(take.seed % 4) * 15) : nil
        noise = take.noise
    }

    /// What truly happens, in order of its start.
    package var events: [SceneEvent] { actors.events }

    /// The picture with a number of 0..<pictureCount.
    package func picture(_ number: Int) -> Picture {
        let arrived = Double(number) / Double(take.framesPerSecond)
        let seconds = take.tamper?.shownSeconds(arrived) ?? arrived
        let isInfrared = infraredSwitch?.isInfrared(at: seconds) ?? (take.daylight == .infrared)
        let backdrop = backdrop(at: seconds, isInfrared: isInfrared)
        var base = backdrop.picture
        foliage?.sway(&base, at: seconds)
        var canvas = Canvas(base, depth: backdrop.depth)
        actors.draw(on: &canvas, at: seconds, isInfrared: isInfrared)
        var picture = canvas.picture
        if let exposure = infraredSwitch?.exposure(at: seconds), abs(exposure - 1) > 0.004 {
            for index in picture.y.indices { picture.y[index] = scaled(picture.y[index], exposure) }
        }
        for disturbance in disturbances { disturbance.apply(to: &picture, at: seconds) }
        take.tamper?.apply(to: &picture, at: seconds, seed: take.seed)
        let key = Int((seconds * Double(take.framesPerSecond)).rounded())
        noiseTable(at: seconds).add(to: &picture, index: key)
        return picture
    }

    private func noiseTable(at seconds: Double) -> SensorNoise {
        let level = noise.level(at: seconds)
        if let known = noiseTables[level] { return known }
        let deviation = noise.deviation(level: level)
        let made = SensorNoise(luma: deviation, chroma: deviation / 3, widest: width, seed: take.seed &+ level)
        noiseTables[level] = made
        return made
    }

    private func backdrop(at seconds: Double, isInfrared: Bool) -> Backdrop {
        let step: Int
        if infraredSwitch != nil {
            step = isInfrared ? Self.steps : 0
        } else if let tamper = take.tamper, tamper.kind == .defocused || tamper.kind == .moved {
            step = Int((tamper.part(at: seconds) * Float(Self.steps)).rounded())
        } else {
            step = 0
        }
        guard step > 0 else { return plain }
        if let known = others[step] { return known }
        let made = other(part: Float(step) / Float(Self.steps))
        others[step] = made
        return made
    }

    /// The street at infrared, out of focus, or from a camera that was turned by up to 27°.
    private func other(part: Float) -> Backdrop {
        if infraredSwitch != nil {
            var dark = street
            dark.daylight = .infrared
            return Backdrop.make(dark, from: lens, width: width, height: height)
        }
        guard take.tamper?.kind == .moved else { return plain.blurred(radius: Int((Float(width) / 100 * part).rounded())) }
        let turned = Stage.lens(seed: take.seed, aspect: Float(width) / Float(height), turnedDegrees: 27 * smooth(part))
        return Backdrop.make(street, from: turned, width: width, height: height, rays: part == 1 ? 2 : 1)
    }
}
