// ASSIGN and HEALTH: which cameras a node reads, in bounded pieces, and how they are doing.
// registry ══**ASSIGN ⇄ HEALTH**══▶ camera sessions

package import Domain
import Foundation
import Storage

/// One ASSIGN message. It answers a HEALTH, and so renews the lease that this asked for.
package struct AssignmentPiece: Hashable, Sendable {
    /// Rows of one message stay below this, so that its frame stays below 64 KiB.
    static let limitBytes = 60_000

    /// Names the content of the whole assignment: the same cameras with the same rows and tokens have the same revision.
    package var revision: String
    package var part: Int
    /// How many messages make up the assignment; 0 renews the lease of one that the node has already.
    package var parts: Int
    /// The stamp of the HEALTH that this answers.
    package var stampMilliseconds: Int64
    /// How long behind the stamp the node may read these cameras; nil while no other node could take them.
    package var leaseMilliseconds: Int64?
    package var grants: [CameraGrant]
    /// Open theft reports, of which every node has all: readers of tags may stand beside any camera.
    package var reports: [TheftReport] = []

    private struct Body: Codable {
        var revision: String
        var part: Int
        var parts: Int
        var stampMilliseconds: Int64
        var leaseMilliseconds: Int64?
        var cameras: [GrantBody]
        /// Absent in messages of dispatchers that knew none.
        var thefts: [TheftBody]?

        enum CodingKeys: String, CodingKey {
            case revision, part, parts, cameras, thefts
            case stampMilliseconds = "stamp_ms"
            case leaseMilliseconds = "lease_ms"
        }
    }

    /// The frame that says this to (node, epoch).
    package func frame(node: NodeID, epoch: UInt64) -> BusFrame {
        let body = Body(
            revision: revision, part: part, parts: parts, stampMilliseconds: stampMilliseconds, leaseMilliseconds: leaseMilliseconds,
            cameras: grants.map(GrantBody.init), thefts: reports.isEmpty ? nil : reports.map(TheftBody.init))
        return BusFrame(FrameHeader(type: .assign, node: node, epoch: epoch, sequence: 0), payload: WireJSON.encode(body))
    }

    /// What one message of an assignment holds.
    struct Group {
        var grants: [CameraGrant] = []
        var reports: [TheftReport] = []
    }

    /// Cuts an assignment into messages; cameras whose rows fit into none are left out and returned.
    static func cut(_ grants: [CameraGrant], _ reports: [TheftReport]) -> (revision: String, groups: [Group], tooLarge: [CameraID]) {
        var (groups, tooLarge, used): ([Group], [CameraID], Int) = ([Group()], [], 0)
        var all: [UInt8] = []
        func makeRoom(_ bytes: [UInt8]) {
            if used + bytes.count + 2 > limitBytes {
                groups.append(Group())
                used = 0
            }
            used += bytes.count + 2
            all += bytes
        }
        for grant in grants {
            let bytes = WireJSON.encode(GrantBody(grant))
            guard bytes.count + 2 <= limitBytes else {
                tooLarge.append(grant.row.camera.id)
                continue
            }
            makeRoom(bytes)
            groups[groups.count - 1].grants.append(grant)
        }
        for report in reports {
            makeRoom(WireJSON.encode(TheftBody(report)))
            groups[groups.count - 1].reports.append(report)
        }
        return (String(SHA256Hex.of(all).prefix(16)), groups, tooLarge)
    }
}

/// The JSON of one open theft report.
private struct TheftBody: Codable {
    var number: String
    var tokens: [String]
    var expiresMilliseconds: Int64

    enum CodingKeys: String, CodingKey {
        case number, tokens
        case expiresMilliseconds = "expires_ms"
    }

    init(_ report: TheftReport) {
        (number, tokens, expiresMilliseconds) = (report.number, report.tokens, report.expires.millisecondsSince1970)
    }

    var report: TheftReport {
        TheftReport(number: number, tokens: tokens, expires: WallTime(millisecondsSince1970: expiresMilliseconds))
    }
}

extension AssignmentPiece {
    /// Reads an ASSIGN; nil when its body does not fit. A row that cannot be read fails the message: nothing is half assigned.
    package init?(_ frame: BusFrame) {
        guard frame.header.type == .assign, let body = WireJSON.decode(Body.self, from: frame.payload), body.parts >= 0, body.parts <= 4096,
            body.part >= 0, body.part < max(body.parts, 1)
        else { return nil }
        let grants = body.cameras.compactMap(\.grant)
        guard grants.count == body.cameras.count else { return nil }
        self.init(
            revision: body.revision, part: body.part, parts: body.parts, stampMilliseconds: body.stampMilliseconds,
            leaseMilliseconds: body.leaseMilliseconds, grants: grants, reports: body.thefts?.map(\.report) ?? [])
    }
}

/// One HEALTH message.
package struct HealthReport: Hashable, Sendable {
    /// How one camera is doing, under which lease.
    package struct Line: Hashable, Sendable {
        package var camera: CameraID
        package var token: UInt64
        package var health: CameraHealth

        package init(camera: CameraID, token: UInt64, health: CameraHealth) {
            self.camera = camera
            self.token = token
            self.health = health
        }
    }

    /// A line is at most 400 bytes, so that this many fit into one message.
    package static let limitLines = 128
    private static let limitReasonBytes = 200

    /// The assignment that the node reads by; empty for none.
    package var applied: String
    /// The node's own clock, for the answer to come back with.
    package var stampMilliseconds: Int64
    /// Revisions that wait in the node's outbox, and for how long.
    package var waitingRows: Int
    package var waitingSeconds: Double
    package var lines: [Line]

    package init(applied: String, stampMilliseconds: Int64, waitingRows: Int = 0, waitingSeconds: Double = 0, lines: [Line] = []) {
        self.applied = applied
        self.stampMilliseconds = stampMilliseconds
        self.waitingRows = waitingRows
        self.waitingSeconds = waitingSeconds
        self.lines = lines
    }

    private struct Body: Codable {
        struct Camera: Codable {
            var id: String
            var token: UInt64
            var state: String
            var reason: String
            var since: Int64
            var picture: Int64?

            enum CodingKeys: String, CodingKey {
                case id, token, state, reason
                case since = "since_ms"
                case picture = "picture_ms"
            }
        }

        var applied: String
        var stampMilliseconds: Int64
        var waitingRows: Int
        var waitingSeconds: Double
        var cameras: [Camera]

        enum CodingKeys: String, CodingKey {
            case applied, cameras
            case stampMilliseconds = "stamp_ms"
            case waitingRows = "outbox_rows"
            case waitingSeconds = "outbox_age_s"
        }
    }

    /// F1 of the message.
    package var payload: [UInt8] {
        WireJSON.encode(
            Body(
                applied: applied, stampMilliseconds: stampMilliseconds, waitingRows: waitingRows, waitingSeconds: waitingSeconds,
                cameras: lines.prefix(Self.limitLines).map { line in
                    Body.Camera(
                        id: line.camera.digits, token: line.token, state: line.health.state.rawValue,
                        reason: IncidentDraft.clip(line.health.reason, to: Self.limitReasonBytes),
                        since: line.health.since.millisecondsSince1970, picture: line.health.lastPicture?.millisecondsSince1970)
                }))
    }

    /// Reads F1; nil when it does not fit. States that this version does not know are left out.
    package init?(payload: [UInt8]) {
        guard let body = WireJSON.decode(Body.self, from: payload) else { return nil }
        applied = body.applied
        stampMilliseconds = body.stampMilliseconds
        waitingRows = body.waitingRows
        waitingSeconds = body.waitingSeconds
        lines = body.cameras.prefix(Self.limitLines).compactMap { camera in
            guard let id = CameraID(camera.id), let state = CameraState(rawValue: camera.state) else { return nil }
            return Line(
                camera: id, token: camera.token,
                health: CameraHealth(
                    state: state, reason: camera.reason, since: WallTime(millisecondsSince1970: camera.since),
                    lastPicture: camera.picture.map { WallTime(millisecondsSince1970: $0) }))
        }
    }
}
