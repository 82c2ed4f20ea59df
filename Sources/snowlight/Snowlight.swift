// The `snowlight` command: one subcommand per role, exit codes from sysexits(3).

import ArgumentParser
import Base
import Foundation

@main
struct Snowlight: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "snowlight",
        abstract: "Watches a district's cameras and puts what happens at a place into the hands of the right gridworker.",
        version: snowlightVersion,
        subcommands: [
            Serve.self, IngestCommand.self, DispatchCommand.self, Check.self, Detect.self, Replay.self, PipelinesCommand.self,
            DistrictCommand.self, CamerasCommand.self, UsersCommand.self, KeysCommand.self, StoreCommand.self,
        ])

    /// Usage errors end with 64 and one sentence; a command that ends by itself has thrown its own exit code.
    static func main() async {
        // A client that goes away must not end the process.
        signal(SIGPIPE, SIG_IGN)
        do {
            var command = try parseAsRoot()
            if var command = command as? any AsyncParsableCommand { try await command.run() } else { try command.run() }
        } catch {
            exit(withError: error)
        }
    }
}

/// The version in `--version`, health answers and stream heartbeats.
let snowlightVersion = "0.1.0"

extension ExitStatus {
    /// The error that ends a command with this code and no further text.
    var exitCode: ExitCode { ExitCode(rawValue) }
}

/// Writes one line to standard error.
func complain(_ line: String) {
    try? FileHandle.standardError.write(contentsOf: Data((line + "\n").utf8))  // Nobody is left to tell when this fails.
}

/// Writes one line to standard output at once, also when that is a file.
func print(_ line: String, flushing: Bool) {
    Swift.print(line)
    if flushing { fflush(nil) }
}
