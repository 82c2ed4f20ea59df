// The two-wheelers that are being looked for: tokens of their tags under an open report, and who put them there.
// messages → **assertions** → tags → incidents

package import Crypto
package import Domain

/// A tag's number under a key that only the district has (HMAC-SHA256). Nobody can go back from it to a tag or an owner.
package struct TheftToken: Hashable, Sendable {
    private let bytes: [UInt8]

    /// The token of a tag's number, as readers make it and as it is made when a report is entered.
    package init(tag: [UInt8], key: SymmetricKey) { bytes = Array(HMAC<SHA256>.authenticationCode(for: tag, using: key)) }

    /// 64 lower-case hexadecimal digits; nil for anything else.
    package init?(hex: String) {
        let digits = Array(hex.utf8)
        guard digits.count == 64 else { return nil }
        var bytes: [UInt8] = []
        for place in stride(from: 0, to: 64, by: 2) {
            guard let high = Self.value(digits[place]), let low = Self.value(digits[place + 1]) else { return nil }
            bytes.append(high << 4 | low)
        }
        self.bytes = bytes
    }

    /// As it travels: 64 lower-case hexadecimal digits.
    package var hex: String {
        let digits = Array("0123456789abcdef".utf8)
        return String(decoding: bytes.flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] }, as: UTF8.self)
    }

    private static func value(_ digit: UInt8) -> UInt8? {
        switch digit {
        case 0x30...0x39: digit - 0x30
        case 0x61...0x66: digit - 0x57
        default: nil
        }
    }
}

/// One change of the list, for the audit log. It names the report and never a tag.
package struct TheftListChange: Hashable, Sendable {
    /// What became of the report.
    package enum Action: String, Sendable { case opened, closed, expired }

    package var action: Action
    package var report: String
    /// Who did it; empty when time did.
    package var actor: String
    package var at: WallTime
}

/// Why a report was not put on the list. Metric label, text and code of an answer at once.
package enum TheftListRefusal: String, Error, Sendable, CaseIterable {
    /// A number that is empty, too long, or holds other characters than those of numbers and names.
    case name
    /// Already over, or open for longer than 30 days.
    case expiry
    /// The report, or the tag under another report, is on the list.
    case duplicate
    case full
}

/// The open theft reports. A plain value; every change returns its entry for the audit log, and nothing can be asked of it but whether a
/// token that was just seen is looked for.
package struct TheftList: Sendable {
    package static let mostDays = 30.0
    /// Two hundred times what a district of 30,000 tags reports in a year's worst month.
    package static let mostReports = 10_000

    private var numbers: [TheftToken: String] = [:]
    private var expiries: [String: WallTime] = [:]

    /// The list as it was made elsewhere; tokens that are none are left out.
    package init(_ reports: [TheftReport] = []) {
        for report in reports.prefix(Self.mostReports) {
            expiries[report.number] = report.expires
            for token in report.tokens.compactMap({ TheftToken(hex: $0) }) { numbers[token] = report.number }
        }
    }

    /// Open reports.
    package var count: Int { expiries.count }

    /// Puts a tag on the list.
    ///
    /// - Parameters:
    ///   - tokens: The tag under each key of the district: a reader has one of them.
    ///   - report: The number of the report; nothing about the owner.
    ///   - actor: The account that enters it.
    package mutating func open(
        _ tokens: [TheftToken], report: String, by actor: String, expires: WallTime, now: WallTime
    ) throws(TheftListRefusal) -> TheftListChange {
        guard TagText.isPlain(report) else { throw .name }
        guard expires > now, expires.seconds(since: now) <= Self.mostDays * 86_400 else { throw .expiry }
        guard expiries[report] == nil, !tokens.contains(where: { numbers[$0] != nil }) else { throw .duplicate }
        guard expiries.count < Self.mostReports else { throw .full }
        expiries[report] = expires
        for token in tokens { numbers[token] = report }
        return TheftListChange(action: .opened, report: report, actor: actor, at: now)
    }

    /// Takes a report off the list; nil when it is not on it.
    package mutating func close(report: String, by actor: String, now: WallTime) -> TheftListChange? {
        guard take(report) else { return nil }
        return TheftListChange(action: .closed, report: report, actor: actor, at: now)
    }

    /// Takes off what is over, by number of report.
    package mutating func expire(now: WallTime) -> [TheftListChange] {
        expiries.filter { $0.value <= now }.keys.sorted().map { report in
            _ = take(report)
            return TheftListChange(action: .expired, report: report, actor: "", at: now)
        }
    }

    /// The report under which this tag is looked for; nil when nobody looks for it.
    package func report(for token: TheftToken, now: WallTime) -> String? {
        numbers[token].flatMap { report in expiries[report].flatMap { $0 > now ? report : nil } }
    }

    private mutating func take(_ report: String) -> Bool {
        guard expiries.removeValue(forKey: report) != nil else { return false }
        numbers = numbers.filter { $0.value != report }
        return true
    }
}
