// Logins for the sample district: one of each role that the first pages serve. Real districts create their own accounts.

package import Domain

/// A login that was just created. The password is known here and never again.
package struct SampleLogin: Sendable {
    package let user: String
    package let password: String
    package let role: Role
}

extension Accounts {
    /// Makes sure that one login for each role of the first pages and one per given gridworker exist; returns only the new ones, with random
    /// passwords.
    ///
    /// Logins that exist keep their password and follow their worker to another grid. Each new one costs a password hash, so name only
    /// the workers that will log in.
    package func ensureSampleAccounts(workers: [(id: WorkerID, name: String, grid: GridCode)]) async throws -> [SampleLogin] {
        var wanted = [
            Account(user: "duty", name: "值班员", role: .dutyOfficer, grids: [], language: "zh"),
            Account(user: "dispatcher", name: "派遣员", role: .dispatcher, grids: [], language: "zh"),
            Account(user: "inspector", name: "核查员", role: .inspector, grids: [], language: "zh"),
            Account(user: "operator", name: "运维员", role: .operator, grids: [], language: "zh"),
            Account(user: "supervisor", name: "督办员", role: .supervisor, grids: [], language: "zh"),
        ]
        // A worker whose id is one of the names above would take that login over; such a worker gets none.
        let taken = Set(wanted.map(\.user))
        wanted += workers.filter { !taken.contains($0.id.text) }.map {
            Account(user: $0.id.text, name: $0.name, role: .gridworker, grids: [$0.grid], language: "zh")
        }
        var created: [SampleLogin] = []
        for account in wanted {
            let password = Self.randomPassword()
            if try await put(account, password: password) {
                created.append(SampleLogin(user: account.user, password: password, role: account.role))
            }
        }
        return created
    }

    /// 79 random bits in four groups without look-alike characters.
    private static func randomPassword() -> String {
        let letters = Array("abcdefghjkmnpqrstuvwxyz23456789")
        var generator = SystemRandomNumberGenerator()
        return (0..<4).map { _ in String((0..<4).map { _ in letters[Int.random(in: 0..<letters.count, using: &generator)] }) }
            .joined(separator: "-")
    }
}
