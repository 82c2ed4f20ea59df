// What every command prints the same way: what it is at, and JSON.

import Foundation

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
