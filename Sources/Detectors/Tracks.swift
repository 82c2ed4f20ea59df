// Blobs over time: what stays, moves and returns becomes a confirmed track; everything else is noise with a reason.
// foreground → blobs → **tracks** → detections

/// One thing followed from look to look.
struct Track: Sendable {
    static let limit = 32

    let number: Int
    let firstSeconds: Double
    var lastSeconds: Double
    /// Media time after which it is given up unless seen again.
    var expiresSeconds: Double
    var hits = 1
    /// Looks since the first, it included; and the same up to the latest hit.
    var looks = 1
    var looksAtHit = 1
    /// Hits in a row up to the latest look.
    var streak = 1
    let firstX: Double
    let firstY: Double
    let firstArea: Int
    let firstBox: CellBox
    var box: CellBox
    var area: Int
    /// The part of its way inside what is watched: since when, until when, where lately, where at all.
    var watchedSince: Double?
    var watchedLast: Double
    var watchedBox = CellBox()
    var watchedUnion = CellBox()
    var largestArea: Int
    /// The furthest its centre was from where it began; `displacement` counts growth as well.
    var travel = 0.0
    var displacement = 0.0
    /// The sum of the steps between its hits of at least two cells; a shorter one is a wobble.
    private var path = 0.0
    private var stepX: Double
    private var stepY: Double
    /// Its way since it last joined or parted from something.
    private(set) var stretch: Stretch
    var restlessSum: Double
    var strongest: Double
    var zones: UInt8
    var touchesEdge: Bool
    /// True while most of it looks as it did a look ago.
    var isStill: Bool
    var confirmedSeconds: Double?
    var publishedReason: [String]?

    init(number: Int, blob: Blob, atSeconds: Double, expiresSeconds: Double) {
        self.number = number
        firstSeconds = atSeconds
        lastSeconds = atSeconds
        self.expiresSeconds = expiresSeconds
        firstX = blob.centreX
        firstY = blob.centreY
        stepX = blob.centreX
        stepY = blob.centreY
        stretch = Stretch(blob, atSeconds: atSeconds)
        firstArea = blob.area
        firstBox = blob.box
        box = blob.box
        area = blob.area
        watchedLast = atSeconds
        largestArea = blob.area
        restlessSum = blob.restlessShare
        strongest = blob.strength
        zones = 0
        touchesEdge = blob.touchesEdge
        isStill = 2 * blob.still >= blob.area
        note(blob, atSeconds: atSeconds)
    }

    /// Mean share of fluttering cells over its hits.
    var restlessShare: Double { restlessSum / Double(hits) }

    /// Folds in the blob that continues it.
    mutating func extend(with blob: Blob, atSeconds: Double, expiresSeconds: Double) {
        hits += 1
        looks += 1
        looksAtHit = looks
        streak += 1
        lastSeconds = atSeconds
        self.expiresSeconds = expiresSeconds
        let dx = blob.centreX - firstX
        let dy = blob.centreY - firstY
        let step = ((blob.centreX - stepX) * (blob.centreX - stepX) + (blob.centreY - stepY) * (blob.centreY - stepY)).squareRoot()
        if step >= 2 {
            path += step
            (stepX, stepY) = (blob.centreX, blob.centreY)
        }
        if max(blob.area, area) * 2 > 3 * min(blob.area, area) {
            stretch = Stretch(blob, atSeconds: atSeconds)
        } else {
            stretch.extend(with: blob, atSeconds: atSeconds)
        }
        let grown = Double(abs(blob.area - firstArea)).squareRoot() / 2
        travel = max(travel, (dx * dx + dy * dy).squareRoot())
        displacement = max(displacement, travel, grown)
        box = blob.box
        area = blob.area
        largestArea = max(largestArea, blob.area)
        restlessSum += blob.restlessShare
        strongest = max(strongest, blob.strength)
        touchesEdge = blob.touchesEdge
        isStill = 2 * blob.still >= blob.area
        note(blob, atSeconds: atSeconds)
    }

    /// Remembers what of a blob lies where one watches.
    private mutating func note(_ blob: Blob, atSeconds: Double) {
        guard blob.watchedArea > 0 else { return }
        zones |= blob.zones
        watchedLast = atSeconds
        watchedBox = blob.watchedBox
        watchedUnion = watchedUnion.union(blob.watchedBox)
        if watchedSince == nil { watchedSince = atSeconds }
    }

    /// Forgets an earlier visit to what is watched, so that the next one starts anew.
    mutating func endVisit() {
        watchedSince = nil
        watchedUnion = CellBox()
        zones = 0
    }

    /// Adds a further part of the same thing seen at the same look.
    mutating func absorb(_ blob: Blob) {
        box = box.union(blob.box)
        area += blob.area
        largestArea = max(largestArea, area)
        touchesEdge = touchesEdge || blob.touchesEdge
        let before = watchedBox
        let watchedNow = watchedLast == lastSeconds && watchedSince != nil
        note(blob, atSeconds: lastSeconds)
        if watchedNow { watchedBox = watchedBox.union(before) }
    }

    mutating func miss() {
        looks += 1
        streak = 0
    }

    /// True when what was seen so far cannot be noise.
    func isConvincing(_ settings: MotionSettings, sparse: Bool) -> Bool {
        let flutters = restlessShare > 0.6
        if sparse {
            // Two pictures are little to go by: what is faint, or small and where it was like the figures of a clock, must show a third
            // time, and elsewhere.
            let isTelling = largestArea >= 4 * settings.minimumAreaCells || displacement >= settings.displacementCells
            if streak >= settings.sparseHits && !flutters && strongest >= 1.5 && isTelling { return true }
            return hits > settings.sparseHits && displacement >= (flutters ? settings.flutterDisplacementCells : settings.displacementCells)
        }
        // What hardly shows, or darts like an insect before the lens, must show for longer; what hardly shows must also leave its place as
        // leaves and the rest of a cloud do not.
        let isFaint = strongest < Self.faintStrength
        let patience = isFaint ? 2.0 : 1.0
        let least = max(patience * settings.confirmSeconds, isDarting ? 1.5 : 0)
        guard lastSeconds - firstSeconds >= least, Double(hits) >= patience * Double(settings.confirmHits),
            Double(hits) >= settings.confirmSeenRatio * Double(looksAtHit), displacement >= patience * settings.displacementCells
        else { return false }
        guard !isFaint || hasLeft(sparse: false, isWarmup: false) else { return false }
        guard !isAimless else { return false }
        guard flutters else { return true }
        return Double(largestArea) >= settings.flutterAreaFactor * Double(settings.minimumAreaCells)
            && displacement >= settings.flutterDisplacementCells
    }

    /// Below this many times the threshold a change is as likely the rest of a cloud, a wave or a gust.
    private static let faintStrength = 1.6

    /// Small and faster than eight times its own size a second, which no walker is and hardly a vehicle; the measure is the same near
    /// and far.
    private var isDarting: Bool {
        largestArea < 100 && travel > 8 * Double(largestArea).squareRoot() * (lastSeconds - firstSeconds)
    }

    /// Goes a long way and gets nowhere, as figures of a clock, insects and twigs do. The centre of what is large shifts with its shape.
    /// A way that is straight since it last joined something is one.
    var isAimless: Bool { largestArea < 150 && travel < 0.5 * path && !stretch.hasLeft(box, isWarmup: false) }

    /// True when it may be believed in a scene that has not been quiet lately, where much of what differs is the scene itself.
    ///
    /// It must be clear of where it was first seen and have come there straight: leaves and water come back, rain is all over.
    /// - Parameters:
    ///   - isClean: Nothing else differs but few clear things.
    ///   - isWarmup: Nothing is known of the ground yet, so that it must have come further.
    func isPlain(_ settings: MotionSettings, sparse: Bool, isClean: Bool, isWarmup: Bool) -> Bool {
        let isSeen = sparse ? strongest >= 2.5 && hits >= (isClean ? 2 : 3) : strongest >= 1.5
        if isSeen && hasLeft(sparse: sparse, isWarmup: isWarmup) { return true }
        return sparse && isClean && streak >= 2 && !isStill && strongest >= 3 && largestArea >= 4 * settings.minimumAreaCells
    }

    private func hasLeft(sparse: Bool, isWarmup: Bool) -> Bool {
        let seconds = lastSeconds - firstSeconds
        let hasGone = Self.hasGone(travel, path, from: firstBox, to: box, seconds: seconds, isWarmup: isWarmup && !sparse)
        // Single looks lie far apart, and what comes near doubles from one to the next: there only its whole way counts.
        return hasGone || (!sparse && stretch.hasLeft(box, isWarmup: isWarmup))
    }

    /// True for a straight way that ends clear of where it began; in warm-up one twice as long as the thing, in no less than a second.
    static func hasGone(_ travel: Double, _ path: Double, from: CellBox, to box: CellBox, seconds: Double, isWarmup: Bool) -> Bool {
        guard travel >= 6, travel >= 0.6 * path, from.isClear(of: box) else { return false }
        return !isWarmup || (seconds >= 1 && travel >= max(12, 2 * Double(box.length)) && travel >= 0.75 * path)
    }

    /// 0…100 from area, contrast, travel and calm ground, a quarter each.
    func score(_ settings: MotionSettings) -> Int {
        let area = min(1, Double(largestArea) / Double(4 * settings.minimumAreaCells))
        let contrast = min(1, strongest / 3)
        let travel = min(1, displacement / 8)
        return Int((25 * (area + contrast + travel + (1 - restlessShare))).rounded())
    }
}

/// The way of a track while it was one and the same thing: a blob that grows or shrinks by half from one hit to the next has joined
/// another or parted from it, and its centre has leapt without anything having moved.
struct Stretch: Sendable {
    private let firstSeconds: Double
    private var lastSeconds: Double
    private let firstX: Double
    private let firstY: Double
    private let firstBox: CellBox
    private var hits = 1
    /// The furthest its centre was from where the stretch began, and the way it went in steps of at least two cells; a shorter one is
    /// a wobble.
    private var travel = 0.0
    private var path = 0.0
    private var stepX: Double
    private var stepY: Double

    init(_ blob: Blob, atSeconds: Double) {
        (firstSeconds, lastSeconds) = (atSeconds, atSeconds)
        (firstX, firstY, firstBox) = (blob.centreX, blob.centreY, blob.box)
        (stepX, stepY) = (blob.centreX, blob.centreY)
    }

    mutating func extend(with blob: Blob, atSeconds: Double) {
        hits += 1
        lastSeconds = atSeconds
        let step = distance(blob, stepX, stepY)
        if step >= 2 {
            path += step
            (stepX, stepY) = (blob.centreX, blob.centreY)
        }
        travel = max(travel, distance(blob, firstX, firstY))
    }

    /// True when this stretch alone shows that it left.
    func hasLeft(_ box: CellBox, isWarmup: Bool) -> Bool {
        hits >= 4 && Track.hasGone(travel, path, from: firstBox, to: box, seconds: lastSeconds - firstSeconds, isWarmup: isWarmup)
    }

    private func distance(_ blob: Blob, _ x: Double, _ y: Double) -> Double {
        ((blob.centreX - x) * (blob.centreX - x) + (blob.centreY - y) * (blob.centreY - y)).squareRoot()
    }
}

/// The tracks of one camera: association, confirmation and death.
struct TrackSet: Sendable {
    var tracks: [Track] = []
    private var nextNumber = 1
    /// The track that took each blob of the latest look, or −1.
    var ownerOfBlob: [Int] = []

    init() {
        tracks.reserveCapacity(Track.limit)
        ownerOfBlob.reserveCapacity(Blob.limit)
    }

    mutating func removeAll() { tracks.removeAll(keepingCapacity: true) }

    /// Forgets what was not believed.
    mutating func keepConfirmed() { tracks.removeAll { $0.confirmedSeconds == nil } }

    /// Continues tracks with the blobs of a look and starts new ones; returns through `died` what was given up.
    mutating func advance(_ blobs: [Blob], grid: CellGrid, atSeconds: Double, dt: Double, sparse: Bool, died: (Track) -> Void) {
        ownerOfBlob.removeAll(keepingCapacity: true)
        for _ in blobs { ownerOfBlob.append(-1) }
        let width = Double(grid.width)
        // Between sparse looks a car goes far; where much changes at once, the nearest change is not the same thing.
        let isCalm = blobs.count { $0.verdict == .object } <= 3
        let radius = sparse ? min(0.4 * width, 4 + (isCalm ? 0.21 * width : 12) * dt) : 4 + 0.21 * width * min(dt, 1)
        // What was seen at the look before has had no look to be missed at, however long this one took to come.
        for index in tracks.indices where tracks[index].streak > 0 {
            tracks[index].expiresSeconds = max(tracks[index].expiresSeconds, atSeconds)
        }
        bury(atSeconds: atSeconds, died: died)
        associate(blobs, radius: radius, atSeconds: atSeconds, dt: dt, sparse: sparse)
        for (index, blob) in blobs.enumerated() where blob.verdict == .object && ownerOfBlob[index] < 0 {
            if let part = tracks.firstIndex(where: { $0.lastSeconds == atSeconds && $0.box.gap(to: blob.box) <= 1 }) {
                tracks[part].absorb(blob)
                ownerOfBlob[index] = part
            } else if tracks.count < Track.limit {
                ownerOfBlob[index] = tracks.count
                tracks.append(Track(number: nextNumber, blob: blob, atSeconds: atSeconds, expiresSeconds: expiry(blob, atSeconds, dt)))
                nextNumber &+= 1
            }
        }
    }

    /// What reached the edge is not waited for as long: the next thing there is a different one.
    private func expiry(_ blob: Blob, _ now: Double, _ dt: Double) -> Double { now + max(1, (blob.touchesEdge ? 1.2 : 2.2) * dt) }

    /// Gives up tracks in whose place the background is seen again: what was there has left since the last sparse look.
    mutating func leave(_ scratch: MotionScratch, grid: CellGrid, atSeconds: Double) {
        for index in tracks.indices where tracks[index].lastSeconds < atSeconds {
            guard scratch.foregroundCells(in: tracks[index].box, grid) * 4 < tracks[index].area else { continue }
            tracks[index].touchesEdge = true
            tracks[index].expiresSeconds = -.infinity
        }
    }

    /// Keeps every track alive through a time in which nothing could be seen.
    mutating func freeze(untilSeconds: Double) {
        for index in tracks.indices { tracks[index].expiresSeconds = max(tracks[index].expiresSeconds, untilSeconds + 1) }
    }

    /// Nearest pairs first; a blob continues a track that is near and of similar size, or that it overlaps.
    private mutating func associate(_ blobs: [Blob], radius: Double, atSeconds: Double, dt: Double, sparse: Bool) {
        while true {
            var best = (cost: Double.infinity, track: -1, blob: -1)
            for (t, track) in tracks.enumerated() where track.lastSeconds < atSeconds {
                for (b, blob) in blobs.enumerated() where ownerOfBlob[b] < 0 && blob.verdict == .object {
                    let gap = Double(track.box.gap(to: blob.box))
                    guard gap <= radius else { continue }
                    // Between sparse looks a thing leaves; the trace that is left in its place is not the thing.
                    guard !sparse || blob.area * 16 >= track.area else { continue }
                    let ratio = Double(max(track.area, blob.area)) / Double(max(1, min(track.area, blob.area)))
                    // What is cut off by the edge of the picture may be of any size.
                    guard ratio <= 4 || track.box.overlaps(blob.box) || track.touchesEdge || blob.touchesEdge else { continue }
                    let cost = gap + ratio
                    if cost < best.cost { best = (cost, t, b) }
                }
            }
            guard best.track >= 0 else { break }
            tracks[best.track].extend(
                with: blobs[best.blob], atSeconds: atSeconds, expiresSeconds: expiry(blobs[best.blob], atSeconds, dt))
            ownerOfBlob[best.blob] = best.track
        }
        for index in tracks.indices where tracks[index].lastSeconds < atSeconds { tracks[index].miss() }
    }

    private mutating func bury(atSeconds: Double, died: (Track) -> Void) {
        guard tracks.contains(where: { $0.expiresSeconds < atSeconds }) else { return }
        for index in tracks.indices.reversed() where tracks[index].expiresSeconds < atSeconds {
            died(tracks[index])
            tracks.remove(at: index)
        }
    }
}
