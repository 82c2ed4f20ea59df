// What stands in the dispatcher's database, whoever opens it.
// **cases, maps, pushes on disk** → dispatcher → pages

import Cases
import Pushes
import Storage

/// Every schema step of the dispatcher's database. A command that knew only some of them would take the rest for a newer version's.
enum DispatchSchema {
    static let migrations = CasesSchema.migrations + PushesSchema.migrations
}
