// Pictures of a scene by number: backdrop, actors, weather, lens, noise, in the order in which light passes them.
// **scene ─▶ pictures** ─▶ encodings ─▶ packets ─▶ clients

/// Draws any picture of one scene's loop; the same number always gives the same samples. One thread at a time.
package final class SceneRenderer {
    package let name: SceneName
    package let width: Int
    package let height: Int
    package let framesPerSecond: Double
    /// Pictures of one loop; picture `pictureCount` is picture 0 again.
    package let pictureCount: Int
    private let stage: Stage
    private let noise: SensorNoise
    private let plain: Backdrop
    /// Backdrops of the disturbed scene by how far the disturbance has come, in steps; drawn when first needed.
    private var disturbed: [Int: Backdrop] = [:]
    private static let steps = 15

    /// - Parameters:
    ///   - gopPictures: The loop's length is rounded up to whole groups of pictures.
    ///   - withNoise: False for tests that compare samples.
    package init(_ name: SceneName, width: Int, height: Int, framesPerSecond: Double, gopPictures: Int, withNoise: Bool = true) {
        self.name = name
        self.width = width
        self.height = height
        self.framesPerSecond = framesPerSecond
        let wanted = Int((name.naturalSeconds * framesPerSecond).rounded(.up))
        pictureCount = (wanted + gopPictures - 1) / gopPictures * gopPictures
        let stage = Stage(name, aspect: Float(width) / Float(height))
        self.stage = stage
        plain = Backdrop.make(stage.street(), from: stage.lens, width: width, height: height)
        let (luma, chroma): (Double, Double) =
            switch name {
            case .night, .shift: (5.5, 2.2)
            case .infrared, .rain: (2.4, 0.8)
            default: (1.6, 0.6)
            }
        noise = SensorNoise(luma: withNoise ? luma : 0, chroma: withNoise ? chroma : 0, widest: width, seed: name.seed)
    }

    package var loopSeconds: Double { Double(pictureCount) / framesPerSecond }
    /// What truly happens during one loop.
    package var events: [SceneEvent] { name.events(loopSeconds: loopSeconds, aspect: Float(width) / Float(height)) }

    /// The picture with a number, which may be any integer.
    package func picture(_ number: Int) -> Picture {
        var index = (number % pictureCount + pictureCount) % pictureCount
        if name == .frozen, let times = name.disturbance, times.contains(Double(index) / framesPerSecond) {
            index = Int((times.lowerBound * framesPerSecond).rounded(.up))
        }
        let seconds = Double(index) / framesPerSecond
        let level = disturbance(at: seconds)
        let backdrop = backdrop(level: level)
        var canvas = Canvas(backdrop.picture, depth: backdrop.depth)
        stage.cast.draw(on: &canvas, at: seconds)
        var picture = canvas.picture
        switch name {
        case .cloud: if let times = name.disturbance { CloudShadow(times: times).apply(to: &picture, at: seconds) }
        case .rain: Rainfall(seed: name.seed).draw(on: &picture, index: index)
        case .covered: Cover(seed: name.seed).draw(on: &picture, part: Float(level))
        case .infrared where level > 0 && level < 1: dim(&picture, Float(level))
        default: break
        }
        noise.add(to: &picture, index: index)
        return picture
    }

    /// 0 while the scene is as usual, 1 while it is fully disturbed, in between on the way.
    private func disturbance(at seconds: Double) -> Double {
        guard let times = name.disturbance, times.contains(seconds) else { return 0 }
        let ramp = name == .infrared ? 0.4 : 1.0
        return min((seconds - times.lowerBound) / ramp, (times.upperBound - seconds) / ramp, 1)
    }

    private func backdrop(level: Double) -> Backdrop {
        guard level > 0, name == .infrared || name == .turned || name == .defocused else { return plain }
        if name == .infrared, level < 1 { return plain }
        let step = Int((level * Double(Self.steps)).rounded())
        guard step > 0 else { return plain }
        if let known = disturbed[step] { return known }
        let part = Float(step) / Float(Self.steps)
        let aspect = Float(width) / Float(height)
        let made =
            switch name {
            case .infrared: Backdrop.make(stage.street(disturbed: true), from: stage.lens, width: width, height: height)
            case .turned:
                Backdrop.make(
                    stage.street(), from: Stage.lens(name, aspect: aspect, turnedDegrees: 34 * smooth(part)), width: width, height: height,
                    rays: step == Self.steps ? 2 : 1)
            default: plain.blurred(radius: Int((Float(width) / 120 * part).rounded()))
            }
        disturbed[step] = made
        return made
    }

    /// The moment in which the infrared filter swings out of the way.
    private func dim(_ picture: inout Picture, _ level: Float) {
        for index in picture.y.indices { picture.y[index] = UInt8(16 + (Float(picture.y[index]) - 16) * (1 - 0.75 * level)) }
        for index in picture.u.indices {
            picture.u[index] = UInt8(128 + (Float(picture.u[index]) - 128) * (1 - level))
            picture.v[index] = UInt8(128 + (Float(picture.v[index]) - 128) * (1 - level))
        }
    }
}
