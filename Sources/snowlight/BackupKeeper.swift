// Copies of the database files while `serve` uses them, at regular times, the newest of them kept.
// cases, accounts → **backup**

import Base
import Foundation
import Logging
import Storage

/// The key `store.backup` of the configuration.
struct BackupSettings: Sendable, Hashable {
    var every: Duration
    var keep: Int
    var folder: String

    /// Reads `store`; nil when it asks for no backups.
    static func read(_ root: StrictYAML, _ resolved: (String) -> String, _ store: StoreConfiguration) -> BackupSettings? {
        guard let node = root.child("store") else { return nil }
        defer { node.finish() }
        guard let backup = node.child("backup") else { return nil }
        defer { backup.finish() }
        let every = backup.child("every")?.duration(in: .seconds(60) ... .seconds(7 * 86_400)) ?? .seconds(86_400)
        let keep = backup.child("keep")?.int(in: 1...1000) ?? 7
        let folder = backup.child("folder")?.string().map(resolved)
        guard store == .sqlite else {
            backup.report("store.backup copies SQLite files; \(StoreCommand.ofPostgreSQL)")
            return nil
        }
        guard let folder else {
            backup.report("'store.backup.folder' is missing: where the copies go, best on another disk")
            return nil
        }
        return BackupSettings(every: every, keep: keep, folder: folder)
    }
}

/// Makes backups on a thread of its own, the first one an interval after the start. One that fails is logged and counted, and the next is
/// tried at its time.
final class BackupKeeper: @unchecked Sendable {
    // Unchecked: `thread` is set by `start` and read by `stop`, which follow each other.
    private let settings: BackupSettings
    private let files: [SQLiteFile]
    private let time: any TimeSource
    private let log: Logger
    private let made: Counter
    private let failed: Counter
    private let stopping = StopSignal()
    private var thread: OwnThread?

    init(_ settings: BackupSettings, _ files: [SQLiteFile], time: any TimeSource, log: Logger, metrics: MetricsRegistry) {
        self.settings = settings
        self.files = files
        self.time = time
        self.log = log
        let help = "Backups of the database files."
        made = metrics.counter("snowlight_backups_total", help, labels: [("result", "made")])
        failed = metrics.counter("snowlight_backups_total", help, labels: [("result", "failed")])
    }

    func start() {
        thread = OwnThread(name: "backup") { [self] in
            while !stopping.sleep(settings.every) { make() }
        }
    }

    /// Waits for a backup that is being made.
    func stop() {
        stopping.raise()
        thread?.join()
    }

    private func make() {
        let target = "\(settings.folder)/\(StoreBackup.name(of: time.wallNow))"
        do {
            try StoreBackup.make(files, at: target)
            made.increment()
            log.notice("backup made", metadata: ["folder": "\(target)"])
            try StoreBackup.prune(settings.folder, keep: settings.keep)
        } catch {
            failed.increment()
            log.error("a backup failed", metadata: ["folder": "\(target)", "failure": "\(error)"])
        }
    }
}
