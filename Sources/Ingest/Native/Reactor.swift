// The one thread that reads every camera: conversations by readiness, streams by a paced sweep of all sockets.
// **camera → packets → looks** → frames → detections → incidents

import Base
import Domain
import Media
import Synchronization

/// Reads all cameras of the native transport on one thread of its own. It never stops reading: what the workers cannot take is dropped
/// as whole looks, and no connection ends because of us.
///
/// A socket that wakes the loop for each picture would be 92,000 wake-ups a second over a district. Instead every camera has its
/// turn once in a period, spread evenly over it, and all are read into one buffer. The period follows the cost: a round of all
/// cameras may take at most a fifth of it, so that few are read every 20 ms and 4,100 every 200 ms: half of what a turn costs is asking
/// the socket, whatever it holds.
final class Reactor: @unchecked Sendable {
    // Unchecked: the properties under "reactor thread" are touched by that thread alone.

    /// In the longer one a socket's 128 KiB hold what a camera of 5 Mbit/s sends.
    private static let periodSeconds = 0.02...0.2
    private static let shareOfPeriod = 0.2
    private static let tickSeconds = 0.005
    /// Names waiting for the name server: more than one machine's cameras.
    private static let largestQuestions = 16_384

    private typealias Answer = (camera: NativeCamera, result: Result<SocketAddress, any Error>)

    // Any thread
    let pictures = PicturePool()
    private let time: any TimeSource
    private let attention: SharedAttention
    private let pool: WorkerPool
    private let news = Mutex<(added: [NativeCamera], answers: [Answer])>(([], []))
    private let questions = BoundedQueue<(camera: NativeCamera, host: String, port: Int)>(capacity: Reactor.largestQuestions)
    private let stopping = StopSignal()
    private let threads = Mutex<[OwnThread]>([])
    /// Seconds of a full round of all cameras, for `/metrics`.
    private let periodMilliseconds = Atomic<Int>(0)

    // Reactor thread
    private var cameras: [NativeCamera] = []
    private var talking: [NativeCamera] = []
    private var buffer = ReceiveBuffer()
    private var poller = SocketPoller()
    private var cursor = 0
    private var owed = 0.0
    private var turnSeconds = 0.0001
    private var lastTick = Duration.zero
    private var nextBacklog = Duration.zero

    init(time: any TimeSource, attention: SharedAttention, pool: WorkerPool) {
        self.time = time
        self.attention = attention
        self.pool = pool
    }

    // MARK: any thread

    /// Starts the reactor's thread and the resolver's.
    func start() {
        threads.withLock {
            $0 = [
                OwnThread(name: "reactor") { self.run() },
                OwnThread(name: "resolver") { self.answerQuestions() },
            ]
        }
    }

    /// Hands a camera over; it is dialled as soon as the pacer allows.
    func add(_ camera: NativeCamera) { news.withLock { $0.added.append(camera) } }

    /// Looks a host name up on the resolver's thread and tells the camera; getaddrinfo cannot be interrupted.
    func resolve(host: String, port: Int, for camera: NativeCamera) {
        guard !questions.offer((camera, host, port)) else { return }
        let failure = Failure(.unavailable, "too many host names wait to be looked up: look at the name server")
        news.withLock { $0.answers.append((camera, .failure(failure))) }
    }

    /// Ends both threads; the cameras must have ended before. Blocks; a name being looked up is waited for two seconds.
    func stop() {
        stopping.raise()
        questions.close()
        for thread in threads.withLock({ $0 }) { _ = thread.join(timeout: .seconds(2)) }
    }

    /// How long a round of all cameras takes at the moment.
    var period: Duration { .milliseconds(periodMilliseconds.load(ordering: .relaxed)) }

    private func answerQuestions() {
        while !stopping.isRaised {
            guard let (camera, host, port) = questions.take(timeout: .seconds(1)) else { continue }
            let result = Result<SocketAddress, any Error> { try SocketAddress.resolve(host: host, port: port) }
            news.withLock { $0.answers.append((camera, result)) }
        }
    }

    // MARK: reactor thread

    private func run() {
        lastTick = time.now
        while !stopping.isRaised {
            let now = time.now
            takeNews(now)
            if now >= nextBacklog {
                nextBacklog = now + .milliseconds(50)
                // What waits costs that much when the workers have their cores, and has waited that long when others have them.
                let cost = Double(pool.waiting) / Double(pool.width) * attention.meanLookSeconds
                attention.backlog(seconds: max(cost, pool.oldestWaiting(now: now)?.seconds ?? 0))
            }
            giveTurns(now)
            listen()
        }
    }

    private func takeNews(_ now: Duration) {
        let (added, answers) = news.withLock { waiting in
            defer {
                waiting.added.removeAll(keepingCapacity: true)
                waiting.answers.removeAll(keepingCapacity: true)
            }
            return waiting
        }
        cameras += added
        for answer in answers {
            answer.camera.resolved(answer.result, now: now)
            if answer.camera.isTalking { talking.append(answer.camera) }
        }
    }

    /// Gives a turn to as many cameras as their share of the time since the last tick.
    private func giveTurns(_ now: Duration) {
        let elapsed = (now - lastTick).seconds
        lastTick = now
        guard !cameras.isEmpty else { return }
        let round = turnSeconds * Double(cameras.count)
        let period = min(max(round / Self.shareOfPeriod, Self.periodSeconds.lowerBound), Self.periodSeconds.upperBound)
        periodMilliseconds.store(Int(period * 1000), ordering: .relaxed)
        owed = min(owed + Double(cameras.count) * elapsed / period, Double(cameras.count))
        let count = Int(owed)
        guard count > 0 else { return }
        owed -= Double(count)
        for _ in 0..<count where !cameras.isEmpty {
            // Downwards, so that the place of a camera that has ended goes to one that had its turn.
            cursor = cursor == 0 || cursor > cameras.count ? cameras.count - 1 : cursor - 1
            let camera = cameras[cursor]
            let wasTalking = camera.isTalking
            camera.takeTurn(&buffer, now: now)
            if camera.isTalking, !wasTalking { talking.append(camera) }
            if camera.hasEnded {
                cameras.swapAt(cursor, cameras.count - 1)
                cameras.removeLast()
            }
        }
        turnSeconds += ((time.now - now).seconds / Double(count) - turnSeconds) * 0.05
    }

    /// Waits for the next tick; who is being talked into playing is heard at once meanwhile.
    private func listen() {
        talking.removeAll { !$0.isTalking }
        for (index, camera) in talking.enumerated() {
            if let connection = camera.connection { poller.watch(connection.socket, key: index, writing: connection.wantsToWrite) }
        }
        let rest = Self.tickSeconds - (time.now - lastTick).seconds
        guard !talking.isEmpty else {
            if rest > 0 { _ = stopping.sleep(.seconds(rest)) }
            return
        }
        let events = poller.wait(milliseconds: max(0, Int((rest * 1000).rounded(.up))))
        guard !events.isEmpty else { return }
        let now = time.now
        for event in events { talking[event.key].hear(&buffer, isWritable: event.isWritable, now: now) }
    }
}
