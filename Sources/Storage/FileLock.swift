// One process per file: an advisory lock that the kernel gives back when the process ends, however it ends.

import Base
import Foundation
import Synchronization

/// An exclusive flock(2) on a file beside the thing it protects.
package final class FileLock: Sendable {
    private let descriptor: Mutex<Int32?>

    /// Takes the lock or throws `.conflict` at once when another process, or this one, holds it.
    package init(path: String) throws {
        let opened = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
        guard opened >= 0 else {
            throw Failure(.invalidInput, "cannot create \(path): \(String(cString: strerror(errno)))")
        }
        guard flock(opened, LOCK_EX | LOCK_NB) == 0 else {
            Foundation.close(opened)
            throw Failure(.conflict, "another Snowlight uses this data directory", context: [("lock", path)])
        }
        descriptor = Mutex(opened)
    }

    /// Gives the lock back; harmless when repeated.
    package func release() {
        descriptor.withLock {
            if let open = $0 { Foundation.close(open) }
            $0 = nil
        }
    }

    deinit { release() }
}
