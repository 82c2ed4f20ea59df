// One RTSP message, ours or the camera's, and how ours is written; reading lies in `InterleavedFramer` and `MessageReading`.
// **camera ─RTSP─▶** packets ─▶ looks

/// A complete RTSP message: a response, or (rarely from a camera) a request.
package struct RTSPMessage: Sendable, Equatable {
    /// The start line.
    package enum Kind: Sendable, Equatable {
        case response(status: Int, reason: String)
        case request(method: String, url: String)
    }

    /// One header field; the name in the case it was written in.
    package struct Header: Sendable, Equatable {
        package var name: String
        package var value: String

        package init(_ name: String, _ value: String) {
            self.name = name
            self.value = value
        }
    }

    package var kind: Kind
    package var headers: [Header]
    package var body: [UInt8]

    package init(_ kind: Kind, headers: [Header] = [], body: [UInt8] = []) {
        self.kind = kind
        self.headers = headers
        self.body = body
    }

    /// The first value of the header, whatever the case of its name.
    package subscript(_ name: String) -> String? { headers.first { $0.name.isSame(as: name) }?.value }

    /// Every value of the header in order, for headers that cameras repeat instead of listing.
    package func all(_ name: String) -> [String] { headers.filter { $0.name.isSame(as: name) }.map(\.value) }

    /// The status of a response; nil for a request.
    package var status: Int? { if case .response(let status, _) = kind { status } else { nil } }

    /// Writes the message with CRLF and, when there is a body, its length.
    ///
    /// Control characters become blanks: names and values that came from a camera cannot start a line of their own.
    package func encoded() -> [UInt8] {
        var text =
            switch kind {
            case .response(let status, let reason): "RTSP/1.0 \(status) \(withoutControls(reason))\r\n"
            case .request(let method, let url): "\(withoutControls(method)) \(withoutControls(url)) RTSP/1.0\r\n"
            }
        for header in headers { text += "\(withoutControls(header.name)): \(withoutControls(header.value))\r\n" }
        if !body.isEmpty { text += "Content-Length: \(body.count)\r\n" }
        return Array((text + "\r\n").utf8) + body
    }
}
