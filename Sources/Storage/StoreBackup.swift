// Copies of SQLite files in a folder, and back again: each copy is whole or not there.
// cases, accounts → **backup** → restored cases, accounts

import Base
package import Domain
import Foundation

/// fsync(2) of what was written elsewhere.
enum DiskSync {
    /// Syncs a file or a folder.
    static func sync(_ path: String) throws {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw POSIXError(POSIXErrorCode(rawValue: errno) ?? .EIO) }
        defer { close(descriptor) }
        guard fsync(descriptor) == 0 else { throw POSIXError(POSIXErrorCode(rawValue: errno) ?? .EIO) }
    }
}

/// One backup is a folder with a copy of each file under the file's own name. All calls block; own threads only.
package enum StoreBackup {
    /// A moment as it ends the names of what a backup or a restore makes.
    package static func name(of moment: WallTime) -> String {
        moment.description.prefix(19).filter { $0 != "-" && $0 != ":" } + "Z"
    }

    /// Copies `files` into the new folder `target`, in their order, while others use them.
    ///
    /// - Throws: `.conflict` when `target` is there, `.resourceExhausted` when the disk is full; then nothing is left.
    package static func make(_ files: [SQLiteFile], at target: String) throws {
        guard !FileManager.default.fileExists(atPath: target) else {
            throw Failure(.conflict, "there is something already", context: [("path", target)])
        }
        let partial = target + ".partial"
        try? FileManager.default.removeItem(atPath: partial)  // Of a backup that a crash ended.
        do {
            try FileManager.default.createDirectory(
                atPath: partial, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
            for file in files { try file.copy(to: "\(partial)/\((file.path as NSString).lastPathComponent)") }
            try FileManager.default.moveItem(atPath: partial, toPath: target)
            try DiskSync.sync(folder(of: target))
        } catch {
            try? FileManager.default.removeItem(atPath: partial)
            throw failure(error, "the backup could not be written", target)
        }
    }

    /// Puts the copies in `backup` in the place of the files in `folder`, which stay beside them as `NAME.before-MOMENT`.
    ///
    /// A copy is examined before anything is moved. After a crash in the middle run it again.
    /// - Throws: `.conflict` when a process uses the files, `.notFound` when the backup lacks one, `.dataLoss` when a copy is damaged.
    package static func restore(_ names: [String], from backup: String, to folder: String, now: WallTime) throws {
        let manager = FileManager.default
        for name in names where !manager.fileExists(atPath: "\(backup)/\(name)") {
            throw Failure(.notFound, "this is no backup: it has no \(name)", context: [("folder", backup)])
        }
        do {
            try manager.createDirectory(atPath: folder, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
            let locks = try names.map { try FileLock(path: "\(folder)/\($0).lock") }
            defer { for lock in locks { lock.release() } }
            for name in names {
                let arriving = "\(folder)/\(name).restoring"
                remove(arriving)
                try manager.copyItem(atPath: "\(backup)/\(name)", toPath: arriving)
                let copy = try SQLiteFile.open(path: arriving, migrations: [])
                let problems = try copy.integrityProblems()
                try copy.close()
                guard problems.isEmpty else {
                    throw Failure(.dataLoss, "the backup is damaged: \(problems[0])", context: [("file", "\(backup)/\(name)")])
                }
                try DiskSync.sync(arriving)
            }
            for file in names {
                let path = "\(folder)/\(file)"
                // With its log: what a killed process left there belongs to this file and to no other.
                for suffix in ["-wal", "-shm", ""] where manager.fileExists(atPath: path + suffix) {
                    try manager.moveItem(atPath: path + suffix, toPath: "\(path).before-\(name(of: now))\(suffix)")
                }
                try manager.moveItem(atPath: path + ".restoring", toPath: path)
                remove(path + ".restoring")
            }
            try DiskSync.sync(folder)
        } catch { throw failure(error, "the backup could not be restored", folder) }
    }

    /// Deletes all but the newest `keep` folders whose names are moments, as `name(of:)` makes them.
    package static func prune(_ folder: String, keep: Int) throws {
        do {
            let names = try FileManager.default.contentsOfDirectory(atPath: folder).filter { $0.wholeMatch(of: /\d{8}T\d{6}Z/) != nil }
            for name in names.sorted().dropLast(keep) { try FileManager.default.removeItem(atPath: "\(folder)/\(name)") }
        } catch { throw failure(error, "old backups could not be deleted", folder) }
    }

    private static func remove(_ path: String) {
        for suffix in ["", "-wal", "-shm", ".lock"] { try? FileManager.default.removeItem(atPath: path + suffix) }
    }

    private static func folder(of path: String) -> String {
        let folder = (path as NSString).deletingLastPathComponent
        return folder.isEmpty ? "." : folder
    }

    private static func failure(_ error: any Error, _ message: String, _ path: String) -> Failure {
        if let failure = error as? Failure { return failure }
        let full = (error as? POSIXError)?.code == .ENOSPC || (error as? CocoaError)?.code == .fileWriteOutOfSpace
        return Failure(full ? .resourceExhausted : .unavailable, message, context: [("path", path)], cause: error)
    }
}
