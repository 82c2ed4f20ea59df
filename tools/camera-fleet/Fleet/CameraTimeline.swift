// Which picture each camera has reached, as a function of time alone: nothing drifts, nothing is counted.
// scene ─▶ pictures ─▶ encodings ─▶ **packets** ─▶ clients

import Base

/// One camera's own place in its loop and its own marks on the packets.
package struct CameraTimeline: Sendable {
    /// 1…N, as in its URL.
    package let number: Int
    /// Index of its encoding.
    package let loop: Int
    package let framesPerSecond: Double
    /// Pictures by which the camera was ahead when the fleet started.
    package let phase: Int
    package let identity: StreamIdentity
    /// Keeps the moment a picture is due away from the ticks of the clock, where rounding would move pictures to and fro.
    private static let offset = 0.37

    /// - Parameters:
    ///   - isAligned: True starts the camera at the beginning of its loop; otherwise the start is scattered by its number.
    package init(number: Int, loop: Int, framesPerSecond: Double, pictureCount: Int, isAligned: Bool) {
        self.number = number
        self.loop = loop
        self.framesPerSecond = framesPerSecond
        var generator = SeededGenerator(seed: UInt64(number) &* 0x9E37_79B9)
        let identity = StreamIdentity(
            ssrc: UInt32.random(in: 1 ... .max, using: &generator), firstSequence: UInt16.random(in: 0 ... .max, using: &generator),
            firstTimestamp: UInt32.random(in: 0 ... .max, using: &generator))
        self.identity = identity
        let scattered = Int.random(in: 0..<max(pictureCount, 1), using: &generator)
        phase = isAligned ? 0 : scattered
    }

    /// Pictures since the beginning of the first loop, in fractions.
    package func position(atSeconds seconds: Double) -> Double { seconds * framesPerSecond + Double(phase) + Self.offset }

    /// The first picture that is not yet due.
    package func due(atSeconds seconds: Double) -> Int { Int(position(atSeconds: seconds).rounded(.down)) }

    /// Seconds since the fleet's start at which a place in the loops is reached; negative for places before it.
    package func seconds(atPosition position: Double) -> Double { (position - Double(phase) - Self.offset) / framesPerSecond }
}
