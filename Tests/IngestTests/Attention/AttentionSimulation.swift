// Thousands of cameras, a paced reader and a worker queue on a simulated clock, for the promises of the attention scheduler.
// camera → **packets → looks** → frames → detections → incidents

import Base
import Domain
import Ingest

/// A camera as the reader sees it.
struct SimulatedCamera {
    /// How predicted pictures betray what moves.
    enum Sizes {
        /// Not fed at all, to keep simulations of whole districts short.
        case none
        /// Variable rate: four to ten times as large while something moves.
        case variable
        /// Constant rate: the same whatever happens.
        case constant
        /// Bursts that have nothing to do with the picture: a "smart" codec, exposure.
        case unrelated
    }

    var priority = Priority.three
    var groupSeconds = 2.0
    var picturesPerSecond = 25.0
    var lookSeconds = 0.002
    var sizes = Sizes.none
    /// Someone is in view from … to.
    var visit = 0.0..<0.0
    var visitFactor = 6.0
    var alwaysCandidate = false
    var flutters = false
    // Running state
    var startSeconds = 0.0
    var nextPicture = 0
    var burstUntilSeconds = 0.0
    var lastLookSeconds: Double?
    var looks = 0
    var largestGapSeconds = 0.0
    var firstLookOfVisitSeconds: Double?
    var cpuSeconds = 0.0

    var picturesPerGroup: Int { max(1, Int((groupSeconds * picturesPerSecond).rounded())) }
}

/// Drives one scheduler as the reactor would: a sweep each 0.1 s, looks through a first-in first-out queue of `cores` workers.
struct AttentionSimulation {
    struct Job {
        var slot: Int
        var seconds: Double
        var atSeconds: Double
        var queuedSeconds: Double
        var isFullRate = false
    }

    var scheduler: AttentionScheduler
    var cameras: [SimulatedCamera]
    var generator: SeededGenerator
    var now = 0.0
    /// Multiplies what every look costs: weather, larger pictures, a slower machine.
    var costFactor = 1.0
    /// What the machine gives the workers now.
    var cores: Double
    var longestBacklogSeconds = 0.0
    var fullRatePictureSeconds = 0.00038
    /// Seconds at full rate, by slot.
    var fullRateSeconds: [Double]
    var onSweep: ((inout AttentionSimulation) -> Void)?
    private var queue: [Job] = []
    private var head = 0
    private var queuedSeconds = 0.0
    private var wheel: [[Int32]] = Array(repeating: [], count: 1024)
    private var sweep = 0
    private var noise: [Double]

    init(policy: AttentionScheduler.Policy, cameras: [SimulatedCamera], seed: UInt64) {
        scheduler = AttentionScheduler(policy: policy)
        self.cameras = cameras
        cores = policy.cores
        generator = SeededGenerator(seed: seed)
        fullRateSeconds = Array(repeating: 0, count: cameras.count)
        noise = []
        // Sums of four uniform numbers: nearly normal, standard deviation 12 %.
        for _ in 0..<4096 {
            noise.append(1 + 0.12 * (0..<4).reduce(0.0) { sum, _ in sum + Double.random(in: -0.866...0.866, using: &generator) })
        }
        for slot in cameras.indices {
            self.cameras[slot].startSeconds = Double.random(in: 0..<min(60, cameras[slot].groupSeconds), using: &generator)
            scheduler.add(slot, priority: cameras[slot].priority, nowSeconds: 0)
            schedule(slot)
        }
    }

    mutating func run(seconds: Double) {
        let end = now + seconds - 0.05
        while now < end { step() }
    }

    /// Forgets gaps and counts, so that a warm-up does not count.
    mutating func mark() {
        for slot in cameras.indices {
            cameras[slot].largestGapSeconds = 0
            cameras[slot].looks = 0
            cameras[slot].cpuSeconds = 0
            fullRateSeconds[slot] = 0
        }
        longestBacklogSeconds = 0
    }

    private mutating func step() {
        sweep += 1
        now = Double(sweep) * 0.1
        work()
        // As the reactor tells it: what waits costs that much if the workers have their cores, and has waited that long if others have them.
        let waited = head < queue.count ? now - queue[head].queuedSeconds : 0
        let backlog = max(queuedSeconds / scheduler.policy.cores, waited)
        longestBacklogSeconds = max(longestBacklogSeconds, backlog)
        scheduler.backlog(seconds: backlog, nowSeconds: now)
        let due = wheel[sweep % 1024]
        wheel[sweep % 1024].removeAll(keepingCapacity: true)
        for slot in due { deliver(Int(slot)) }
        runFullRate()
        onSweep?(&self)
    }

    /// The sweep in which the camera's next picture that matters is read.
    private mutating func schedule(_ slot: Int) {
        let camera = cameras[slot]
        let seconds = camera.startSeconds + Double(camera.nextPicture) / camera.picturesPerSecond
        let at = max(sweep + 1, Int((seconds * 10).rounded(.up)))
        precondition(at - sweep < 1024, "the wheel is 102 s long")
        wheel[at % 1024].append(Int32(slot))
    }

    /// Everything the camera has sent by now.
    private mutating func deliver(_ slot: Int) {
        while true {
            let camera = cameras[slot]
            let taken = camera.startSeconds + Double(camera.nextPicture) / camera.picturesPerSecond
            if taken > now { break }
            if camera.nextPicture % camera.picturesPerGroup == 0 {
                if case .look = scheduler.keyPictureBegins(slot, nowSeconds: now) { look(slot, takenSeconds: taken) }
                scheduler.keyPicture(slot, sizeBytes: 30_000, nowSeconds: now)
            } else {
                scheduler.predictedPicture(slot, sizeBytes: size(slot, takenSeconds: taken))
            }
            cameras[slot].nextPicture += camera.sizes == .none ? camera.picturesPerGroup : 1
        }
        schedule(slot)
    }

    private mutating func look(_ slot: Int, takenSeconds: Double) {
        if let last = cameras[slot].lastLookSeconds { cameras[slot].largestGapSeconds = max(cameras[slot].largestGapSeconds, now - last) }
        cameras[slot].lastLookSeconds = now
        cameras[slot].looks += 1
        if cameras[slot].visit.contains(takenSeconds), cameras[slot].firstLookOfVisitSeconds == nil {
            cameras[slot].firstLookOfVisitSeconds = now
        }
        let seconds = cameras[slot].lookSeconds * costFactor * Double.random(in: 0.8..<1.2, using: &generator)
        cameras[slot].cpuSeconds += seconds
        queue.append(Job(slot: slot, seconds: seconds, atSeconds: takenSeconds, queuedSeconds: now))
        queuedSeconds += seconds
    }

    private mutating func work() {
        var power = cores * 0.1
        while head < queue.count, power > 0 {
            let part = min(power, queue[head].seconds)
            power -= part
            queuedSeconds -= part
            queue[head].seconds -= part
            guard queue[head].seconds <= 0 else { break }
            let job = queue[head]
            head += 1
            if !job.isFullRate { finish(job) }
        }
        if head == queue.count {
            queue.removeAll(keepingCapacity: true)
            head = 0
            queuedSeconds = 0
        }
    }

    private mutating func finish(_ job: Job) {
        let camera = cameras[job.slot]
        let seen = camera.visit.contains(job.atSeconds) || camera.alwaysCandidate
        let change = seen ? 0.01 : camera.flutters ? Double.random(in: 0.001..<0.002, using: &generator) : 0
        scheduler.lookFinished(
            job.slot, cpuSeconds: camera.lookSeconds * costFactor, change: change, hasCandidate: seen, nowSeconds: now)
    }

    /// A second of pictures of each camera once a second, at different times.
    private mutating func runFullRate() {
        for slot in cameras.indices where slot % 10 == sweep % 10 && scheduler.wantsFullRate(slot) {
            let seconds = fullRatePictureSeconds * 25
            fullRateSeconds[slot] += 1
            cameras[slot].cpuSeconds += seconds
            queue.append(Job(slot: slot, seconds: seconds, atSeconds: now, queuedSeconds: now, isFullRate: true))
            queuedSeconds += seconds
            scheduler.fullRateCost(slot, cpuSeconds: seconds, pictures: 25, nowSeconds: now)
        }
    }

    private mutating func size(_ slot: Int, takenSeconds: Double) -> Int {
        let camera = cameras[slot]
        let phase = camera.nextPicture % camera.picturesPerGroup
        let random = noise[Int(truncatingIfNeeded: generator.next() & 4095)]
        let usual = phase % 3 == 0 ? 3200.0 : 1700
        var factor = random
        switch camera.sizes {
        case .none, .constant: factor = 1 + (random - 1) * 0.4
        case .variable where camera.visit.contains(takenSeconds):
            // Whoever comes in fills the picture within half a second.
            factor *= 1 + (camera.visitFactor - 1) * min(1, (takenSeconds - camera.visit.lowerBound) / 0.5)
        case .variable: break
        case .unrelated:
            if takenSeconds > camera.burstUntilSeconds + 10, generator.next() % 250 == 0 {
                cameras[slot].burstUntilSeconds = takenSeconds + 3
            }
            if takenSeconds < cameras[slot].burstUntilSeconds { factor *= 5 }
        }
        return Int(usual * factor)
    }
}

/// A district: one tenth of priority 1, two of 2, four of 3, three of 4; groups of 1, 2 (mostly) and 4 s; looks of 1.6 … 2.4 ms.
func district(_ count: Int = 4100, seed: UInt64) -> [SimulatedCamera] {
    var generator = SeededGenerator(seed: seed)
    return (0..<count).map { index in
        var camera = SimulatedCamera()
        camera.priority = [.one, .two, .two, .three, .three, .three, .three, .four, .four, .four][index % 10]
        camera.groupSeconds = [1, 2, 2, 2, 2, 2, 4][Int.random(in: 0..<7, using: &generator)]
        camera.lookSeconds = Double.random(in: 0.0016..<0.0024, using: &generator)
        return camera
    }
}

/// A new seed each run, printed so that a failure can be repeated by writing it here.
func printedSeed(_ name: String) -> UInt64 {
    let seed = UInt64.random(in: 0..<1_000_000)
    print("\(name): seed \(seed)")
    return seed
}
