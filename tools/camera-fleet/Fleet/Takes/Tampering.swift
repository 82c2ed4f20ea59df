// A camera that is attacked or fails, once, and recovers.
// **take ─▶ pictures** ─▶ file with its truth

/// What is done to a camera; the names of the detector's own findings.
package enum TamperKind: String, Sendable, CaseIterable { case black, blinded, covered, defocused, moved, frozen }

/// One attack and the time it lasts, its first and last second included in which it comes and goes.
struct Tampering: Hashable, Sendable {
    var kind: TamperKind
    var times: ClosedRange<Double>

    /// 0 while the camera is as it should be, 1 while it is fully attacked, in between within a second.
    func part(at seconds: Double) -> Float {
        guard times.contains(seconds) else { return 0 }
        return Float(min(seconds - times.lowerBound, times.upperBound - seconds, 1))
    }

    /// The time whose picture is shown: a frozen camera repeats the first one.
    func shownSeconds(_ seconds: Double) -> Double {
        kind == .frozen && times.contains(seconds) ? times.lowerBound : seconds
    }

    /// Black: the sensor sees nothing. Blinded: a strong lamp is held at the lens. Covered: a cloth. The others happen to the street.
    func apply(to picture: inout Picture, at seconds: Double, seed: Int) {
        let part = part(at: seconds)
        guard part > 0 else { return }
        switch kind {
        case .black: fade(&picture, to: 16, part)
        case .blinded: fade(&picture, to: 238, smooth(part))
        case .covered: Cover(seed: seed).draw(on: &picture, part: part)
        case .defocused, .moved, .frozen: break
        }
    }

    private func fade(_ picture: inout Picture, to level: Float, _ part: Float) {
        for index in picture.y.indices { picture.y[index] = UInt8(Float(picture.y[index]) * (1 - part) + level * part) }
        for index in picture.u.indices {
            picture.u[index] = UInt8(Float(picture.u[index]) * (1 - part) + 128 * part)
            picture.v[index] = UInt8(Float(picture.v[index]) * (1 - part) + 128 * part)
        }
    }
}
