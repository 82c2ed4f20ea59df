// How far apart one camera's key pictures are, learned so that one stall does not spoil it.
// camera → **packets** → looks → frames → detections → incidents

/// The distance of key pictures from the last five of them.
struct GroupRhythm: Sendable {
    private var gaps = InlineArray<5, Float>(repeating: 0)
    private var count: UInt8 = 0
    private var next: UInt8 = 0
    private var lastSeconds = -Double.infinity

    /// Two distances are known, so that a stall at the start is not taken for a long group.
    var isLearned: Bool { count >= 2 }
    /// The usual distance, for people; nil until one is known.
    var medianSeconds: Double? { count == 0 ? nil : Double(sorted()[Int(count) / 2]) }
    /// What a camera can be relied on to come again within: the second largest of five, so that one stall does not count.
    private(set) var expectedSeconds: Double?

    /// A key picture begins. A handful of comparisons.
    mutating func keyPicture(nowSeconds: Double) {
        defer { lastSeconds = nowSeconds }
        guard lastSeconds > -.infinity, nowSeconds >= lastSeconds else { return }
        gaps[Int(next)] = Float(nowSeconds - lastSeconds)
        next = (next + 1) % 5
        count = min(5, count + 1)
        let ordered = sorted()
        expectedSeconds = Double(ordered[max(0, Int(count) - (count < 3 ? 1 : 2))])
    }

    /// The time to the next key picture is not a distance.
    mutating func streamEnded() { lastSeconds = -.infinity }

    /// Time without a key picture.
    func openSeconds(nowSeconds: Double) -> Double { lastSeconds > -.infinity ? max(0, nowSeconds - lastSeconds) : 0 }

    private func sorted() -> InlineArray<5, Float> {
        var result = gaps
        for i in 1..<5 where i < Int(count) {
            let value = result[i]
            var j = i
            while j > 0, result[j - 1] > value {
                result[j] = result[j - 1]
                j -= 1
            }
            result[j] = value
        }
        return result
    }
}
