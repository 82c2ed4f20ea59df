// Where the bytes of a wanted picture go, and what is known about it in the end.
// camera ─RTSP─▶ **packets ─▶ looks**

/// Whether a picture can be decoded without any other.
package enum PictureKind: Sendable, Equatable { case key, predicted }

/// How a picture of H.264 was coded, told by its first slice.
package enum SliceType: UInt8, Sendable, Equatable { case p, b, i, sp, si }

/// How a picture ended.
package enum PictureCompletion: String, Sendable, Equatable, CaseIterable {
    case complete
    /// Packets in its middle or at its end are missing.
    case lost
    /// It broke a cap: bytes or NAL units of one picture.
    case tooLarge
    /// Its packets contradict each other.
    case malformed
}

/// What is known about a coded picture when it is over.
package struct CodedPictureFacts: Sendable, Equatable {
    package var kind: PictureKind
    /// RTP timestamp of its packets.
    package var timestamp: UInt32
    /// Bytes of its NAL units or of its JPEG scan as they were received; start codes and anything put in front are not counted.
    package var sizeBytes = 0
    /// NAL units with parameter sets and the like; 1 for JPEG.
    package var nalCount = 0
    /// Nil where it is not read: H.265 and JPEG.
    package var sliceType: SliceType?
    /// Some of its bytes are missing or were no valid units; also when it is called complete.
    package var isDamaged = false
    /// Packets are missing between the picture before and this one, so that a predicted picture may lack what it refers to.
    package var followsGap = false
    package var completion = PictureCompletion.complete

    package init(kind: PictureKind, timestamp: UInt32) {
        self.kind = kind
        self.timestamp = timestamp
    }
}

/// Takes the bytes of pictures; implemented by the module that owns the memory, so that a picture is assembled once.
///
/// Calls come as `begin`, any number of `append…`, `end`, and again. `append…` only comes when `begin` returned true; `end` always comes.
/// The bytes are Annex B for H.264 and H.265, with the parameter sets in front of each key picture, and JFIF for JPEG.
package protocol PictureSink: ~Copyable {
    /// A picture begins; false when its bytes are not wanted and shall only be counted.
    mutating func begin(_ kind: PictureKind) -> Bool
    /// The picture's next bytes, valid during the call.
    mutating func append(_ bytes: Span<UInt8>)
    /// The picture's next byte.
    mutating func append(byte: UInt8)
    /// The picture's next bytes are a start code of Annex B.
    mutating func appendStartCode()
    /// The picture is complete or was given up, as `picture.completion` says.
    mutating func end(_ picture: CodedPictureFacts)
}

extension PictureSink where Self: ~Copyable {
    /// Writes `00 00 00 01`, the form every decoder accepts in every place.
    package mutating func appendStartCode() {
        append(byte: 0)
        append(byte: 0)
        append(byte: 0)
        append(byte: 1)
    }
}
