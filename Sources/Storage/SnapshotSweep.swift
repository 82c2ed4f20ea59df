// Pictures and clips whose time is over: deleted one by one, and the folders gone over for what nobody names any more.
// retention → **snapshot, clip** → gone

import Base
package import Domain
import Foundation

/// One stored file, as a folder shows it.
package struct StoredEvidence: Sendable, Hashable {
    package var sha256: String
    package var kind: EvidenceKind
    package var sizeBytes: Int
    /// When it was stored last.
    package var stored: WallTime

    package init(sha256: String, kind: EvidenceKind, sizeBytes: Int, stored: WallTime) {
        self.sha256 = sha256
        self.kind = kind
        self.sizeBytes = sizeBytes
        self.stored = stored
    }
}

/// A file is deleted by its name and its age together. Whoever stores the same bytes again makes the file young or finds it gone and writes it
/// anew, so that no picture that an incident is about to name can be deleted, in this process or in another.
extension SnapshotStore {
    /// Names of the folders that files lie in, `00` to `ff`.
    package static let folders = (0..<256).map { (number: Int) -> String in
        let digits = String(number, radix: 16)
        return digits.utf8.count == 1 ? "0" + digits : digits
    }

    /// What lies in one folder; what a crash left half written or half deleted is put right first. Blocks.
    ///
    /// - Parameter now: Half-written files are deleted when they are a day old.
    package func files(in folder: String, now: WallTime) -> [StoredEvidence] {
        let path = "\(directory)/\(folder)"
        var found: [StoredEvidence] = []
        for name in ((try? FileManager.default.contentsOfDirectory(atPath: path)) ?? []).sorted() {
            if name.hasPrefix(".") {
                settle("\(path)/\(name)", now: now)
            } else if let file = Self.evidence(name, "\(path)/\(name)") {
                found.append(file)
            }
        }
        return found
    }

    /// Deletes one file unless it was stored at or after `cut`.
    ///
    /// - Returns: False when it stays or is not there.
    /// - Throws: `.unavailable` when the disk refuses.
    package func discard(_ sha256: String, as kind: EvidenceKind, storedBefore cut: WallTime) throws -> Bool {
        let folder = "\(directory)/\(sha256.prefix(2))"
        let (path, aside) = ("\(folder)/\(sha256).\(kind.rawValue)", "\(folder)/.\(sha256).\(kind.rawValue).deleting")
        guard let stored = Self.stored(path), stored < cut else { return false }
        // Moved aside before the last look at its age: from here on whoever stores the same bytes writes them anew.
        guard rename(path, aside) == 0 else {
            if errno == ENOENT { return false }
            throw Self.refused(path)
        }
        if let stored = Self.stored(aside), stored >= cut {
            guard rename(aside, path) == 0 else { throw Self.refused(path) }
            return false
        }
        guard unlink(aside) == 0 || errno == ENOENT else { throw Self.refused(path) }
        return true
    }

    /// A file that was being deleted gets its name back, to be judged again; a file that was being written is deleted when it is a day old.
    private func settle(_ path: String, now: WallTime) {
        if path.hasSuffix(".deleting") {
            let folder = (path as NSString).deletingLastPathComponent
            let name = String((path as NSString).lastPathComponent.dropFirst().dropLast(".deleting".count))
            // The same bytes may have been written anew meanwhile: then nothing is lost by replacing them.
            rename(path, "\(folder)/\(name)")
        } else if let stored = Self.stored(path), stored < now.adding(seconds: -86_400) {
            unlink(path)
        }
    }

    private static func evidence(_ name: String, _ path: String) -> StoredEvidence? {
        let parts = name.split(separator: ".")
        guard parts.count == 2, parts[0].utf8.count == 64, let kind = EvidenceKind(rawValue: String(parts[1])),
            let attributes = try? FileManager.default.attributesOfItem(atPath: path), let date = attributes[.modificationDate] as? Date
        else { return nil }
        return StoredEvidence(
            sha256: String(parts[0]), kind: kind, sizeBytes: (attributes[.size] as? Int) ?? 0, stored: WallTime(date))
    }

    private static func stored(_ path: String) -> WallTime? {
        ((try? FileManager.default.attributesOfItem(atPath: path))?[.modificationDate] as? Date).map { WallTime($0) }
    }

    private static func refused(_ path: String) -> Failure {
        Failure(.unavailable, "a picture could not be deleted: \(String(cString: strerror(errno)))", context: [("file", path)])
    }
}

extension WallTime {
    fileprivate init(_ date: Date) { self.init(millisecondsSince1970: Int64((date.timeIntervalSince1970 * 1000).rounded(.down))) }
}
