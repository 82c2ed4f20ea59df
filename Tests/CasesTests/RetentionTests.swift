// Retention with simulated time on both databases: what is over goes, what an open case needs stays, and every deletion is said.

import Base
@testable import Cases
import Domain
import Foundation
import IncidentBus
import Storage
import StorageKit
import TestKit
import Testing

/// A district with pictures on disk whose age is set by hand, and an audit of its own.
private struct Archive {
    let district: SmallDistrict
    let audit: any SQLDatabase
    let folder: String
    let pictures: SnapshotStore
    var policy = RetentionPolicy()
    var sender = Sender(seed: 700)

    init(_ kind: DatabaseKind) throws {
        district = try SmallDistrict(place: TestDatabase(kind))
        audit = try TestDatabase(kind).open([AuditLog.migration])
        folder = try temporaryFolder()
        pictures = try SnapshotStore(directory: folder)
    }

    var now: WallTime { district.time.wallNow }

    func close() throws {
        try district.file.close()
        try audit.close()
    }

    /// An incident with a picture and a clip; `motion` becomes a case, `camera.lost` does not.
    mutating func report(_ category: String, _ content: String, camera: Int = 1) throws -> Incident {
        var incident = sender.incident(camera: camera, category: category)
        (incident.firstSeen, incident.lastSeen) = (now, now)
        incident.phase = .ended
        incident.snapshot = try pictures.store(Array("picture \(content)".utf8))
        incident.clip = try pictures.store(Array("clip \(content)".utf8), as: .clip)
        for reference in [(incident.snapshot, EvidenceKind.snapshot), (incident.clip, .clip)] { age(reference.0!, reference.1, to: now) }
        try district.take([sender.message(incident)])
        return incident
    }

    func path(_ reference: SnapshotReference, _ kind: EvidenceKind) -> String {
        "\(folder)/\(reference.sha256.prefix(2))/\(reference.sha256).\(kind.rawValue)"
    }

    func age(_ reference: SnapshotReference, _ kind: EvidenceKind, to time: WallTime) { age(path(reference, kind), to: time) }

    func age(_ path: String, to time: WallTime) {
        try? FileManager.default.setAttributes(
            [.modificationDate: Date(timeIntervalSince1970: Double(time.millisecondsSince1970) / 1000)], ofItemAtPath: path)
    }

    func hasFiles(_ incident: Incident) -> Bool {
        let paths = [path(incident.snapshot!, .snapshot), path(incident.clip!, .clip)]
        let there = paths.filter { FileManager.default.fileExists(atPath: $0) }
        #expect(there.isEmpty || there.count == 2, "picture and clip go together")
        return !there.isEmpty
    }

    func run(_ retention: Retention? = nil) throws -> RetentionReport {
        try (retention ?? make()).run(now: now)
    }

    func make(audit other: (any SQLDatabase)? = nil) -> Retention {
        Retention(file: district.file, audit: other ?? audit, pictures: pictures, policy: policy)
    }

    func lines() throws -> [AuditEntry] {
        var query = AuditQuery()
        query.action = .retentionDeleted
        return try audit.read { try AuditLog.page(query, in: $0).map(\.entry) }
    }

    func days(_ days: Int) { district.time.advance(by: .seconds(days * 86_400)) }
}

@Test(arguments: DatabaseKind.allCases)
func whatIsOverGoesAndWhatAnOpenCaseNeedsStays(_ kind: DatabaseKind) async throws {
    var archive = try Archive(kind)
    defer { try? archive.close() }
    let loose = try archive.report("camera.lost", "loose")
    var cases: [(state: String, incident: Incident)] = []
    for state in CaseState.allCases {
        let incident = try archive.report("motion", state.rawValue)
        try archive.district.tamper(
            """
            UPDATE "case" SET state = '\(state.rawValue)' WHERE case_id = (SELECT case_id FROM case_incident
            WHERE incident_id = '\(incident.id)')
            """)
        cases.append((state.rawValue, incident))
    }
    let ended: Set = ["archived", "declined", "void"]

    archive.days(29)
    #expect(try archive.run() == RetentionReport())
    archive.days(2)
    let first = try archive.run()
    #expect(first.lines.map(\.kind) == [.evidence] && first.lines[0].deleted == 2 && first.held == 2 * cases.count)
    #expect(first.lines[0].bytes == "picture loose".utf8.count + "clip loose".utf8.count)
    #expect(!archive.hasFiles(loose))
    for one in cases { #expect(archive.hasFiles(one.incident), "\(one.state) after 31 days") }
    let detail = try #require(try await archive.district.store.incident(loose.id, for: SmallDistrict.duty))
    #expect(!detail.item.hasSnapshot && detail.clipURL == nil && detail.evidenceDeletedAt == archive.now.description)

    archive.days(150)
    _ = try archive.run()
    for one in cases { #expect(archive.hasFiles(one.incident) == !ended.contains(one.state), "\(one.state) after 181 days") }

    archive.days(4000)
    _ = try archive.run()
    for one in cases { #expect(archive.hasFiles(one.incident) == !ended.contains(one.state), "\(one.state) after years") }
    #expect(try await archive.district.store.incident(loose.id, for: SmallDistrict.duty) == nil)
    for one in cases {
        #expect(try await archive.district.store.incident(one.incident.id, for: SmallDistrict.duty) != nil, "\(one.state)")
    }
    // Rows of cases were changed by hand above, which the log does not know; everything else must hold.
    let problems = try StoreVerification.verify(archive.district.file).problems.filter { !$0.hasSuffix("differs from its last line") }
    #expect(problems.isEmpty, "\(problems)")
    #expect(try AuditLog.problems(archive.audit).isEmpty)
}

@Test(arguments: DatabaseKind.allCases)
func everyDeletionIsSaidOnceWithItsCountAndTheOldestThatIsKept(_ kind: DatabaseKind) throws {
    var archive = try Archive(kind)
    defer { try? archive.close() }
    for number in 0..<3 { _ = try archive.report("camera.lost", "old \(number)", camera: 1 + number) }
    try archive.district.take([archive.sender.poison("no incident")])
    archive.days(20)
    let kept = archive.now
    _ = try archive.report("camera.lost", "new")
    archive.days(15)
    #expect(try archive.run().lines.map(\.deleted) == [6])
    #expect(try archive.run().lines.isEmpty, "nothing is said twice")
    let lines = try archive.lines()
    #expect(lines.map(\.object) == ["evidence"] && lines[0].actor == "system" && lines[0].at == archive.now)
    #expect(lines[0].reason == "6 deleted (69 bytes); oldest kept: \(kept)")

    archive.days(340)
    let report = try archive.run()
    #expect(report.lines.map { "\($0.kind) \($0.deleted)" } == ["evidence 2", "incident 3", "rejected 1"])
    #expect(try archive.district.file.read { try $0.row("SELECT COUNT(*) AS n FROM inbox")?.int("n") } == 1)
    #expect(try archive.district.file.read { try $0.row("SELECT COUNT(*) AS n FROM dead_letter")?.int("n") } == 0)
    #expect(try StoreVerification.verify(archive.district.file).problems == [])
}

@Test(arguments: DatabaseKind.allCases)
func aCrashLeavesNoDeletionUnsaidAndNoFileBehind(_ kind: DatabaseKind) throws {
    var archive = try Archive(kind)
    defer { try? archive.close() }
    let incident = try archive.report("camera.lost", "crash")
    archive.days(31)
    // Rows are committed, then the process dies: before the files, and before the audit.
    let cuts = archive.policy.cuts(archive.now)
    try archive.district.file.write { sql in
        let batch = RetentionBatch(sql: sql, cuts: cuts)
        let candidates = try batch.evidenceCandidates(after: RetentionBatch.Place())
        #expect(try batch.takeEvidence(off: candidates).count == 2)
        #expect(try batch.takeEvidence(off: candidates).isEmpty, "another dispatcher finds nothing left to take")
    }
    #expect(archive.hasFiles(incident))
    let again = archive.make()
    var said: [RetentionReport.Line] = []
    for _ in 0..<8 { said += try archive.run(again).lines }
    #expect(!archive.hasFiles(incident))
    for kind in [RetentionKind.evidence, .orphan] {
        #expect(said.filter { $0.kind == kind }.reduce(0) { $0 + $1.deleted } == 2, "\(said)")
    }

    // An audit that cannot be written to keeps the count for the next run.
    _ = try archive.report("camera.lost", "deaf")
    archive.days(31)
    let deaf = try TestDatabase(.sqlite).open([AuditLog.migration])
    try deaf.close()
    #expect(throws: Failure.self) { try archive.run(archive.make(audit: deaf)) }
    let before = try archive.lines().count
    #expect(try archive.run().lines.map(\.deleted) == [2])
    #expect(try archive.lines().count == before + 1)
}

@Test func filesThatNobodyNamesGoWhenTheyAreOld() throws {
    var archive = try Archive(.sqlite)
    defer { try? archive.close() }
    let held = try archive.report("motion", "held")
    let orphan = try archive.pictures.store(Array("orphan".utf8))
    let folder = (archive.path(orphan, .snapshot) as NSString).deletingLastPathComponent
    let torn = "\(folder)/.\(orphan.sha256).12345"
    #expect(FileManager.default.createFile(atPath: torn, contents: Data("half".utf8)))
    archive.age(torn, to: archive.now)
    archive.age(orphan, .snapshot, to: archive.now)
    archive.days(31)
    // A deletion that died between its two steps: the case needs the picture, so that it must come back.
    let path = archive.path(held.snapshot!, .snapshot)
    let aside = "\((path as NSString).deletingLastPathComponent)/.\((path as NSString).lastPathComponent).deleting"
    try FileManager.default.moveItem(atPath: path, toPath: aside)
    let fresh = try archive.pictures.store(Array("its incident is on the way".utf8))
    archive.age(fresh, .snapshot, to: archive.now)

    let retention = archive.make()
    for _ in 0..<8 { _ = try archive.run(retention) }
    #expect(archive.hasFiles(held))
    #expect(FileManager.default.fileExists(atPath: archive.path(fresh, .snapshot)))
    #expect(!FileManager.default.fileExists(atPath: archive.path(orphan, .snapshot)) && !FileManager.default.fileExists(atPath: torn))
    #expect(try archive.lines().map(\.object) == ["orphan"])
}

@Test func aPictureThatIsStoredAgainIsYoungAgain() throws {
    var archive = try Archive(.sqlite)
    defer { try? archive.close() }
    let frozen = try archive.report("camera.lost", "frozen picture")
    archive.days(31)
    // The same bytes once more, as from a camera whose picture stands still, a moment before its first incident is over.
    let again = try archive.report("camera.lost", "frozen picture")
    #expect(again.snapshot == frozen.snapshot)
    #expect(try archive.run().lines.map(\.deleted) == [2])
    #expect(archive.hasFiles(again))
    archive.days(31)
    _ = try archive.run()
    #expect(!archive.hasFiles(again))
}

/// Any mixture of ages and states, with runs and interrupted runs in between, ends where an oracle says.
@Test(arguments: [UInt64(71), 72])
func retentionAgreesWithAnOracle(_ seed: UInt64) throws {
    var generator = SeededGenerator(seed: seed)
    var archive = try Archive(.sqlite)
    defer { try? archive.close() }
    var known: [(incident: Incident, at: WallTime, over: WallTime?, isCase: Bool)] = []
    let retention = archive.make()
    for step in 0..<40 {
        let isCase = Bool.random(using: &generator)
        let incident = try archive.report(isCase ? "motion" : "camera.lost", "\(seed) \(step)")
        var over: WallTime?
        if isCase, Bool.random(using: &generator) {
            over = archive.now
            try archive.district.tamper(
                """
                UPDATE "case" SET state = 'void' WHERE case_id = (SELECT case_id FROM case_incident WHERE incident_id = '\(incident.id)')
                """)
        }
        known.append((incident, archive.now, over, isCase))
        archive.days(Int.random(in: 0...12, using: &generator))
        switch Int.random(in: 0..<4, using: &generator) {
        case 0: _ = try archive.run(retention)
        case 1:
            let cuts = archive.policy.cuts(archive.now)
            try archive.district.file.write { sql in
                let batch = RetentionBatch(sql: sql, cuts: cuts)
                _ = try batch.takeEvidence(off: batch.evidenceCandidates(after: RetentionBatch.Place()))
            }
        default: break
        }
    }
    for _ in 0..<8 { _ = try archive.run(retention) }
    let cuts = archive.policy.cuts(archive.now)
    for one in known {
        let isOver = one.isCase ? one.over.map { $0 < cuts.caseEvidence } ?? false : one.at < cuts.evidence
        #expect(archive.hasFiles(one.incident) == !isOver, "seed \(seed), incident of \(one.at)")
    }
}
