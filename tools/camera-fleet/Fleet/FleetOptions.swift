// Everything that shapes a fleet, as the command line and tests give it.
// scene ─▶ pictures ─▶ encodings ─▶ packets ─▶ **clients**

import Base
package import Media

/// How a fleet is built and how it behaves.
package struct FleetOptions: Sendable {
    package var address = "127.0.0.1"
    /// 0 takes any free port.
    package var port = 0
    package var cameras = 1
    /// Cameras take them in turn; camera 1 the first.
    package var sources: [LoopSource] = SceneName.usualMix.map { .scene($0) }
    /// Cameras take them in turn, too.
    package var codecs: [VideoCodec] = [.h264]
    package var encoding = EncodingOptions()
    package var gate = Gate(scheme: .none)
    package var faults = Faults()
    /// What the cameras say of their scenes beside the pictures; nil for nothing.
    package var metadata: MetadataKind?
    /// Where the truth is written, one JSON object a line.
    package var truthPath: String?
    /// Pictures of so much time go out in one write; nil chooses by the fleet's size.
    package var batch: Duration?
    /// True starts every camera at the beginning of its loop instead of somewhere in it.
    package var startsAligned = false

    package init() {}

    /// A single picture's time for small fleets, 100 ms for large ones.
    package var effectiveBatch: Duration {
        batch ?? (cameras <= 64 ? .seconds(1 / Double(encoding.framesPerSecond)) : .milliseconds(100))
    }

    /// What camera `number` (1…) shows and how it is coded.
    package func order(ofCamera number: Int) -> Encoding.Order {
        Encoding.Order(source: sources[(number - 1) % sources.count], codec: codecs[(number - 1) % codecs.count])
    }

    /// Refuses what cannot be served, with one sentence each.
    package func check() throws {
        func require(_ condition: Bool, _ sentence: String) throws {
            guard condition else { throw Failure(.invalidInput, sentence) }
        }
        try require((1...20_000).contains(cameras), "the number of cameras is 1 to 20000")
        try require((0...65_535).contains(port), "the port is 0 to 65535")
        try require(!sources.isEmpty && !codecs.isEmpty, "a camera needs a scene or a clip, and a codec")
        try require(!codecs.contains(.other), "the codec is h264, h265 or mjpeg")
        let e = encoding
        try require(
            (64...3840).contains(e.width) && (64...2160).contains(e.height) && e.width % 2 == 0 && e.height % 2 == 0,
            "the size is two even numbers from 64x64 to 3840x2160")
        try require((1...60).contains(e.framesPerSecond), "the frame rate is 1 to 60 pictures a second")
        try require(e.gopSeconds >= 0.1 && e.gopSeconds <= 60, "a key picture comes every 100ms to 60s")
        try require((16_000...50_000_000).contains(e.bitrateBitsPerSecond), "the bit rate is 16k to 50m")
        if case .quality(let quality) = e.rateControl { try require((18...40).contains(quality), "the quality is 18 to 40") }
        try require(
            effectiveBatch >= .milliseconds(5) && effectiveBatch <= .seconds(1), "one write holds pictures of 5ms to 1s")
    }
}
