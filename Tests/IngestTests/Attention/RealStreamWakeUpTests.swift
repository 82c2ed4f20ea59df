// Tier 0 on real streams: x264's picture sizes, real decoding and the real detector for every key picture the scheduler grants.
// camera → **packets → looks → frames → detections** → incidents

import Base
import Detectors
import Domain
import Media
import Testing

@testable import Ingest

/// A camera that sends a coded walk again and again, with a random time of quiet after each.
private struct WalkingCamera {
    let walk: Int
    /// When picture 0 was taken.
    let startSeconds: Double
    var pictures = 0
    /// The group that is sent, where in it, and how many quiet ones are put in between.
    var group = 0
    var picture = 0
    var pause = 0
    var detector = MotionDetector(.standard)
    /// Since when somebody is in view, and what the scheduler thought of the camera then.
    var visit: (sinceSeconds: Double, trust: Double, isLookedAt: Bool)?

    var takenSeconds: Double { startSeconds + Double(pictures) / Double(CodedWalk.framesPerSecond) }
}

/// A reactor that sweeps each 0.1 s and a worker that is done by the next sweep, both on simulated time.
private struct RealStreams {
    struct Look {
        var slot: Int
        var foreground: Double
        var hasCandidate: Bool
    }

    let walks: [CodedWalk]
    var scheduler: AttentionScheduler
    var cameras: [WalkingCamera]
    var random: SeededGenerator
    let decoders = DecoderPool(capacity: 1)
    var scratch = MotionScratch()
    /// How long each visitor went unseen, and the trust in the camera when it came; infinite when nobody looked at all.
    var latencies: [(seconds: Double, trust: Double)] = []
    var damaged = 0
    private var done: [Look] = []

    init(_ walks: [CodedWalk], cameras count: Int, usesCodedSize: Bool, seed: UInt64) {
        self.walks = walks
        var policy = AttentionScheduler.Policy(floorSeconds: 10, cores: 1)
        policy.usesCodedSize = usesCodedSize
        scheduler = AttentionScheduler(policy: policy)
        random = SeededGenerator(seed: seed)
        cameras = []
        for slot in 0..<count {
            // Full rate would only change what happens after the first look.
            scheduler.add(slot, priority: .three, mayPromote: false, nowSeconds: 0)
            cameras.append(WalkingCamera(walk: slot % walks.count, startSeconds: Double.random(in: 0..<10, using: &random)))
        }
    }

    mutating func run(seconds: Double) throws {
        for sweep in 1...Int(seconds * 10) {
            let now = Double(sweep) / 10
            for look in done {
                scheduler.lookFinished(
                    look.slot, cpuSeconds: 0.002, change: look.foreground, hasCandidate: look.hasCandidate, nowSeconds: now)
            }
            done.removeAll(keepingCapacity: true)
            for slot in cameras.indices { while cameras[slot].takenSeconds <= now { try receive(slot, nowSeconds: now) } }
        }
    }

    /// One picture, in the order in which the reader asks and tells.
    private mutating func receive(_ slot: Int, nowSeconds: Double) throws {
        let walk = walks[cameras[slot].walk]
        let coded = walk.groups[cameras[slot].group][cameras[slot].picture]
        let number = cameras[slot].group * CodedWalk.groupPictures + cameras[slot].picture
        let isVisited = walk.visit.contains(number)
        notice(slot, isVisited: isVisited)
        if coded.isKey {
            if case .look = scheduler.keyPictureBegins(slot, nowSeconds: nowSeconds) {
                try look(slot, coded, walk)
                if let visit = cameras[slot].visit, !visit.isLookedAt {
                    latencies.append((nowSeconds - visit.sinceSeconds, visit.trust))
                    cameras[slot].visit?.isLookedAt = true
                }
            }
            scheduler.keyPicture(slot, sizeBytes: coded.bytes.count, nowSeconds: nowSeconds)
        } else {
            scheduler.predictedPicture(slot, sizeBytes: coded.bytes.count)
        }
        advance(slot, walk)
    }

    private mutating func notice(_ slot: Int, isVisited: Bool) {
        if isVisited, cameras[slot].visit == nil {
            cameras[slot].visit = (cameras[slot].takenSeconds, scheduler.trust(slot), false)
        } else if !isVisited, let visit = cameras[slot].visit {
            if !visit.isLookedAt { latencies.append((.infinity, visit.trust)) }
            cameras[slot].visit = nil
        }
    }

    private mutating func look(_ slot: Int, _ coded: EncodedPicture, _ walk: CodedWalk) throws {
        let picture = try CodedPicture(bytes: coded.bytes, isKey: true, ptsSeconds: nil, parameters: walk.parameters)
        let seconds = cameras[slot].takenSeconds
        _ = try decoders.decodeKey(picture, walk.parameters) { frame in
            if frame.isDamaged { damaged += 1 }
            let seen = frame.withLuma { luma, shape in
                cameras[slot].detector.examine(luma, shape, atSeconds: seconds, kind: .key, scratch: &scratch)
            }
            done.append(
                Look(slot: slot, foreground: seen.foreground, hasCandidate: seen.hasCandidate || !seen.detections.isEmpty))
        }
    }

    /// The next picture: the next group after the last, but a random number of quiet ones once the walker is gone.
    private mutating func advance(_ slot: Int, _ walk: CodedWalk) {
        cameras[slot].pictures += 1
        cameras[slot].picture += 1
        guard cameras[slot].picture == CodedWalk.groupPictures else { return }
        cameras[slot].picture = 0
        let following = (cameras[slot].group + 1) % walk.groups.count
        if cameras[slot].pause > 0 {
            cameras[slot].pause -= 1
            cameras[slot].group = cameras[slot].pause > 0 ? walk.quietGroups.randomElement(using: &random)! : 0
        } else if following == 0 {
            cameras[slot].pause = Int.random(in: 1...6, using: &random)
            cameras[slot].group = walk.quietGroups.randomElement(using: &random)!
        } else {
            cameras[slot].group = following
        }
    }
}

@Suite(.serialized) struct RealStreamWakeUp {
    private func median(_ latencies: [Double]) -> Double { latencies.sorted()[latencies.count / 2] }

    @Test func aWalkerInRealPicturesIsLookedAtWithinOneGroup() throws {
        let seed = printedSeed("real streams")
        let walks = try CodedWalk.make(starts: [0, 13, 25, 37], rate: .quality(30))
        var with = RealStreams(walks, cameras: 6, usesCodedSize: true, seed: seed)
        try with.run(seconds: 360)
        let trusted = with.latencies.filter { $0.trust > 0.8 }.map(\.seconds)
        try #require(trusted.count >= 15, "cameras earn their trust within a few visits")
        let inTime = Double(trusted.count { $0 <= CodedWalk.groupSeconds + 0.3 }) / Double(trusted.count)
        let looks = with.scheduler.figures(nowSeconds: 360).granted
        print("real streams: \(trusted.count) of \(with.latencies.count) visits at a trust above 0.8, in time \(inTime)")
        print("real streams: median \(median(trusted)) s, largest \(trusted.max()!) s, granted \(looks)")
        #expect(with.damaged == 0)
        #expect(inTime >= 0.9)

        var without = RealStreams(walks, cameras: 6, usesCodedSize: false, seed: seed)
        try without.run(seconds: 360)
        let blind = without.latencies.map(\.seconds)
        print("real streams, tier 0 off: \(blind.count) visits, median \(median(blind)) s")
        #expect((3...7).contains(median(blind)))
    }

    /// A constant rate hides who comes; then nothing is trusted and nothing spent.
    @Test func camerasOfConstantRateAreLeftToTheirFloor() throws {
        let seed = printedSeed("constant rate")
        let walks = try CodedWalk.make(starts: [0], rate: .constant)
        var fleet = RealStreams(walks, cameras: 3, usesCodedSize: true, seed: seed)
        try fleet.run(seconds: 240)
        let granted = fleet.scheduler.figures(nowSeconds: 240).granted
        print("constant rate: trust \((0..<3).map { fleet.scheduler.trust($0) }), granted \(granted)")
        #expect((0..<3).allSatisfy { fleet.scheduler.trust($0) < 0.4 })
        #expect(granted[LookReason.wakeUp.rawValue] <= granted[LookReason.floor.rawValue] / 20)
    }
}
