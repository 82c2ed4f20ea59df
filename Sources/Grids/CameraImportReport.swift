// What an import did or would do, as lines for people and as JSON for programs and pages.
// verdicts → **report**

import Base
import Domain

/// The JSON shape of an import.
package struct CameraImportReport: Encodable, Sendable {
    /// One field that differs.
    package struct Change: Encodable, Sendable {
        let field: String
        let text: String
        let needsReview: Bool

        enum CodingKeys: String, CodingKey {
            case field, text
            case needsReview = "needs_review"
        }
    }

    /// One row with its verdict.
    package struct Row: Encodable, Sendable {
        let line: Int
        let camera: String?
        let name: String
        let verdict: String
        let grid: String?
        let changes: [Change]
        let reasons: [String]
        let warnings: [String]
    }

    /// Where the cameras of the file stand, read as each coordinate system.
    package struct Fit: Encodable, Sendable {
        let declared: String
        let cameras: Int
        let standing: [String: Int]
    }

    package let written: Bool
    package let counts: [String: Int]
    let crs: [Fit]
    let rows: [Row]
    /// About the file as a whole.
    let findings: [Diagnostic]

    /// - Parameter onlyChanges: Rows that change nothing are counted and not listed.
    package init(_ result: CameraImport, isWritten: Bool, onlyChanges: Bool = false) {
        written = isWritten
        counts = Self.counts(result)
        crs = result.fits.map { fit in
            Fit(
                declared: fit.declared.rawValue, cameras: fit.count,
                standing: Dictionary(uniqueKeysWithValues: fit.standing.map { ($0.key.rawValue, $0.value) }))
        }
        rows = result.rows.filter { !onlyChanges || $0.verdict != .unchanged || !$0.warnings.isEmpty }.map { row in
            var (changes, reasons): ([FieldChange], [String]) = ([], [])
            switch row.verdict {
            case .changed(let some): changes = some
            case .refused(let some): reasons = some
            case .new, .unchanged: break
            }
            return Row(
                line: row.line, camera: row.id?.digits, name: row.name, verdict: Self.name(row.verdict), grid: row.grid?.digits,
                changes: changes.map { Change(field: $0.field, text: $0.text, needsReview: $0.asksForReview) }, reasons: reasons,
                warnings: row.warnings)
        }
        findings = result.findings
    }

    /// One line for each row that is not unchanged, refusals and warnings in the form of a finding; then the sums.
    package static func lines(_ result: CameraImport, file: String) -> [String] {
        var lines = result.findings.map { "\($0)" }
        for row in result.rows {
            let name = "\(row.id?.digits ?? "a row") \(row.name)"
            let place = "\(file):\(row.line):"
            switch row.verdict {
            case .new: lines.append("\(place) new: \(name), grid \(row.grid?.digits ?? "none")")
            case .changed(let changes):
                let review = changes.contains(where: \.asksForReview) ? " (needs review)" : ""
                lines.append("\(place) changed: \(name): \(changes.map(\.description).joined(separator: "; "))\(review)")
            case .unchanged: break
            case .refused(let reasons): lines.append("\(place) error: refused: \(reasons.joined(separator: "; "))")
            }
            lines += row.warnings.map { "\(place) warning: \($0)" }
        }
        for fit in result.fits {
            let others = CoordinateFit.hypotheses.filter { $0 != fit.declared }
                .map { "\($0.rawValue) \(share(fit.standing[$0, default: 0], fit.count))" }.joined(separator: ", ")
            lines.append(
                "crs: of \(fit.count) cameras declared \(fit.declared.rawValue), \(share(fit.own, fit.count)) stand in the village they "
                    + "name; read as \(others)")
        }
        lines.append(sums(result))
        return lines
    }

    /// How many rows have which verdict, in one line.
    package static func sums(_ result: CameraImport) -> String {
        let counts = Self.counts(result)
        return ["new", "changed", "unchanged", "refused"].map { "\(counts[$0, default: 0]) \($0)" }.joined(separator: ", ")
    }

    private static func share(_ count: Int, _ all: Int) -> String { "\(count) (\(100 * count / max(1, all)) %)" }

    private static func counts(_ result: CameraImport) -> [String: Int] {
        result.rows.reduce(into: [:]) { $0[name($1.verdict), default: 0] += 1 }
    }

    private static func name(_ verdict: CameraImport.Verdict) -> String {
        switch verdict {
        case .new: "new"
        case .changed: "changed"
        case .unchanged: "unchanged"
        case .refused: "refused"
        }
    }
}
