// JSON with line numbers, because a person must find the wrong line in a file of a megabyte.
// district.geojson, grids.geojson → **values with lines** → features → grids

/// A JSON value that remembers the line on which it begins.
struct JSONNode {
    enum Value {
        case null
        case bool(Bool)
        case number(Double)
        case string(String)
        case array([JSONNode])
        case object([(key: String, value: JSONNode)])
    }

    let line: Int
    let value: Value

    /// The member with this name, or nil; nil too when this is no object.
    subscript(_ key: String) -> JSONNode? {
        guard case .object(let members) = value else { return nil }
        return members.first { $0.key == key }?.value
    }

    var string: String? { if case .string(let text) = value { text } else { nil } }
    var elements: [JSONNode]? { if case .array(let nodes) = value { nodes } else { nil } }
    var number: Double? { if case .number(let number) = value { number } else { nil } }
    var isNull: Bool { if case .null = value { true } else { false } }
}

/// A strict reader of RFC 8259 over bytes: nothing behind the value, no duplicate names, depth and size bounded.
struct JSONScanner {
    struct SyntaxError: Error, Equatable {
        let line: Int
        let message: String
    }

    /// GeoJSON needs 9; a file that nests deeper is not GeoJSON.
    static let maxDepth = 24

    private let bytes: [UInt8]
    private var place = 0
    private var line = 1

    /// Reads the one value that `bytes` hold. Pure; time grows with the length.
    static func read(_ bytes: [UInt8]) throws(SyntaxError) -> JSONNode {
        if let wrong = TextFile.firstInvalidUTF8(bytes) {
            throw SyntaxError(line: 1 + bytes[..<wrong].count { $0 == 0x0A }, message: "is not valid UTF-8; GeoJSON must be saved as UTF-8")
        }
        var scanner = JSONScanner(bytes: bytes)
        if bytes.starts(with: [0xEF, 0xBB, 0xBF]) { scanner.place = 3 }
        scanner.skipSpace()
        let node = try scanner.value(depth: 0)
        scanner.skipSpace()
        if scanner.place < bytes.count { throw scanner.failure("something stands behind the end of the JSON value") }
        return node
    }

    private init(bytes: [UInt8]) { self.bytes = bytes }

    private var current: UInt8? { place < bytes.count ? bytes[place] : nil }

    private func failure(_ message: String) -> SyntaxError {
        SyntaxError(
            line: line, message: place < bytes.count ? "not valid JSON: \(message)" : "not valid JSON: the file ends early: \(message)")
    }

    private mutating func skipSpace() {
        while place < bytes.count {
            switch bytes[place] {
            case 0x0A: line += 1
            case 0x20, 0x09, 0x0D: break
            default: return
            }
            place += 1
        }
    }

    private mutating func value(depth: Int) throws(SyntaxError) -> JSONNode {
        guard depth < Self.maxDepth else { throw failure("nested deeper than \(Self.maxDepth) levels") }
        let start = line
        switch current {
        case UInt8(ascii: "{"): return JSONNode(line: start, value: .object(try object(depth)))
        case UInt8(ascii: "["): return JSONNode(line: start, value: .array(try array(depth)))
        case UInt8(ascii: "\""): return JSONNode(line: start, value: .string(try string()))
        case UInt8(ascii: "t"): return JSONNode(line: start, value: try word("true", .bool(true)))
        case UInt8(ascii: "f"): return JSONNode(line: start, value: try word("false", .bool(false)))
        case UInt8(ascii: "n"): return JSONNode(line: start, value: try word("null", .null))
        case let byte? where byte == UInt8(ascii: "-") || (0x30...0x39).contains(byte):
            return JSONNode(line: start, value: .number(try number()))
        default: throw failure("a value is expected here")
        }
    }

    private mutating func object(_ depth: Int) throws(SyntaxError) -> [(key: String, value: JSONNode)] {
        var members: [(key: String, value: JSONNode)] = []
        var names: Set<String> = []
        place += 1
        skipSpace()
        if current == UInt8(ascii: "}") {
            place += 1
            return members
        }
        while true {
            guard current == UInt8(ascii: "\"") else { throw failure("a name in quotes is expected here") }
            let key = try string()
            guard names.insert(key).inserted else { throw failure("the name '\(printable(key))' stands twice in one object") }
            skipSpace()
            guard current == UInt8(ascii: ":") else { throw failure("':' is expected after the name '\(printable(key))'") }
            place += 1
            skipSpace()
            members.append((key, try value(depth: depth + 1)))
            if try ends(with: UInt8(ascii: "}")) { return members }
        }
    }

    private mutating func array(_ depth: Int) throws(SyntaxError) -> [JSONNode] {
        var elements: [JSONNode] = []
        place += 1
        skipSpace()
        if current == UInt8(ascii: "]") {
            place += 1
            return elements
        }
        while true {
            elements.append(try value(depth: depth + 1))
            if try ends(with: UInt8(ascii: "]")) { return elements }
        }
    }

    /// After an element: true at the closing bracket, false at a comma.
    private mutating func ends(with bracket: UInt8) throws(SyntaxError) -> Bool {
        skipSpace()
        guard current == bracket || current == UInt8(ascii: ",") else {
            throw failure("',' or '\(Character(Unicode.Scalar(bracket)))' is expected here")
        }
        let closes = current == bracket
        place += 1
        if !closes { skipSpace() }
        return closes
    }

    private mutating func word(_ text: StaticString, _ value: JSONNode.Value) throws(SyntaxError) -> JSONNode.Value {
        let expected = Array("\(text)".utf8)
        guard bytes[place...].starts(with: expected) else { throw failure("'\(text)' is expected here") }
        place += expected.count
        return value
    }

    private mutating func number() throws(SyntaxError) -> Double {
        let start = place
        func isDigit(_ byte: UInt8?) -> Bool { byte.map { $0 >= 0x30 && $0 <= 0x39 } ?? false }
        if current == UInt8(ascii: "-") { place += 1 }
        guard isDigit(current) else { throw failure("a digit is expected here") }
        if current == UInt8(ascii: "0") { place += 1 } else { while isDigit(current) { place += 1 } }
        if isDigit(current) { throw failure("a number may not begin with 0") }
        if current == UInt8(ascii: ".") {
            place += 1
            guard isDigit(current) else { throw failure("a digit is expected after the decimal point") }
            while isDigit(current) { place += 1 }
        }
        if current == UInt8(ascii: "e") || current == UInt8(ascii: "E") {
            place += 1
            if current == UInt8(ascii: "+") || current == UInt8(ascii: "-") { place += 1 }
            guard isDigit(current) else { throw failure("a digit is expected in the exponent") }
            while isDigit(current) { place += 1 }
        }
        guard place - start <= 64, let value = Double(String(decoding: bytes[start..<place], as: UTF8.self)), value.isFinite else {
            throw failure("a number is out of range")
        }
        return value
    }

    private mutating func string() throws(SyntaxError) -> String {
        place += 1
        var text: [UInt8] = []
        while let byte = current {
            place += 1
            switch byte {
            case UInt8(ascii: "\""): return String(decoding: text, as: UTF8.self)
            case UInt8(ascii: "\\"): text += Array(String(try escape()).utf8)
            case 0..<0x20:
                place -= 1
                throw failure("a line break or control character stands inside a text")
            default: text.append(byte)
            }
        }
        throw failure("a text is not closed")
    }

    private mutating func escape() throws(SyntaxError) -> Unicode.Scalar {
        guard let byte = current else { throw failure("a text is not closed") }
        place += 1
        switch byte {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): return Unicode.Scalar(byte)
        case UInt8(ascii: "b"): return "\u{8}"
        case UInt8(ascii: "f"): return "\u{C}"
        case UInt8(ascii: "n"): return "\n"
        case UInt8(ascii: "r"): return "\r"
        case UInt8(ascii: "t"): return "\t"
        case UInt8(ascii: "u"):
            let first = try hexadecimal()
            if let scalar = Unicode.Scalar(first) { return scalar }
            guard first < 0xDC00, current == UInt8(ascii: "\\"), place + 1 < bytes.count, bytes[place + 1] == UInt8(ascii: "u") else {
                throw failure("half of a surrogate pair")
            }
            place += 2
            let second = try hexadecimal()
            guard (0xDC00..<0xE000).contains(second), let scalar = Unicode.Scalar(0x10000 + (first - 0xD800) << 10 + (second - 0xDC00))
            else {
                throw failure("half of a surrogate pair")
            }
            return scalar
        default: throw failure("an unknown escape in a text")
        }
    }

    private mutating func hexadecimal() throws(SyntaxError) -> UInt32 {
        guard place + 4 <= bytes.count, let value = UInt32(String(decoding: bytes[place..<place + 4], as: UTF8.self), radix: 16),
            bytes[place] != UInt8(ascii: "+")
        else { throw failure("four hexadecimal digits are expected here") }
        place += 4
        return value
    }
}
