// SIGINT and SIGTERM as a flag that every loop looks at.
// **options** ─▶ scenes ─▶ pictures ─▶ encodings ─▶ packets ─▶ clients

import Base
import Foundation
import Glibc

/// Turns the first SIGINT or SIGTERM into a raised flag; the second one ends the process in the usual way.
struct SignalWatch {
    let stop = StopSignal()

    /// Must run before any other thread exists: threads inherit the blocked signals.
    init() throws {
        var signals = sigset_t()
        sigemptyset(&signals)
        sigaddset(&signals, SIGINT)
        sigaddset(&signals, SIGTERM)
        guard pthread_sigmask(SIG_BLOCK, &signals, nil) == 0 else { throw Failure(.internal, "signals cannot be watched") }
        // A pipe that nobody reads any more is an error of that write, not of the process.
        signal(SIGPIPE, SIG_IGN)
        let (stop, watched) = (stop, signals)
        _ = OwnThread(name: "signals") {
            var signals = watched
            var received: Int32 = 0
            while sigwait(&signals, &received) != 0 {}
            stop.raise()
            pthread_sigmask(SIG_UNBLOCK, &signals, nil)
        }
    }
}
