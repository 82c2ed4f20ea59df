// Columns by name over the rows of a file, and the small repairs that spreadsheets make necessary.
// bytes → rows → **named fields** → cameras, workers, credentials

import Base

/// The rows below a header, whose fields are asked for by column name.
struct NamedRows {
    /// The names of the columns as written.
    let header: [String]
    private let places: [String: Int]
    private let rows: ArraySlice<CSVRow>

    /// Reads a file of rows with a header. Nil when it cannot be read as a table with these columns at all; findings say why.
    ///
    /// Unknown columns are named in a warning, since exports carry extra ones; a missing column is an error.
    init?(_ bytes: [UInt8], required: [String], optional: [String] = [], into findings: inout FindingList) {
        let text: [UInt8]
        do {
            text = try TextFile.utf8(bytes)
        } catch {
            findings.error(error.line, error.message)
            return nil
        }
        let table = CSVTable.read(text, into: &findings)
        guard let header = table.rows.first else {
            if !findings.hasErrors {
                findings.error(1, "is empty; the first line must name the columns \(required.joined(separator: ","))")
            }
            return nil
        }
        let names = header.fields.map { trimmed($0).lowercased() }
        if names.count == 1,
            let separator = [";": "semicolons", "\t": "tabs", "，": "full-width commas"].first(where: { names[0].contains($0.key) })
        {
            findings.error(header.line, "columns are separated by \(separator.value); export the file with commas")
            return nil
        }
        // Before anything of the header is printed: a credentials file without header has a password there.
        let missing = required.filter { !names.contains($0) }
        if !missing.isEmpty {
            findings.error(
                header.line, "missing columns: \(missing.joined(separator: ", ")); needed are \(required.joined(separator: ","))")
            return nil
        }
        var places: [String: Int] = [:]
        for (place, name) in names.enumerated() where places.updateValue(place, forKey: name) != nil {
            findings.error(header.line, "the column '\(printable(name))' stands twice")
            return nil
        }
        let known = Set(required + optional)
        let extra = names.filter { !known.contains($0) }.map { $0.isEmpty ? "(no name)" : printable($0) }
        if !extra.isEmpty { findings.warning(header.line, "unknown columns are ignored: \(extra.joined(separator: ", "))") }
        self.places = places
        self.header = header.fields
        rows = table.rows.dropFirst()
    }

    var isEmpty: Bool { rows.isEmpty }

    /// True when the file has this column.
    func has(_ column: String) -> Bool { places[column] != nil }

    /// Calls `body` for each row that has as many fields as the header; the others are findings.
    func forEach(into findings: inout FindingList, _ body: (NamedRow, inout FindingList) -> Void) {
        for row in rows {
            if row.fields.count == header.count {
                body(NamedRow(line: row.line, fields: row.fields, places: places), &findings)
            } else if row.fields.contains(where: { !trimmed($0).isEmpty }) {
                findings.error(
                    row.line,
                    "has \(row.fields.count) fields, the header names \(header.count) columns; quote a field that contains a comma")
            }
        }
    }
}

/// One row whose fields have names.
struct NamedRow {
    let line: Int
    let fields: [String]
    private let places: [String: Int]

    init(line: Int, fields: [String], header: [String]) {
        self.init(
            line: line, fields: fields,
            places: Dictionary(header.enumerated().map { (trimmed($1).lowercased(), $0) }, uniquingKeysWith: { first, _ in first }))
    }

    init(line: Int, fields: [String], places: [String: Int]) {
        self.line = line
        self.fields = fields
        self.places = places
    }

    /// True when the file has this column, whatever the field holds.
    func has(_ column: String) -> Bool { places[column] != nil }

    /// The field exactly as written.
    func raw(_ column: String) -> String { places[column].map { fields[$0] } ?? "" }

    /// The field without surrounding space; empty when the column is absent.
    subscript(_ column: String) -> String { trimmed(raw(column)) }

    /// As above with full-width digits and signs made ASCII and a spreadsheet's leading apostrophe taken off.
    func plain(_ column: String) -> String {
        var text = narrowed(self[column])
        if text.hasPrefix("'") { text.removeFirst() }
        return trimmed(text)
    }
}

/// Without surrounding white space, including the ideographic space, no-break spaces and stray byte order marks.
func trimmed(_ text: String) -> String {
    func isBlank(_ scalar: Unicode.Scalar) -> Bool { scalar.properties.isWhitespace || scalar == "\u{FEFF}" || scalar == "\u{200B}" }
    let scalars = text.unicodeScalars
    guard let first = scalars.first, let last = scalars.last, isBlank(first) || isBlank(last) else { return text }
    guard let start = scalars.firstIndex(where: { !isBlank($0) }), let end = scalars.lastIndex(where: { !isBlank($0) }) else { return "" }
    return String(scalars[start...end])
}

/// Full-width forms U+FF01…U+FF5E as the ASCII they stand for, the ideographic comma, full stop and space likewise.
func narrowed(_ text: String) -> String {
    if text.utf8.allSatisfy({ $0 < 0x80 }) { return text }
    var scalars = String.UnicodeScalarView()
    for scalar in text.unicodeScalars {
        switch scalar.value {
        case 0xFF01...0xFF5E: scalars.append(Unicode.Scalar(UInt8(scalar.value - 0xFEE0)))
        case 0x3000: scalars.append(" ")
        case 0x3001: scalars.append(",")
        case 0x3002: scalars.append(".")
        default: scalars.append(scalar)
        }
    }
    return String(scalars)
}

/// What of a hostile or broken field may be printed: at most 40 characters, no control characters.
func printable(_ text: String) -> String {
    let clean = String(
        String.UnicodeScalarView(
            text.unicodeScalars.filter { $0.properties.generalCategory != .control && $0.properties.generalCategory != .format }))
    return clean.count > 40 ? clean.prefix(40) + "…" : clean
}
