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
    var box: CellBox
    var area: Int
    /// The part of its way inside what is watched: since when, until when, where lately, where at all.
    var watchedSince: Double?
    var watchedLast: Double
    var watchedBox = CellBox()
    var watchedUnion = CellBox()
    var largestArea: Int
    var displacement = 0.0
    var restlessSum: Double
    var strongest: Double
    var zones: UInt8
    var touchesEdge: Bool
    var confirmedSeconds: Double?
    var publishedReason: [String]?

    init(number: Int, blob: Blob, atSeconds: Double, expiresSeconds: Double) {
        self.number = number
        firstSeconds = atSeconds
        lastSeconds = atSeconds
        self.expiresSeconds = expiresSeconds
        firstX = blob.centreX
        firstY = blob.centreY
        firstArea = blob.area
        box = blob.box
        area = blob.area
        watchedLast = atSeconds
        largestArea = blob.area
        restlessSum = blob.restlessShare
        strongest = blob.strength
        zones = 0
        touchesEdge = blob.touchesEdge
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
        let grown = Double(abs(blob.area - firstArea)).squareRoot() / 2
        displacement = max(displacement, (dx * dx + dy * dy).squareRoot(), grown)
        box = blob.box
        area = blob.area
        largestArea = max(largestArea, blob.area)
        restlessSum += blob.restlessShare
        strongest = max(strongest, blob.strength)
        touchesEdge = blob.touchesEdge
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
            if streak >= 2 && !flutters { return true }
            return hits >= 3 && displacement >= (flutters ? settings.flutterDisplacementCells : settings.displacementCells)
        }
        guard lastSeconds - firstSeconds >= settings.confirmSeconds, hits >= settings.confirmHits,
            Double(hits) >= settings.confirmSeenRatio * Double(looksAtHit), displacement >= settings.displacementCells
        else { return false }
        guard flutters else { return true }
        return Double(largestArea) >= settings.flutterAreaFactor * Double(settings.minimumAreaCells)
            && displacement >= settings.flutterDisplacementCells
    }

    /// 0…100 from area, contrast, travel and calm ground, a quarter each.
    func score(_ settings: MotionSettings) -> Int {
        let area = min(1, Double(largestArea) / Double(4 * settings.minimumAreaCells))
        let contrast = min(1, strongest / 3)
        let travel = min(1, displacement / 8)
        return Int((25 * (area + contrast + travel + (1 - restlessShare))).rounded())
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

    /// Continues tracks with the blobs of a look and starts new ones; returns through `died` what was given up.
    mutating func advance(_ blobs: [Blob], grid: CellGrid, atSeconds: Double, dt: Double, sparse: Bool, died: (Track) -> Void) {
        ownerOfBlob.removeAll(keepingCapacity: true)
        for _ in blobs { ownerOfBlob.append(-1) }
        let radius = sparse ? min(0.4 * Double(grid.width), 4 + 12 * dt) : 4 + 0.21 * Double(grid.width) * min(dt, 1)
        bury(atSeconds: atSeconds, died: died)
        associate(blobs, radius: radius, atSeconds: atSeconds, dt: dt)
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

    /// Keeps every track alive through a time in which nothing could be seen.
    mutating func freeze(untilSeconds: Double) {
        for index in tracks.indices { tracks[index].expiresSeconds = max(tracks[index].expiresSeconds, untilSeconds + 1) }
    }

    /// Nearest pairs first; a blob continues a track that is near and of similar size, or that it overlaps.
    private mutating func associate(_ blobs: [Blob], radius: Double, atSeconds: Double, dt: Double) {
        while true {
            var best = (cost: Double.infinity, track: -1, blob: -1)
            for (t, track) in tracks.enumerated() where track.lastSeconds < atSeconds {
                for (b, blob) in blobs.enumerated() where ownerOfBlob[b] < 0 && blob.verdict == .object {
                    let gap = Double(track.box.gap(to: blob.box))
                    guard gap <= radius else { continue }
                    let ratio = Double(max(track.area, blob.area)) / Double(max(1, min(track.area, blob.area)))
                    guard ratio <= 4 || track.box.overlaps(blob.box) else { continue }
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
