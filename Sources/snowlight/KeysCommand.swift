// `snowlight keys`: the key of a node, a reader, a sensor or a dispatcher, and those of two-wheeler tags.

import ArgumentParser
import Base
import IncidentBus

struct KeysCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "keys", abstract: "Makes the keys with which processes prove to each other who they are.",
        subcommands: [New.self, Tags.self])

    struct New: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Writes a new secret key to NAME.key, mode 0600, and prints its line for the allow-list.",
            discussion: """
                The file stays on the machine whose key it is (`bus.key`). The printed line goes into the dispatcher's `bus.allow`; of a \
                dispatcher's own key the last word goes into `bus.dispatchers` of its nodes. Nothing is ever overwritten.
                """)

        @Argument(help: "Whose key: 1 to 64 letters, digits, dots, hyphens, underscores.") var name: String
        @Option(help: "What it is good for: node, reader for the feed, or sensor.") var role = ZapDomain.node
        @Option(help: "Where to write it instead of NAME.key.") var out: String?
        @Flag(help: "Print one JSON object.") var json = false

        func validate() throws {
            guard NodeID.isName(name) else { throw ValidationError("NAME has 1 to 64 letters, digits, dots, hyphens and underscores.") }
        }

        func run() throws {
            let path = out ?? name + ".key"
            do {
                let pair = try CurvePair.make()
                try KeyFile.write(pair, name: name, to: path)
                if json {
                    try printJSON(Made(role: role.rawValue, name: name, publicKey: pair.publicKey.text, file: path))
                } else {
                    print("\(role.rawValue) \(name) \(pair.publicKey)")
                }
            } catch let failure as Failure {
                complain("snowlight: \(failure)")
                throw failure.exitStatus.exitCode
            }
        }

        private struct Made: Encodable {
            let role: String
            let name: String
            let publicKey: String
            let file: String
        }
    }

    struct Tags: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Writes the key under which numbers of two-wheeler tags become tokens, mode 0600.",
            discussion: """
                The file is `thefts.keys` of the dispatcher; its first line is what readers are given. `--add` puts a new key in front: reports \
                that are entered from then on are found by readers with the new key and with the former ones, so readers can be changed one \
                by one. A fourth key pushes out the oldest. No key is ever printed.
                """)

        @Argument(help: "The file.") var file: String
        @Flag(help: "Add a key to a file that exists.") var add = false

        func run() throws {
            do {
                try TagKeyFile.makeKey(at: file, adding: add)
                print("wrote \(file)")
            } catch let failure as Failure {
                complain("snowlight: \(failure)")
                throw failure.exitStatus.exitCode
            }
        }
    }
}

extension ZapDomain: ExpressibleByArgument {}
