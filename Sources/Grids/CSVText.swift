// Rows to comma-separated text after RFC 4180: the way back of CSVTable.
// cameras → **text** → cameras.csv

/// Writes rows that `CSVTable` reads back as the same fields.
enum CSVText {
    /// One line for each row, each ended by a line feed.
    static func write(_ rows: [[String]]) -> String { rows.map { $0.map(field).joined(separator: ",") + "\n" }.joined() }

    private static func field(_ text: String) -> String {
        let needsQuotes = text.utf8.contains { $0 == UInt8(ascii: ",") || $0 == UInt8(ascii: "\"") || $0 == 0x0A || $0 == 0x0D }
        return needsQuotes ? "\"\(text.replacing("\"", with: "\"\""))\"" : text
    }
}
