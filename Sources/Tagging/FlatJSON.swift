// JSON as devices send it: one flat object, read strictly, because whoever sends more means something else.
// **messages → assertions** → tags → incidents

/// A strict reader of one flat JSON object (RFC 8259): no arrays, no objects within it, no name twice, nothing behind it.
struct FlatJSON {
    /// What a name may hold.
    enum Value: Equatable {
        case text(String)
        case number(Double)
        case truth(Bool)
    }

    /// No message has more than ten.
    private static let mostMembers = 16

    private let bytes: [UInt8]
    private var at = 0

    /// The members of the object; nil for everything else. Pure; time grows with the length.
    static func read(_ bytes: [UInt8], most: Int) -> [String: Value]? {
        guard bytes.count <= most, String(validating: bytes, as: UTF8.self) != nil else { return nil }
        var reader = FlatJSON(bytes: bytes)
        guard let members = reader.object() else { return nil }
        reader.skipBlanks()
        return reader.at == bytes.count ? members : nil
    }

    private init(bytes: [UInt8]) { self.bytes = bytes }

    private var current: UInt8? { at < bytes.count ? bytes[at] : nil }

    private mutating func skipBlanks() { while let byte = current, [0x20, 0x09, 0x0A, 0x0D].contains(byte) { at += 1 } }

    private mutating func take(_ byte: Character) -> Bool {
        skipBlanks()
        guard current == byte.asciiValue else { return false }
        at += 1
        return true
    }

    private mutating func object() -> [String: Value]? {
        guard take("{") else { return nil }
        var members: [String: Value] = [:]
        if take("}") { return members }
        repeat {
            guard members.count < Self.mostMembers, take("\""), let name = text(), take(":"), let value = value(),
                members.updateValue(value, forKey: name) == nil
            else { return nil }
        } while take(",")
        return take("}") ? members : nil
    }

    private mutating func value() -> Value? {
        if take("\"") { return text().map(Value.text) }
        for (word, value) in [("true", true), ("false", false)] where bytes[at...].starts(with: word.utf8) {
            at += word.utf8.count
            return .truth(value)
        }
        return number().map(Value.number)
    }

    private mutating func number() -> Double? {
        let start = at
        while let byte = current, (0x30...0x39).contains(byte) || [0x2B, 0x2D, 0x2E, 0x45, 0x65].contains(byte) { at += 1 }
        let said = String(decoding: bytes[start..<at], as: UTF8.self)
        // The grammar of RFC 8259 §6; Swift's own takes more.
        guard said.wholeMatch(of: /-?(?:0|[1-9][0-9]{0,15})(?:\.[0-9]{1,16})?(?:[eE][+-]?[0-9]{1,2})?/) != nil else { return nil }
        return Double(said)
    }

    /// The rest of a string whose quotation mark was taken. Escapes of single characters only: no message needs `\u`.
    private mutating func text() -> String? {
        var read: [UInt8] = []
        while let byte = current {
            at += 1
            switch byte {
            case 0x22: return String(decoding: read, as: UTF8.self)
            case 0x5C:
                guard let next = current, [0x22, 0x5C, 0x2F].contains(next) else { return nil }
                at += 1
                read.append(next)
            case 0..<0x20: return nil
            default: read.append(byte)
            }
        }
        return nil
    }
}
