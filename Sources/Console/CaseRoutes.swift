// Incidents and cases over HTTP: every object read goes through the store with the reader, so scope holds on every path.
// cases → **lists, details, acts** → pages

import Cases
import Domain
import Foundation
import HTTPTypes
import Hummingbird
import NIOCore
import NIOPosix
import Storage

/// The handlers for incidents, cases and the feed. Stateless.
struct CaseRoutes: Sendable {
    let cases: CaseStore
    let pictures: SnapshotStore
    let accounts: Accounts
    let views: ViewBook

    var routes: [Route] {
        [
            Route(.get, "/api/feed", .session, feed), Route(.get, "/api/incidents", .session, incidents),
            Route(.get, "/api/incidents/{id}", .session, incident),
            Route(.get, "/api/incidents/{id}/snapshot.jpg", .session) { try await evidence(.snapshot, $0) },
            Route(.get, "/api/incidents/{id}/clip.mp4", .session) { try await evidence(.clip, $0) },
            Route(.post, "/api/incidents/{id}/file", .roles([.dutyOfficer]), file), Route(.get, "/api/cases", .session, list),
            Route(.post, "/api/cases", .roles([.dutyOfficer, .gridworker]), report),
            Route(.get, "/api/cases/{no}", .session, detail), Route(.post, "/api/cases/{no}/actions", .session, act),
        ]
    }

    /// CloudEvents in a JSON array (JSON event format 1.0.2, chapter 4).
    private static let batchType = "application/cloudevents-batch+json"

    private func feed(_ call: Call) async throws -> Response {
        let after = try call.number("after", in: 0...Int64.max) ?? 0
        let limit = try call.number("limit", in: 1...1000) ?? 200
        // The same events as on the feed socket, for whoever missed some.
        if call.request.headers[values: .accept].contains(where: { $0.hasPrefix(Self.batchType) }) {
            let events = try await cases.events(after: after, limit: Int(limit), for: call.account().reader)
            return try .encoded(events, type: Self.batchType)
        }
        return try .encoded(await cases.feed(after: after, limit: Int(limit), for: call.account().reader))
    }

    private func incidents(_ call: Call) async throws -> Response {
        var filter = IncidentFilter()
        filter.camera = try call.parsed("camera", "must be a 20-digit camera id") { CameraID($0) }
        filter.grid = try call.parsed("grid", "must be a 15-digit grid code") { GridCode($0) }
        filter.category = try call.parsed("category", "must be a category name") { Catalogue.isCategoryName($0) ? $0 : nil }
        filter.from = try call.parsed("from", "must be a time such as 2026-11-23T02:24:57.628Z") { WallTime($0) }
        filter.to = try call.parsed("to", "must be a time such as 2026-11-23T02:24:57.628Z") { WallTime($0) }
        filter.state = try call.parsed("state", "must be open, ended or unfiled") { IncidentFilter.State(rawValue: $0) }
        filter.limit = Int(try call.number("limit", in: 1...1000) ?? 200)
        return try .encoded(await cases.incidents(filter, for: call.account().reader))
    }

    private func incident(_ call: Call) async throws -> Response {
        guard let detail = try await cases.incident(call.incidentID(), for: call.account().reader) else { throw Refusal.notFound }
        return try .encoded(detail)
    }

    /// The incident is authorised first; the name of the file comes from the database and never from the request.
    private func evidence(_ kind: EvidenceKind, _ call: Call) async throws -> Response {
        let reader = try call.account().reader
        guard let reference = try await cases.evidence(kind, of: call.incidentID(), for: reader) else { throw Refusal.notFound }
        let pictures = pictures
        let bytes = try await NIOThreadPool.singleton.runIfActive { try pictures.load(reference.sha256, as: kind) }
        guard let bytes else { throw Refusal.notFound }
        if kind == .snapshot { try await views.record(.snapshotOpened, call.incidentID().description, by: call.account()) }
        // A player asks for a clip in many parts; its beginning is the opening.
        if kind == .clip, call.request.headers[.range].map({ $0.hasPrefix("bytes=0-") }) ?? true {
            try await accounts.record(.clipOpened, call.incidentID().description, by: call.account())
        }
        var response =
            switch kind {
            case .snapshot: Response.bytes(ByteBuffer(bytes: bytes), type: "image/jpeg")
            case .clip: try ByteRange.response(to: call.request.headers[.range], ByteBuffer(bytes: bytes), type: "video/mp4")
            }
        response.headers[.contentDisposition] = "inline; filename=\"\(reference.sha256).\(kind.rawValue)\""
        return response
    }

    private func file(_ call: Call) async throws -> Response {
        _ = try await call.body()
        return try Self.response(await cases.file(call.incidentID(), by: call.account().reader))
    }

    private func report(_ call: Call) async throws -> Response {
        let body = try await call.body()
        let category = try body.requiredText("category")
        let text = try body.requiredText("text")
        let key = try body.requiredText("key")
        guard (1...64).contains(key.count) else { throw Refusal.badField("key", "must have 1 to 64 characters") }
        guard !text.allSatisfy(\.isWhitespace) else { throw Refusal.badField("text", "must say what was seen") }
        let place: CaseReport.Place
        if let grid = try Self.parsed(body, "grid", "must be a 15-digit grid code", { GridCode($0) }) {
            place = .grid(grid)
        } else if let lon = body["lon"]?.number, let lat = body["lat"]?.number, let point = GeoPoint(lon: lon, lat: lat) {
            place = .point(point)
        } else {
            throw Refusal.badField("grid", "or lon and lat must say where it is")
        }
        let report = CaseReport(category: category, place: place, text: text, key: key)
        return try Self.response(await cases.report(report, by: call.account().reader))
    }

    private func list(_ call: Call) async throws -> Response {
        var filter = CaseFilter()
        switch call.query("state") {
        case nil, "open": filter.onlyOpen = true
        case "all": filter.onlyOpen = false
        default: throw Refusal.badField("state", "must be open or all")
        }
        filter.grid = try call.parsed("grid", "must be a 15-digit grid code") { GridCode($0) }
        filter.mine = try call.number("mine", in: 0...1) == 1
        filter.limit = Int(try call.number("limit", in: 1...1000) ?? 200)
        let reader = try call.account().reader
        let page = try await cases.cases(filter, for: reader)
        if reader.role == .gridworker { try await cases.markDelivered(page.items.compactMap { CaseNumber($0.no) }, to: reader) }
        return try .encoded(page)
    }

    private func detail(_ call: Call) async throws -> Response {
        let number = try call.caseNumber()
        let reader = try call.account().reader
        guard let detail = try await cases.case(number, for: reader) else { throw Refusal.notFound }
        if detail.item.assignee?.id == reader.id { try await cases.markOpened(number, by: reader) }
        return try .encoded(detail)
    }

    private func act(_ call: Call) async throws -> Response {
        let body = try await call.body()
        let name = try body.requiredText("action")
        guard let action = CaseAction(rawValue: name) else { throw Refusal.badField("action", "is not known") }
        let expected = try Self.version(body.requiredInt("expected_version"), "expected_version")
        var wish = CaseWish(action, expectedVersion: expected, note: try body.optionalText("note") ?? "")
        wish.assignee = try Self.parsed(body, "assignee", "is no account") { WorkerID($0) }
        wish.until = try Self.parsed(body, "until", "must be a time such as 2026-11-23T02:24:57.628Z") { WallTime($0) }
        wish.result = try Self.parsed(body, "result", "must be rectified, no_trace or seen") { CaseResult(rawValue: $0) }
        wish.into = try Self.parsed(body, "into", "must be a case number") { CaseNumber($0) }
        wish.task = try body.optionalInt("task").map { Int(clamping: $0) }
        wish.reference = try Self.parsed(body, "reference", "must have 1 to \(CaseWish.referenceLimit) printable characters") { text in
            let isPrintable = text.unicodeScalars.allSatisfy { !CharacterSet.controlCharacters.contains($0) }
            return isPrintable && (1...CaseWish.referenceLimit).contains(text.count) ? text : nil
        }
        wish.intoVersion = try body.optionalInt("into_version").map { try Self.version($0, "into_version") }
        return try Self.response(await cases.act(call.caseNumber(), wish, by: call.account().reader))
    }

    private static func version(_ number: Int64, _ field: String) throws -> Int {
        guard let version = Int32(exactly: number), version >= 0 else { throw Refusal.badField(field, "is out of range") }
        return Int(version)
    }

    /// A text of the body in its own type, nil when absent.
    private static func parsed<Value>(_ body: JSON, _ name: String, _ expectation: String, _ parse: (String) -> Value?) throws -> Value? {
        guard let text = try body.optionalText(name) else { return nil }
        guard let value = parse(text) else { throw Refusal.badField(name, expectation) }
        return value
    }

    private static func response(_ outcome: ActOutcome) throws -> Response {
        switch outcome {
        case .done(let detail): return try .encoded(detail)
        case .notFound: throw Refusal.notFound
        case .forbidden(let why): throw Refusal(.forbidden, "forbidden", why)
        case .invalid(let field, let problem): throw Refusal.badField(field, problem)
        case .numbersUsedUp: throw Refusal(.serviceUnavailable, "numbers_used_up", "the case numbers of this day are used up")
        case .refused(let why):
            let text = why.description
            switch why {
            case .roleMayNot, .notTheAssignee, .notTheReceiver, .handlerMayNotInspect, .notTheTaskHolder:
                throw Refusal(.forbidden, "forbidden", text)
            case .staleVersion, .staleTarget: throw Refusal(.conflict, "conflict", text, field: why.field)
            case .notMergeable: throw Refusal(.unprocessableContent, "not_mergeable", text, field: why.field)
            case .notPossible, .noEmergency, .closedTooLongAgo, .taskOver, .tooManyTasks, .tasksOpen:
                throw Refusal(.unprocessableContent, "not_possible", text, field: why.field)
            case .noteMissing, .noteTooLong: throw Refusal(.unprocessableContent, "note", text, field: why.field)
            case .assigneeMissing: throw Refusal(.unprocessableContent, "assignee_missing", text, field: why.field)
            case .notAdmitted: throw Refusal(.unprocessableContent, "not_admitted", text, field: why.field)
            case .untilMissing, .targetMissing, .taskMissing, .notRectified:
                throw Refusal(.unprocessableContent, "incomplete", text, field: why.field)
            }
        }
    }
}

extension Call {
    /// The identity in the path; anything that is none names nothing.
    fileprivate func incidentID() throws -> IncidentID {
        guard let id = IncidentID(pathPart("id")) else { throw Refusal.notFound }
        return id
    }

    fileprivate func caseNumber() throws -> CaseNumber {
        guard let number = CaseNumber(pathPart("no")) else { throw Refusal.notFound }
        return number
    }

    /// A query parameter as a whole number, nil when absent.
    func number(_ name: Substring, in range: ClosedRange<Int64>) throws -> Int64? {
        guard let text = query(name) else { return nil }
        guard let number = Int64(text), range.contains(number) else {
            let upper = range.upperBound == .max ? "" : " to \(range.upperBound)"
            throw Refusal.badField(String(name), "must be a whole number from \(range.lowerBound)\(upper)")
        }
        return number
    }

    /// A query parameter in its own type, nil when absent.
    func parsed<Value>(_ name: Substring, _ expectation: String, _ parse: (String) -> Value?) throws -> Value? {
        guard let text = query(name) else { return nil }
        guard let value = parse(text) else { throw Refusal.badField(String(name), expectation) }
        return value
    }
}

extension Response {
    /// A value of the case store as JSON.
    static func encoded(_ value: some Encodable, type: String = "application/json") throws -> Response {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.withoutEscapingSlashes]
        return .bytes(ByteBuffer(bytes: try encoder.encode(value)), type: "\(type); charset=utf-8")
    }
}
