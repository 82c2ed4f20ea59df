// Clouds over a street: soft shadows that drift with the wind, and a camera that corrects its exposure late.
// **take ─▶ pictures** ─▶ file with its truth

/// Shadows of broken clouds.
struct CloudField: Disturbance {
    let seed: Int
    /// Part of the picture's width that a shadow drifts in a second; a cloud at 8 m/s crosses a street of 100 m in about 12 s.
    private var wind: Float { 0.03 + 0.09 * scatter(1, 60, seed) }
    private var darkest: Float { 0.35 + 0.2 * scatter(2, 60, seed) }

    /// Part of the sunlight that arrives.
    private func sunlight(_ x: Float, _ y: Float, _ seconds: Float) -> Float {
        // Perspective: the far end of the street lies higher in the picture and drifts more slowly.
        let cover = texture(x * 0.7 / (0.4 + y) - seconds * wind * 0.7, y * 0.6 + seconds * wind * 0.12, seed &+ 61)
        return 1 - darkest * smooth((cover - 0.42) * 3.2)
    }

    func apply(to picture: inout Picture, at seconds: Double) {
        // Exposure follows the mean light of a second ago, by two thirds.
        var mean: Float = 0
        for point in 0..<16 { mean += sunlight((Float(point % 4) + 0.5) / 4, (Float(point / 4) + 0.5) / 4, Float(seconds) - 1) / 16 }
        let gain = 1 + 0.66 * (0.85 / max(mean, 0.3) - 1)
        applySoftLight(to: &picture) { x, y in sunlight(x, y, Float(seconds)) * gain }
    }
}
