// Theft reports over HTTP: entered by the duty officer from what the police write, and closed. Nobody can ask where a tag was.
// duty officer → **theft reports** ══▶ sightings → tags → incidents

import Base
import Domain
import HTTPTypes
import Hummingbird
import Logging
import Tagging

/// The handlers for theft reports. Stateless.
struct TheftRoutes: Sendable {
    /// Nil without keys: readers of tags are off until somebody turns them on.
    let reports: TheftReports?
    let time: any TimeSource

    static let readers: Set<Role> = [.dutyOfficer, .supervisor, .auditor]
    static let keepers: Set<Role> = [.dutyOfficer]
    /// In characters.
    static let longestReason = 500
    /// In bytes; the longest numbers of UHF tags have 62.
    static let tagBytes = 4...64

    var routes: [Route] {
        [
            Route(.get, "/api/thefts", .roles(Self.readers), list), Route(.post, "/api/thefts", .roles(Self.keepers), open),
            Route(.post, "/api/thefts/{number}/close", .roles(Self.keepers), close),
        ]
    }

    private func kept() throws -> TheftReports {
        guard let reports else {
            throw Refusal(.unprocessableContent, "off", "there is no key for two-wheeler tags: thefts.keys of the configuration")
        }
        return reports
    }

    private func list(_ call: Call) async throws -> Response {
        let items = try await kept().list().map { item -> JSON in
            [
                "number": .string(item.number), "opened_by": .string(item.openedBy), "opened_by_name": .string(item.openedByName),
                "opened": .string(item.opened.description),
                "expires": .string(item.expires.description),
            ]
        }
        return .json(["items": .array(items)])
    }

    private func open(_ call: Call) async throws -> Response {
        let reports = try kept()
        let body = try await call.body()
        let (number, reason) = (try body.requiredText("number"), try Self.reason(body))
        // What was typed is not repeated: it may be a tag's number.
        guard let tag = Self.bytes(try body.requiredText("tag")), Self.tagBytes.contains(tag.count) else {
            throw Refusal.badField("tag", "must be the tag's number: 8 to 128 hexadecimal digits, two for a byte")
        }
        var expires = time.wallNow.adding(seconds: TheftList.mostDays * 86_400)
        if let text = try body.optionalText("expires") {
            guard let moment = WallTime(text) else { throw Refusal.badField("expires", "must be a time such as 2026-11-23T20:00:00.000Z") }
            expires = moment
        }
        let account = try call.account()
        do {
            try await reports.open(tag: tag, number: number, expires: expires, reason: reason, by: account)
        } catch let refusal as TheftListRefusal {
            throw Self.answer(refusal)
        }
        call.context.logger.notice("a theft report was opened", metadata: ["number": "\(number)", "by": "\(account.user)"])
        return .json(["number": .string(number), "expires": .string(expires.description)])
    }

    private func close(_ call: Call) async throws -> Response {
        let reports = try kept()
        let reason = try Self.reason(await call.body())
        let (number, account) = (call.pathPart("number"), try call.account())
        guard try await reports.close(number: number, reason: reason, by: account) else { throw Refusal.notFound }
        call.context.logger.notice("a theft report was closed", metadata: ["number": "\(number)", "by": "\(account.user)"])
        return .json(["number": .string(number)])
    }

    private static func reason(_ body: JSON) throws -> String {
        let reason = try body.requiredText("reason")
        guard (1...longestReason).contains(reason.count), !reason.utf8.contains(0) else {
            throw Refusal(.unprocessableContent, "reason", "give a reason of at most \(longestReason) characters", field: "reason")
        }
        return reason
    }

    private static func answer(_ refusal: TheftListRefusal) -> Refusal {
        switch refusal {
        case .name: .badField("number", "must have 1 to 64 letters, digits, dots, hyphens and underscores")
        case .expiry:
            Refusal(
                .unprocessableContent, refusal.rawValue, "a report is open for at most \(Int(TheftList.mostDays)) days", field: "expires")
        case .duplicate: Refusal(.conflict, refusal.rawValue, "this report, or this tag under another one, is on the list")
        case .full: Refusal(.unprocessableContent, refusal.rawValue, "the list holds \(TheftList.mostReports) reports and is full")
        }
    }

    /// The bytes of hexadecimal digits; nil for anything else.
    private static func bytes(_ text: String) -> [UInt8]? {
        let digits = text.utf8.map { Character(UnicodeScalar($0)).hexDigitValue }
        guard digits.count.isMultiple(of: 2), !digits.contains(nil) else { return nil }
        return stride(from: 0, to: digits.count, by: 2).map { UInt8(digits[$0]! << 4 | digits[$0 + 1]!) }  // None is nil, as just seen.
    }
}
