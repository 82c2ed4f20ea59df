// What the district lets a machine file: the catalogue of categories, read from catalogue.yaml.
// incidents → **catalogue: feed, proposal or case?** → cases

package import Base
package import Domain

/// A duty of the gridworkers' list. Machine incidents may serve three of them and never the others (R7).
package enum Duty: String, Sendable, CaseIterable {
    case hazard, emergency, facility
    case basicInformation = "basic_info"
    case instability
    case specialGroups = "special_groups"
    case dispute, publicity

    /// True for hazards, emergencies and facilities; everything about persons stays with people.
    package var isOpenToMachines: Bool { self == .hazard || self == .emergency || self == .facility }
}

/// The record by which a matter beyond the duty list was taken in (事务准入): without one it stays with the command centre.
package struct Admission: Sendable, Hashable {
    /// Who applied for it.
    package var department: String
    /// Number or name of the approval.
    package var approval: String
    /// Who pays for the work.
    package var funding: String
    /// The first and the last day on which it holds, by `LocalMinute.day`; nil for no last day.
    package var from: Int
    package var to: Int?

    package init(department: String, approval: String, funding: String, from: Int, to: Int?) {
        self.department = department
        self.approval = approval
        self.funding = funding
        self.from = from
        self.to = to
    }

    /// True while it is in force on `day`.
    package func holds(on day: Int) -> Bool { day >= from && day <= to ?? .max }
}

/// One category of the catalogue.
package struct CatalogueEntry: Sendable, Hashable {
    package var category: String
    /// The name in Chinese, as on screen.
    package var nameZH: String
    /// The name in English, as on screen.
    package var nameEN: String
    /// Nil when no gridworker duty covers it; then it can only be shown.
    package var duty: Duty?
    /// A matter of a department (R6): never assigned to a gridworker on any path.
    package var professional: Bool
    package var filing: FilingPolicy
    /// A case gets this priority or the incident's, whichever is more urgent.
    package var priority: Priority
    package var admission: Admission?
    /// Times that differ from those of the priority.
    package var clocks: [CaseClock: ClockSpan]
    /// Two cases of the category so near to each other may be one matter; 0 looks for none.
    package var duplicateMetres: Int

    /// Where a category says nothing else: across a street, and no further.
    package static let standardDuplicateMetres = 50

    package init(
        category: String, nameZH: String, nameEN: String, duty: Duty?, professional: Bool, filing: FilingPolicy, priority: Priority,
        admission: Admission? = nil, clocks: [CaseClock: ClockSpan] = [:], duplicateMetres: Int = CatalogueEntry.standardDuplicateMetres
    ) {
        self.category = category
        self.nameZH = nameZH
        self.nameEN = nameEN
        self.duty = duty
        self.professional = professional
        self.filing = filing
        self.priority = priority
        self.admission = admission
        self.clocks = clocks
        self.duplicateMetres = duplicateMetres
    }

    /// Nil when a gridworker may be given a case of this category on `day`, else why not (R5, R6).
    package func objection(on day: Int) -> String? {
        if professional { return "professional matter: for a department" }
        if duty != nil { return nil }
        guard let admission else { return "no gridworker duty and no admission record: stays with the command centre" }
        return admission.holds(on: day) ? nil : "its admission (\(admission.approval)) is not in force: stays with the command centre"
    }
}

/// The categories of one district. What stands in no entry is shown and never reaches a gridworker (R5).
package struct Catalogue: Sendable, Hashable {
    package let entries: [String: CatalogueEntry]
    /// Names the edition, so that people know which rules a decision followed.
    package let version: String
    /// Departments that take cases, by account, with their names.
    package let departments: [WorkerID: String]

    package init(_ entries: [CatalogueEntry], version: String = "", departments: [WorkerID: String] = [:]) {
        self.version = version
        self.departments = departments
        self.entries = Dictionary(entries.map { ($0.category, $0) }, uniquingKeysWith: { first, _ in first })
    }

    /// The entry of a category, or nil when it is not catalogued.
    package subscript(_ category: String) -> CatalogueEntry? { entries[category] }

    /// What happens to a new incident; an uncatalogued category is only shown.
    package func filing(_ category: String) -> FilingPolicy { entries[category]?.filing ?? .feed }

    /// Reads catalogue.yaml; nil when a finding is an error. Findings name file and line.
    package static func read(yaml: String, file: String) -> (catalogue: Catalogue?, diagnostics: [Diagnostic]) {
        let (root, findings) = StrictYAML.parse(yaml, file: file)
        guard let root else { return (nil, findings.diagnostics) }
        var entries: [CatalogueEntry] = []
        if let categories = root.child("categories") {
            for (category, node) in categories.entries {
                if let entry = entry(category, node) { entries.append(entry) }
            }
            if categories.entries.isEmpty, !findings.diagnostics.hasErrors { categories.report("categories must not be empty") }
        } else if !findings.diagnostics.hasErrors {
            root.report("'categories' is missing")
        }
        let version = root.child("version")?.string() ?? ""
        let departments = root.child("departments").map(departments) ?? [:]
        root.finish()
        guard !findings.diagnostics.hasErrors else { return (nil, findings.diagnostics) }
        return (Catalogue(entries, version: version, departments: departments), findings.diagnostics)
    }

    private static func departments(_ node: StrictYAML) -> [WorkerID: String] {
        var names: [WorkerID: String] = [:]
        for (account, name) in node.entries {
            guard let id = WorkerID(account) else {
                node.report("'\(account)' is no account name")
                continue
            }
            names[id] = name.string() ?? account
        }
        return names
    }

    private static func admission(_ node: StrictYAML) -> Admission? {
        func text(_ key: String) -> String? {
            guard let found = node.child(key)?.string(), !found.isEmpty else {
                node.report("an admission needs '\(key)'")
                return nil
            }
            return found
        }
        func day(_ key: String) -> Int? {
            guard let child = node.child(key), let found = child.string() else { return nil }
            if LocalMinute.day(found) == nil { child.report("'\(found)' is no day such as 2026-10-01") }
            return LocalMinute.day(found)
        }
        let (department, approval, funding) = (text("department"), text("approval"), text("funding"))
        let (from, to) = (day("from"), day("to"))
        if from == nil { node.report("an admission needs 'from', a day such as 2026-10-01") }
        node.finish()
        guard let department, let approval, let funding, let from else { return nil }
        if let to, to < from { node.report("the admission ends before it begins") }
        return Admission(department: department, approval: approval, funding: funding, from: from, to: to)
    }

    private static func clocks(_ node: StrictYAML) -> [CaseClock: ClockSpan] {
        var spans: [CaseClock: ClockSpan] = [:]
        for (name, child) in node.entries {
            guard let clock = CaseClock(rawValue: name) else {
                node.report("'\(name)' is none of \(CaseClock.allCases.map(\.rawValue).joined(separator: ", "))")
                continue
            }
            guard let text = child.string() else { continue }
            guard let span = ClockSpan(text) else {
                child.report("'\(text)' is no time such as 10m, 8h, 2wh (working hours) or 5wd (working days)")
                continue
            }
            spans[clock] = span
        }
        return spans
    }

    private static func entry(_ category: String, _ node: StrictYAML) -> CatalogueEntry? {
        guard isCategoryName(category) else {
            node.report("'\(category)' is no category name: 1 to 64 of a…z, 0…9, '_' and '.', starting with a letter")
            return nil
        }
        func required<T>(_ key: String, _ read: (StrictYAML) -> T?) -> T? {
            guard let child = node.child(key) else {
                node.report("'\(key)' is missing in \(category)")
                return nil
            }
            return read(child)
        }
        let names = required("name") { name -> (String, String)? in
            let zh = name.child("zh")?.string()
            let en = name.child("en")?.string()
            name.finish()
            guard let zh, let en, !zh.isEmpty, !en.isEmpty else {
                name.report("\(category) needs a name in zh and en")
                return nil
            }
            return (zh, en)
        }
        let filing = required("filing") { word($0, FilingPolicy.self) }
        let priority = required("priority") { $0.int(in: 1...4).flatMap(Priority.init(rawValue:)) }
        let duty = node.child("duty").flatMap { child -> Duty? in
            guard let duty = word(child, Duty.self) else { return nil }
            if !duty.isOpenToMachines {
                child.report("duty '\(duty.rawValue)' is never served by machine incidents; use hazard, emergency or facility")
            }
            return duty
        }
        let professional = node.child("professional").map { $0.bool() } ?? false
        let admission = node.child("admission").flatMap(admission)
        let clocks = node.child("clocks").map(clocks) ?? [:]
        let duplicateMetres = node.child("duplicate_m").map { $0.int(in: 0...5000) } ?? CatalogueEntry.standardDuplicateMetres
        node.finish()
        guard let names, let filing, let priority, let professional, let duplicateMetres else { return nil }
        if duty == nil, filing != .feed, admission == nil {
            node.report(
                "\(category) names no duty, so that it can only be shown: set 'filing: feed', name its 'duty' or add its 'admission'")
        }
        return CatalogueEntry(
            category: category, nameZH: names.0, nameEN: names.1, duty: duty, professional: professional, filing: filing,
            priority: priority, admission: admission, clocks: clocks, duplicateMetres: duplicateMetres)
    }

    private static func word<Word: RawRepresentable<String> & CaseIterable>(_ node: StrictYAML, _ type: Word.Type) -> Word? {
        guard let text = node.string() else { return nil }
        if let word = Word(rawValue: text) { return word }
        node.report("'\(text)' is none of \(Word.allCases.map(\.rawValue).joined(separator: ", "))")
        return nil
    }

    /// True for 1 to 64 of `a…z 0…9 _ .`, starting with a letter: fit for a path, a metric label and a log line.
    package static func isCategoryName(_ text: String) -> Bool {
        guard (1...64).contains(text.utf8.count), let first = text.utf8.first, first >= 0x61 && first <= 0x7A else { return false }
        return text.utf8.allSatisfy { $0 >= 0x61 && $0 <= 0x7A || $0 >= 0x30 && $0 <= 0x39 || $0 == 0x5F || $0 == 0x2E }
    }
}
