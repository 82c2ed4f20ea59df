// Pictures by their content: a picture is on disk, synced, before the incident that names it is committed.
// frames → **snapshot** → incidents

import Base
import Crypto
package import Domain
import Foundation

/// SHA-256 as 64 lower-case hexadecimal digits.
package enum SHA256Hex {
    /// The digest of `bytes`.
    package static func of(_ bytes: [UInt8]) -> String {
        let digits = Array("0123456789abcdef".utf8)
        var text: [UInt8] = []
        text.reserveCapacity(64)
        for byte in SHA256.hash(data: bytes) {
            text.append(digits[Int(byte >> 4)])
            text.append(digits[Int(byte & 15)])
        }
        return String(decoding: text, as: UTF8.self)
    }
}

/// JPEG files named by their SHA-256 under two-digit folders. Safe on any thread; blocks on fsync, so own threads only.
package struct SnapshotStore: Sendable {
    private let directory: String

    /// Creates the directory, readable by its owner only.
    package init(directory: String) throws {
        self.directory = directory
        do {
            try FileManager.default.createDirectory(
                atPath: directory, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
        } catch { throw Failure(.invalidInput, "cannot create the picture directory \(directory)", cause: error) }
    }

    /// Writes the picture and syncs the file and its folder before it returns; the same bytes are stored once.
    package func store(_ jpeg: [UInt8]) throws -> SnapshotReference {
        let name = SHA256Hex.of(jpeg)
        let reference = SnapshotReference(sha256: name, sizeBytes: jpeg.count)
        let folder = "\(directory)/\(name.prefix(2))"
        let path = "\(folder)/\(name).jpg"
        let manager = FileManager.default
        if manager.fileExists(atPath: path) { return reference }
        do {
            if !manager.fileExists(atPath: folder) {
                try manager.createDirectory(atPath: folder, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
                try sync(folder: directory)
            }
            // A unique temporary name, so that two writers of the same picture cannot tear each other's file.
            let temporary = "\(folder)/.\(name).\(UInt64.random(in: 0 ... .max))"
            let descriptor = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
            guard descriptor >= 0 else { throw POSIXError(POSIXErrorCode(rawValue: errno) ?? .EIO) }
            let handle = FileHandle(fileDescriptor: descriptor, closeOnDealloc: true)
            do {
                try handle.write(contentsOf: Data(jpeg))
                guard fsync(descriptor) == 0 else { throw POSIXError(POSIXErrorCode(rawValue: errno) ?? .EIO) }
                guard rename(temporary, path) == 0 else { throw POSIXError(POSIXErrorCode(rawValue: errno) ?? .EIO) }
            } catch {
                unlink(temporary)
                throw error
            }
            try sync(folder: folder)
        } catch {
            let full = (error as? POSIXError)?.code == .ENOSPC || (error as? CocoaError)?.code == .fileWriteOutOfSpace
            throw Failure(
                full ? .resourceExhausted : .dataLoss, full ? "no room for a picture" : "a picture could not be stored",
                context: [("folder", folder)], cause: error)
        }
        return reference
    }

    /// The bytes of a stored picture; nil when it is not there or `sha256` is no digest.
    package func load(_ sha256: String) throws -> [UInt8]? {
        guard sha256.utf8.count == 64, sha256.utf8.allSatisfy({ $0 >= 0x30 && $0 <= 0x39 || $0 >= 0x61 && $0 <= 0x66 }) else { return nil }
        return FileManager.default.contents(atPath: "\(directory)/\(sha256.prefix(2))/\(sha256).jpg").map { [UInt8]($0) }
    }

    private func sync(folder: String) throws {
        let descriptor = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard descriptor >= 0 else { throw POSIXError(POSIXErrorCode(rawValue: errno) ?? .EIO) }
        defer { close(descriptor) }
        guard fsync(descriptor) == 0 else { throw POSIXError(POSIXErrorCode(rawValue: errno) ?? .EIO) }
    }
}
