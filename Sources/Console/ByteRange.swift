// One range of bytes of an answer, as players ask for the parts of a clip (RFC 9110 §14).

import HTTPTypes
import Hummingbird
import NIOCore

/// The header `Range: bytes=…` and what it takes from a body.
enum ByteRange {
    /// Answers with the whole body, or with the one part asked for. What is no single range of bytes is passed over, as the RFC allows.
    ///
    /// - Throws: 416 when the part begins behind the end.
    static func response(to header: String?, _ body: ByteBuffer, type: String) throws -> Response {
        let size = body.readableBytes
        var response: Response
        switch parse(header, size: size) {
        case .whole: response = .bytes(body, type: type)
        case .part(let range):
            guard let part = body.getSlice(at: body.readerIndex + range.lowerBound, length: range.count) else { throw Refusal.notFound }
            response = .bytes(part, type: type)
            response.status = .partialContent
            response.headers[.contentRange] = "bytes \(range.lowerBound)-\(range.upperBound - 1)/\(size)"
        case .behindTheEnd: throw Refusal(.rangeNotSatisfiable, "range", "the range begins behind the end", field: "Range")
        }
        response.headers[.acceptRanges] = "bytes"
        return response
    }

    enum Wish: Equatable {
        case whole
        case part(Range<Int>)
        case behindTheEnd
    }

    /// Reads `bytes=a-b`, `bytes=a-` and `bytes=-n`.
    static func parse(_ header: String?, size: Int) -> Wish {
        guard let header, header.hasPrefix("bytes="), size > 0 else { return .whole }
        let ends = header.dropFirst(6).split(separator: "-", maxSplits: 1, omittingEmptySubsequences: false)
        guard ends.count == 2 else { return .whole }
        func number(_ text: Substring) -> Int? { text.utf8.allSatisfy { (0x30...0x39).contains($0) } ? Int(text) : nil }
        if ends[0].isEmpty {
            guard let count = number(ends[1]) else { return .whole }
            return count == 0 ? .behindTheEnd : .part(max(0, size - count)..<size)
        }
        guard let first = number(ends[0]) else { return .whole }
        guard first < size else { return .behindTheEnd }
        if ends[1].isEmpty { return .part(first..<size) }
        guard let last = number(ends[1]), last >= first else { return .whole }
        return .part(first..<min(last, size - 1) + 1)
    }
}
