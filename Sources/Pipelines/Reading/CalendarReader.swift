// calendar.yaml: public holidays, and the weekends that are worked for them.
// **YAML** → calendar → rules

package import Base
package import Domain

extension WorkingCalendar {
    /// Reads `holidays` and `working_days`: dates such as 2026-10-01, or ranges such as 2026-10-01..2026-10-07.
    package static func read(yaml: String, file: String) -> (WorkingCalendar?, [Diagnostic]) {
        let (root, findings) = StrictYAML.parse(yaml, file: file)
        guard let root else { return (nil, findings.diagnostics) }
        let calendar = WorkingCalendar(
            holidays: root.child("holidays").map(days) ?? [], workingDays: root.child("working_days").map(days) ?? [])
        root.finish()
        return (findings.diagnostics.hasErrors ? nil : calendar, findings.diagnostics)
    }

    private static func days(_ node: StrictYAML) -> Set<Int> {
        node.elements.reduce(into: []) { days, element in
            guard let text = element.string() else { return }
            let ends = text.split(separator: "..", omittingEmptySubsequences: false).map { LocalMinute.day(String($0)) }
            guard let first = ends.first ?? nil, let last = ends.last ?? nil, ends.count <= 2, first <= last, last - first <= 60 else {
                element.report("'\(text)' is no date and no range of at most 60 days: write 2026-10-01 or 2026-10-01..2026-10-07")
                return
            }
            days.formUnion(first...last)
        }
    }
}
