// The look archive on disk: a folder a camera, segments that are appended to, the oldest deleted when a camera's share is used up.
// looks ══▶ **archive** ─▶ replay

import Base
package import Domain
import Foundation

/// Where an archive keeps one camera's segments, named by the time of their first record so that names sort by time.
private struct SegmentFolder {
    static let suffix = ".looks"
    let path: String

    init(_ directory: String, _ camera: CameraID) { path = "\(directory)/\(camera.digits)" }

    static func name(_ at: WallTime) -> String {
        let digits = String(max(0, at.millisecondsSince1970))
        return String(repeating: "0", count: max(0, 13 - digits.count)) + digits + suffix
    }

    /// Sorted by time; empty when there is no folder.
    var segments: [(name: String, start: WallTime, bytes: Int)] {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: path)) ?? []
        return names.filter { $0.hasSuffix(Self.suffix) }.sorted().compactMap { name in
            guard let start = Int64(name.dropLast(Self.suffix.count)) else { return nil }
            let attributes = try? FileManager.default.attributesOfItem(atPath: "\(path)/\(name)")
            return (name, WallTime(millisecondsSince1970: start), (attributes?[.size] as? Int) ?? 0)
        }
    }
}

/// Appends records. Blocks on the disk; for one own thread.
///
/// Nothing is synced: looks explain and tune, they are no incidents.
package final class LookArchive {
    private struct Open {
        var name: String
        var segments: [(name: String, start: WallTime, bytes: Int)]
        var total: Int { segments.reduce(0) { $0 + $1.bytes } }
    }

    private let directory: String
    private let bytesPerCamera: Int
    private let segmentBytes: Int
    private let kept: Duration
    private var cameras: [CameraID: Open] = [:]

    /// - Parameters:
    ///   - bytesPerCamera: A camera's share; an eighth of it is one segment and so what is deleted at a time.
    ///   - kept: Segments that ended longer ago than this are deleted.
    /// - Throws: `.invalidInput` when the folder cannot be made.
    package init(directory: String, bytesPerCamera: Int, kept: Duration) throws {
        self.directory = directory
        self.bytesPerCamera = bytesPerCamera
        segmentBytes = max(1, bytesPerCamera / 8)
        self.kept = kept
        do {
            try FileManager.default.createDirectory(
                atPath: directory, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
        } catch { throw Failure(.invalidInput, "cannot create the folder of the look archive \(directory)", cause: error) }
    }

    /// Appends one record; returns how many segments made room for it.
    ///
    /// - Throws: `.resourceExhausted` when the disk is full, `.unavailable` for any other trouble with it.
    @discardableResult
    package func append(_ record: LookRecord, of camera: CameraID) throws -> Int {
        guard let bytes = LookRecordCoding.encode(record), bytes.count <= bytesPerCamera else { return 0 }
        let folder = SegmentFolder(directory, camera)
        // After a start the last segment may end in a torn record; a new one is begun.
        var open = cameras[camera] ?? Open(name: "", segments: folder.segments)
        do {
            if open.name.isEmpty || (open.segments.last?.bytes ?? 0) >= segmentBytes {
                try FileManager.default.createDirectory(
                    atPath: folder.path, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
                // A clock that was set back must not reorder what is already there.
                let start = max(record.at, open.segments.last.map { $0.start.adding(seconds: 0.001) } ?? record.at)
                open.name = SegmentFolder.name(start)
                open.segments.append((open.name, start, 0))
            }
            var deleted = 0
            while open.total + bytes.count > bytesPerCamera, open.segments.count > 1 {
                try FileManager.default.removeItem(atPath: "\(folder.path)/\(open.segments.removeFirst().name)")
                deleted += 1
            }
            try write(bytes, to: "\(folder.path)/\(open.name)")
            open.segments[open.segments.count - 1].bytes += bytes.count
            cameras[camera] = open
            return deleted
        } catch {
            cameras[camera] = nil
            let full = (error as? POSIXError)?.code == .ENOSPC || (error as? CocoaError)?.code == .fileWriteOutOfSpace
            throw Failure(
                full ? .resourceExhausted : .unavailable, full ? "no room for the look archive" : "the look archive cannot be written",
                context: [("folder", folder.path)], cause: error)
        }
    }

    private func write(_ bytes: [UInt8], to path: String) throws {
        let descriptor = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw POSIXError(POSIXErrorCode(rawValue: errno) ?? .EIO) }
        // Closed when it goes out of scope: a district has more cameras than a process may have files.
        let handle = FileHandle(fileDescriptor: descriptor, closeOnDealloc: true)
        try handle.write(contentsOf: Data(bytes))
    }

    /// Deletes what is older than it may be, also of cameras that are gone; returns how many segments.
    package func sweep(now: WallTime) -> Int {
        let oldest = now.adding(seconds: -kept.seconds)
        var deleted = 0
        for name in (try? FileManager.default.contentsOfDirectory(atPath: directory)) ?? [] {
            guard let camera = CameraID(name) else { continue }
            let folder = SegmentFolder(directory, camera)
            let segments = folder.segments
            for (index, segment) in segments.enumerated() {
                // A segment ended where the next one begins; the last one is only old when nothing has been written since.
                let end = index + 1 < segments.count ? segments[index + 1].start : lastWrite("\(folder.path)/\(segment.name)")
                guard let end, end < oldest else { break }
                try? FileManager.default.removeItem(atPath: "\(folder.path)/\(segment.name)")
                cameras[camera] = nil
                deleted += 1
            }
        }
        return deleted
    }

    private func lastWrite(_ path: String) -> WallTime? {
        let attributes = try? FileManager.default.attributesOfItem(atPath: path)
        return (attributes?[.modificationDate] as? Date).map {
            WallTime(millisecondsSince1970: Int64($0.timeIntervalSince1970 * 1000))
        }
    }

    // MARK: reading

    /// The cameras that have looks in an archive.
    package static func cameras(in directory: String) -> [CameraID] {
        ((try? FileManager.default.contentsOfDirectory(atPath: directory)) ?? []).compactMap { CameraID($0) }.sorted()
    }

    /// Hands over the records of a camera from `from` to before `to`, in the order they were written. Blocks; also while another process
    /// appends.
    ///
    /// - Returns: False when a segment could not be read to its end: a torn last record of a process that died is not counted.
    @discardableResult
    package static func read(
        _ camera: CameraID, in directory: String, from: WallTime, to: WallTime, _ body: (LookRecord) throws -> Void
    ) rethrows -> Bool {
        let folder = SegmentFolder(directory, camera)
        let segments = folder.segments
        var isWhole = true
        for (index, segment) in segments.enumerated() where segment.start < to {
            if index + 1 < segments.count, segments[index + 1].start <= from { continue }
            // Deleted meanwhile to make room.
            guard let handle = FileHandle(forReadingAtPath: "\(folder.path)/\(segment.name)") else { continue }
            defer { try? handle.close() }
            while let headBytes = try? handle.read(upToCount: LookRecordCoding.headBytes), !headBytes.isEmpty {
                guard headBytes.count == LookRecordCoding.headBytes else { break }
                guard let head = LookRecordCoding.head([UInt8](headBytes)) else {
                    isWhole = false
                    break
                }
                guard let data = try? handle.read(upToCount: head.bodyBytes) ?? Data(), data.count == head.bodyBytes else { break }
                guard let record = LookRecordCoding.record(head, [UInt8](data)) else {
                    isWhole = false
                    continue
                }
                if record.at >= from && record.at < to { try body(record) }
            }
        }
        return isWhole
    }
}
