// The head of an RTSP message as cameras write it: LF alone, folded lines, names in any case, "RTSP/1.0 200OK".
// **camera ─RTSP─▶** packets ─▶ looks

extension RTSPMessage {
    /// Reads a complete head that ends with an empty line; nil when its first line is no start line.
    ///
    /// Lines that are no header are passed over: a camera that writes one nonsense line still plays.
    init?(head: [UInt8]) {
        var lines = head.split(separator: 0x0A, omittingEmptySubsequences: true).makeIterator()
        guard let first = lines.next(), let kind = Kind(line: lineText(first)) else { return nil }
        var headers: [Header] = []
        while let line = lines.next() {
            if line.first == 0x20 || line.first == 0x09 {
                // A folded line continues the value above it (RFC 822).
                let more = lineText(line)
                if !headers.isEmpty, !more.isEmpty { headers[headers.count - 1].value += " " + more }
                continue
            }
            guard let colon = line.firstIndex(of: UInt8(ascii: ":")) else { continue }
            let name = lineText(line[..<colon])
            if !name.isEmpty { headers.append(Header(name, lineText(line[(colon + 1)...]))) }
        }
        self.init(kind, headers: headers)
    }

    /// What the head says about the body; 0 without or with an unreadable length, nil beyond `limit`.
    func bodyLength(limit: Int) -> Int? {
        guard let value = self["Content-Length"], let first = value.utf8.first, first >= UInt8(ascii: "0"), first <= UInt8(ascii: "9")
        else {
            return 0
        }
        return value.leadingNumber(limit: limit)
    }
}

extension RTSPMessage.Kind {
    init?(line: String) {
        if line.hasPrefix("RTSP/") {
            // The version is not looked at; the status follows the first blank and may touch its reason ("200OK").
            guard let blank = line.firstIndex(of: " ") else { return nil }
            let rest = line[blank...].drop { $0 == " " }
            let digits = rest.prefix(3)
            guard digits.utf8.count == 3, digits.utf8.allSatisfy({ $0 >= UInt8(ascii: "0") && $0 <= UInt8(ascii: "9") }),
                let status = Int(digits), (100...599).contains(status)
            else { return nil }
            let reason = rest.dropFirst(3)
            if let next = reason.utf8.first, next >= UInt8(ascii: "0"), next <= UInt8(ascii: "9") { return nil }
            self = .response(status: status, reason: reason.trimmed)
            return
        }
        let words = line.split(separator: " ", omittingEmptySubsequences: true)
        guard words.count >= 3, words[words.count - 1].hasPrefix("RTSP/") else { return nil }
        self = .request(method: String(words[0]), url: String(words[1]))
    }
}
