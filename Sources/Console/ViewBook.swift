// Who has been looking at what lately: the same eyes on the same picture are one line of the audit and not one for each request.
// request → **views** → audit

import Base
import Domain
import Storage
import Synchronization

/// Remembers which views the audit has. Safe on any thread.
final class ViewBook: Sendable {
    private struct View: Hashable {
        var user: String
        var object: String
    }

    /// A page that shows a picture again within this time goes on looking.
    static let patience = Duration.seconds(600)
    /// Beyond this many all are forgotten, and said again: a line too many is no harm.
    static let most = 10_000

    private let accounts: Accounts
    private let time: any TimeSource
    private let views = Mutex<[View: Duration]>([:])

    init(accounts: Accounts, time: any TimeSource) {
        self.accounts = accounts
        self.time = time
    }

    /// Writes down that an account is about to see something, unless it has been looking at it; only then may it.
    func record(_ action: AuditAction, _ object: String, by account: Account) async throws {
        let view = View(user: account.user, object: "\(action.rawValue) \(object)")
        let now = time.now
        let isNew = views.withLock { views in
            if let last = views[view], now - last < Self.patience { return false }
            return true
        }
        guard isNew else { return }
        try await accounts.record(action, object, by: account)
        views.withLock { views in
            if views.count >= Self.most { views = views.filter { now - $0.value < Self.patience } }
            if views.count >= Self.most { views = [:] }
            views[view] = now
        }
    }
}
