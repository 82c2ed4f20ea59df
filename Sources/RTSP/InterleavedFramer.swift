// Where messages and interleaved frames begin and end in what a camera sends, and how to find the next one after rubbish.
// **camera ─RTSP─▶** packets ─▶ looks

// What stands at `position`:
//
//   `$`                       frame: channel, length (16 bits), payload
//   "RTSP/", METHOD + blank   message: head up to an empty line, body of Content-Length
//   CR, LF, NUL               stray line end between messages: skipped, no fault
//   anything else             resynchronisation: skipped up to `$` with a plausible channel whose frame is followed by something
//                             plausible and holds no response, or up to "RTSP/1.0 "
//
// Every decision waits until the bytes that decide it have arrived, so the items are the same however the stream is cut.

/// Says where the next item lies in the bytes; holds no bytes itself.
package struct InterleavedFramer: Sendable {
    /// A camera's longest known head takes 2 KiB; an endless one must not fill the buffer.
    package static let longestHead = 16 << 10
    /// Enough for every known head five times over.
    package static let mostHeaders = 128
    /// Descriptions are a few KiB; anything longer is no camera's.
    package static let longestBody = 64 << 10
    /// The longest an item may be until it is complete or refused: what the reader's buffer has to hold.
    package static let longestItem = longestHead + longestBody
    /// Some seconds of a sub-stream: whoever finds nothing in it does not speak RTSP.
    package static let longestSkip = 1 << 20
    /// Without `expectedChannels` a frame counts as plausible below this channel: cameras number from 0 and have up to four medias.
    package static let plausibleChannels: UInt8 = 8
    /// Of the method words a camera may begin with; GET_PARAMETER and SET_PARAMETER have 13 letters.
    static let longestMethod = 20

    /// What lies at the position.
    package enum Item: Sendable, Equatable {
        /// `$`-framed data: channel and where its payload lies.
        case data(channel: UInt8, payload: Range<Int>)
        /// A complete RTSP message: response or (rarely) a request of the camera.
        case message(RTSPMessage)
        /// Bytes that are neither were skipped up to a plausible start.
        case skipped(bytes: Int)
        /// The rest is incomplete: carry over from `position`.
        case needsMore
        /// Beyond a cap or hopeless: close. The sentence says why.
        case broken(String)
    }

    /// Channels a frame may carry when the stream is searched for one; nil until they are known.
    package var expectedChannels: Set<UInt8>?
    /// How often the stream had to be searched for its next item.
    package private(set) var resynchronisations = 0
    /// Everything skipped so far, stray line ends included.
    package private(set) var skippedBytes = 0

    /// How far the unfinished item at the position has been examined, so that no byte is looked at twice for the same question.
    private enum Progress {
        case none
        /// `scanned` bytes hold no empty line; `lines` have ended, the last of them at `lineStart`.
        case head(scanned: Int, lineStart: Int, lines: Int)
        case body(headLength: Int, bodyLength: Int)
        /// Skipping; at the position may lie a start, and no response begins in the first `clear` bytes.
        case searching(clear: Int)
    }
    private var progress = Progress.none
    /// Bytes skipped since the last item.
    private var skippedInARow = 0
    private var brokenBecause: String?

    package init() {}

    /// Examines `bytes` from `position` and moves `position` behind the item.
    ///
    /// After `.needsMore` the next call must begin with the same bytes, wherever they lie then, and more behind them.
    package mutating func next(_ bytes: Span<UInt8>, position: inout Int) -> Item {
        precondition(position >= 0 && position <= bytes.count, "the position lies in the bytes")
        if let brokenBecause { return .broken(brokenBecause) }
        if position == bytes.count { return .needsMore }
        switch progress {
        case .searching: return search(bytes, &position, from: position)
        case .body(let headLength, let bodyLength): return body(bytes, &position, headLength, bodyLength)
        case .head: return head(bytes, &position)
        case .none: break
        }
        let first = bytes[position]
        if first == UInt8(ascii: "$") { return frame(bytes, &position) }
        if Self.isStray(first) { return strayLineEnds(bytes, &position) }
        switch Self.messageStart(bytes, position) {
        case .yes: return head(bytes, &position)
        case .undecided: return .needsMore
        case .no:
            return resynchronise(bytes, &position)
        }
    }

    private mutating func fail(_ why: String) -> Item {
        brokenBecause = why
        return .broken(why)
    }

    // MARK: Frames

    private mutating func frame(_ bytes: Span<UInt8>, _ position: inout Int) -> Item {
        guard bytes.count - position >= 4 else { return .needsMore }
        let payload = position + 4..<position + 4 + Self.frameLength(bytes, position)
        guard payload.upperBound <= bytes.count else { return .needsMore }
        let channel = bytes[position + 1]
        position = payload.upperBound
        skippedInARow = 0
        return .data(channel: channel, payload: payload)
    }

    private static func frameLength(_ bytes: Span<UInt8>, _ start: Int) -> Int {
        Int(bytes[start + 2]) << 8 | Int(bytes[start + 3])
    }

    // MARK: Messages

    private mutating func head(_ bytes: Span<UInt8>, _ position: inout Int) -> Item {
        let available = bytes.count - position
        var scanned = 0
        var lineStart = 0
        var lines = 0
        if case .head(let before, let start, let count) = progress, before <= available {
            (scanned, lineStart, lines) = (before, start, count)
        }
        let end = min(available, Self.longestHead)
        while scanned < end {
            let byte = bytes[position + scanned]
            scanned += 1
            guard byte == 0x0A else { continue }
            let length = scanned - 1 - lineStart
            if length == 0 || (length == 1 && bytes[position + lineStart] == 0x0D) {
                return headIsComplete(bytes, &position, length: scanned)
            }
            lineStart = scanned
            lines += 1
            if lines > Self.mostHeaders + 1 { return headIsEndless(bytes, &position, "more than \(Self.mostHeaders) headers") }
        }
        if end == Self.longestHead { return headIsEndless(bytes, &position, "a head of more than \(Self.longestHead >> 10) KiB") }
        progress = .head(scanned: scanned, lineStart: lineStart, lines: lines)
        return .needsMore
    }

    private mutating func headIsEndless(_ bytes: Span<UInt8>, _ position: inout Int, _ what: String) -> Item {
        progress = .none
        // An upper-case word with a blank may be rubbish that looks like a request.
        guard Self.stands(Self.anyVersion, bytes, position) == .yes else { return resynchronise(bytes, &position) }
        return fail("the camera sends \(what): look at the camera")
    }

    private mutating func headIsComplete(_ bytes: Span<UInt8>, _ position: inout Int, length: Int) -> Item {
        progress = .none
        guard let message = RTSPMessage(head: copied(bytes, position..<position + length)) else {
            // It began like a message and is none.
            return resynchronise(bytes, &position)
        }
        guard let bodyLength = message.bodyLength(limit: Self.longestBody) else {
            return fail("the camera announces a body of more than \(Self.longestBody >> 10) KiB: look at the camera")
        }
        return body(bytes, &position, length, bodyLength, message)
    }

    private mutating func body(
        _ bytes: Span<UInt8>, _ position: inout Int, _ headLength: Int, _ bodyLength: Int, _ message: RTSPMessage? = nil
    ) -> Item {
        let end = position + headLength + bodyLength
        guard end <= bytes.count else {
            progress = .body(headLength: headLength, bodyLength: bodyLength)
            return .needsMore
        }
        progress = .none
        guard var message = message ?? RTSPMessage(head: copied(bytes, position..<position + headLength)) else {
            // Other bytes than before: the caller lost some.
            return resynchronise(bytes, &position)
        }
        message.body = copied(bytes, position + headLength..<end)
        position = end
        skippedInARow = 0
        return .message(message)
    }

    /// An answer that may need bytes which have not arrived.
    private enum Answer { case yes, no, undecided }

    /// Does "RTSP/" or an upper-case word with a blank behind it stand at `start`?
    private static func messageStart(_ bytes: Span<UInt8>, _ start: Int) -> Answer {
        let version = stands(anyVersion, bytes, start)
        if version != .no { return version }
        for length in 0...longestMethod {
            guard start + length < bytes.count else { return .undecided }
            let byte = bytes[start + length]
            if byte == 0x20 { return length >= 3 ? .yes : .no }
            guard (byte >= UInt8(ascii: "A") && byte <= UInt8(ascii: "Z")) || byte == UInt8(ascii: "_") else { return .no }
        }
        return .no
    }

    private static let anyVersion = Array("RTSP/".utf8)
    private static let response = Array("RTSP/1.0 ".utf8)

    private static func stands(_ text: [UInt8], _ bytes: Span<UInt8>, _ start: Int) -> Answer {
        for index in text.indices {
            guard start + index < bytes.count else { return .undecided }
            if bytes[start + index] != text[index] { return .no }
        }
        return .yes
    }

    // MARK: Rubbish

    private static func isStray(_ byte: UInt8) -> Bool { byte == 0x0D || byte == 0x0A || byte == 0 }

    private mutating func strayLineEnds(_ bytes: Span<UInt8>, _ position: inout Int) -> Item {
        var end = position + 1
        while end < bytes.count, Self.isStray(bytes[end]) { end += 1 }
        return skip(&position, to: end)
    }

    private mutating func skip(_ position: inout Int, to end: Int) -> Item {
        let count = end - position
        skippedBytes &+= count
        skippedInARow += count
        position = end
        if skippedInARow > Self.longestSkip { return fail("the camera sends something that is not RTSP: is this a camera?") }
        return .skipped(bytes: count)
    }

    /// The position holds no start: searches from the byte behind it.
    private mutating func resynchronise(_ bytes: Span<UInt8>, _ position: inout Int) -> Item {
        resynchronisations += 1
        progress = .searching(clear: 0)
        return search(bytes, &position, from: position + 1)
    }

    /// - Parameter start: The first byte that may begin an item.
    private mutating func search(_ bytes: Span<UInt8>, _ position: inout Int, from start: Int) -> Item {
        var clear = position
        if case .searching(let before) = progress { clear += before }
        clear = min(clear, bytes.count)
        var candidate = start
        while candidate < bytes.count {
            let answer: Answer =
                switch bytes[candidate] {
                case UInt8(ascii: "$"): isFrame(bytes, candidate, &clear)
                case UInt8(ascii: "R"): Self.stands(Self.response, bytes, candidate)
                default: .no
                }
            if answer == .yes {
                progress = .none
                return candidate == position ? next(bytes, position: &position) : skip(&position, to: candidate)
            }
            if answer == .undecided { break }
            candidate += 1
        }
        progress = .searching(clear: max(0, clear - candidate))
        return candidate == position ? .needsMore : skip(&position, to: candidate)
    }

    private func isPlausible(_ channel: UInt8) -> Bool { expectedChannels?.contains(channel) ?? (channel < Self.plausibleChannels) }

    /// Is the `$` at `start` the start of a frame?
    ///
    /// - Parameter clear: Up to there no response begins. It is kept over all candidates, so a stream of `$` costs no more than another.
    private func isFrame(_ bytes: Span<UInt8>, _ start: Int, _ clear: inout Int) -> Answer {
        guard start + 1 < bytes.count else { return .undecided }
        guard isPlausible(bytes[start + 1]) else { return .no }
        guard start + 3 < bytes.count else { return .undecided }
        let length = Self.frameLength(bytes, start)
        // No RTP or RTCP packet is shorter than a receiver report's head.
        guard length >= 8 else { return .no }
        let end = start + 4 + length
        // A response inside: the length is an accident, and the response must not be waited away.
        clear = max(clear, start)
        while clear + Self.response.count <= min(end, bytes.count) {
            if bytes[clear] == UInt8(ascii: "R"), Self.stands(Self.response, bytes, clear) == .yes { return .no }
            clear += 1
        }
        guard end + 1 < bytes.count else { return .undecided }
        switch (bytes[end], bytes[end + 1]) {
        case (UInt8(ascii: "$"), let channel): return isPlausible(channel) ? .yes : .no
        case (0x0D, let second): return second == 0x0A ? .yes : .no
        case (0x0A, _): return .yes
        default: return Self.messageStart(bytes, end)
        }
    }
}
