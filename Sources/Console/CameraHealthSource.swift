// What the console asks of the ingest side; declared here, implemented where cameras are read.

package import Domain

/// The state of every camera right now. Must not block.
package protocol CameraHealthSource: Sendable {
    /// Cameras without an entry have not been tried yet.
    func snapshot() -> [CameraID: CameraHealth]
    /// What is known about one camera's stream; nil when it has not been tried yet.
    func detail(of camera: CameraID) -> CameraDetail?
}

/// Pictures of cameras as they are now; implemented where cameras are read.
///
/// Both throw `Failure`: `notFound` for a camera that is not read, `unavailable` and `deadlineExceeded` while it shows nothing,
/// `resourceExhausted` when too many ask. Their sentences are for the viewer.
package protocol LivePictureSource: Sendable {
    /// A JPEG of the newest key picture, privacy masks burnt in. May take seconds.
    func snapshot(of camera: CameraID) async throws -> [UInt8]
    /// Everything from the last key picture on, privacy masks burnt in. Must not block.
    func watch(_ camera: CameraID) throws -> LivePictures
}

/// One viewer's pictures.
package struct LivePictures: Sendable {
    /// Fragmented MP4, piece by piece; ends when the source does, or when the viewer is too slow.
    package var pieces: AsyncStream<[UInt8]>
    /// Tells how many bytes have left, so that a slow viewer can be told from a fast one.
    package var taken: @Sendable (Int) -> Void
    /// Gives the view's place back; harmless when repeated.
    package var close: @Sendable () -> Void

    package init(pieces: AsyncStream<[UInt8]>, taken: @escaping @Sendable (Int) -> Void, close: @escaping @Sendable () -> Void) {
        self.pieces = pieces
        self.taken = taken
        self.close = close
    }
}

/// How much waits in the outbox of this process.
package struct OutboxDepth: Sendable, Hashable {
    package var rows: Int
    package var oldestAgeSeconds: Double

    package init(rows: Int, oldestAgeSeconds: Double) {
        self.rows = rows
        self.oldestAgeSeconds = oldestAgeSeconds
    }
}
