// One field of one row at a time: what it may be, and the sentence when it is not.
// row → **fields** → camera, gridworker

import Base
import Domain
import Foundation

/// Reads the fields of a row; complaints go to the findings with the row's line. Not printed: URLs and phone numbers.
struct FieldCheck {
    let row: NamedRow
    private(set) var findings: FindingList
    /// True once anything in this row was an error.
    private(set) var failed = false

    init(row: NamedRow, findings: FindingList) {
        self.row = row
        self.findings = findings
    }

    mutating func error(_ message: String) {
        failed = true
        findings.error(row.line, message)
    }

    mutating func warning(_ message: String) { findings.warning(row.line, message) }

    /// Text that must be there.
    mutating func text(_ column: String, maxCharacters: Int) -> String {
        let text = row[column]
        if text.isEmpty { error("\(column) is empty") }
        if text.count > maxCharacters { error("\(column) is longer than \(maxCharacters) characters") }
        if text.unicodeScalars.contains(where: { $0.properties.generalCategory == .control }) {
            error("\(column) contains control characters")
        }
        return text
    }

    /// An optional number; nil when empty or, with a finding, wrong.
    mutating func number(_ column: String, in range: ClosedRange<Double>) -> Double? {
        let text = row.plain(column)
        if text.isEmpty { return nil }
        guard let value = decimal(text), range.contains(value) else {
            error("\(column) '\(printable(text))' must be a number from \(Int(range.lowerBound)) to \(Int(range.upperBound))")
            return nil
        }
        return value
    }

    /// A coordinate that must be there, in decimal degrees.
    mutating func degrees(_ column: String) -> Double? {
        let text = row.plain(column)
        if text.isEmpty {
            error("\(column) is empty")
            return nil
        }
        guard let value = decimal(text) else {
            let hint =
                text.contains(/[°'"′″]/)
                ? "; write decimal degrees, not minutes and seconds" : text.contains(",") ? "; write a decimal point" : ""
            error("\(column) '\(printable(text))' is not a number\(hint)")
            return nil
        }
        return value
    }

    /// Digits with an optional sign and point; `Double` alone would also take `nan`, `inf` and hexadecimal.
    private func decimal(_ text: String) -> Double? {
        let parts = (text.hasPrefix("-") || text.hasPrefix("+") ? text.dropFirst() : text[...]).split(
            separator: ".", omittingEmptySubsequences: false)
        guard text.utf8.count <= 40, parts.count <= 2, isDigits(parts[0]), parts.count == 1 || parts[1].isEmpty || isDigits(parts[1]) else {
            return nil
        }
        return Double(text.hasSuffix(".") ? text + "0" : text)
    }

    mutating func flag(_ column: String) -> Bool? {
        switch row.plain(column).lowercased() {
        case "": return nil
        case "1", "true", "yes", "y", "是": return true
        case "0", "false", "no", "n", "否": return false
        default:
            error("\(column) '\(printable(row[column]))' must be 1 or 0")
            return nil
        }
    }

    mutating func coordinateSystem() -> CoordinateSystem? {
        let text = row.plain("crs")
        let known = CoordinateSystem.allCases.map(\.rawValue).joined(separator: ", ")
        if text.isEmpty {
            error("crs is missing; there is no default, write one of \(known)")
            return nil
        }
        guard let system = CoordinateSystem(asWritten: text) else {
            error("unknown crs '\(printable(text))'; known are \(known)")
            return nil
        }
        return system
    }

    mutating func villageCode(_ map: DistrictMap?) -> VillageCode? {
        let text = row.plain("village_code")
        if text.isEmpty { return nil }
        guard let village = VillageCode(text) else {
            error("village_code '\(printable(text))' is not 12 digits")
            return nil
        }
        if let map, !map.villages.contains(village) {
            error("unknown village_code \(village): no grid belongs to it")
            return nil
        }
        return village
    }

    /// - Parameter mayCome: True where a grid may be named that only the next grid set has; then it is a warning.
    mutating func gridCode(_ map: DistrictMap?, isRequired: Bool, mayCome: Bool = false) -> GridCode? {
        let text = row.plain("grid_code")
        if text.isEmpty {
            if isRequired { error("grid_code is empty") }
            return nil
        }
        guard let grid = GridCode(text) else {
            error("grid_code '\(printable(text))' is not 15 digits")
            return nil
        }
        if let map, map.grids[grid] == nil {
            if mayCome {
                warning("grid_code \(grid) is not in grids.geojson: nothing is sent there until a grid set has it")
                return grid
            }
            error("unknown grid_code \(grid): grids.geojson has no such grid")
            return nil
        }
        return grid
    }

    mutating func priority() -> Priority {
        let text = row.plain("priority")
        if text.isEmpty { return .three }
        if let priority = Int(text).flatMap(Priority.init(rawValue:)) { return priority }
        error("priority '\(printable(text))' must be 1 (highest) to 4")
        return .three
    }

    mutating func transport() -> Transport {
        let text = row.plain("transport").lowercased()
        if text.isEmpty { return .auto }
        if let transport = Transport(rawValue: text) { return transport }
        error("unknown transport '\(printable(text))'; known are \(Transport.allCases.map(\.rawValue).joined(separator: ", "))")
        return .auto
    }

    /// Static tags `ns:key[=value]`, separated by spaces, commas or semicolons; sorted and without repetition.
    mutating func tags() -> [String] {
        var tags: Set<String> = []
        for tag in narrowed(row["tags"]).split(whereSeparator: { $0 == " " || $0 == ";" || $0 == "," }).map(String.init) {
            if let problem = Self.problem(ofTag: tag) { error(problem) } else { tags.insert(tag) }
        }
        return tags.sorted()
    }

    /// Why something can be no static tag; nil when it can.
    static func problem(ofTag tag: String) -> String? {
        let space = tag.prefix { $0 != ":" }.lowercased()
        // Places, not people: DESIGN.md decision 9.
        if namespacesOfPersons.contains(space) { return "the tag '\(space):…' denotes a person; tags name places and things" }
        return isTag(tag) ? nil : "the tag '\(printable(tag))' is not ns:key or ns:key=value in small letters"
    }

    private static let namespacesOfPersons: Set = ["person", "people", "face", "plate", "body", "idcard", "phone"]

    private static func isTag(_ tag: String) -> Bool {
        let name = tag.prefix { $0 != "=" }
        if name.endIndex != tag.endIndex, tag[name.endIndex...].count < 2 || tag[name.endIndex...].dropFirst().contains("=") {
            return false
        }
        let parts = name.split(separator: ":", omittingEmptySubsequences: false)
        return parts.count == 2 && parts.allSatisfy { startsSmall($0) }
            && parts[0].utf8.allSatisfy { isSmall($0) || $0 == UInt8(ascii: "_") }
            && parts[1].utf8.allSatisfy { isSmall($0) || "_.-".utf8.contains($0) }
    }

    /// `rtsp://host[:port]/path`; nothing of a URL is printed, because a wrong one may hold a password.
    mutating func rtspURL() -> String? {
        let url = row["rtsp_url"]
        if let complaint = Self.complaint(aboutURL: url) {
            error(complaint)
            return nil
        }
        return url
    }

    private static func complaint(aboutURL url: String) -> String? {
        if url.isEmpty { return "rtsp_url is empty" }
        if url.utf8.count > 1024 { return "rtsp_url is longer than 1,024 bytes" }
        guard url.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F }) else { return "rtsp_url contains a space or a character outside ASCII" }
        guard url.lowercased().hasPrefix("rtsp://") else { return "rtsp_url must begin with rtsp://" }
        let authority = url.dropFirst(7).prefix { $0 != "/" && $0 != "?" && $0 != "#" }
        let credentials = "credentials belong in the credentials file (camera_id,user,password), not in the URL"
        if authority.contains("@") { return "rtsp_url contains a user or password; \(credentials)" }
        guard let port = port(ofAuthority: authority) else { return "rtsp_url has no valid host and port" }
        guard (1...65535).contains(port) else { return "rtsp_url has a port outside 1…65535" }
        if holdsPassword(url.dropFirst(7 + authority.count)) { return "rtsp_url contains a password in its path; \(credentials)" }
        return nil
    }

    /// The port, 554 when none is written, of `host`, `host:port`, `[v6]` or `[v6]:port`; nil when it is none of these.
    private static func port(ofAuthority authority: Substring) -> Int? {
        let rest: Substring
        if authority.hasPrefix("[") {
            guard let end = authority.firstIndex(of: "]") else { return nil }
            let address = authority[..<end].dropFirst()
            guard address.utf8.count > 1, address.allSatisfy({ $0.isHexDigit || $0 == ":" || $0 == "." }) else { return nil }
            rest = authority[end...].dropFirst()
        } else {
            let host = authority.prefix { $0 != ":" }
            guard !host.isEmpty, host.utf8.allSatisfy({ isSmall($0 | 0x20) || isSmall($0) || "._-".utf8.contains($0) }) else { return nil }
            rest = authority[host.endIndex...]
        }
        if rest.isEmpty { return 554 }
        return rest.hasPrefix(":") && rest.utf8.count <= 6 && isDigits(rest.dropFirst()) ? Int(rest.dropFirst()) : nil
    }

    /// True for `password=x` and its like with something behind the sign, as some makers write it into the path.
    private static func holdsPassword(_ path: Substring) -> Bool {
        let lower = path.lowercased()
        for name in ["password=", "passwd=", "pwd=", "pass="] {
            var rest = lower[...]
            while let found = rest.range(of: name) {
                rest = rest[found.upperBound...]
                if let next = rest.first, next != "&", next != "/", next != "_" { return true }
            }
        }
        return false
    }

    /// Household points are private: without a recorded consent and an outward view they are refused (R12).
    mutating func consent() {
        guard row["programme"].contains("慧眼") else { return }
        if row["consent_ref"].isEmpty || flag("outward") != true {
            error("a household point (慧眼) needs a recorded consent (consent_ref) and an outward view (outward=1)")
        }
    }
}

/// True for one or more ASCII digits.
func isDigits(_ text: Substring) -> Bool { !text.isEmpty && text.utf8.allSatisfy { $0 >= 0x30 && $0 <= 0x39 } }

/// True for a small ASCII letter or a digit.
func isSmall(_ byte: UInt8) -> Bool { byte >= 0x61 && byte <= 0x7A || byte >= 0x30 && byte <= 0x39 }

/// True when the first byte is a small ASCII letter.
func startsSmall(_ text: Substring) -> Bool { text.utf8.first.map { $0 >= 0x61 && $0 <= 0x7A } ?? false }
