// A file of cameras from outside against the district's own: a verdict for each row, and the file as it would be.
// file to import, cameras.csv, map → **verdicts** → new cameras.csv

package import Base
package import Domain

/// What an import would do. Nothing is written here; the same value serves the dry run and the import.
///
/// Rows are matched by `camera_id`. A column that the file has rules, also where its field is empty; columns it does not have keep what
/// they were. Cameras that the file does not name stay as they are.
package struct CameraImport: Sendable {
    /// What becomes of one row.
    package enum Verdict: Hashable, Sendable {
        case new
        case changed([FieldChange])
        case unchanged
        /// Why, one sentence for each reason.
        case refused([String])
    }

    /// One row of the imported file.
    package struct Row: Hashable, Sendable {
        package let line: Int
        /// Nil when it cannot be read as an id.
        package let id: CameraID?
        package let name: String
        package let verdict: Verdict
        package let warnings: [String]
        /// The grid that answers for the camera afterwards.
        package let grid: GridCode?
        /// The camera as it is afterwards; nil for a row that is refused.
        package let camera: Camera?
    }

    /// In file order.
    package let rows: [Row]
    /// About either file as a whole, and the warnings about coordinate systems.
    package let findings: [Diagnostic]
    /// Where the cameras of the file stand, read as each coordinate system.
    package let fits: [CoordinateFit]
    /// The new `cameras.csv` with all rows that were not refused; nil when a finding is an error.
    package let text: String?

    /// The cameras that would be new or other than they are.
    package var changed: [Camera] {
        rows.compactMap {
            switch $0.verdict {
            case .new, .changed: $0.camera
            case .unchanged, .refused: nil
            }
        }
    }

    /// True when a row is refused or a finding is an error.
    package var isRefused: Bool { findings.hasErrors || rows.contains { if case .refused = $0.verdict { true } else { false } } }
    /// True when the text differs from what the district has.
    package var changesAnything: Bool {
        rows.contains {
            switch $0.verdict {
            case .new, .changed: true
            case .unchanged, .refused: false
            }
        }
    }

    /// Compares a file with the district's own.
    ///
    /// - Parameters:
    ///   - incoming: UTF-8 or GB18030, with or without byte order mark; needs the column `camera_id` only.
    ///   - existing: the bytes of `cameras.csv`; empty when there is none yet.
    ///   - declared: the coordinate system of rows that name none.
    package init(
        _ incoming: [UInt8], file: String, existing: [UInt8], existingFile: String, declared: CoordinateSystem?, map: DistrictMap
    ) {
        var known = KnownCameras(existing, file: existingFile, map: map)
        var findings = FindingList(file: file)
        let columns = CameraRows.columns.filter { $0 != "camera_id" } + CameraRows.optionalColumns
        guard !known.findings.hasErrors, let given = NamedRows(incoming, required: ["camera_id"], optional: columns, into: &findings) else {
            rows = []
            fits = []
            text = nil
            self.findings = known.findings.diagnostics + findings.diagnostics
            return
        }
        if given.isEmpty { findings.error(nil, "names no camera") }
        if given.has("lon") != given.has("lat") || given.has("crs") && !given.has("lon") {
            findings.error(1, "lon and lat belong together, and crs to them: give the missing column or leave all of them out")
        }
        known.addColumns(CameraRows.optionalColumns.filter(given.has))
        var reader = CameraRows(findings: FindingList(file: file), map: map)
        var rows: [Row] = []
        given.forEach(into: &findings) { row, _ in rows.append(known.examine(row, &reader, declared, map)) }
        if let warning = reader.hypothesis.warning(map) { findings.warning(warning.line, warning.message) }
        self.rows = rows
        self.findings = known.findings.diagnostics + findings.diagnostics
        fits = reader.hypothesis.fits(map)
        text = findings.hasErrors ? nil : known.text
    }
}

/// The district's own file, row by row, while an import goes over it.
private struct KnownCameras {
    private(set) var findings = FindingList(file: "")
    private var header: [String] = CameraRows.columns
    private var rows: [[String]] = []
    private var places: [CameraID: Int] = [:]
    private var cameras: [CameraID: Camera] = [:]
    private let hasByteOrderMark: Bool

    init(_ bytes: [UInt8], file: String, map: DistrictMap) {
        var findings = FindingList(file: file)
        hasByteOrderMark = bytes.starts(with: [0xEF, 0xBB, 0xBF])
        defer { self.findings = findings }
        guard !bytes.isEmpty,
            let given = NamedRows(bytes, required: CameraRows.columns, optional: CameraRows.optionalColumns, into: &findings)
        else { return }
        header = given.header
        var read: [NamedRow] = []
        given.forEach(into: &findings) { row, _ in read.append(row) }
        var reader = CameraRows(findings: FindingList(file: file), map: map)
        for row in read {
            // A row that is wrong may still be there to be put right; only its fields count then.
            var ignored = FindingList(file: file)
            let camera = reader.camera(row, &ignored)
            if let id = CameraID(row.plain("camera_id")), places[id] == nil {
                places[id] = rows.count
                cameras[id] = camera
            }
            rows.append(row.fields)
        }
    }

    var text: String { (hasByteOrderMark ? "\u{FEFF}" : "") + CSVText.write([header] + rows) }

    /// Appends columns that the file does not have, empty.
    mutating func addColumns(_ names: [String]) {
        for name in names where !header.contains(where: { trimmed($0).lowercased() == name }) {
            header.append(name)
            for place in rows.indices { rows[place].append("") }
        }
    }

    /// The verdict on one row; what is not refused is taken over.
    mutating func examine(
        _ given: NamedRow, _ reader: inout CameraRows, _ declared: CoordinateSystem?, _ map: DistrictMap
    ) -> CameraImport.Row {
        let id = CameraID(given.plain("camera_id"))
        let place = id.flatMap { places[$0] }
        var findings = FindingList(file: "")
        let merged = merged(given, over: place.map { rows[$0] }, declared)
        if let declared, !given.plain("crs").isEmpty, let own = CoordinateSystem(asWritten: merged["crs"]), own != declared {
            findings.error(given.line, "its crs is \(own.rawValue), but --crs says \(declared.rawValue)")
        }
        let camera = reader.camera(merged, &findings)
        let messages = { (severity: Diagnostic.Severity) in findings.diagnostics.filter { $0.severity == severity }.map(\.message) }
        func row(_ verdict: CameraImport.Verdict) -> CameraImport.Row {
            CameraImport.Row(
                line: given.line, id: id, name: printable(merged["name"]), verdict: verdict, warnings: messages(.warning),
                grid: camera.flatMap { map.grids.grid(for: $0).grid }, camera: findings.diagnostics.hasErrors ? nil : camera)
        }
        guard let camera, !findings.hasErrors else {
            return row(.refused(messages(.error) + (id == nil ? perhapsMeant(given.plain("camera_id")) : [])))
        }
        guard let place else {
            places[camera.id] = rows.count
            rows.append(merged.fields)
            return row(.new)
        }
        guard let old = cameras[camera.id] else {
            rows[place] = merged.fields
            return row(.changed([FieldChange(field: "row", text: "was wrong and is put right", asksForReview: true)]))
        }
        let changes = FieldChange.all(from: old, to: camera, in: map.grids)
        let keepsConsent = CameraRows.optionalColumns.allSatisfy {
            NamedRow(line: 0, fields: rows[place], header: header)[$0] == merged[$0]
        }
        if changes.isEmpty && keepsConsent { return row(.unchanged) }
        rows[place] = merged.fields
        return row(.changed(changes.isEmpty ? [FieldChange(field: "consent", text: "changed", asksForReview: false)] : changes))
    }

    /// The given fields over the known ones, in the columns of the district's file.
    private func merged(_ given: NamedRow, over known: [String]?, _ declared: CoordinateSystem?) -> NamedRow {
        let asWritten: Set = ["name", "programme", "rtsp_url", "tags", "consent_ref"]
        let fields = header.enumerated().map { place, title in
            let column = trimmed(title).lowercased()
            if column == "crs", given.has("lon") {
                let own = given.plain("crs")
                return own.isEmpty ? declared?.rawValue ?? "" : own
            }
            guard given.has(column) else { return known?[place] ?? "" }
            return asWritten.contains(column) ? given[column] : given.plain(column)
        }
        return NamedRow(line: given.line, fields: fields, header: header)
    }

    /// The one known camera whose id a spreadsheet could have turned into `text`.
    private func perhapsMeant(_ text: String) -> [String] {
        let isRounded = text.contains { $0 == "E" || $0 == "e" }
        var digits = text.prefix { $0 != "E" && $0 != "e" }.filter { $0.isASCII && $0.isNumber }
        while isRounded, digits.last == "0" { digits.removeLast() }
        guard digits.count >= 6 else { return [] }
        let alike = places.keys.filter { isRounded ? $0.digits.hasPrefix(digits) : $0.digits.hasSuffix(digits) }
        return alike.count == 1 ? ["perhaps camera \(alike[0]) is meant"] : []
    }
}
