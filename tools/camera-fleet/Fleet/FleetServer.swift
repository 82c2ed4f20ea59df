// A fleet from options to a running server: encode, pack, listen, serve, stop.
// scene ─▶ pictures ─▶ encodings ─▶ packets ─▶ **clients**

package import Base
import Domain
import Foundation
import Synchronization

/// A simulated fleet inside this process. Safe on any thread; `start` and `stop` block.
package final class FleetServer: Sendable {
    private struct State {
        var thread: OwnThread?
        var truth: TruthWriter?
        var port = 0
    }

    private let options: FleetOptions
    private let time: any TimeSource
    private let stopSignal = StopSignal()
    private let shared = FleetShared()
    private let state = Mutex(State())

    package init(_ options: FleetOptions, time: any TimeSource = SystemTime()) {
        self.options = options
        self.time = time
    }

    /// Encodes what has to be encoded, listens and serves from a thread of its own; returns the port. Blocks while encoding.
    ///
    /// - Parameter encoded: Loops that are at hand already; the others are made.
    /// - Throws: `Failure`: `invalidInput` for options that cannot be, `unavailable` when the port is taken,
    ///   `resourceExhausted` when too few files may be open, `cancelled` after `stop()`.
    package func start(
        encoded: [Encoding.Order: CodedLoop] = [:], progress: @escaping Encoding.Progress = { _, _ in }
    ) throws -> Int {
        try options.check()
        // One client per camera and what the process itself holds open.
        let needed = options.cameras + 64
        if let allowed = raiseDescriptorLimit(to: 2 * needed), allowed < needed {
            throw Failure(
                .resourceExhausted, "\(needed) open files are needed and only \(allowed) are allowed: run 'ulimit -n \(needed)' first")
        }
        // Before encoding: a port in use is told at once and not after a minute.
        let listener = try SocketListener(address: options.address, port: options.port)
        let truthFile = try options.truthPath.map { try TruthWriter.open($0) }
        let perCamera = (1...options.cameras).map { options.order(ofCamera: $0) }
        var orders: [Encoding.Order] = []
        for order in perCamera.prefix(options.sources.count * options.codecs.count) where !orders.contains(order) { orders.append(order) }
        var loops = encoded
        let missing = orders.filter { encoded[$0] == nil }
        if !missing.isEmpty {
            loops.merge(try Encoding.run(missing, options.encoding, stop: stopSignal, progress: progress)) { $1 }
        }
        let encodings = orders.compactMap { loops[$0] }
        let packets = try encodings.map { try PacketLoop($0) }
        let cameras = perCamera.enumerated().map { index, order in
            let loop = orders.firstIndex(of: order) ?? 0
            return CameraTimeline(
                number: index + 1, loop: loop, framesPerSecond: encodings[loop].framesPerSecond, pictureCount: packets[loop].pictureCount,
                isAligned: options.startsAligned)
        }
        let start = time.now
        let schedule = cameras.map { CameraSchedule(camera: $0, loop: encodings[$0.loop]) }
        let truth = truthFile.map { TruthWriter($0, schedule, time: time, start: start) }
        let port = listener.port
        launch(cameras, encodings, packets, listener, start)
        truth?.start()
        state.withLock {
            $0.truth = truth
            $0.port = port
        }
        return port
    }

    private func launch(
        _ cameras: [CameraTimeline], _ encodings: [CodedLoop], _ packets: [PacketLoop], _ listener: sending SocketListener,
        _ start: Duration
    ) {
        let loop = FleetLoop(
            options, cameras: cameras, encodings: encodings, packets: packets, listener: listener, time: time, start: start,
            stop: stopSignal,
            shared: shared)
        let handed = Mutex<FleetLoop?>(loop)
        let thread = OwnThread(name: "fleet") { handed.withLock { $0.take() }?.run() }
        state.withLock { $0.thread = thread }
    }

    /// Port being served; 0 before `start()`.
    package var port: Int { state.withLock { $0.port } }

    /// Address of one camera, 1…N.
    package func url(ofCamera number: Int) -> String { "rtsp://\(options.address):\(port)/cam/\(number)" }

    package var figures: FleetFigures { shared.figures.withLock { $0 } }

    /// Closes every connection and waits for the threads; also ends a running `start()`.
    package func stop() {
        stopSignal.raise()
        let (thread, truth) = state.withLock { ($0.thread, $0.truth) }
        thread?.join()
        truth?.stop()
    }
}
