// Pictures and clips by their content: each is on disk, synced, before the incident that names it is committed.
// frames → **snapshot, clip** → incidents

import Base
import Crypto
package import Domain
import Foundation

/// SHA-256 as 64 lower-case hexadecimal digits.
package enum SHA256Hex {
    private static let digits = Array("0123456789abcdef".utf8)

    /// The digest of `bytes`.
    package static func of(_ bytes: [UInt8]) -> String {
        var text: [UInt8] = []
        text.reserveCapacity(64)
        for byte in SHA256.hash(data: bytes) {
            text.append(digits[Int(byte >> 4)])
            text.append(digits[Int(byte & 15)])
        }
        return String(decoding: text, as: UTF8.self)
    }
}

/// What is stored; the raw value ends the file's name.
package enum EvidenceKind: String, Sendable, CaseIterable {
    case snapshot = "jpg"
    case clip = "mp4"
}

/// JPEG and MP4 files named by their SHA-256 under two-digit folders. Safe on any thread; blocks on fsync, so own threads only.
package struct SnapshotStore: Sendable {
    let directory: String

    /// Creates the directory, readable by its owner only.
    package init(directory: String) throws {
        self.directory = directory
        do {
            try FileManager.default.createDirectory(
                atPath: directory, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
        } catch { throw Failure(.invalidInput, "cannot create the picture directory \(directory)", cause: error) }
    }

    /// Writes the bytes and syncs the file and its folder before it returns; the same bytes are stored once.
    ///
    /// - Throws: `Failure` of kind `resourceExhausted` when the disk is full, `dataLoss` for any other trouble with it.
    package func store(_ bytes: [UInt8], as kind: EvidenceKind = .snapshot) throws -> SnapshotReference {
        let name = SHA256Hex.of(bytes)
        let reference = SnapshotReference(sha256: name, sizeBytes: bytes.count)
        let folder = "\(directory)/\(name.prefix(2))"
        let path = "\(folder)/\(name).\(kind.rawValue)"
        let manager = FileManager.default
        if wantAgain(path) { return reference }
        do {
            if !manager.fileExists(atPath: folder) {
                try manager.createDirectory(atPath: folder, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
                try DiskSync.sync(directory)
            }
            // A unique temporary name, so that two writers of the same picture cannot tear each other's file.
            let temporary = "\(folder)/.\(name).\(UInt64.random(in: 0 ... .max))"
            let descriptor = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
            guard descriptor >= 0 else { throw POSIXError(POSIXErrorCode(rawValue: errno) ?? .EIO) }
            let handle = FileHandle(fileDescriptor: descriptor, closeOnDealloc: true)
            do {
                try handle.write(contentsOf: Data(bytes))
                guard fsync(descriptor) == 0 else { throw POSIXError(POSIXErrorCode(rawValue: errno) ?? .EIO) }
                guard rename(temporary, path) == 0 else { throw POSIXError(POSIXErrorCode(rawValue: errno) ?? .EIO) }
            } catch {
                unlink(temporary)
                throw error
            }
            try DiskSync.sync(folder)
        } catch {
            let full = (error as? POSIXError)?.code == .ENOSPC || (error as? CocoaError)?.code == .fileWriteOutOfSpace
            throw Failure(
                full ? .resourceExhausted : .dataLoss, full ? "no room for a picture" : "a picture could not be stored",
                context: [("folder", folder)], cause: error)
        }
        return reference
    }

    /// Makes a file that is there as young as one that is written now, so that nothing deletes it for its age; false when it is not there.
    private func wantAgain(_ path: String) -> Bool {
        (try? FileManager.default.setAttributes([.modificationDate: Date()], ofItemAtPath: path)) != nil
    }

    /// The stored bytes; nil when they are not there or `sha256` is no digest.
    package func load(_ sha256: String, as kind: EvidenceKind = .snapshot) throws -> [UInt8]? {
        guard sha256.utf8.count == 64, sha256.utf8.allSatisfy({ $0 >= 0x30 && $0 <= 0x39 || $0 >= 0x61 && $0 <= 0x66 }) else { return nil }
        return FileManager.default.contents(atPath: "\(directory)/\(sha256.prefix(2))/\(sha256).\(kind.rawValue)").map { [UInt8]($0) }
    }
}
