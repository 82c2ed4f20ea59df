// A pipeline as data: what is detected, when it becomes an incident, and what the incident is called.
// detections → **incidents**

package import Base
package import Detectors
package import Domain

/// One detection pipeline, read from a YAML file.
package struct Pipeline: Sendable, Hashable {
    package var name = "motion"
    /// The category of its incidents, a key of the district's catalogue.
    package var category = "motion"
    package var priority = Priority.four
    /// Distance of looks on media time when pictures are not examined at full rate.
    package var lookEverySeconds = 2.0
    package var motion = MotionSettings.standard
    package var ledger = LedgerSettings.standard

    package init() {}

    /// What runs where no file is named; equal to `pipelines/motion.yaml`, which a test holds.
    package static let standard = Pipeline()

    /// Reads a pipeline. Absent keys keep the standard value; every finding names file and line, and any error means no pipeline.
    package static func read(yaml: String, file: String) -> (Pipeline?, [Diagnostic]) {
        let (root, findings) = StrictYAML.parse(yaml, file: file)
        guard let root else { return (nil, findings.diagnostics) }
        var pipeline = Pipeline()
        if let node = root.child("pipeline") {
            if let name = node.string(), !name.isEmpty { pipeline.name = name } else { node.report("pipeline must have a name") }
        } else {
            root.report("the key 'pipeline' with the pipeline's name is missing")
        }
        if let looks = root.child("looks") {
            looks.seconds("every", 0.1...60, &pipeline.lookEverySeconds)
            looks.finish()
        }
        if let motion = root.child("motion") { pipeline.motion.read(motion) }
        if let incident = root.child("incident") { pipeline.ledger.read(incident) }
        if let emit = root.child("emit") { pipeline.readEmit(emit) }
        root.finish()
        return (findings.diagnostics.hasErrors ? nil : pipeline, findings.diagnostics)
    }

    private mutating func readEmit(_ node: StrictYAML) {
        if let child = node.child("category"), let text = child.string() {
            let isWord =
                !text.isEmpty
                && text.utf8.allSatisfy { ($0 >= 0x61 && $0 <= 0x7A) || ($0 >= 0x30 && $0 <= 0x39) || $0 == 0x5F || $0 == 0x2E }
            if isWord { category = text } else { child.report("category must be of a…z, 0…9, '_' and '.', such as hazard.fire_lane") }
        }
        if let number = node.child("priority")?.int(in: 1...4), let value = Priority(rawValue: number) { priority = value }
        node.finish()
    }
}

extension MotionSettings {
    /// Reads the `motion` mapping.
    fileprivate mutating func read(_ node: StrictYAML) {
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
    fileprivate mutating func read(_ node: StrictYAML) {
        node.seconds("quiet_gap", 0.1...600, &quietSeconds)
        node.number("quiet_looks", 0...20, &quietLooks)
        node.seconds("reopen_within", 0...600, &reopenSeconds)
        node.seconds("update_every", 1...3600, &updateEverySeconds)
        node.integer("busy_incidents", 1...1000, &busyIncidents)
        node.seconds("busy_window", 1...86_400, &busyWindowSeconds)
        node.seconds("busy_gap", 0...3600, &busySeconds)
        if reopenSeconds < quietSeconds {
            node.report("reopen_within must not be shorter than quiet_gap: what is merged later must still be merged sooner")
        }
        node.finish()
    }
}

extension StrictYAML {
    fileprivate func seconds(_ key: String, _ range: ClosedRange<Double>, _ value: inout Double) {
        if let read = child(key)?.duration(in: .seconds(range.lowerBound) ... .seconds(range.upperBound)) {
            // A Duration counts attoseconds; 600ms shall be the same number as 0.6.
            value = (read.seconds * 1e6).rounded() / 1e6
        }
    }

    fileprivate func number(_ key: String, _ range: ClosedRange<Double>, _ value: inout Double) {
        if let read = child(key)?.double(in: range) { value = read }
    }

    fileprivate func integer(_ key: String, _ range: ClosedRange<Int>, _ value: inout Int) {
        if let read = child(key)?.int(in: range) { value = read }
    }
}
