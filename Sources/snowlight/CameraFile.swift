// The district's cameras.csv on disk: replaced as a whole, with the former one kept beside it.
// verdicts → **cameras.csv** → `serve` reads it again

import Base
import Domain
import Foundation

/// One import forward, one step back; nothing that was in a file is ever lost.
struct CameraFile {
    let path: String
    /// Where the file before the last import is kept.
    var formerPath: String { path + ".before-import" }
    private var folder: String { (path as NSString).deletingLastPathComponent.isEmpty ? "." : (path as NSString).deletingLastPathComponent }

    init(folder: String) { path = (folder as NSString).appendingPathComponent("cameras.csv") }

    /// The bytes; empty when there is no file yet.
    func read() throws -> [UInt8] {
        guard FileManager.default.fileExists(atPath: path) else { return [] }
        return try Self.bytes(path)
    }

    /// The file before the last import and when it was replaced; nil when there was no import.
    func former() throws -> (bytes: [UInt8], replaced: WallTime)? {
        guard let date = (try? FileManager.default.attributesOfItem(atPath: formerPath))?[.modificationDate] as? Date else { return nil }
        return (try Self.bytes(formerPath), WallTime(millisecondsSince1970: Int64((date.timeIntervalSince1970 * 1000).rounded(.down))))
    }

    /// Keeps the present file beside it, then puts `text` in its place. Throws `.conflict` when the file is no longer what was examined.
    func replace(_ examined: [UInt8], with text: String) throws {
        try locked {
            guard try read() == examined else {
                throw Failure(.conflict, "\(path) was changed meanwhile; nothing was written, import again")
            }
            try Self.write(examined, to: formerPath)
            try Self.write(Array(text.utf8), to: path)
        }
    }

    /// Exchanges the file with the one before the last import; doing it twice changes nothing.
    func rollBack() throws {
        try locked {
            guard FileManager.default.fileExists(atPath: formerPath) else {
                throw Failure(.notFound, "there is no import to take back: \(formerPath) does not exist")
            }
            let (present, former) = (try read(), try Self.bytes(formerPath))
            // The former one is in two places until the present one is safe in its stead.
            try Self.write(former, to: path + ".rolling-back")
            try Self.write(present, to: formerPath)
            guard rename(path + ".rolling-back", path) == 0 else { throw Self.failure("cannot write \(path)") }
            try Self.sync(folder: folder)
        }
    }

    /// Runs `body` while no other import has this folder.
    private func locked(_ body: () throws -> Void) throws {
        let descriptor = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard descriptor >= 0 else { throw Self.failure("cannot open \(folder)") }
        defer { close(descriptor) }
        guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
            throw Failure(.conflict, "another import is writing to \(folder)")
        }
        try body()
    }

    private static func bytes(_ path: String) throws -> [UInt8] {
        do { return try [UInt8](Data(contentsOf: URL(fileURLWithPath: path))) } catch {
            throw Failure(.unavailable, "cannot read \(path): \(error.localizedDescription)")
        }
    }

    /// A file is whole or not there: written beside, synced, renamed, and its folder synced.
    private static func write(_ bytes: [UInt8], to path: String) throws {
        let temporary = path + ".writing"
        // The list names where cameras stand and how to reach them: readable as the file it replaces, and by its owner if it is new.
        let known = (try? FileManager.default.attributesOfItem(atPath: path))?[.posixPermissions] as? Int
        let descriptor = open(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, mode_t(known ?? 0o640))
        guard descriptor >= 0 else { throw failure("cannot write \(temporary)") }
        let handle = FileHandle(fileDescriptor: descriptor, closeOnDealloc: true)
        do {
            try handle.write(contentsOf: Data(bytes))
            guard fsync(descriptor) == 0, rename(temporary, path) == 0 else { throw failure("cannot write \(path)") }
        } catch {
            unlink(temporary)
            throw Failure(.dataLoss, "cannot write \(path)", cause: error)
        }
        let folder = (path as NSString).deletingLastPathComponent
        try sync(folder: folder.isEmpty ? "." : folder)
    }

    private static func sync(folder: String) throws {
        let descriptor = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard descriptor >= 0 else { throw failure("cannot open \(folder)") }
        defer { close(descriptor) }
        guard fsync(descriptor) == 0 else { throw failure("cannot sync \(folder)") }
    }

    private static func failure(_ message: String) -> Failure { Failure(.dataLoss, "\(message): \(String(cString: strerror(errno)))") }
}
