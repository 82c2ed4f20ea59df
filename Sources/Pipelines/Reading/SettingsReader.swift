// The numbers of the detector and of the ledger as they are written, each with the range in which it means something.
// **YAML** → pipelines → rules

import Base
import Detectors

extension MotionSettings {
    /// Reads the `motion` mapping.
    mutating func read(_ node: StrictYAML) {
        node.seconds("warmup", 0...300, &warmupSeconds)
        node.seconds("warmup_quiet", 0...300, &warmupQuietSeconds)
        node.integer("warmup_looks", 2...100, &warmupLooks)
        node.seconds("maximum_gap", 1...3600, &maximumGapSeconds)
        node.number("threshold_levels", 2...100, &thresholdLevels)
        node.number("noise_factor", 1...8, &noiseFactor)
        node.number("edge_factor", 0...4, &edgeFactor)
        node.number("global_foreground", 0.05...1, &globalForeground)
        node.number("global_spread", 0.05...1, &globalSpread)
        node.seconds("global_hold", 0...60, &globalHoldSeconds)
        node.integer("minimum_area_cells", 1...1000, &minimumAreaCells)
        node.seconds("confirm_after", 0...60, &confirmSeconds)
        node.integer("confirm_hits", 1...100, &confirmHits)
        node.number("confirm_seen_ratio", 0...1, &confirmSeenRatio)
        node.number("displacement_cells", 0...100, &displacementCells)
        node.number("flutter_area_factor", 1...100, &flutterAreaFactor)
        node.number("flutter_displacement_cells", 0...100, &flutterDisplacementCells)
        node.seconds("sparse_look", 0.1...10, &sparseLookSeconds)
        node.integer("publish_score", 0...100, &publishScore)
        node.seconds("background_half_life", 1...600, &backgroundSeconds)
        // Ages are counted in half seconds up to 125 s.
        node.seconds("absorb_after", 1...125, &absorbAfterSeconds)
        node.seconds("deviation_half_life", 1...600, &deviationSeconds)
        node.seconds("flutter_half_life", 1...3600, &flutterSeconds)
        node.finish()
    }
}

extension LedgerSettings {
    /// Reads the `incident` mapping.
    mutating func read(_ node: StrictYAML) {
        node.seconds("quiet_gap", 0.1...600, &quietSeconds)
        node.number("quiet_looks", 0...20, &quietLooks)
        node.seconds("reopen_within", 0...3600, &reopenSeconds)
        node.seconds("update_every", 1...3600, &updateEverySeconds)
        node.integer("busy_incidents", 1...1000, &busyIncidents)
        node.seconds("busy_window", 1...86_400, &busyWindowSeconds)
        node.seconds("busy_gap", 0...3600, &busySeconds)
        node.seconds("roll_over", 60...604_800, &rollOverSeconds)
        node.seconds("cool_down", 0...86_400, &coolDownSeconds)
        node.seconds("expire_after", 1...86_400, &expireSeconds)
        if reopenSeconds < quietSeconds {
            node.report("reopen_within must not be shorter than quiet_gap: what is merged later must still be merged sooner")
        }
        node.finish()
    }
}

extension StrictYAML {
    func seconds(_ key: String, _ range: ClosedRange<Double>, _ value: inout Double) {
        if let read = child(key)?.duration(in: .seconds(range.lowerBound) ... .seconds(range.upperBound)) {
            // A Duration counts attoseconds; 600ms shall be the same number as 0.6.
            value = (read.seconds * 1e6).rounded() / 1e6
        }
    }

    func number(_ key: String, _ range: ClosedRange<Double>, _ value: inout Double) {
        if let read = child(key)?.double(in: range) { value = read }
    }

    func integer(_ key: String, _ range: ClosedRange<Int>, _ value: inout Int) {
        if let read = child(key)?.int(in: range) { value = read }
    }
}
