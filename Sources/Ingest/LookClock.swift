// The time of a look: the stream's own timestamps on the process clock.
// packets → **looks** → frames → detections

import Base
import Domain

/// Turns a stream's own timestamps into seconds of the process clock, so that bursts on the network do not look like motion.
package struct LookClock: Sendable {
    private var anchor: (ptsSeconds: Double, arrivalSeconds: Double)?
    private var lastSeconds: Double?

    package init() {}

    /// The time of a picture: its timestamp re-anchored to arrival; arrival itself when there is none or it runs off by 5 s.
    package mutating func seconds(ptsSeconds: Double?, arrivalSeconds: Double) -> Double {
        var seconds = arrivalSeconds
        if let ptsSeconds {
            if let anchor {
                let mapped = anchor.arrivalSeconds + ptsSeconds - anchor.ptsSeconds
                if abs(mapped - arrivalSeconds) <= 5 { seconds = mapped } else { self.anchor = (ptsSeconds, arrivalSeconds) }
            } else {
                anchor = (ptsSeconds, arrivalSeconds)
            }
        }
        // Never backwards: a detector that sees time run back starts its warm-up again.
        if let lastSeconds, seconds <= lastSeconds { seconds = lastSeconds + 0.001 }
        lastSeconds = seconds
        return seconds
    }
}

extension TimeSource {
    /// When something on the clock of looks was, as people say it.
    func wall(ofSeconds seconds: Double) -> WallTime { wallNow.adding(seconds: seconds - now.seconds) }
}
