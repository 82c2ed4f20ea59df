// Comma-separated values after RFC 4180, each row with the line it starts on.
// bytes → **rows** → cameras, workers, credentials → district

import Base

/// One row: the fields as written, without quotes.
struct CSVRow: Equatable {
    /// 1-based line on which the row begins; a quoted field may span several.
    let line: Int
    let fields: [String]
}

/// The rows of a file. Blank lines are left out.
struct CSVTable: Equatable {
    static let maxColumns = 256
    static let maxFieldBytes = 16 << 10
    static let maxRows = 500_000

    private(set) var rows: [CSVRow] = []

    /// Reads UTF-8 bytes. A broken row is a finding and left out; a quote that is never closed ends the reading.
    static func read(_ bytes: [UInt8], into findings: inout FindingList) -> CSVTable {
        var table = CSVTable()
        var reader = CSVRowReader(bytes)
        while true {
            do {
                guard let row = try reader.next() else { return table }
                if row.fields == [""] { continue }
                table.rows.append(row)
                if table.rows.count > maxRows {
                    findings.error(row.line, "has more than \(maxRows) rows")
                    return table
                }
            } catch {
                findings.error(error.line, error.message)
                reader.skipLine()
            }
        }
    }
}

/// Reads row after row; a value type over bytes, so that a truncated file is an ordinary input.
private struct CSVRowReader {
    struct SyntaxError: Error {
        let line: Int
        let message: String
    }

    private let bytes: [UInt8]
    private var place = 0
    private var line = 1

    init(_ bytes: [UInt8]) { self.bytes = bytes }

    /// The next row, or nil at the end.
    mutating func next() throws(SyntaxError) -> CSVRow? {
        guard place < bytes.count else { return nil }
        let start = line
        var fields: [String] = []
        while true {
            fields.append(try field())
            if fields.count > CSVTable.maxColumns {
                throw SyntaxError(line: start, message: "has more than \(CSVTable.maxColumns) columns")
            }
            guard place < bytes.count else { break }
            guard bytes[place] == UInt8(ascii: ",") else {
                endLine()
                break
            }
            place += 1
        }
        return CSVRow(line: start, fields: fields)
    }

    /// Goes on behind the end of the present line.
    mutating func skipLine() {
        while place < bytes.count, bytes[place] != 0x0A, bytes[place] != 0x0D { place += 1 }
        endLine()
    }

    /// Steps over one end of line, if there is one: CR LF, LF, or a lone CR.
    private mutating func endLine() {
        guard place < bytes.count else { return }
        place += bytes[place] == 0x0D && place + 1 < bytes.count && bytes[place + 1] == 0x0A ? 2 : 1
        line += 1
    }

    /// One field; stops on the comma, the end of the line or the end of the file.
    private mutating func field() throws(SyntaxError) -> String {
        if place < bytes.count, bytes[place] == UInt8(ascii: "\"") { return try quotedField() }
        let start = place
        while place < bytes.count, bytes[place] != UInt8(ascii: ","), bytes[place] != 0x0A, bytes[place] != 0x0D {
            if bytes[place] == UInt8(ascii: "\"") {
                throw SyntaxError(
                    line: line, message: "a quote stands inside a field that does not begin with one; double it and quote the field")
            }
            if bytes[place] == 0 { throw SyntaxError(line: line, message: "a zero byte; this is not a text file") }
            place += 1
        }
        return try text(bytes[start..<place])
    }

    private mutating func quotedField() throws(SyntaxError) -> String {
        let start = line
        var content: [UInt8] = []
        place += 1
        while place < bytes.count {
            let byte = bytes[place]
            place += 1
            if byte == UInt8(ascii: "\"") {
                if place < bytes.count, bytes[place] == UInt8(ascii: "\"") {
                    place += 1
                } else {
                    if place < bytes.count, bytes[place] != UInt8(ascii: ","), bytes[place] != 0x0A, bytes[place] != 0x0D {
                        throw SyntaxError(line: line, message: "text stands behind a closing quote")
                    }
                    return try text(content[...])
                }
            }
            if byte == 0x0A || byte == 0x0D && (place == bytes.count || bytes[place] != 0x0A) { line += 1 }
            content.append(byte)
            if content.count > CSVTable.maxFieldBytes { break }
        }
        throw SyntaxError(line: start, message: "a quote is opened here and never closed")
    }

    private func text(_ content: ArraySlice<UInt8>) throws(SyntaxError) -> String {
        guard content.count <= CSVTable.maxFieldBytes else {
            throw SyntaxError(line: line, message: "a field is longer than \(CSVTable.maxFieldBytes >> 10) KiB")
        }
        return String(decoding: content, as: UTF8.self)
    }
}
