// What came and stays: a vehicle that stopped, seen as a track that no longer moves, and believed on when the detector has learnt it.
// frames → **detections** → rules → incidents

import Detectors
import Domain

// One place where something has come to rest:
//
//   tracked here at two looks in a row        10 s                       the detector has learnt it
//  ┌──────┐ ───────▶ ┌────────┐ ──────────────▶ ┌───────┐ ─────────────────────────────▶ ┌──────────┐
//  │ none │          │ coming │                 │ still │   not tracked any more after    │ believed │
//  └──────┘ ◀─────── └────────┘ ◀────────────── └───────┘   45 s at rest                  └──────────┘
//           moved on, or not tracked for 10 s and 2.5 looks                                    │
//     ▲──────────────────────────────────────────────────────────────────────────────────────┘
//           a hole is seen where it stood, or an hour has passed: then it is part of the scene
//
// `still` and `believed` are detections of kind `changed_static`.

/// Follows tracks until they rest. At most 16 places; nothing is allocated while nothing is tracked.
struct StillThings: Sendable {
    private struct Thing: Sendable {
        var box: RelativeBox
        var sinceSeconds: Double
        var seenSeconds: Double
        var score: Int
        var zones: [String]
        var isBelieved = false
    }

    /// Something at rest for this long has stayed.
    static let restSeconds = 10.0
    /// The detector learns what stands still after about a minute; what vanishes without moving after this long was learnt.
    static let learntSeconds = 45.0
    static let patienceSeconds = 10.0
    static let longestSeconds = 3600.0
    private static let limit = 16

    private var things: [Thing] = []
    private var spacing = LookSpacing()

    /// The camera was away: what stood there may be gone.
    mutating func forget() {
        things.removeAll(keepingCapacity: true)
        spacing = LookSpacing()
    }

    /// Adds to `look` what has come to rest.
    mutating func note(_ examination: Examination, atSeconds: Double, into look: inout [Detection]) {
        spacing.note(atSeconds: atSeconds)
        if things.isEmpty && look.isEmpty { return }
        for detection in examination.detections where detection.kind == .motion && detection.lastSeconds >= atSeconds { follow(detection) }
        let patience = max(Self.patienceSeconds, 2.5 * spacing.seconds)
        for index in things.indices where !things[index].isBelieved && atSeconds - things[index].seenSeconds > patience {
            things[index].isBelieved = things[index].seenSeconds - things[index].sinceSeconds >= Self.learntSeconds
        }
        things.removeAll { thing in
            let isLost = !thing.isBelieved && atSeconds - thing.seenSeconds > patience
            let isGone = examination.suppressions.contains { $0.reason == .ghost && overlap($0.box, thing.box) > 0.3 }
            return isLost || isGone || atSeconds - thing.sinceSeconds > Self.longestSeconds
        }
        for thing in things where thing.isBelieved || thing.seenSeconds - thing.sinceSeconds >= Self.restSeconds {
            let words = "at rest for \(Spoken.seconds(atSeconds - thing.sinceSeconds))" + (thing.isBelieved ? ", learnt by now" : "")
            look.append(
                Detection(
                    kind: .changedStatic, startSeconds: thing.sinceSeconds, confirmedSeconds: thing.sinceSeconds + Self.restSeconds,
                    lastSeconds: atSeconds, box: thing.box, score: thing.score, reason: [words], zones: thing.zones))
        }
    }

    private mutating func follow(_ detection: Detection) {
        if let index = things.firstIndex(where: { overlap($0.box, detection.lastBox) >= 0.5 }) {
            things[index].seenSeconds = detection.lastSeconds
            things[index].isBelieved = false
            things[index].score = max(things[index].score, detection.score)
            return
        }
        // What moves leaves a place behind at each look; the oldest that nothing rests at makes room.
        if things.count >= Self.limit, let oldest = things.indices.filter({ !things[$0].isBelieved }).min(by: { seen($0) < seen($1) }) {
            things.remove(at: oldest)
        }
        guard things.count < Self.limit, !detection.isAtEdge else { return }
        things.append(
            Thing(
                box: detection.lastBox, sinceSeconds: detection.lastSeconds, seenSeconds: detection.lastSeconds, score: detection.score,
                zones: detection.zones))
    }

    private func seen(_ index: Int) -> Double { things[index].seenSeconds }
}

/// Shared area over united area, 0…1.
private func overlap(_ a: RelativeBox, _ b: RelativeBox) -> Double {
    let width = min(a.x + a.width, b.x + b.width) - max(a.x, b.x)
    let height = min(a.y + a.height, b.y + b.height) - max(a.y, b.y)
    guard width > 0, height > 0 else { return 0 }
    let shared = width * height
    return shared / (a.width * a.height + b.width * b.height - shared)
}
