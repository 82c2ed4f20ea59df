// The rows of workers.csv: who serves which grid.
// workers.csv → **gridworkers** → assignment → case

import Base
import Domain
import Foundation

/// Reads `workers.csv`. Phone numbers are never printed.
struct WorkerRows {
    static let columns = ["worker_id", "name", "grid_code", "role", "phone", "channels"]

    private(set) var workers: [Gridworker] = []
    /// Grids with a full-time worker, counting rows with other errors too; nil when the file could not be read as a table.
    private(set) var staffed: Set<GridCode>?
    private(set) var findings: FindingList
    private var lines: [WorkerID: Int] = [:]

    static func read(_ file: DistrictFile, map: DistrictMap?) -> WorkerRows {
        var reader = WorkerRows(findings: file.findings)
        guard let bytes = file.bytes, let rows = NamedRows(bytes, required: columns, into: &reader.findings) else { return reader }
        var findings = reader.findings
        reader.staffed = []
        rows.forEach(into: &findings) { row, findings in
            if let worker = reader.worker(row, map, &findings) { reader.workers.append(worker) }
        }
        reader.findings = findings
        return reader
    }

    private init(findings: FindingList) { self.findings = findings }

    private mutating func worker(_ row: NamedRow, _ map: DistrictMap?, _ findings: inout FindingList) -> Gridworker? {
        var check = FieldCheck(row: row, findings: findings)
        defer { findings = check.findings }
        let id = id(&check)
        let name = check.text("name", maxCharacters: 60)
        let grid = check.gridCode(map, isRequired: true, mayCome: true)
        let role = role(&check)
        let channels = channels(&check)
        let phone = row.plain("phone")
        let digits = phone.utf8.count { $0 >= 0x30 && $0 <= 0x39 }
        if !(7...20).contains(digits) || !phone.utf8.allSatisfy({ $0 >= 0x30 && $0 <= 0x39 || "+- ".utf8.contains($0) }) {
            check.warning("phone is \(phone.isEmpty ? "empty" : "not a phone number")")
        }
        if role == .fullTime, let grid { staffed?.insert(grid) }
        guard !check.failed, let id, let grid, let role else { return nil }
        return Gridworker(id: id, name: name, grid: grid, role: role, phone: phone, channels: channels)
    }

    private mutating func id(_ check: inout FieldCheck) -> WorkerID? {
        let text = check.row.plain("worker_id")
        guard let id = WorkerID(text) else {
            check.error(text.isEmpty ? "worker_id is empty" : "worker_id '\(printable(text))' must be 1 to 32 letters, digits, '-' or '_'")
            return nil
        }
        if let first = lines[id] {
            check.error("worker_id \(id) stands on line \(first) already")
            return nil
        }
        lines[id] = check.row.line
        return id
    }

    private func role(_ check: inout FieldCheck) -> WorkerRole? {
        switch check.row.plain("role").lowercased() {
        case "full_time", "fulltime", "full-time", "专职": return .fullTime
        case "substitute", "替补", "兼职": return .substitute
        default:
            check.error("role '\(printable(check.row["role"]))' must be full_time or substitute")
            return nil
        }
    }

    private func channels(_ check: inout FieldCheck) -> [String] {
        var channels: [String] = []
        for name in narrowed(check.row["channels"]).lowercased().split(whereSeparator: { $0 == " " || $0 == ";" || $0 == "," }).map(
            String.init)
        {
            if !startsSmall(name[...]) || name.utf8.count > 32 || !name.utf8.allSatisfy({ isSmall($0) || "_-".utf8.contains($0) }) {
                check.error("the channel '\(printable(name))' is not a name of letters and digits")
            } else if !channels.contains(name) {
                channels.append(name)
            }
        }
        // The console is there for everyone who can log in.
        return channels.isEmpty ? ["console"] : channels
    }
}
