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
        node.seconds("settle", 0...60, &settleSeconds)
        node.number("threshold_levels", 2...100, &thresholdLevels)
        node.number("noise_factor", 1...8, &noiseFactor)
        node.number("edge_factor", 0...4, &edgeFactor)
        node.number("global_foreground", 0.05...1, &globalForeground)
        node.number("global_spread", 0.05...1, &globalSpread)
        node.seconds("global_hold", 0...60, &globalHoldSeconds)
        node.number("infrared_below_chroma", 0...128, &infraredBelowChroma)
        node.number("colour_above_chroma", 0...128, &colourAboveChroma)
        node.seconds("infrared_hold", 0...60, &infraredHoldSeconds)
        node.number("precipitation_blobs", 1...64, &precipitationBlobs)
        node.number("precipitation_over_blobs", 0...64, &precipitationOverBlobs)
        node.number("precipitation_area_factor", 1...100, &precipitationAreaFactor)
        node.number("dark_levels", 0...255, &darkLevels)
        node.number("dark_threshold_levels", 2...100, &darkThresholdLevels)
        node.number("dark_area_factor", 1...100, &darkAreaFactor)
        node.integer("minimum_area_cells", 1...1000, &minimumAreaCells)
        node.seconds("confirm_after", 0...60, &confirmSeconds)
        node.integer("confirm_hits", 1...100, &confirmHits)
        node.number("confirm_seen_ratio", 0...1, &confirmSeenRatio)
        node.number("displacement_cells", 0...100, &displacementCells)
        node.number("flutter_area_factor", 1...100, &flutterAreaFactor)
        node.number("flutter_displacement_cells", 0...100, &flutterDisplacementCells)
        node.seconds("sparse_look", 0.1...10, &sparseLookSeconds)
        node.integer("sparse_hits", 2...100, &sparseHits)
        node.integer("publish_score", 0...100, &publishScore)
        node.seconds("background_half_life", 1...600, &backgroundSeconds)
        // Ages are counted in half seconds up to 125 s.
        node.seconds("absorb_after", 1...125, &absorbAfterSeconds)
        node.seconds("deviation_half_life", 1...600, &deviationSeconds)
        node.seconds("flutter_half_life", 1...3600, &flutterSeconds)
        if let child = node.child("tamper") { tamper.read(child) }
        if colourAboveChroma < infraredBelowChroma {
            node.report("colour_above_chroma must not be less than infrared_below_chroma: a camera in between stays what it was")
        }
        if precipitationBlobs < precipitationOverBlobs {
            node.report("precipitation_over_blobs must not be more than precipitation_blobs: rain that begins must not be over")
        }
        node.finish()
    }
}

extension TamperSettings {
    /// Reads the `motion.tamper` mapping.
    fileprivate mutating func read(_ node: StrictYAML) {
        node.number("black_levels", 0...255, &blackLevels)
        node.number("flat_levels", 0...255, &flatLevels)
        node.seconds("black_after", 0...600, &blackSeconds)
        node.number("blinded_share", 0.05...1, &blindedShare)
        node.seconds("blinded_after", 0...600, &blindedSeconds)
        node.number("covered_correlation", 0...1, &coveredCorrelation)
        node.number("covered_levels", 0...255, &coveredLevels)
        node.number("covered_share", 0.05...1, &coveredShare)
        node.seconds("covered_after", 0...600, &coveredSeconds)
        node.number("defocused_ratio", 0...1, &defocusedRatio)
        node.seconds("defocused_after", 0...600, &defocusedSeconds)
        node.number("moved_correlation", 0...1, &movedCorrelation)
        node.seconds("moved_after", 0...600, &movedSeconds)
        node.seconds("moved_accept", 1...86_400, &movedAcceptSeconds)
        node.integer("frozen_pictures", 2...1000, &frozenPictures)
        node.seconds("clear_after", 0...600, &clearSeconds)
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
