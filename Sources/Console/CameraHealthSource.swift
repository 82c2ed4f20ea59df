// What the console asks of the ingest side; declared here, implemented where cameras are read.

package import Domain

/// The state of every camera right now. Must not block.
package protocol CameraHealthSource: Sendable {
    /// Cameras without an entry have not been tried yet.
    func snapshot() -> [CameraID: CameraHealth]
    /// What is known about one camera's stream; nil when it has not been tried yet.
    func detail(of camera: CameraID) -> CameraDetail?
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
