// A scene as a file with its truth on media time, for detectors that read files.
// **scene ─▶ pictures ─▶ file**

package import Base
import Foundation
import Media

/// Writes scenes to video files.
package enum ClipExport {
    /// Renders and encodes `loops` rounds of a scene without a seam, and writes the truth, if wanted, as camera 1.
    package static func write(
        _ scene: SceneName, loops: Int, path: String, truthPath: String?, options: FleetOptions, stop: StopSignal,
        progress: Encoding.Progress = { _, _ in }
    ) throws {
        try options.check()
        let (codec, encoding) = (options.codecs[0], options.encoding)
        let settings = encoding.settings(codec)
        let encoder = try VideoEncoder(settings)
        let writer = try ClipWriter(path: path, settings: settings)
        let renderer = SceneRenderer(
            scene, width: encoding.width, height: encoding.height, framesPerSecond: Double(encoding.framesPerSecond),
            gopPictures: encoding.gopPictures)
        let total = renderer.pictureCount * loops
        for number in 0..<total {
            for picture in try encoder.encode(renderer.picture(number), codec) { try writer.append(picture) }
            progress(number + 1, total)
            guard !stop.isRaised else { throw Failure(.cancelled, "stopped while encoding \(scene.rawValue)") }
        }
        for picture in try encoder.finish() { try writer.append(picture) }
        try writer.finish()
        guard let truthPath else { return }
        var text = ""
        for loop in 0..<loops {
            for event in renderer.events {
                let offset = Double(loop) * renderer.loopSeconds
                let line = TruthLine(
                    camera: 1, scene: scene.rawValue, event: event, startSeconds: event.startSeconds + offset,
                    endSeconds: event.endSeconds + offset)
                text += line.text + "\n"
            }
        }
        do {
            try Data(text.utf8).write(to: URL(fileURLWithPath: truthPath))
        } catch {
            throw Failure(.unavailable, "the truth file cannot be written", context: [("file", truthPath)], cause: error)
        }
    }
}
