// The headers of SETUP and PLAY that say where the data comes: Transport, Session and RTP-Info, read with patience.
// **camera ─RTSP─▶** packets ─▶ looks

/// What the Transport header of an answer to SETUP says.
enum Transport: Equatable {
    /// The frames' channels.
    case interleaved(rtp: UInt8, rtcp: UInt8)
    /// Nothing that can be used: what was asked for holds.
    case asAsked
    /// The camera answered with UDP.
    case datagrams

    init(_ header: String?) {
        guard let header else {
            self = .asAsked
            return
        }
        var isDatagram = false
        for part in header.split(whereSeparator: { $0 == ";" || $0 == "," }) {
            let pair = part.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            let name = pair[0].trimmed
            if name.isSame(as: "interleaved"), pair.count == 2 {
                let numbers = pair[1].split(separator: "-", omittingEmptySubsequences: false).map { $0.trimmed.leadingNumber(limit: 255) }
                if let first = numbers.first ?? nil, let rtp = UInt8(exactly: first) {
                    let second = numbers.count > 1 ? numbers[1].flatMap { UInt8(exactly: $0) } : nil
                    self = .interleaved(rtp: rtp, rtcp: second ?? rtp &+ 1)
                    return
                }
            }
            if name.isSame(as: "client_port") || name.isSame(as: "server_port") || name.isSame(as: "RTP/AVP/UDP") { isDatagram = true }
        }
        self = isDatagram && !header.uppercased().contains("TCP") ? .datagrams : .asAsked
    }
}

/// The Session header: `id;timeout=NN`, with or without blanks.
struct SessionHeader: Equatable {
    /// Longer than every camera's; it is sent back with each request.
    static let longestName = 256
    /// What RFC 2326 says without a timeout, and what is taken for a silly one.
    static let defaultTimeout = Duration.seconds(60)
    static let timeouts = Duration.seconds(5)...Duration.seconds(3600)

    var name: String
    var timeout: Duration?

    init?(_ header: String?) {
        guard let parts = header?.split(separator: ";"), let first = parts.first else { return nil }
        name = first.trimmed.printable(limit: Self.longestName)
        guard !name.isEmpty else { return nil }
        for part in parts.dropFirst() {
            let pair = part.split(separator: "=", maxSplits: 1)
            if pair.count == 2, pair[0].trimmed.isSame(as: "timeout"), let seconds = pair[1].trimmed.leadingNumber() {
                timeout =
                    seconds == 0 ? Self.defaultTimeout : min(max(.seconds(seconds), Self.timeouts.lowerBound), Self.timeouts.upperBound)
            }
        }
    }
}

/// One stream's entry of RTP-Info.
struct StreamStart: Equatable {
    var url = ""
    var sequence: UInt16?
    var timestamp: UInt32?

    /// Streams that are looked at.
    private static let most = 8

    /// Reads every entry; numbers that do not fit (`rtptime=-1`, a sequence of 70000) are left out.
    static func read(_ header: String?) -> [StreamStart] {
        guard let header else { return [] }
        var result: [StreamStart] = []
        for part in header.split(whereSeparator: { $0 == ";" || $0 == "," }) {
            let pair = part.split(separator: "=", maxSplits: 1)
            guard pair.count == 2 else { continue }
            let name = pair[0].trimmed
            if name.isSame(as: "url") {
                guard result.count < most else { break }
                result.append(StreamStart(url: pair[1].trimmed))
                continue
            }
            // Some leave the URL out when there is one stream.
            if result.isEmpty { result.append(StreamStart()) }
            if name.isSame(as: "seq") { result[result.count - 1].sequence = UInt16(pair[1].trimmed) }
            if name.isSame(as: "rtptime") { result[result.count - 1].timestamp = UInt32(pair[1].trimmed) }
        }
        return result
    }

    /// The entry of a stream: the only one, or the one whose URL ends as the control does.
    static func of(url: String, control: String?, in starts: [StreamStart]) -> StreamStart? {
        if starts.count == 1 { return starts[0] }
        return starts.first { $0.url == url } ?? starts.first { start in control.map { !$0.isEmpty && start.url.hasSuffix($0) } ?? false }
    }
}
