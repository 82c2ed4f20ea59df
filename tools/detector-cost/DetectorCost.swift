// What one look costs the detector, decoding left out: cell means, photometric fit, foreground, tamper, learning.
// **frames → detections**, timed

import ArgumentParser
import Detectors
import Domain
import Foundation

/// The command line of the measurement.
@main
struct DetectorCost: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "detector-cost",
        abstract: "Times the detector on one core, without decoding: microseconds a look, median of the rounds.",
        discussion:
            "Run it alone on the machine, from a release build. The scene is a quiet street with sensor noise, or the same with traffic.")

    @Option(help: "Pictures per round.") var looks = 2000
    @Option(help: "One picture size only, such as 640x360.") var size: String?
    @Option(help: "Rounds; the median is printed.") var rounds = 9

    private static let sizes = [(640, 360), (704, 576), (1280, 720), (1920, 1080)]

    func validate() throws {
        guard (1...1_000_000).contains(looks), (1...1000).contains(rounds) else {
            throw ValidationError("--looks must be 1 to 1000000 and --rounds 1 to 1000.")
        }
    }

    func run() {
        for (width, height) in Self.sizes where size == nil || size == "\(width)x\(height)" {
            for vehicles in [0, 3] {
                let street = Street(width: width, height: height, vehicles: vehicles)
                let times = (0..<rounds).map { _ in street.microsecondsPerLook(looks) }.sorted()
                let scene = "\(width)x\(height) " + (vehicles == 0 ? "quiet" : "\(vehicles) vehicles")
                print(scene + String(format: ": %.1f us a look, best %.1f", times[times.count / 2], times[0]))
            }
        }
    }
}

/// A few pictures of one scene, drawn before the clock starts.
struct Street {
    let shape: PlaneShape
    private let pictures: [[UInt8]]

    init(width: Int, height: Int, vehicles: Int) {
        let shape = PlaneShape(width: width, height: height, stride: width)
        var noise: UInt64 = 1
        pictures = (0..<16).map { index in
            var picture = [UInt8](repeating: 0, count: width * height)
            for y in 0..<height {
                for x in 0..<width {
                    noise = noise &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
                    let ground = 60 + (x * 16 / width + y * 9 / height) % 2 * 30 + x * 60 / width
                    picture[y * width + x] = UInt8(ground + Int(noise >> 33) % 5)
                }
            }
            for vehicle in 0..<vehicles {
                let left = (index + vehicle * 5) % 16 * width / 16
                for y in height * (2 + vehicle * 2) / 9..<height * (3 + vehicle * 2) / 9 {
                    for x in left..<min(width, left + width / 10) { picture[y * width + x] = 220 }
                }
            }
            return picture
        }
        self.shape = shape
    }

    /// Runs a detector of its own over the pictures in turn, ten a second of media time, after a warm-up that does not count.
    func microsecondsPerLook(_ looks: Int) -> Double {
        var detector = MotionDetector(.standard)
        var scratch = MotionScratch()
        func look(_ index: Int) {
            let picture = pictures[index & 15]
            _ = detector.examine(
                picture.span, shape, atSeconds: Double(index) / 10, kind: .full, isKeyPicture: index % 20 == 0, chroma: 12,
                scratch: &scratch)
        }
        for index in 0..<200 { look(index) }
        let start = ContinuousClock.now
        for index in 200..<200 + looks { look(index) }
        let spent = ContinuousClock.now - start
        return Double(spent.components.attoseconds) / 1e12 / Double(looks) + Double(spent.components.seconds) * 1e6 / Double(looks)
    }
}
