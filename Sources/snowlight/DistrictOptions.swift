// Where a command finds the district, what it says while it works, and how it prints JSON.

import ArgumentParser
import Base
import Foundation

/// The folder with a district's files, named itself or by the configuration.
struct DistrictOptions: ParsableArguments {
    @Option(help: ArgumentHelp("The configuration that names the district's folder.", valueName: "file")) var config: String?
    @Option(help: ArgumentHelp("The district's folder itself.", valueName: "dir")) var district: String?

    func validate() throws {
        if (config == nil) == (district == nil) { throw ValidationError("Give either --config or --district.") }
    }

    /// The folder; ends the command with 65 when the configuration has errors.
    func folder() throws -> String { try district ?? Self.folder(config: config ?? "") }

    /// The folder that a configuration names. What else is wrong in it is said too.
    static func folder(config: String) throws -> String {
        // The data folder plays no part here, so a configuration without one will do.
        let (configuration, findings) = ServiceConfiguration.read(path: config, data: ".")
        for finding in findings { complain("\(finding)") }
        guard let configuration else { throw ExitStatus.badData.exitCode }
        return configuration.districtDirectory
    }
}

/// Says on standard error what a command is at: one line that is written over on a terminal, otherwise a line for each stage that begins
/// when a second has passed, so that short work says nothing.
struct StageLine {
    private let start = ContinuousClock.now
    private let isTerminal = isatty(FileHandle.standardError.fileDescriptor) == 1

    /// Names the stage that begins now.
    func begin(_ stage: String) {
        if isTerminal {
            write("\r\u{1B}[K\(stage)…")
        } else if ContinuousClock.now - start > .seconds(1) {
            complain("\(stage)…")
        }
    }

    /// Takes the line away before results are printed.
    func end() {
        if isTerminal { write("\r\u{1B}[K") }
    }

    private func write(_ text: String) {
        try? FileHandle.standardError.write(contentsOf: Data(text.utf8))  // Nobody is left to tell when this fails.
    }
}

/// Prints one JSON object on one line; names in snake case, in alphabetical order.
func printJSON(_ value: some Encodable) throws {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    encoder.keyEncodingStrategy = .convertToSnakeCase
    print(String(decoding: try encoder.encode(value), as: UTF8.self))
}

/// A finding as JSON.
struct FindingObject: Encodable {
    let file: String
    let line: Int?
    let severity: String
    let message: String

    init(_ finding: Diagnostic) {
        file = finding.file
        line = finding.line
        severity = finding.severity.rawValue
        message = finding.message
    }
}
