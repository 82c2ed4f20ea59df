// The names of things that exist outside Snowlight: cameras, villages, grids, gridworkers, cases.
// **camera** → packets → looks → frames → detections → incidents → **grid → case**

/// A camera's 20-digit identity in the manner of GB/T 28181; never a location.
///
/// Source: `51101100001320000001` = centre 8, industry 2, type 3, network 1, serial 6 digits.
package struct CameraID: Hashable, Sendable, Comparable, CustomStringConvertible {
    package let digits: String

    /// Accepts exactly 20 ASCII digits; anything else, such as a spreadsheet's `5.1101E+19`, is nil.
    package init?(_ text: some StringProtocol) {
        guard text.utf8.count == 20, text.utf8.allSatisfy({ $0 >= 0x30 && $0 <= 0x39 }) else { return nil }
        digits = String(text)
    }

    package var description: String { digits }
    package static func < (a: Self, b: Self) -> Bool { a.digits < b.digits }
}

/// A village or community: 12 digits, 6 county + 3 township + 3 village.
package struct VillageCode: Hashable, Sendable, Comparable, CustomStringConvertible {
    package let digits: String

    /// Accepts exactly 12 ASCII digits.
    package init?(_ text: some StringProtocol) {
        guard text.utf8.count == 12, text.utf8.allSatisfy({ $0 >= 0x30 && $0 <= 0x39 }) else { return nil }
        digits = String(text)
    }

    /// The township (sub-district) part, 9 digits.
    package var township: String { String(digits.prefix(9)) }
    package var description: String { digits }
    package static func < (a: Self, b: Self) -> Bool { a.digits < b.digits }
}

/// A grid: 15 digits, its village's 12 and a sequence of 3; voided but never reused.
package struct GridCode: Hashable, Sendable, Comparable, CustomStringConvertible {
    package let digits: String

    /// Accepts exactly 15 ASCII digits.
    package init?(_ text: some StringProtocol) {
        guard text.utf8.count == 15, text.utf8.allSatisfy({ $0 >= 0x30 && $0 <= 0x39 }) else { return nil }
        digits = String(text)
    }

    /// The village this grid belongs to.
    package var village: VillageCode { VillageCode(digits.prefix(12))! }  // 12 of 15 checked digits.
    package var description: String { digits }
    package static func < (a: Self, b: Self) -> Bool { a.digits < b.digits }
}

/// A gridworker's identity in `workers.csv`: 1 to 32 letters, digits, `-` or `_`.
package struct WorkerID: Hashable, Sendable, Comparable, CustomStringConvertible {
    package let text: String

    /// Refuses anything that could not stand unescaped in a path or a log line.
    package init?(_ text: some StringProtocol) {
        guard (1...32).contains(text.utf8.count),
            text.utf8.allSatisfy({ ($0 | 0x20) >= 0x61 && ($0 | 0x20) <= 0x7A || $0 >= 0x30 && $0 <= 0x39 || $0 == 0x2D || $0 == 0x5F })
        else { return nil }
        self.text = String(text)
    }

    package var description: String { text }
    package static func < (a: Self, b: Self) -> Bool { a.text < b.text }
}

/// A case number: district, Beijing date of filing, daily sequence, e.g. `511011-20261123-00042`.
package struct CaseNumber: Hashable, Sendable, Comparable, CustomStringConvertible {
    package let text: String

    /// Accepts `6 digits - 8 digits - 5 digits`.
    package init?(_ text: some StringProtocol) {
        let parts = text.split(separator: "-", omittingEmptySubsequences: false)
        guard parts.count == 3, parts[0].utf8.count == 6, parts[1].utf8.count == 8, parts[2].utf8.count == 5,
            parts.allSatisfy({ $0.utf8.allSatisfy { $0 >= 0x30 && $0 <= 0x39 } })
        else { return nil }
        self.text = String(text)
    }

    /// Builds the number of the `sequence`-th case (1…99,999) that the district files on a Beijing date `yyyymmdd`.
    package init?(district: String, beijingDate: String, sequence: Int) {
        guard (1...99_999).contains(sequence) else { return nil }
        let digits = String(sequence)
        self.init("\(district)-\(beijingDate)-\(String(repeating: "0", count: 5 - digits.count))\(digits)")
    }

    package var description: String { text }
    package static func < (a: Self, b: Self) -> Bool { a.text < b.text }
}
