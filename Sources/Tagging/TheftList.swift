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

/// Why a report was not put on the list.
package enum TheftListRefusal: String, Error, Sendable, CaseIterable {
    /// A report or a name that is empty, too long, or holds other characters than those of numbers and names.
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

    private struct Entry: Sendable {
        var report: String
        var expires: WallTime
    }

    private var entries: [TheftToken: Entry] = [:]

    package init() {}

    /// Open reports.
    package var count: Int { entries.count }

    /// Puts a tag on the list.
    ///
    /// - Parameters:
    ///   - report: The number of the report; nothing about the owner.
    ///   - actor: The account that enters it.
    package mutating func open(
        _ token: TheftToken, report: String, by actor: String, expires: WallTime, now: WallTime
    ) throws(TheftListRefusal) -> TheftListChange {
        guard TagText.isPlain(report), TagText.isPlain(actor) else { throw .name }
        guard expires > now, expires.seconds(since: now) <= Self.mostDays * 86_400 else { throw .expiry }
        guard entries[token] == nil, !entries.values.contains(where: { $0.report == report }) else { throw .duplicate }
        guard entries.count < Self.mostReports else { throw .full }
        entries[token] = Entry(report: report, expires: expires)
        return TheftListChange(action: .opened, report: report, actor: actor, at: now)
    }

    /// Takes a report off the list; nil when it is not on it.
    package mutating func close(report: String, by actor: String, now: WallTime) -> TheftListChange? {
        guard let token = entries.first(where: { $0.value.report == report })?.key else { return nil }
        entries[token] = nil
        return TheftListChange(action: .closed, report: report, actor: actor, at: now)
    }

    /// Takes off what is over, by number of report.
    package mutating func expire(now: WallTime) -> [TheftListChange] {
        let over = entries.filter { $0.value.expires <= now }
        for token in over.keys { entries[token] = nil }
        return over.values.map { TheftListChange(action: .expired, report: $0.report, actor: "", at: now) }.sorted { $0.report < $1.report }
    }

    /// The report under which this tag is looked for; nil when nobody looks for it.
    package func report(for token: TheftToken, now: WallTime) -> String? {
        entries[token].flatMap { $0.expires > now ? $0.report : nil }
    }
}
