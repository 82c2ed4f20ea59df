// What a camera offers: the answer to DESCRIBE, read with patience (RFC 4566 as cameras write it).
// **camera ─RTSP─▶** packets ─▶ looks

import Base

/// A session description. Lines that cannot be read are passed over and counted.
package struct SessionDescription: Sendable, Equatable {
    /// The longest description that is read; those of real cameras take 2 KiB.
    package static let longest = InterleavedFramer.longestBody
    /// Panoramic cameras offer six; more is no camera.
    package static let mostMedias = 16
    /// Descriptions of real cameras have at most 60 lines.
    package static let mostLines = 1024
    /// Parameter sets of up to 8 KiB take 11 KiB in base64.
    package static let longestLine = 16 << 10
    /// Parameter sets of one media, decoded; real ones take 200 bytes.
    package static let mostParameterSetBytes = 8 << 10

    package private(set) var medias: [Media] = []
    /// `a=control` of the session itself, as written.
    package private(set) var sessionControl: String?
    /// Lines that were malformed, too long or too many.
    package private(set) var skippedLines = 0

    /// Reads a description.
    ///
    /// - Throws: `Failure` of kind `unsupported` when it is too long or offers no media at all.
    package init(parsing body: [UInt8]) throws {
        guard body.count <= Self.longest else {
            throw Failure(.unsupported, "the camera announces more data than is accepted: look at the camera")
        }
        var reader = DescriptionReader()
        for line in body.split(whereSeparator: { $0 == 0x0A || $0 == 0x0D || $0 == 0 }) { reader.read(line) }
        reader.endMedia()
        medias = reader.medias
        sessionControl = reader.sessionControl
        skippedLines = reader.skippedLines
        guard !medias.isEmpty else {
            throw Failure(.unsupported, "the camera describes no stream: the URL in the settings may be that of another service")
        }
    }

    /// One media the camera offers.
    package struct Media: Sendable, Equatable {
        /// The first word of the `m=` line.
        package enum Kind: String, Sendable { case video, audio, application, other }

        /// What is read by this module.
        package enum Codec: String, Sendable, CaseIterable {
            case h264 = "H264"
            case h265 = "H265"
            case jpeg = "JPEG"
            case onvifMetadata = "VND.ONVIF.METADATA"
            case gzippedONVIFMetadata = "VND.ONVIF.METADATA+GZIP"

            package var isMetadata: Bool { self == .onvifMetadata || self == .gzippedONVIFMetadata }
        }

        package var kind: Kind
        /// 0…127.
        package var payloadType: UInt8
        /// Upper case: `H264`, `VND.ONVIF.METADATA`; empty when neither `rtpmap` nor a static payload type names one.
        package var encodingName: String
        /// Hertz, at least 1.
        package var clockRate: Int
        /// Parameters of `a=fmtp`, names in lower case.
        package var fmtp: [String: String]
        /// `a=control` as written.
        package var control: String?
        /// Pixels, from `a=framesize`, `a=x-dimensions` or `a=cliprect`; 1…65535.
        package var width: Int?
        package var height: Int?
        /// NAL units without start codes: SPS and PPS of H.264; VPS, SPS and PPS of H.265, in this order.
        package var parameterSets: [[UInt8]]

        package init(
            kind: Kind, payloadType: UInt8, encodingName: String, clockRate: Int = 90_000, fmtp: [String: String] = [:],
            control: String? = nil, width: Int? = nil, height: Int? = nil, parameterSets: [[UInt8]] = []
        ) {
            self.kind = kind
            self.payloadType = payloadType
            self.encodingName = encodingName
            self.clockRate = clockRate
            self.fmtp = fmtp
            self.control = control
            self.width = width
            self.height = height
            self.parameterSets = parameterSets
        }

        /// Nil when this module does not read the encoding.
        package var codec: Codec? { Self.codec(encodingName) }

        /// The parameter sets with a start code before each.
        package var annexB: [UInt8] { parameterSets.flatMap { [0, 0, 0, 1] + $0 } }
    }

    /// The first video this module can read.
    package var video: Media? { medias.first { $0.kind == .video && $0.codec.map { !$0.isMetadata } ?? false } }

    /// The first ONVIF metadata, whatever the camera calls its kind.
    package var metadata: Media? { medias.first { $0.codec?.isMetadata ?? false } }
}
