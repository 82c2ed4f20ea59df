// One scene or clip as coded pictures that may follow each other for ever.
// scene ─▶ pictures ─▶ **encodings** ─▶ packets ─▶ clients

package import Media

/// One coded picture and when it is shown.
package struct LoopPicture: Sendable, Equatable {
    /// Annex B, or a JPEG.
    package var bytes: [UInt8]
    package var isKey: Bool
    /// 1/90,000 s since the loop began; not in order where pictures are coded out of order.
    package var ticks: Int

    package init(bytes: [UInt8], isKey: Bool, ticks: Int) {
        self.bytes = bytes
        self.isKey = isKey
        self.ticks = ticks
    }
}

/// Coded pictures of one loop; the first is a key picture, so the last may be followed by the first.
package struct CodedLoop: Sendable {
    /// The scene's name or the clip's file name.
    package var name: String
    package var codec: VideoCodec
    package var width: Int
    package var height: Int
    package var framesPerSecond: Double
    package var pictures: [LoopPicture]
    package var loopTicks: Int
    /// VPS, SPS and PPS without start codes, each once.
    package var parameterSets: [[UInt8]]
    /// What truly happens during the loop; unknown for clips.
    package var events: [SceneEvent]

    package init(
        name: String, codec: VideoCodec, width: Int, height: Int, framesPerSecond: Double, pictures: [LoopPicture], events: [SceneEvent]
    ) {
        precondition(pictures.first?.isKey == true, "a loop starts with a key picture")
        self.name = name
        self.codec = codec
        self.width = width
        self.height = height
        self.framesPerSecond = framesPerSecond
        self.pictures = pictures
        self.events = events
        loopTicks = Int((Double(pictures.count) * 90_000 / framesPerSecond).rounded())
        var sets: [[UInt8]] = []
        if codec == .h264 || codec == .h265 {
            for unit in NALUnit.split(pictures[0].bytes) {
                guard let first = unit.first, NALUnit.isParameterSet(first, codec), !sets.contains(where: { $0.elementsEqual(unit) }) else {
                    continue
                }
                sets.append(Array(unit))
            }
        }
        parameterSets = sets
    }

    package var loopSeconds: Double { Double(pictures.count) / framesPerSecond }
}
