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

    package init(
        category: String, nameZH: String, nameEN: String, duty: Duty?, professional: Bool, filing: FilingPolicy, priority: Priority
    ) {
        self.category = category
        self.nameZH = nameZH
        self.nameEN = nameEN
        self.duty = duty
        self.professional = professional
        self.filing = filing
        self.priority = priority
    }

    /// True when a gridworker may be given a case of this category.
    package var isForGridworkers: Bool { duty != nil && !professional }
}

/// The categories of one district. What stands in no entry is shown and never reaches a gridworker (R5).
package struct Catalogue: Sendable, Hashable {
    package let entries: [String: CatalogueEntry]

    package init(_ entries: [CatalogueEntry]) {
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
        root.finish()
        return (findings.diagnostics.hasErrors ? nil : Catalogue(entries), findings.diagnostics)
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
        node.finish()
        guard let names, let filing, let priority, let professional else { return nil }
        if duty == nil, filing != .feed {
            node.report("\(category) names no duty, so that it can only be shown: set 'filing: feed' or name its 'duty'")
        }
        return CatalogueEntry(
            category: category, nameZH: names.0, nameEN: names.1, duty: duty, professional: professional, filing: filing, priority: priority
        )
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
