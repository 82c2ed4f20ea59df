// RTP payloads become pictures, whatever the codec.
// camera ─RTSP─▶ **packets** ─▶ looks

import Base

/// The codecs of cameras whose RTP payloads are understood.
package enum DepacketiserKind: String, Sendable, CaseIterable {
    case h264, h265, jpeg

    /// The kind for an encoding name of a description, in any case; nil for others.
    package init?(encodingName: String) {
        switch encodingName.lowercased() {
        case "h264": self = .h264
        case "h265", "hevc": self = .h265
        case "jpeg": self = .jpeg
        default: return nil
        }
    }
}

/// Makes pictures of the RTP packets of one video stream. A value type; belongs to the thread that reads the connection.
///
/// Packets come in order and without doubles; `SequenceTracker` sees to that. In steady state nothing is allocated, and a packet
/// of a picture nobody wants costs a look at its first bytes.
package struct Depacketiser: Sendable {
    package let encoding: DepacketiserKind
    /// Ticks of timestamps a second, for `TimestampUnwrapper`.
    package let clockRate: Int

    private var nal: NALDepacketiser
    private var jpeg: JPEGDepacketiser
    private let payloadType: UInt8?
    private var takenChanges = -1

    /// - Parameters:
    ///   - parameterSets: Those of the description, one unit each, with or without start codes.
    ///   - width: From the description, 0 when it names none; JPEG packets cannot tell sizes above 2040.
    ///   - payloadType: Packets of other types are counted and passed over; nil takes all.
    ///   - sendsOutOfOrder: The description announces units in another order than they are decoded (`sprop-max-don-diff` above 0 of
    ///     H.265, `packetization-mode=2` of H.264).
    ///   - userDataIDs: Identifiers of 16 bytes of the user data that is kept for `takeUserData`; of JPEG there is none.
    /// - Throws: `Failure` of kind `unsupported` for a stream out of order.
    package init(
        encoding: DepacketiserKind, clockRate: Int = 90_000, parameterSets: [[UInt8]] = [], width: Int = 0, height: Int = 0,
        payloadType: UInt8? = nil, sendsOutOfOrder: Bool = false, userDataIDs: [[UInt8]] = []
    ) throws {
        guard !sendsOutOfOrder else {
            throw Failure(
                .unsupported, "the camera sends parts of pictures out of order: switch interleaved packetisation off in the camera")
        }
        self.encoding = encoding
        self.clockRate = clockRate
        self.payloadType = payloadType
        nal = NALDepacketiser(
            isH265: encoding == .h265, parameterSets: encoding == .jpeg ? [] : parameterSets, userDataIDs: userDataIDs)
        jpeg = JPEGDepacketiser(width: width, height: height)
    }

    /// Takes a packet and hands what it completes or continues to the sink.
    ///
    /// - Parameters:
    ///   - bytes: The buffer `header` was read from.
    ///   - gap: Packets are missing in front of this one.
    package mutating func receive(
        _ bytes: Span<UInt8>, _ header: RTPHeader, gap: Bool, into sink: inout (some PictureSink & ~Copyable)
    ) {
        if let payloadType, payloadType != header.payloadType {
            if encoding == .jpeg { jpeg.problems.note(.foreignPayload) } else { nal.assembly.problems.note(.foreignPayload) }
            return
        }
        if encoding == .jpeg {
            jpeg.receive(bytes, header, gap: gap, into: &sink)
        } else {
            nal.receive(bytes, header, gap: gap, into: &sink)
        }
    }

    /// The connection ends: a picture that is open is ended, so that the sink can let go of it. Usable afterwards like new.
    package mutating func flush(into sink: inout (some PictureSink & ~Copyable)) {
        if encoding == .jpeg { jpeg.flush(into: &sink) } else { nal.flush(into: &sink) }
    }

    /// Parameter sets as Annex B, those of the description until the stream sends others; empty for JPEG.
    package var parameterSets: [UInt8] { nal.assembly.sets.annexB }

    /// Counts each new or changed parameter set; the size of a JPEG stream counts as one.
    package var parameterSetChanges: Int { encoding == .jpeg ? jpeg.sizeChanges : nal.assembly.sets.changes }

    /// True once after each change of parameter sets or size, and the first time; cheap enough to be asked with every packet.
    package mutating func takeParameterSetChange() -> Bool {
        let changes = parameterSetChanges
        defer { takenChanges = changes }
        return changes != takenChanges
    }

    /// User data of pictures, wanted or not, since the last call: identifier and contents. Asks a length when there is none.
    package mutating func takeUserData() -> [[UInt8]] { nal.assembly.userData.isEmpty ? [] : nal.assembly.takeUserData() }

    /// What the stream says of its size by now; costs a parse, so ask when `takeParameterSetChange` says so.
    package var pictureSize: PictureSize? { encoding == .jpeg ? jpeg.pictureSize : nal.assembly.sets.pictureSize }

    /// What was wrong so far.
    package var problems: MediaProblems { encoding == .jpeg ? jpeg.problems : nal.assembly.problems }

    /// True once markers within pictures were seen; pictures then end with the first packet of the next one.
    package var ignoresMarkers: Bool { nal.assembly.ignoresMarkers }
}
