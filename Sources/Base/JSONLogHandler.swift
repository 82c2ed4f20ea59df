// Structured logs: one JSON object a line on standard error, UTC with milliseconds, secrets scrubbed.

import Domain
import Foundation
package import Logging

/// Writes each record as `{"time":…,"level":…,"logger":…,"message":…,…metadata}`. Safe on any thread.
///
/// `user:password@` in any URL is replaced, because error texts of libraries quote URLs.
package struct JSONLogHandler: LogHandler {
    package var logLevel: Logger.Level
    package var metadata: Logger.Metadata = [:]
    package var metadataProvider: Logger.MetadataProvider?
    private let label: String
    private let write: @Sendable (String) -> Void

    package init(
        label: String, level: Logger.Level = .info, write: @escaping @Sendable (String) -> Void = JSONLogHandler.toStandardError
    ) {
        self.label = label
        logLevel = level
        self.write = write
    }

    package subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    /// Writes one line for the event.
    package func log(event: LogEvent) {
        var all = metadata.merging(metadataProvider?.get() ?? [:]) { _, new in new }
        all.merge(event.metadata ?? [:]) { _, new in new }
        var line = "{\"time\":\(Self.quoted(SystemTime().wallNow.description)),\"level\":\"\(event.level.rawValue)\""
        line += ",\"logger\":\(Self.quoted(label)),\"message\":\(Self.quoted(Self.scrub(event.message.description)))"
        for (key, value) in all.sorted(by: { $0.key < $1.key }) {
            line += ",\(Self.quoted(key)):\(Self.quoted(Self.scrub(value.description)))"
        }
        if let error = event.error { line += ",\"error\":\(Self.quoted(Self.scrub("\(error)")))" }
        write(line + "}\n")
    }

    /// Replaces the user information of every URL in `text` by `***`.
    package static func scrub(_ text: String) -> String {
        guard text.contains("://") && text.contains("@") else { return text }
        return text.replacing(/:\/\/[^@\/\s"]*@/, with: "://***@")
    }

    /// A JSON string literal; control characters cannot break out of the line.
    package static func quoted(_ text: String) -> String {
        var result = "\""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"": result += "\\\""
            case "\\": result += "\\\\"
            case "\n": result += "\\n"
            case "\r": result += "\\r"
            case "\t": result += "\\t"
            case _ where scalar.value < 0x20 || scalar.value == 0x7F || scalar.value == 0x2028 || scalar.value == 0x2029:
                let hex = String(scalar.value, radix: 16)
                result += "\\u" + String(repeating: "0", count: 4 - hex.count) + hex
            default: result.unicodeScalars.append(scalar)
            }
        }
        return result + "\""
    }

    /// One write per line, so that lines of several threads do not mix.
    package static let toStandardError: @Sendable (String) -> Void = { line in
        try? FileHandle.standardError.write(contentsOf: Data(line.utf8))  // Nobody is left to tell when this fails.
    }
}
