// What opens a camera; it travels beside its URL and never in it.

/// User and password of a camera. Printing one shows neither.
package struct Credentials: Hashable, Sendable, CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    package let user: String
    package let password: String

    package init(user: String, password: String) {
        self.user = user
        self.password = password
    }

    package var description: String { "(redacted)" }
    package var debugDescription: String { description }
    /// Empty, so that `dump` and test failures show nothing either.
    package var customMirror: Mirror { Mirror(self, children: [:]) }
}
