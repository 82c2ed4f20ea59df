// YAML files that people write: unknown keys, wrong types and bad values are named as file:line.

import Foundation
import Yams

/// A node of a YAML file that remembers where it stands and which of its keys were asked for.
///
/// Read the keys you know, then call `finish()`, which reports every key nobody asked for. Not for sharing between threads.
package final class StrictYAML {
    package let file: String
    package let line: Int
    private let node: Node
    private let path: String
    private var asked: Set<String> = []
    private let findings: Findings

    /// Collects findings of one file in the order of reading.
    package final class Findings {
        package fileprivate(set) var diagnostics: [Diagnostic] = []
        fileprivate init() {}
    }

    /// - Parameter key: Where the node's key stands; a mapping itself begins on the line behind it.
    private init(file: String, node: Node, path: String, findings: Findings, key: Node? = nil) {
        self.file = file
        self.node = node
        self.path = path
        self.findings = findings
        line = key?.mark?.line ?? node.mark?.line ?? 1
    }

    /// Parses `text`; on a syntax error the root is nil and the findings say where.
    package static func parse(_ text: String, file: String) -> (root: StrictYAML?, findings: Findings) {
        let findings = Findings()
        do {
            guard let node = try Yams.compose(yaml: text) else {
                findings.diagnostics.append(Diagnostic(file: file, line: 1, message: "the file is empty"))
                return (nil, findings)
            }
            return (StrictYAML(file: file, node: node, path: "", findings: findings), findings)
        } catch let error as YamlError {
            var line: Int?
            var message = "\(error)"
            switch error {
            case .scanner(_, let problem, let mark, _), .parser(_, let problem, let mark, _), .composer(_, let problem, let mark, _):
                line = mark.line
                message = "not valid YAML: \(problem)"
            case .duplicatedKeysInMapping(let duplicates, let context):
                line = context.mark.line
                message = "a key stands twice: \(duplicates.joined(separator: ", "))"
            default: break
            }
            findings.diagnostics.append(Diagnostic(file: file, line: line ?? 1, message: message))
        } catch {
            findings.diagnostics.append(Diagnostic(file: file, line: 1, message: "not valid YAML: \(error)"))
        }
        return (nil, findings)
    }

    /// Adds a finding at this node.
    package func report(_ message: String, severity: Diagnostic.Severity = .error) {
        findings.diagnostics.append(Diagnostic(file: file, line: line, severity: severity, message: message))
    }

    /// The child under `key`, or nil; remembers that the key is known.
    package func child(_ key: String) -> StrictYAML? {
        asked.insert(key)
        guard let mapping = node.mapping else {
            if asked.count == 1 { report("\(path.isEmpty ? "the file" : path) must be a mapping") }
            return nil
        }
        guard let value = mapping[Node(key)] else { return nil }
        if value.null != nil { return nil }
        return StrictYAML(file: file, node: value, path: path.isEmpty ? key : "\(path).\(key)", findings: findings)
    }

    /// True for a scalar; asks without a finding.
    package var isText: Bool { node.scalar != nil }

    /// True for a sequence; asks without a finding.
    package var isList: Bool { node.sequence != nil }

    /// The elements of a sequence; a finding and an empty array when it is none.
    package var elements: [StrictYAML] {
        guard let sequence = node.sequence else {
            report("\(path) must be a list")
            return []
        }
        return sequence.enumerated().map { StrictYAML(file: file, node: $1, path: "\(path)[\($0)]", findings: findings) }
    }

    /// The keys of a mapping with their children, in file order, all counted as asked for.
    package var entries: [(key: String, value: StrictYAML)] {
        guard let mapping = node.mapping else {
            report("\(path.isEmpty ? "the file" : path) must be a mapping")
            return []
        }
        return mapping.map { key, value in
            let name = key.string ?? ""
            asked.insert(name)
            let below = path.isEmpty ? name : "\(path).\(name)"
            return (name, StrictYAML(file: file, node: value, path: below, findings: findings, key: key))
        }
    }

    /// The text of a scalar; a finding and nil when it is none.
    package func string() -> String? {
        guard let text = node.scalar?.string else {
            report("\(path) must be text")
            return nil
        }
        return text
    }

    /// The whole number of a scalar; a finding and nil when it is none or out of range.
    package func int(in range: ClosedRange<Int>) -> Int? {
        guard let value = node.int, range.contains(value) else {
            report("\(path) must be a whole number from \(range.lowerBound) to \(range.upperBound)")
            return nil
        }
        return value
    }

    /// The number of a scalar; a finding and nil when it is none or out of range.
    package func double(in range: ClosedRange<Double>) -> Double? {
        guard let value = node.float ?? node.int.map(Double.init), range.contains(value) else {
            report("\(path) must be a number from \(range.lowerBound) to \(range.upperBound)")
            return nil
        }
        return value
    }

    /// The truth value of a scalar; a finding and nil when it is none.
    package func bool() -> Bool? {
        guard let value = node.bool else {
            report("\(path) must be true or false")
            return nil
        }
        return value
    }

    /// A length of time such as `500ms`, `2s`, `5m`, `1h`.
    package func duration(in range: ClosedRange<Duration>) -> Duration? {
        guard let text = node.scalar?.string, let value = Duration(parsing: text), range.contains(value) else {
            report(
                "\(path) must be a time such as 500ms, 2s, 5m or 1h, from \(range.lowerBound.seconds) s to \(range.upperBound.seconds) s")
            return nil
        }
        return value
    }

    /// An amount of memory such as `64KiB`, `512MiB`, `2GiB`.
    package func bytes(in range: ClosedRange<Int>) -> Int? {
        let units = [("KiB", 1 << 10), ("MiB", 1 << 20), ("GiB", 1 << 30)]
        guard let text = node.scalar?.string, let unit = units.first(where: { text.hasSuffix($0.0) }),
            let count = Int(text.dropLast(3)), case let (value, overflow) = count.multipliedReportingOverflow(by: unit.1), !overflow,
            range.contains(value)
        else {
            report("\(path) must be an amount such as 64KiB, 512MiB or 2GiB, from \(range.lowerBound) to \(range.upperBound) bytes")
            return nil
        }
        return value
    }

    /// Reports every key that was never asked for. Call it once per mapping, after reading.
    package func finish() {
        guard let mapping = node.mapping else { return }
        for (key, _) in mapping where !asked.contains(key.string ?? "") {
            let known = asked.sorted().joined(separator: ", ")
            let finding = Diagnostic(
                file: file, line: key.mark?.line ?? line,
                message: "unknown key '\(key.string ?? "?")'\(path.isEmpty ? "" : " in \(path)"); known are \(known)")
            findings.diagnostics.append(finding)
        }
    }
}

extension Duration {
    /// Parses a number and a unit: `ms`, `s`, `m`, `h`. Nil for anything else, negative or not finite.
    package init?(parsing text: some StringProtocol) {
        let units: [(String, Double)] = [("ms", 0.001), ("s", 1), ("m", 60), ("h", 3600)]
        for (unit, seconds) in units where text.hasSuffix(unit) {
            guard let value = Double(text.dropLast(unit.count)), value >= 0, value.isFinite, value < 1e9 else { return nil }
            self = .seconds(value * seconds)
            return
        }
        return nil
    }
}
