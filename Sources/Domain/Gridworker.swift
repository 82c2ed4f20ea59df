// The person a case is handed to: every grid has at least one full-time gridworker.
// incidents → grid → **gridworker** → cases → pushes

/// How a gridworker serves a grid; the raw value is the text in `workers.csv`.
package enum WorkerRole: String, Sendable, CaseIterable {
    case fullTime = "full_time"
    /// Steps in when the full-time worker does not answer.
    case substitute
}

/// One row of `workers.csv`, validated.
package struct Gridworker: Hashable, Sendable {
    package let id: WorkerID
    package var name: String
    package var grid: GridCode
    package var role: WorkerRole
    /// As written in the file; it never enters a log.
    package var phone: String
    /// Names of the push channels this person reads, in the order in which they are tried.
    package var channels: [String]

    package init(id: WorkerID, name: String, grid: GridCode, role: WorkerRole, phone: String, channels: [String]) {
        self.id = id
        self.name = name
        self.grid = grid
        self.role = role
        self.phone = phone
        self.channels = channels
    }
}
