// Where notices may go: the destinations, whose they are, and the hosts that may be spoken to.
// cases → decisions → **destinations** → channels

package import Base
package import Cases
import Domain

/// One place notices go to, by the name it has in the channels file.
package struct Destination: Sendable, Hashable {
    package var name: String
    package var channel: ChannelKind
    package var perMinute: Int
}

/// All destinations of a district. A value; holds secrets that it never prints.
package struct DestinationBook: Sendable, CustomStringConvertible {
    /// By name, all but the console.
    package let channels: [String: any Channel]
    /// Names of destinations by the code of the office.
    package let offices: [String: [String]]
    /// Names of destinations by the account of the department.
    package let departments: [String: [String]]
    package let guardian: HostGuard
    /// Where readers reach the console, without a `/` at its end; nil leaves links out.
    package let console: String?

    package init(
        channels: [String: any Channel] = [:], offices: [String: [String]] = [:], departments: [String: [String]] = [:],
        guardian: HostGuard = HostGuard(), console: String? = nil
    ) {
        self.channels = channels
        self.offices = offices
        self.departments = departments
        self.guardian = guardian
        self.console = console
    }

    /// Destinations that leave the process, by name.
    package var outside: [Destination] {
        channels.sorted { $0.key < $1.key }.map { Destination(name: $0.key, channel: $0.value.kind, perMinute: $0.value.perMinute) }
    }

    package var description: String { "\(channels.count) destinations, \(offices.count) offices" }

    static let consoleName = "console"

    /// Where the notices of a recipient go; the console first, and always.
    func destinations(of recipient: Recipient, _ registry: Registry) -> [Destination] {
        let names =
            switch recipient {
            case .worker(let id): registry.workers[id]?.channels ?? []
            case .department(let id): departments[id.text] ?? []
            case .office(let code): offices[code] ?? []
            }
        var result = [Destination(name: Self.consoleName, channel: .console, perMinute: .max)]
        for name in names where name != Self.consoleName {
            // A name that nobody defined is found by `check`; here the others still count.
            if let channel = channels[name] { result.append(Destination(name: name, channel: channel.kind, perMinute: channel.perMinute)) }
        }
        return result
    }

    /// The page that shows a case to a recipient.
    func link(to number: String?, for recipient: Recipient) -> String? {
        guard let console else { return nil }
        if case .worker = recipient { return console + "/work" + (number.map { "#c/\($0)" } ?? "") }
        return console + "/"
    }

    /// What does not fit together: names in workers.csv, in `offices` and in `departments` that no destination has, and departments that the
    /// catalogue does not have.
    package func findings(_ registry: Registry, file: String) -> [Diagnostic] {
        let known = Set(channels.keys).union([Self.consoleName])
        var findings: [Diagnostic] = []
        let unknown = Set(registry.workers.values.flatMap(\.channels)).subtracting(known)
        for name in unknown.sorted() {
            findings.append(
                Diagnostic(
                    file: file, line: nil, severity: .warning, message: "gridworkers name the channel '\(name)', which is not defined"))
        }
        let owners = offices.map { ("office \($0.key)", $0.value) } + departments.map { ("department \($0.key)", $0.value) }
        for (owner, names) in owners.sorted(by: { $0.0 < $1.0 }) {
            for name in names where !known.contains(name) {
                findings.append(Diagnostic(file: file, line: nil, message: "\(owner) names the channel '\(name)', which is not defined"))
            }
        }
        let accounts = Set(registry.catalogue.departments.keys.map(\.text))
        for account in departments.keys.sorted() where !accounts.contains(account) {
            findings.append(Diagnostic(file: file, line: nil, message: "'\(account)' is no department of the catalogue"))
        }
        return findings
    }
}
