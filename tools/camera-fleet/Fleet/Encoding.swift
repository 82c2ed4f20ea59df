// Scenes to coded loops: each distinct scene is rendered and encoded once, as many at a time as there are processors.
// scene ─▶ **pictures ─▶ encodings** ─▶ packets ─▶ clients

package import Base
import Foundation
package import Media
import Synchronization

/// What a camera shows.
package enum LoopSource: Sendable, Hashable {
    case scene(SceneName)
    /// Path of a video file.
    case clip(String)

    package var name: String {
        switch self {
        case .scene(let scene): scene.rawValue
        case .clip(let path): (path as NSString).lastPathComponent
        }
    }
}

/// Size, rate and codec of what is encoded.
package struct EncodingOptions: Sendable, Hashable {
    package var width = 640
    package var height = 360
    package var framesPerSecond = 25
    package var gopSeconds = 2.0
    package var bitrateBitsPerSecond = 512_000
    package var rateControl = EncoderSettings.RateControl.constant

    package init() {}

    var gopPictures: Int { max(1, Int((gopSeconds * Double(framesPerSecond)).rounded())) }

    func settings(_ codec: VideoCodec) -> EncoderSettings {
        var settings = EncoderSettings(
            codec: codec, width: width, height: height, framesPerSecond: framesPerSecond,
            // Every JPEG is a key picture.
            gopPictures: codec == .mjpeg ? 1 : gopPictures, bitrateBitsPerSecond: bitrateBitsPerSecond)
        settings.rateControl = rateControl
        return settings
    }
}

/// Turns scenes and clips into loops.
package enum Encoding {
    /// One thing to encode.
    package struct Order: Sendable, Hashable {
        package var source: LoopSource
        package var codec: VideoCodec

        package init(source: LoopSource, codec: VideoCodec) {
            self.source = source
            self.codec = codec
        }
    }

    /// Called from any of the encoding threads with the pictures done and to do over all orders.
    package typealias Progress = @Sendable (_ done: Int, _ total: Int) -> Void

    /// Encodes every order, on threads of its own; blocks until all are done or one fails.
    ///
    /// - Throws: The first `Failure`; `cancelled` when `stop` was raised meanwhile.
    package static func run(
        _ orders: [Order], _ options: EncodingOptions, stop: StopSignal, progress: @escaping Progress = { _, _ in }
    ) throws -> [Order: CodedLoop] {
        struct State {
            var waiting: [Order]
            var loops: [Order: CodedLoop] = [:]
            var failure: (any Error)?
            var done = 0
        }
        // The longest first, so that no thread is left alone with it at the end.
        let sorted = Set(orders).sorted { ($0.weight, $0.source.name, $0.codec.rawValue) > ($1.weight, $1.source.name, $1.codec.rawValue) }
        let total = sorted.reduce(0) { $0 + $1.pictureEstimate(options) }
        let state = Mutex(State(waiting: sorted.reversed()))
        let threads = (0..<min(sorted.count, ProcessInfo.processInfo.activeProcessorCount)).map { number in
            OwnThread(name: "encode \(number)", stackBytes: 2 << 20) {
                while let order = state.withLock({ $0.failure == nil ? $0.waiting.popLast() : nil }) {
                    do {
                        let loop = try encode(order, options) {
                            let done = state.withLock {
                                $0.done += 1
                                return $0.done
                            }
                            progress(min(done, total), total)
                            return !stop.isRaised && state.withLock { $0.failure == nil }
                        }
                        state.withLock { $0.loops[order] = loop }
                    } catch {
                        state.withLock { $0.failure = $0.failure ?? error }
                    }
                }
            }
        }
        for thread in threads { thread.join() }
        if let failure = state.withLock({ $0.failure }) { throw failure }
        return state.withLock { $0.loops }
    }

    private static func encode(_ order: Order, _ options: EncodingOptions, goOn: () -> Bool) throws -> CodedLoop {
        switch order.source {
        case .scene(let scene): try encode(scene, order.codec, options, goOn: goOn)
        case .clip(let path): try ClipLoop.read(path: path, fallback: options, codec: order.codec, goOn: goOn)
        }
    }

    private static func encode(_ scene: SceneName, _ codec: VideoCodec, _ options: EncodingOptions, goOn: () -> Bool) throws -> CodedLoop {
        let encoder = try VideoEncoder(options.settings(codec))
        let rate = Double(options.framesPerSecond)
        let renderer = SceneRenderer(
            scene, width: options.width, height: options.height, framesPerSecond: rate, gopPictures: options.gopPictures)
        var coded: [EncodedPicture] = []
        for number in 0..<renderer.pictureCount {
            let picture = renderer.picture(number)
            coded += try encoder.encode(picture, codec)
            guard goOn() else { throw Failure(.cancelled, "stopped while encoding \(scene.rawValue)") }
        }
        coded += try encoder.finish()
        let ticks = 90_000 / rate
        return CodedLoop(
            name: scene.rawValue, codec: codec, width: options.width, height: options.height, framesPerSecond: rate,
            pictures: coded.map { LoopPicture(bytes: $0.bytes, isKey: $0.isKey, ticks: Int((Double($0.index) * ticks).rounded())) },
            events: renderer.events)
    }
}

extension Encoding.Order {
    /// How long this takes, roughly; x265 is several times slower than x264.
    fileprivate var weight: Double {
        let seconds = if case .scene(let scene) = source { scene.naturalSeconds } else { 60.0 }
        return seconds * (codec == .h265 ? 4 : 1)
    }

    fileprivate func pictureEstimate(_ options: EncodingOptions) -> Int {
        guard case .scene(let scene) = source else { return 1 }
        let wanted = Int((scene.naturalSeconds * Double(options.framesPerSecond)).rounded(.up))
        return (wanted + options.gopPictures - 1) / options.gopPictures * options.gopPictures
    }
}

extension VideoEncoder {
    /// Codes a rendered picture; JPEG uses the full range of values where video keeps to 16…235.
    func encode(_ picture: Picture, _ codec: VideoCodec) throws -> [EncodedPicture] {
        guard codec == .mjpeg else { return try encode(y: picture.y, u: picture.u, v: picture.v) }
        return try encode(
            y: picture.y.map { Self.fullLuma[Int($0)] }, u: picture.u.map { Self.fullChroma[Int($0)] },
            v: picture.v.map { Self.fullChroma[Int($0)] })
    }

    private static let fullLuma: [UInt8] = (0...255).map { UInt8(min(max((Double($0) - 16) * 255 / 219 + 0.5, 0), 255)) }
    private static let fullChroma: [UInt8] = (0...255).map { UInt8(min(max((Double($0) - 128) * 255 / 224 + 128.5, 0), 255)) }
}
