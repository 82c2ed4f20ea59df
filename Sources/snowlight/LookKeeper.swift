// Joins the ingest side's looks to their archive on disk.
// looks ══▶ **archive** ─▶ replay

import Domain
import Ingest
import Storage
import Synchronization

/// The archive of this process; called from the archiver's one thread.
final class LookKeeper: LookSink {
    private let archive: Mutex<LookArchive>

    init(_ archive: sending LookArchive) { self.archive = Mutex(archive) }

    func keep(_ record: LookRecord, of camera: CameraID) throws { _ = try archive.withLock { try $0.append(record, of: camera) } }

    func sweep(now: WallTime) { _ = archive.withLock { $0.sweep(now: now) } }
}
