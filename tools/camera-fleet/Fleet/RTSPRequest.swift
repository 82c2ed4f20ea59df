// RTSP requests off the wire, tolerantly, and answers onto it (RFC 2326).
// scene ─▶ pictures ─▶ encodings ─▶ packets ─▶ **clients**

import Foundation

/// One request of a client.
package struct RTSPRequest: Sendable, Equatable {
    package var method: String
    package var url: String
    package var version: String
    /// In order, as sent.
    package var headers: [(name: String, value: String)]
    package var body: [UInt8]

    package init(
        method: String, url: String, version: String = "RTSP/1.0", headers: [(name: String, value: String)] = [], body: [UInt8] = []
    ) {
        self.method = method
        self.url = url
        self.version = version
        self.headers = headers
        self.body = body
    }

    package static func == (a: Self, b: Self) -> Bool {
        a.method == b.method && a.url == b.url && a.version == b.version && a.body == b.body
            && a.headers.elementsEqual(b.headers) { $0 == $1 }
    }

    /// The first value of a header, whatever the case of its name.
    package subscript(name: String) -> String? {
        headers.first { $0.name.caseInsensitiveCompare(name) == .orderedSame }?.value
    }
}

/// Cuts a client's bytes into requests and interleaved frames. Bounded: what does not end in time is malformed.
package struct RTSPParser: Sendable {
    /// What was found in the bytes.
    package enum Item: Sendable, Equatable {
        case request(RTSPRequest)
        /// RTCP of the client.
        case interleaved(channel: UInt8, bytes: Int)
        /// Not RTSP; the connection cannot be understood any further. The text says why.
        case malformed(String)
    }

    package static let largestHeadBytes = 16 << 10
    package static let largestBodyBytes = 64 << 10
    private var buffer: [UInt8] = []
    private var isBroken = false

    package init() {}

    /// Takes bytes as they came from the socket.
    package mutating func append(_ bytes: some Sequence<UInt8>) { buffer += bytes }

    /// The next complete item, or nil until more bytes have come.
    package mutating func next() -> Item? {
        guard !isBroken else { return nil }
        // Some clients put an empty line between requests.
        while let first = buffer.first, first == 13 || first == 10 { buffer.removeFirst() }
        guard let first = buffer.first else { return nil }
        if first == 0x24 { return interleaved() }
        guard let (head, bodyStart) = head() else {
            return buffer.count > Self.largestHeadBytes ? broken("the head is longer than \(Self.largestHeadBytes) bytes") : nil
        }
        guard bodyStart <= Self.largestHeadBytes else { return broken("the head is longer than \(Self.largestHeadBytes) bytes") }
        guard var request = Self.parse(head) else { return broken("this is not an RTSP request") }
        var length = 0
        if let text = request["Content-Length"] {
            guard let value = Int(text.trimmingCharacters(in: .whitespaces)), value >= 0, value <= Self.largestBodyBytes else {
                return broken("the body is longer than \(Self.largestBodyBytes) bytes or of no length")
            }
            length = value
        }
        guard buffer.count >= bodyStart + length else { return nil }
        request.body = Array(buffer[bodyStart..<bodyStart + length])
        buffer.removeFirst(bodyStart + length)
        return .request(request)
    }

    private mutating func broken(_ why: String) -> Item {
        isBroken = true
        buffer = []
        return .malformed(why)
    }

    private mutating func interleaved() -> Item? {
        guard buffer.count >= 4 else { return nil }
        let length = Int(buffer[2]) << 8 | Int(buffer[3])
        guard buffer.count >= 4 + length else { return nil }
        let channel = buffer[1]
        buffer.removeFirst(4 + length)
        return .interleaved(channel: channel, bytes: length)
    }

    /// The lines up to the empty one, which may end in LF alone, and where the body begins.
    private func head() -> (lines: [String], bodyStart: Int)? {
        var lines: [String] = []
        var start = 0
        for index in buffer.indices.prefix(Self.largestHeadBytes) where buffer[index] == 10 {
            let end = index > start && buffer[index - 1] == 13 ? index - 1 : index
            if end == start { return (lines, index + 1) }
            lines.append(String(decoding: buffer[start..<end], as: UTF8.self))
            start = index + 1
        }
        return nil
    }

    private static func parse(_ lines: [String]) -> RTSPRequest? {
        guard let first = lines.first else { return nil }
        let words = first.split(separator: " ", omittingEmptySubsequences: true).map(String.init)
        guard words.count == 3, words[2].hasPrefix("RTSP/"), words[0].utf8.allSatisfy({ $0 == 0x5F || ($0 >= 0x41 && $0 <= 0x5A) }) else {
            return nil
        }
        var request = RTSPRequest(method: words[0], url: words[1], version: words[2])
        for line in lines.dropFirst() {
            // A folded line continues the one before.
            if line.first == " " || line.first == "\t", !request.headers.isEmpty {
                request.headers[request.headers.count - 1].value += " " + line.trimmingCharacters(in: .whitespaces)
                continue
            }
            guard let colon = line.firstIndex(of: ":") else { continue }
            request.headers.append(
                (
                    name: line[..<colon].trimmingCharacters(in: .whitespaces),
                    value: line[line.index(after: colon)...].trimmingCharacters(in: .whitespaces)
                ))
        }
        return request
    }
}

/// One answer of a camera.
package struct RTSPResponse: Sendable {
    package var status: Int
    package var headers: [(name: String, value: String)]
    package var body: String

    package init(_ status: Int, headers: [(name: String, value: String)] = [], body: String = "") {
        self.status = status
        self.headers = headers
        self.body = body
    }

    private static let reasons = [
        200: "OK", 400: "Bad Request", 401: "Unauthorized", 404: "Not Found", 406: "Not Acceptable", 454: "Session Not Found",
        455: "Method Not Valid in This State", 461: "Unsupported Transport", 501: "Not Implemented", 505: "RTSP Version not supported",
        551: "Option not supported",
    ]

    /// The bytes as they are sent.
    package var bytes: [UInt8] {
        var text = "RTSP/1.0 \(status) \(Self.reasons[status] ?? "Unknown")\r\n"
        for (name, value) in headers { text += "\(name): \(value)\r\n" }
        if !body.isEmpty { text += "Content-Length: \(body.utf8.count)\r\n" }
        return Array((text + "\r\n" + body).utf8)
    }
}
