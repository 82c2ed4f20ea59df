// Tier 0 of one camera: how large its predicted pictures usually are, and whether they are larger now. Decodes nothing.
// camera → **packets** → looks → frames → detections → incidents

/// A robust baseline of coded sizes by phase in the group of pictures, and the evidence of a rise above it.
///
/// Sizes are logarithms to base 2 in units of 1/2048. Median and median absolute deviation follow the stream by steps whose length is a
/// share of the deviation (a stochastic quantile, so no samples are kept); the rise is a cumulative sum (Page 1954). Integers only.
struct CodedSizeBaseline: Sendable {
    struct Bucket: Sendable {
        var median: UInt16 = 0
        var spread: UInt16 = 0
    }

    /// Predicted pictures since the last key picture.
    private(set) var phase: UInt16 = 0
    private var evidence: Int16 = 0
    private var peak: Int16 = 0
    private var samples = InlineArray<16, UInt8>(repeating: 0)
    private var buckets = InlineArray<16, Bucket>(repeating: Bucket())

    /// A quarter octave: what sizes of a quiet camera vary by at most.
    private static let firstSpread: UInt16 = 512
    /// 1/16 octave, 4 %: an encoder that repeats itself exactly must not make every byte a deviation.
    static let smallestSpread: UInt16 = 128
    /// Added to every size: at a variable rate a picture in which nothing changed has a dozen bytes, and half as many more are noise.
    private static let nothingBytes = 64
    /// A bucket says nothing before it has seen this many pictures: four times the steps that halve an error.
    private static let warmUp: UInt8 = 12
    /// Standard deviations that count as usual; evidence grows by what exceeds them. In 1/16.
    private static let usual: Int32 = 24
    /// One picture adds at most 8 − 1.5 standard deviations, so that no single picture is a deviation.
    private static let largest: Int32 = 128
    /// 12 standard deviations: two or three pictures of a fourfold rise; practically never in Gaussian noise.
    private static let threshold: Int16 = 192
    private static let ceiling: Int32 = 384

    /// How sure tier 0 is that something began since the last key picture; 0 is "not at all", otherwise 0.5 … 1.
    var deviation: Double { peak < Self.threshold ? 0 : Double(peak) / Double(Self.ceiling) }

    /// A key picture ends the group. A rise that goes on is a deviation of the next group from its first picture on; one that has
    /// ended just now is not.
    mutating func keyPicture() {
        phase = 0
        evidence = min(evidence, Self.threshold - 1)
        peak = 0
    }

    /// A new connection: sizes are remembered, the place in the group and the evidence are not.
    mutating func streamEnded() {
        phase = 0
        evidence = 0
        peak = 0
    }

    /// Takes in the size of one predicted picture. About 10 ns.
    mutating func predictedPicture(sizeBytes: Int) {
        if phase < .max { phase &+= 1 }
        let index = Self.bucket(phase)
        let size = Self.logarithm(min(max(0, sizeBytes), 1 << 30) &+ Self.nothingBytes)
        let seen = samples[index]
        guard seen > 0 else {
            samples[index] = 1
            buckets[index] = Bucket(median: size, spread: Self.firstSpread)
            return
        }
        var bucket = buckets[index]
        let distance = Int32(size) &- Int32(bucket.median)
        // 16 / 1.4826: the median absolute deviation of a normal distribution in sixteenths of its standard deviation.
        let deviations = max(-64, min(Self.largest, distance &* 11 / Int32(bucket.spread)))
        if seen >= Self.warmUp {
            evidence = Int16(truncatingIfNeeded: max(0, min(Self.ceiling, Int32(evidence) &+ deviations &- Self.usual)))
            peak = max(peak, evidence)
        } else {
            samples[index] = seen &+ 1
        }
        bucket.learn(distance, shift: seen < Self.warmUp ? 2 : abs(deviations) > 64 ? 7 : 5)
        buckets[index] = bucket
    }

    /// The first four pictures stand for themselves, the rest by their place in twelve: that holds apart patterns of 2, 3, 4 and 6.
    private static func bucket(_ phase: UInt16) -> Int { phase <= 4 ? Int(phase) &- 1 : 4 &+ Int((phase &- 5) % 12) }

    /// log2 in 1/2048, linear between powers of two: monotonic, at most 0.09 low.
    static func logarithm(_ sizeBytes: Int) -> UInt16 {
        let value = UInt32(clamping: max(1, sizeBytes))
        let shift = UInt32(value.leadingZeroBitCount)
        return UInt16(truncatingIfNeeded: (31 &- shift) &<< 11 | ((value &<< shift) &>> 20) & 2047)
    }
}

extension CodedSizeBaseline.Bucket {
    /// One step towards `distance`; outliers pull a quarter as hard (shift 7), so that minutes of motion do not become the norm.
    mutating func learn(_ distance: Int32, shift: UInt16) {
        let step = max(1, spread &>> shift)
        if distance > 0 { median = UInt16(clamping: Int32(median) &+ min(distance, Int32(step))) }
        if distance < 0 { median = UInt16(clamping: Int32(median) &- min(-distance, Int32(step))) }
        let wider = abs(distance) > Int32(spread)
        spread = UInt16(
            clamping: max(
                Int32(CodedSizeBaseline.smallestSpread), min(8192, wider ? Int32(spread) &+ Int32(step) : Int32(spread) &- Int32(step))))
    }
}
