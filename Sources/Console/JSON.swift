// JSON as the API writes and reads it: keys keep the order in which they were written, text cannot leave its quotes.
// cases → **answers** → pages

import Base
import Foundation
import HTTPTypes
import NIOCore

/// One JSON value. Objects keep their order, so that the same state always makes the same bytes.
package enum JSON: Sendable, Equatable {
    case null
    case bool(Bool)
    case int(Int64)
    case double(Double)
    case string(String)
    case array([JSON])
    case object([Member])

    /// A name and its value inside an object.
    package struct Member: Sendable, Equatable {
        package var name: String
        package var value: JSON

        package init(_ name: String, _ value: JSON) {
            self.name = name
            self.value = value
        }
    }

    /// The value of a member, or nil when this is no object or has no such member.
    package subscript(_ name: String) -> JSON? {
        guard case .object(let members) = self else { return nil }
        return members.first { $0.name == name }?.value
    }

    /// The value as a number, or nil when it is none.
    var number: Double? {
        switch self {
        case .int(let value): Double(value)
        case .double(let value): value
        default: nil
        }
    }

    /// The value as compact UTF-8 text.
    package var text: String {
        var result = ""
        append(to: &result)
        return result
    }

    private func append(to text: inout String) {
        switch self {
        case .null: text += "null"
        case .bool(let value): text += value ? "true" : "false"
        case .int(let value): text += String(value)
        // JSON has no words for infinity; a measurement that is not finite is unknown.
        case .double(let value): text += value.isFinite ? String(value) : "null"
        case .string(let value): text += JSONLogHandler.quoted(value)
        case .array(let values):
            text += "["
            for (index, value) in values.enumerated() {
                if index > 0 { text += "," }
                value.append(to: &text)
            }
            text += "]"
        case .object(let members):
            text += "{"
            for (index, member) in members.enumerated() {
                if index > 0 { text += "," }
                text += JSONLogHandler.quoted(member.name) + ":"
                member.value.append(to: &text)
            }
            text += "}"
        }
    }
}

// Not by nil: `condition ? json : nil` would then be a null and no absence.
extension JSON: ExpressibleByStringLiteral, ExpressibleByIntegerLiteral, ExpressibleByFloatLiteral, ExpressibleByBooleanLiteral,
    ExpressibleByArrayLiteral, ExpressibleByDictionaryLiteral
{
    package init(stringLiteral value: String) { self = .string(value) }
    package init(integerLiteral value: Int64) { self = .int(value) }
    package init(floatLiteral value: Double) { self = .double(value) }
    package init(booleanLiteral value: Bool) { self = .bool(value) }
    package init(arrayLiteral elements: JSON...) { self = .array(elements) }
    package init(dictionaryLiteral elements: (String, JSON)...) { self = .object(elements.map { Member($0.0, $0.1) }) }

    /// The text, or null for nil.
    init(_ text: String?) { self = text.map(JSON.string) ?? .null }
    /// The number, or null for nil.
    init(_ number: Double?) { self = number.map(JSON.double) ?? .null }
    /// The number.
    init(_ number: Int) { self = .int(Int64(number)) }
    /// The number.
    init(_ number: UInt64) { self = .int(Int64(clamping: number)) }
}

extension JSON: Decodable {
    package init(from decoder: any Decoder) throws {
        let single = try decoder.singleValueContainer()
        if single.decodeNil() {
            self = .null
        } else if let value = try? single.decode(Bool.self) {
            self = .bool(value)
        } else if let value = try? single.decode(Int64.self) {
            self = .int(value)
        } else if let value = try? single.decode(Double.self) {
            self = .double(value)
        } else if let value = try? single.decode(String.self) {
            self = .string(value)
        } else if let values = try? single.decode([JSON].self) {
            self = .array(values)
        } else {
            // The decoder does not keep the order of members; nothing we read depends on it.
            self = .object(try single.decode([String: JSON].self).sorted { $0.key < $1.key }.map { Member($0.key, $0.value) })
        }
    }

    /// A value of a store, to stand inside an answer; its names come in alphabetical order.
    init(encoding value: some Encodable) throws { self = try JSONDecoder().decode(JSON.self, from: JSONEncoder().encode(value)) }

    /// Parses a request body; throws a refusal that says what is wrong.
    static func parse(_ body: ByteBuffer) throws -> JSON {
        do { return try JSONDecoder().decode(JSON.self, from: Data(body.readableBytesView)) } catch {
            throw Refusal(.badRequest, "bad_json", "the body is not valid JSON")
        }
    }

    /// A member that must be text; its absence and a wrong type are refused by name.
    func requiredText(_ name: String) throws -> String {
        guard let text = try optionalText(name) else { throw Refusal.badField(name, "is missing") }
        return text
    }

    /// A member that is text, null or absent.
    func optionalText(_ name: String) throws -> String? {
        switch self[name] {
        case .string(let text): return text
        case nil, .null: return nil
        default: throw Refusal.badField(name, "must be text")
        }
    }

    /// A member that must be a whole number.
    func requiredInt(_ name: String) throws -> Int64 {
        guard let number = try optionalInt(name) else { throw Refusal.badField(name, "is missing") }
        return number
    }

    /// A member that is a whole number, null or absent.
    func optionalInt(_ name: String) throws -> Int64? {
        switch self[name] {
        case .int(let number): return number
        case nil, .null: return nil
        default: throw Refusal.badField(name, "must be a whole number")
        }
    }
}
