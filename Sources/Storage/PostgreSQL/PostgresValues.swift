// Values on their way to and from libpq, all in its binary format: integers and doubles big-endian, text and bytes as they are.
// SQL → **bytes** → libpq

import Base

/// The type numbers of pg_type.h that both databases can mean.
enum PostgresType {
    static let bool: UInt32 = 16
    static let bytea: UInt32 = 17
    static let name: UInt32 = 19
    static let int8: UInt32 = 20
    static let int2: UInt32 = 21
    static let int4: UInt32 = 23
    static let text: UInt32 = 25
    static let float4: UInt32 = 700
    static let float8: UInt32 = 701
    static let varchar: UInt32 = 1043
    static let numeric: UInt32 = 1700
}

/// Parameters side by side in one buffer. Their types are declared, so that the server never guesses.
///
/// A null has no type in SQLite; PostgreSQL gives that freedom to the literal alone, so `text` writes it in the parameter's place.
struct PostgresParameters {
    private(set) var types: [UInt32] = []
    private(set) var places: [Range<Int>?] = []
    private(set) var bytes: [UInt8] = []

    init(_ values: [SQLValue]) throws {
        for value in values {
            let start = bytes.count
            switch value {
            case .null:
                types.append(PostgresType.text)
                places.append(nil)
                continue
            case .integer(let number):
                types.append(PostgresType.int8)
                append(UInt64(bitPattern: number))
            case .real(let number):
                types.append(PostgresType.float8)
                append(number.bitPattern)
            case .text(let text):
                guard !text.utf8.contains(0) else { throw Failure(.invalidInput, "text with U+0000 cannot be stored") }
                types.append(PostgresType.text)
                bytes += text.utf8
            case .blob(let blob):
                types.append(PostgresType.bytea)
                bytes += blob
            }
            places.append(start..<bytes.count)
        }
        // So that an empty text at the end has an address too: a null pointer would mean NULL.
        bytes.append(0)
    }

    /// The statement with NULL where a null is bound.
    func text(_ sql: String) -> String {
        guard places.contains(nil) else { return sql }
        var (text, number): ([UInt8], Int?) = ([], nil)
        var quote: UInt8?
        // One byte more than there is, so that a parameter at the end ends too.
        for byte in Array(sql.utf8) + [UInt8(ascii: "\n")] {
            if let digits = number {
                if (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) {
                    number = digits * 10 + Int(byte - UInt8(ascii: "0"))
                    continue
                }
                let isNull = places.indices.contains(digits - 1) && places[digits - 1] == nil
                text += (isNull ? "NULL" : "$\(digits)").utf8
                number = nil
            }
            switch byte {
            case UInt8(ascii: "$") where quote == nil:
                number = 0
                continue
            case UInt8(ascii: "'"), UInt8(ascii: "\""):
                if quote == nil { quote = byte } else if quote == byte { quote = nil }
            default: break
            }
            text.append(byte)
        }
        return String(decoding: text, as: UTF8.self)
    }

    private mutating func append(_ word: UInt64) {
        for shift in stride(from: 56, through: 0, by: -8) { bytes.append(UInt8(truncatingIfNeeded: word >> UInt64(shift))) }
    }
}

extension SQLValue {
    /// One column as the server sent it; truth values become 0 and 1, as SQLite has them.
    init(_ bytes: [UInt8], type: UInt32, column: String) throws {
        switch (type, bytes.count) {
        case (PostgresType.bool, 1), (PostgresType.int2, 2), (PostgresType.int4, 4), (PostgresType.int8, 8):
            // The first byte carries the sign.
            let number = bytes.dropFirst().reduce(Int64(Int8(bitPattern: bytes[0]))) { $0 << 8 | Int64($1) }
            self = .integer(number)
        case (PostgresType.float4, 4):
            self = .real(Double(Float(bitPattern: UInt32(truncatingIfNeeded: Self.word(bytes)))))
        case (PostgresType.float8, 8): self = .real(Double(bitPattern: Self.word(bytes)))
        case (PostgresType.text, _), (PostgresType.varchar, _), (PostgresType.name, _): self = .text(String(decoding: bytes, as: UTF8.self))
        case (PostgresType.bytea, _): self = .blob(bytes)
        case (PostgresType.numeric, _):
            guard let value = Self.numeric(bytes) else { fallthrough }
            self = value
        default:
            throw Failure(.internal, "column '\(column)' has a type that SQLite has not: cast it", context: [("type", "\(type)")])
        }
    }

    private static func word(_ bytes: some Sequence<UInt8>) -> UInt64 { bytes.reduce(0) { $0 << 8 | UInt64($1) } }

    /// What SUM and AVG over BIGINT give: digits in base 10,000. Whole numbers stay whole, all else becomes a double.
    private static func numeric(_ bytes: [UInt8]) -> SQLValue? {
        guard bytes.count >= 8, bytes.count % 2 == 0 else { return nil }
        let words = stride(from: 0, to: bytes.count, by: 2).map { Int(bytes[$0]) << 8 | Int(bytes[$0 + 1]) }
        let (count, weight, sign, scale) = (words[0], Int(Int16(truncatingIfNeeded: words[1])), words[2], words[3])
        guard count == words.count - 4, sign == 0 || sign == 0x4000 else { return nil }
        let digits = words[4...]
        if scale == 0, weight <= 4 {
            var whole: Int64? = 0
            for place in 0...max(weight, 0) where weight >= 0 {
                let digit = place < count ? Int64(digits[4 + place]) : 0
                whole = whole.flatMap { sum in
                    let (product, over) = sum.multipliedReportingOverflow(by: 10_000)
                    let (next, beyond) = product.subtractingReportingOverflow(digit)  // Downwards: Int64.min has no positive twin.
                    return over || beyond ? nil : next
                }
            }
            if let whole, sign != 0 || whole != .min { return .integer(sign == 0 ? -whole : whole) }
        }
        var text = sign == 0 ? "" : "-"
        for digit in digits { text += String(String(digit + 10_000).dropFirst()) }
        text += (count == 0 ? "0" : "") + "e\(4 * (weight - count + 1))"
        return Double(text).map(SQLValue.real)
    }
}
