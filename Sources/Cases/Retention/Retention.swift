// What is too old is deleted, in small transactions, and said: pictures and clips, incidents without a case, messages nobody could read.
// cases on disk, pictures → **retention** → audit

package import Base
package import Domain
import Foundation
package import Storage

/// Deletes what its time is over. Blocks; own threads only.
///
/// **Rows first, then files.** A row loses its pictures in one transaction, which also counts them; the files follow. What a crash leaves in
/// between is a file that nobody names, and each run goes over some of the folders for those. A file is young when it was stored, or wanted
/// again, within `evidence`, and a young file is never deleted: its incident may still be on its way.
/// What an open case needs stays whatever its age. The counts are taken off the store only when the audit has them, so that a crash can make
/// a line stand twice and none be missing.
package final class Retention {
    /// Transactions of each kind in one run; what is left waits for the next.
    static let batches = 50
    /// Of the 256 folders, so that all of them are gone over in eight runs.
    static let foldersOfRun = 32
    /// A picture is stored moments after its incident was first seen, and clocks of two machines differ.
    static let skew = Duration.seconds(86_400)

    private let file: any SQLDatabase
    private let audit: any SQLDatabase
    private let pictures: SnapshotStore
    private let policy: RetentionPolicy
    private let stopping: StopSignal
    private var nextFolder = 0

    /// - Parameters:
    ///   - file: The dispatcher's database.
    ///   - audit: The database of the accounts, which holds the audit.
    package init(
        file: any SQLDatabase, audit: any SQLDatabase, pictures: SnapshotStore, policy: RetentionPolicy, stopping: StopSignal = StopSignal()
    ) {
        self.file = file
        self.audit = audit
        self.pictures = pictures
        self.policy = policy
        self.stopping = stopping
    }

    /// One run: deletes at most what its bounds allow, then writes one line of the audit for each kind of which something was deleted.
    package func run(now: WallTime) throws -> RetentionReport {
        let cuts = policy.cuts(now)
        var report = RetentionReport()
        let freed = try takeEvidence(cuts, &report)
        let named = try namedFiles(cuts)
        report.held = named.count
        for one in freed where !named.contains(one) { _ = try pictures.discard(one.sha256, as: one.kind, storedBefore: cuts.evidence) }
        try sweepOrphans(cuts, named)
        try deleteAll(cuts, &report) { try $0.deleteIncidents() }
        try deleteAll(cuts, &report) { try $0.deleteRejected() }
        report.lines = try tell(now)
        return report
    }

    private func takeEvidence(_ cuts: RetentionCuts, _ report: inout RetentionReport) throws -> [RetentionBatch.Freed] {
        var (place, freed) = (RetentionBatch.Place(), [RetentionBatch.Freed]())
        for batch in 0... {
            let candidates = try file.read { try RetentionBatch(sql: $0, cuts: cuts).evidenceCandidates(after: place) }
            guard let last = candidates.last, !stopping.isRaised else { break }
            guard batch < Self.batches else {
                report.hasMore = true
                break
            }
            freed += try file.write { try RetentionBatch(sql: $0, cuts: cuts).takeEvidence(off: candidates) }
            place = last
        }
        return freed
    }

    /// The files that old incidents still name: those that their cases need. An old file that is not among them belongs to nobody.
    private func namedFiles(_ cuts: RetentionCuts) throws -> Set<RetentionBatch.Freed> {
        var (named, place) = (Set<RetentionBatch.Freed>(), RetentionBatch.Place())
        let cut = cuts.evidence.adding(seconds: Double(Self.skew.components.seconds))
        while true {
            let (next, files) = try file.read { try RetentionBatch(sql: $0, cuts: cuts).named(before: cut, after: place) }
            named.formUnion(files)
            guard let next else { return named }
            place = next
        }
    }

    private func sweepOrphans(_ cuts: RetentionCuts, _ named: Set<RetentionBatch.Freed>) throws {
        for _ in 0..<Self.foldersOfRun where !stopping.isRaised {
            let orphans = pictures.files(in: SnapshotStore.folders[nextFolder], now: cuts.now).filter {
                $0.stored < cuts.evidence && !named.contains(RetentionBatch.Freed(sha256: $0.sha256, kind: $0.kind))
            }
            nextFolder = (nextFolder + 1) % SnapshotStore.folders.count
            guard !orphans.isEmpty else { continue }
            try file.write { try RetentionBatch(sql: $0, cuts: cuts).countOrphans(orphans) }
            for one in orphans { _ = try pictures.discard(one.sha256, as: one.kind, storedBefore: cuts.evidence) }
        }
    }

    private func deleteAll(
        _ cuts: RetentionCuts, _ report: inout RetentionReport, _ delete: (RetentionBatch) throws -> Int
    ) throws {
        for _ in 0..<Self.batches where !stopping.isRaised {
            let gone = try file.write { try delete(RetentionBatch(sql: $0, cuts: cuts)) }
            if gone < RetentionBatch.rows { return }
        }
        report.hasMore = true
    }

    private func tell(_ now: WallTime) throws -> [RetentionReport.Line] {
        let cuts = policy.cuts(now)
        let lines = try file.read { try RetentionBatch(sql: $0, cuts: cuts).tallies() }
        for line in lines {
            let entry = AuditEntry(
                at: now, actor: "system", role: Role.system.rawValue, action: .retentionDeleted, object: line.kind.rawValue,
                reason: line.sentence)
            try audit.write { try AuditLog.append(entry, to: $0) }
            try file.write { try RetentionBatch(sql: $0, cuts: cuts).told(line) }
        }
        return lines
    }
}
