// Files and threads a fleet needs, compared with what this process may have, before the first camera is opened.
// **camera → packets** → looks → frames → detections → incidents

package import Base
package import Domain

/// Open files and threads that reading a fleet takes.
package struct ResourceNeed: Hashable, Sendable {
    /// Databases, outbox, logs, bus sockets, listening sockets and the pictures being stored.
    private static let baseFiles = 128
    /// Threads of the process itself: recorder, housekeeping, bus, event loops, databases.
    private static let baseThreads = 64

    package var nativeCameras: Int
    package var ffmpegCameras: Int
    /// Browsers and feed readers connected at the same time; one file each.
    package var consoleClients: Int
    package var workers: Int

    package init(nativeCameras: Int, ffmpegCameras: Int, consoleClients: Int = 256, workers: Int) {
        self.nativeCameras = nativeCameras
        self.ffmpegCameras = ffmpegCameras
        self.consoleClients = consoleClients
        self.workers = workers
    }

    /// The need of these cameras.
    /// - Parameter automatic: What `auto` means in this build: native with a fallback, which must be counted as the dearer FFmpeg
    ///   only when the native reader is missing.
    package init(_ cameras: some Sequence<Camera>, automatic: Transport, consoleClients: Int = 256, workers: Int) {
        self.init(nativeCameras: 0, ffmpegCameras: 0, consoleClients: consoleClients, workers: workers)
        for camera in cameras {
            let transport = camera.transport == .auto ? automatic : camera.transport
            if transport == .ffmpeg { ffmpegCameras += 1 } else { nativeCameras += 1 }
        }
    }

    /// One socket per camera; a second one for a moment while 64 of them are looked up or redirected.
    package var files: Int { nativeCameras + ffmpegCameras + OpenPacer.Budget().concurrent + consoleClients + Self.baseFiles }

    /// FFmpeg blocks, so each of its cameras has a thread; native cameras share the event loops.
    package var threads: Int { ffmpegCameras + workers + Self.baseThreads }
}

/// What this process may have; nil is "no limit".
package struct ResourceLimits: Hashable, Sendable {
    package var files: Int?
    /// The limit of the user, which counts the threads of all its processes.
    package var threads: Int?

    package init(files: Int?, threads: Int?) {
        self.files = files
        self.threads = threads
    }

    /// What stands in the way of this need: one sentence for people per limit, each with the number needed; empty when nothing does.
    package func examine(_ need: ResourceNeed) -> [Failure] {
        let cameras = need.nativeCameras + need.ffmpegCameras
        var found: [Failure] = []
        if let files, files < need.files {
            found.append(
                Failure(
                    .resourceExhausted,
                    "\(cameras) cameras need \(need.files) open files, but this process may open \(files): "
                        + "set LimitNOFILE=\(need.files) in the service or run 'ulimit -n \(need.files)' before the start",
                    context: [("limit", "RLIMIT_NOFILE"), ("needed", "\(need.files)"), ("allowed", "\(files)")]))
        }
        if let threads, threads < need.threads {
            found.append(
                Failure(
                    .resourceExhausted,
                    "\(cameras) cameras, \(need.ffmpegCameras) of them read through FFmpeg, need \(need.threads) threads, "
                        + "but this user may have \(threads): set LimitNPROC=\(need.threads) in the service "
                        + "or run 'ulimit -u \(need.threads)' before the start",
                    context: [("limit", "RLIMIT_NPROC"), ("needed", "\(need.threads)"), ("allowed", "\(threads)")]))
        }
        return found
    }

    /// Reads the limits of this process, after raising its own limit of open files to `need` as far as the hard limit allows.
    package static func read(raisingFilesTo need: ResourceNeed? = nil) -> ResourceLimits {
        ResourceLimits(files: raiseDescriptorLimit(to: need?.files ?? 0), threads: threadLimit())
    }
}
