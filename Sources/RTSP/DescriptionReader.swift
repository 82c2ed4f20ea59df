// Reads a session description line by line; a media is judged when its last line has been seen.
// **camera ─RTSP─▶** packets ─▶ looks

/// The state of reading one session description.
struct DescriptionReader {
    private(set) var medias: [SessionDescription.Media] = []
    private(set) var sessionControl: String?
    private(set) var skippedLines = 0
    private var lines = 0
    private var open: OpenMedia?
    /// Medias seen, those that could not be used included.
    private var begun = 0

    /// Formats listed in one `m=` line that are looked at.
    private static let mostFormats = 16

    /// A media whose lines are still coming.
    private struct OpenMedia {
        var kind: SessionDescription.Media.Kind
        var formats: [UInt8]
        var encodings: [(payloadType: UInt8, name: String, clockRate: Int)] = []
        /// Nil as the payload type: the line named none.
        var parameters: [(payloadType: UInt8?, text: String)] = []
        var control: String?
        var width: Int?
        var height: Int?
    }

    mutating func read(_ bytes: ArraySlice<UInt8>) {
        lines += 1
        guard lines <= SessionDescription.mostLines, bytes.count <= SessionDescription.longestLine else {
            skippedLines += 1
            return
        }
        // Blanks before the letter are met; behind the equals sign as well.
        let line = bytes.drop(while: isBlank)
        guard let letter = line.first else { return }
        guard line.count >= 2, line[line.startIndex + 1] == UInt8(ascii: "=") else {
            skippedLines += 1
            return
        }
        let value = lineText(line.dropFirst(2))
        switch letter {
        case UInt8(ascii: "m"): beginMedia(value)
        case UInt8(ascii: "a"): attribute(value)
        default: break
        }
    }

    private mutating func beginMedia(_ value: String) {
        endMedia()
        begun += 1
        let words = value.split(separator: " ", omittingEmptySubsequences: true)
        guard begun <= SessionDescription.mostMedias, let word = words.first else {
            skippedLines += 1
            return
        }
        // A maker's name may stand behind the kind, as in application/maker.
        let kind = SessionDescription.Media.Kind(rawValue: word.prefix { $0 != "/" }.lowercased()) ?? .other
        let formats = words.dropFirst(3).prefix(Self.mostFormats).compactMap { UInt8($0) }.filter { $0 < 128 }
        open = OpenMedia(kind: kind, formats: formats)
    }

    private mutating func attribute(_ value: String) {
        let word = value.prefix { $0 != ":" }
        let name = word.trimmed
        let text = value.dropFirst(word.count + 1).trimmed
        if name.isSame(as: "control") {
            if open != nil {
                if open?.control == nil { open?.control = text }
            } else if begun == 0 {
                sessionControl = sessionControl ?? text
            }
            return
        }
        guard open != nil else { return }
        if name.isSame(as: "rtpmap") {
            mapping(text)
        } else if name.isSame(as: "fmtp") {
            parameters(text)
        } else if name.isSame(as: "framesize") {
            // `a=framesize:96 1920-1080` (3GPP TS 26.234)
            size(text.split(separator: " ").last ?? "", separator: "-")
        } else if name.isSame(as: "x-dimensions") {
            size(text[...], separator: ",")
        } else if name.isSame(as: "cliprect") {
            // `a=cliprect:top,left,bottom,right`
            let numbers = text.split(separator: ",").map { $0.trimmed.leadingNumber(limit: 65_535) }
            if numbers.count == 4, let top = numbers[0], let left = numbers[1], let bottom = numbers[2], let right = numbers[3] {
                setSize(right - left, bottom - top)
            }
        }
    }

    private mutating func size(_ text: Substring, separator: Character) {
        let numbers = text.split(separator: separator).map { $0.trimmed.leadingNumber(limit: 65_535) }
        if numbers.count >= 2, let width = numbers[0], let height = numbers[1] { setSize(width, height) }
    }

    private mutating func setSize(_ width: Int, _ height: Int) {
        guard width > 0, height > 0, open?.width == nil else { return }
        open?.width = width
        open?.height = height
    }

    private mutating func mapping(_ text: String) {
        let words = text.split(separator: " ", maxSplits: 1, omittingEmptySubsequences: true)
        guard words.count == 2, let payloadType = UInt8(words[0]), payloadType < 128, open?.encodings.count ?? 0 < Self.mostFormats else {
            skippedLines += 1
            return
        }
        let parts = words[1].split(separator: "/", omittingEmptySubsequences: false)
        let rate = parts.count > 1 ? parts[1].trimmed.leadingNumber() : nil
        open?.encodings.append((payloadType, parts[0].trimmed.uppercased(), rate.flatMap { $0 > 0 ? $0 : nil } ?? 90_000))
    }

    private mutating func parameters(_ text: String) {
        guard open?.parameters.count ?? 0 < Self.mostFormats else {
            skippedLines += 1
            return
        }
        let words = text.split(separator: " ", maxSplits: 1, omittingEmptySubsequences: true)
        if words.count == 2, let payloadType = UInt8(words[0]) {
            open?.parameters.append((payloadType, String(words[1])))
        } else if text.contains("=") {
            open?.parameters.append((nil, text))
        } else {
            skippedLines += 1
        }
    }

    /// Judges the media whose lines have ended.
    mutating func endMedia() {
        guard let media = open else { return }
        open = nil
        let mapped = media.formats.first { format in
            media.encodings.contains { $0.payloadType == format && SessionDescription.Media.isRead($0.name) }
        }
        // The first format that is read, else the first at all; without any, what `rtpmap` says.
        guard let payloadType = mapped ?? media.formats.first ?? media.encodings.first?.payloadType else {
            skippedLines += 1
            return
        }
        var fmtp: [String: String] = [:]
        let own = media.parameters.filter { $0.payloadType == payloadType || $0.payloadType == nil }
        for (_, text) in own.isEmpty && media.formats.count <= 1 ? media.parameters : own {
            for part in text.split(separator: ";") {
                let name = part.prefix { $0 != "=" }
                let key = name.trimmed.lowercased()
                if !key.isEmpty, fmtp[key] == nil { fmtp[key] = part.dropFirst(name.count + 1).trimmed }
            }
        }
        // A camera with one format and one mapping means that one, even under another number.
        let encoding =
            media.encodings.first { $0.payloadType == payloadType }
            ?? (media.encodings.count == 1 && media.formats.count <= 1 ? media.encodings.first : nil)
        let fallback = SessionDescription.Media.staticPayloadTypes[payloadType] ?? Self.guess(fmtp)
        var result = SessionDescription.Media(
            kind: media.kind, payloadType: payloadType, encodingName: encoding?.name ?? fallback?.name ?? "",
            clockRate: encoding?.clockRate ?? fallback?.clockRate ?? 90_000, fmtp: fmtp, control: media.control, width: media.width,
            height: media.height)
        result.readParameterSets()
        medias.append(result)
    }

    /// Parameter sets tell the codec when nothing else does.
    private static func guess(_ fmtp: [String: String]) -> (name: String, clockRate: Int)? {
        if fmtp["sprop-vps"] != nil || fmtp["sprop-sps"] != nil { return ("H265", 90_000) }
        return fmtp["sprop-parameter-sets"] != nil ? ("H264", 90_000) : nil
    }
}

extension SessionDescription.Media {
    /// Payload types with a fixed meaning (RFC 3551) that cameras use.
    static let staticPayloadTypes: [UInt8: (name: String, clockRate: Int)] = [
        0: ("PCMU", 8_000), 3: ("GSM", 8_000), 4: ("G723", 8_000), 8: ("PCMA", 8_000), 9: ("G722", 8_000), 14: ("MPA", 90_000),
        18: ("G729", 8_000), 26: ("JPEG", 90_000), 31: ("H261", 90_000), 32: ("MPV", 90_000), 33: ("MP2T", 90_000), 34: ("H263", 90_000),
    ]

    static func isRead(_ encodingName: String) -> Bool { codec(encodingName) != nil }

    static func codec(_ encodingName: String) -> Codec? {
        switch encodingName {
        case "HEVC": .h265
        // As written before version 20.06 of the Streaming Specification.
        case "VND.ONVIF.METADATA.GZIP": .gzippedONVIFMetadata
        default: Codec(rawValue: encodingName)
        }
    }

    /// Takes the parameter sets out of `fmtp`.
    mutating func readParameterSets() {
        switch codec {
        case .h264: collect(["sprop-parameter-sets"]) { [7, 8, 13, 15].contains($0[0] & 0x1F) }
        case .h265: collect(["sprop-vps", "sprop-sps", "sprop-pps"]) { (32...34).contains($0[0] >> 1 & 0x3F) }
        default: break
        }
    }

    private mutating func collect(_ names: [String], where isWanted: ([UInt8]) -> Bool) {
        var total = 0
        for name in names {
            for text in fmtp[name]?.split(separator: ",") ?? [] {
                for set in Self.units(Base64.decoded(text, limit: SessionDescription.mostParameterSetBytes)) where isWanted(set) {
                    total += set.count
                    guard total <= SessionDescription.mostParameterSetBytes else { return }
                    parameterSets.append(set)
                }
            }
        }
    }

    /// Some write a start code before the unit or behind it, or zeros behind it; none of them belongs to it.
    private static func units(_ bytes: [UInt8]) -> [[UInt8]] {
        var result: [[UInt8]] = []
        var unit: [UInt8] = []
        func end() {
            while unit.last == 0 { unit.removeLast() }
            if let first = unit.first, first & 0x80 == 0 { result.append(unit) }
            unit = []
        }
        for byte in bytes {
            if byte == 1, unit.count >= 2, unit.suffix(2).allSatisfy({ $0 == 0 }) { end() } else { unit.append(byte) }
        }
        end()
        return result
    }
}
