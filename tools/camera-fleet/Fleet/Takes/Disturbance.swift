// What lies between street and file, as one list for each take, in the order in which light and signal pass it.
// **take ─▶ pictures** ─▶ file with its truth

/// Something that changes pictures although nothing happens: a function of the time alone, so that any picture can be drawn first.
protocol Disturbance: Sendable {
    func apply(to picture: inout Picture, at seconds: Double)
}

extension Take {
    /// What disturbs this take after street and actors are drawn; trees and the infrared switch belong to the street itself, pulsing and
    /// artefacts to the coding.
    var disturbances: [any Disturbance] {
        switch disturbance {
        case .clouds: [CloudField(seed: seed)]
        case .rain: [Shower(seed: seed, isLit: daylight == .infrared)]
        case .headlights: [PassingHeadlights(seed: seed, seconds: seconds)]
        case .insects: [Insects(seed: seed, seconds: seconds)]
        case .clock: [OverlayClock(startSecond: seed % 86_400)]
        case .infrared, .noise, .trees, .pulsing, .artefacts, nil: []
        }
    }

    /// Noise of the sensor in steps of 8-bit video: by day little, by night as much as its gain makes of it.
    var noise: SensorGain {
        switch (disturbance, daylight) {
        case (.noise, .night), (.noise, .infrared): SensorGain(quietest: 5, loudest: 9, periodSeconds: 150)
        case (.noise, _): SensorGain(quietest: 1.5, loudest: 5, periodSeconds: 150)
        case (_, .night): SensorGain(quietest: 4, loudest: 4, periodSeconds: 60)
        case (_, .infrared): SensorGain(quietest: 2.4, loudest: 2.4, periodSeconds: 60)
        case (_, _): SensorGain(quietest: 1.6, loudest: 1.6, periodSeconds: 60)
        }
    }
}

/// Scales light by `factor`, which is 1 where nothing changes; video's black stays black.
@inline(__always)
func scaled(_ sample: UInt8, _ factor: Float) -> UInt8 { UInt8(min(max((Float(sample) - 16) * factor + 16.5, 0), 255)) }

/// Runs `light` at the corners of a raster of 16 × 16 samples and scales luma by what lies straight between them: for light without
/// hard edges a hundredth of the work.
func applySoftLight(to picture: inout Picture, _ light: (_ x: Float, _ y: Float) -> Float) {
    let (width, height) = (picture.width, picture.height)
    let (columns, rows) = ((width + 15) / 16 + 1, (height + 15) / 16 + 1)
    var corners = [Float](repeating: 1, count: columns * rows)
    for row in 0..<rows {
        for column in 0..<columns {
            corners[row * columns + column] = light(Float(column * 16) / Float(width), Float(row * 16) / Float(height))
        }
    }
    for row in 0..<height {
        let (above, down) = (row / 16 * columns, Float(row & 15) / 16)
        for block in 0..<columns - 1 {
            let left = corners[above + block] * (1 - down) + corners[above + columns + block] * down
            let right = corners[above + block + 1] * (1 - down) + corners[above + columns + block + 1] * down
            guard abs(left - 1) > 0.002 || abs(right - 1) > 0.002 else { continue }
            let step = (right - left) / 16
            for column in block * 16..<min(block * 16 + 16, width) {
                let at = row &* width &+ column
                picture.y[at] = scaled(picture.y[at], left + step * Float(column &- block &* 16))
            }
        }
    }
}
