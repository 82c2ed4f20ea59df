// The date and time that a camera writes into its own picture.
// **take ─▶ pictures** ─▶ file with its truth

/// White digits with a dark rim in the upper left corner; the last ones change every second.
struct OverlayClock: Disturbance {
    /// Second of the day at the take's beginning.
    let startSecond: Int

    /// Three columns and five rows for each sign, a bit each, from the upper left.
    private static let shapes: [Character: UInt16] = [
        "0": 0b111_101_101_101_111, "1": 0b010_110_010_010_111, "2": 0b111_001_111_100_111, "3": 0b111_001_111_001_111,
        "4": 0b101_101_111_001_001, "5": 0b111_100_111_001_111, "6": 0b111_100_111_101_111, "7": 0b111_001_010_010_010,
        "8": 0b111_101_111_101_111, "9": 0b111_101_111_001_111, ":": 0b000_010_000_010_000, "-": 0b000_000_111_000_000,
    ]

    func apply(to picture: inout Picture, at seconds: Double) {
        let second = startSecond + Int(seconds)
        func two(_ number: Int) -> String { number < 10 ? "0\(number)" : String(number) }
        let text = "2026-05-\(two(1 + second / 86_400)) \(two(second / 3600 % 24)):\(two(second / 60 % 60)):\(two(second % 60))"
        // A sign is about a twentieth of the picture high, as cameras write it.
        let dot = max(picture.height / 90, 1)
        for (index, sign) in text.enumerated() {
            guard let shape = Self.shapes[sign] else { continue }
            for (grow, luma): (Int, UInt8) in [(dot / 2, 30), (0, 225)] {
                for bit in 0..<15 where shape >> UInt16(14 - bit) & 1 == 1 {
                    let left = (4 + index * 4 + bit % 3) * dot, top = (4 + bit / 3) * dot
                    fill(&picture, left - grow..<left + dot + grow, top - grow..<top + dot + grow, luma)
                }
            }
        }
    }

    private func fill(_ picture: inout Picture, _ columns: Range<Int>, _ rows: Range<Int>, _ luma: UInt8) {
        for row in rows.clamped(to: 0..<picture.height) {
            for column in columns.clamped(to: 0..<picture.width) { picture.y[row * picture.width + column] = luma }
        }
    }
}
