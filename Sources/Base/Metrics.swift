// Counters and gauges of the whole process, printed as Prometheus text (version 0.0.4).

import Foundation
import Synchronization

/// A number that only grows. Hold on to it; incrementing is one atomic add on any thread.
package final class Counter: Sendable {
    private let value = Atomic<UInt64>(0)
    /// Adds `amount`; any thread.
    package func increment(by amount: UInt64 = 1) { value.wrappingAdd(amount, ordering: .relaxed) }
    package var current: UInt64 { value.load(ordering: .relaxed) }
    fileprivate init() {}
}

/// A distribution over fixed upper bounds. One short lock per observation; safe on any thread.
package final class Histogram: Sendable {
    package let bounds: [Double]
    private let state: Mutex<(counts: [UInt64], sum: Double)>

    fileprivate init(bounds: [Double]) {
        self.bounds = bounds
        state = Mutex((Array(repeating: 0, count: bounds.count + 1), 0))
    }

    /// Counts one value in its bucket; any thread.
    package func observe(_ value: Double) {
        let index = bounds.firstIndex { value <= $0 } ?? bounds.count
        state.withLock {
            $0.counts[index] += 1
            $0.sum += value
        }
    }

    fileprivate var snapshot: (counts: [UInt64], sum: Double) { state.withLock { ($0.counts, $0.sum) } }
}

/// All metrics of a process. Metric objects are made once and kept; `render` runs at scrape time only.
package final class MetricsRegistry: Sendable {
    private struct Family {
        var help: String
        var kind: String
        var counters: [String: Counter] = [:]
        var histograms: [String: Histogram] = [:]
        var collect: (@Sendable () -> [(labels: [(String, String)], value: Double)])?
        var distribution: (bounds: [Double], collect: @Sendable () -> (counts: [Int], sum: Double))?
    }

    private let families = Mutex<[String: Family]>([:])

    package init() {}

    /// The counter of this name and these labels, made on first use.
    package func counter(_ name: String, _ help: String, labels: [(String, String)] = []) -> Counter {
        families.withLock {
            var family = $0[name] ?? Family(help: help, kind: "counter")
            let key = Self.text(labels)
            let counter = family.counters[key] ?? Counter()
            family.counters[key] = counter
            $0[name] = family
            return counter
        }
    }

    /// The histogram of this name and these labels, made on first use.
    package func histogram(_ name: String, _ help: String, labels: [(String, String)] = [], bounds: [Double]) -> Histogram {
        families.withLock {
            var family = $0[name] ?? Family(help: help, kind: "histogram")
            let key = Self.text(labels)
            let histogram = family.histograms[key] ?? Histogram(bounds: bounds)
            family.histograms[key] = histogram
            $0[name] = family
            return histogram
        }
    }

    /// Values read at scrape time; `collect` must not block.
    package func gauge(
        _ name: String, _ help: String, collect: @escaping @Sendable () -> [(labels: [(String, String)], value: Double)]
    ) {
        families.withLock { $0[name] = Family(help: help, kind: "gauge", collect: collect) }
    }

    /// A distribution read at scrape time: how many of a set are at most each bound now; `collect` must not block.
    ///
    /// - Parameter collect: One count for each bound and one for what lies above the last, and the sum of all values.
    package func distribution(
        _ name: String, _ help: String, bounds: [Double], collect: @escaping @Sendable () -> (counts: [Int], sum: Double)
    ) {
        families.withLock { $0[name] = Family(help: help, kind: "histogram", distribution: (bounds, collect)) }
    }

    /// The page for `GET /metrics`, families sorted by name.
    package func render() -> String {
        let snapshot = families.withLock { $0 }
        var page = ""
        for (name, family) in snapshot.sorted(by: { $0.key < $1.key }) {
            page += "# HELP \(name) \(family.help)\n# TYPE \(name) \(family.kind)\n"
            for (labels, counter) in family.counters.sorted(by: { $0.key < $1.key }) {
                page += "\(name)\(Self.braces(labels)) \(counter.current)\n"
            }
            for (labels, histogram) in family.histograms.sorted(by: { $0.key < $1.key }) {
                let (counts, sum) = histogram.snapshot
                page += Self.buckets(name, labels, histogram.bounds, counts, sum)
            }
            if let (bounds, collect) = family.distribution {
                let (counts, sum) = collect()
                page += Self.buckets(name, "", bounds, counts.map(UInt64.init), sum)
            }
            for (labels, value) in family.collect?() ?? [] {
                page += "\(name)\(Self.braces(Self.text(labels))) \(Self.number(value))\n"
            }
        }
        return page
    }

    private static func buckets(_ name: String, _ labels: String, _ bounds: [Double], _ counts: [UInt64], _ sum: Double) -> String {
        var text = ""
        var cumulative: UInt64 = 0
        for (index, count) in counts.enumerated() {
            cumulative += count
            let bound = index < bounds.count ? number(bounds[index]) : "+Inf"
            text += "\(name)_bucket\(braces(labels, extra: "le=\"\(bound)\"")) \(cumulative)\n"
        }
        return text + "\(name)_sum\(braces(labels)) \(number(sum))\n\(name)_count\(braces(labels)) \(cumulative)\n"
    }

    private static func text(_ labels: [(String, String)]) -> String {
        labels.map { name, value in
            let escaped = value.replacing("\\", with: "\\\\").replacing("\"", with: "\\\"").replacing("\n", with: "\\n")
            return "\(name)=\"\(escaped)\""
        }.joined(separator: ",")
    }

    private static func braces(_ labels: String, extra: String = "") -> String {
        let parts = [labels, extra].filter { !$0.isEmpty }
        return parts.isEmpty ? "" : "{" + parts.joined(separator: ",") + "}"
    }

    private static func number(_ value: Double) -> String {
        value == value.rounded() && abs(value) < 1e15 ? String(Int64(value)) : String(value)
    }
}
