// Files that people hand in: bounded size, known encoding, and findings that say file and line.
// **file → bytes** → rows and features → district

package import Base
import Foundation

/// Findings of one file in the order of reading, bounded so that a wrong column does not print a line for each camera.
struct FindingList {
    /// After this many, findings are only counted.
    static let shown = 200
    let file: String
    private var findings: [Diagnostic] = []
    private var hiddenErrors = 0
    private var hiddenWarnings = 0

    init(file: String) { self.file = file }

    var hasErrors: Bool { hiddenErrors > 0 || findings.hasErrors }

    mutating func error(_ line: Int?, _ message: String) { add(line, .error, message) }

    mutating func warning(_ line: Int?, _ message: String) { add(line, .warning, message) }

    /// What to print: the shown findings by line, then how many more there were.
    var diagnostics: [Diagnostic] {
        let sorted = findings.enumerated().sorted { ($0.element.line ?? 0, $0.offset) < ($1.element.line ?? 0, $1.offset) }.map(\.element)
        guard hiddenErrors + hiddenWarnings > 0 else { return sorted }
        let message = "\(hiddenErrors) more errors and \(hiddenWarnings) more warnings in this file are not shown"
        return sorted + [Diagnostic(file: file, line: nil, severity: hiddenErrors > 0 ? .error : .warning, message: message)]
    }

    private mutating func add(_ line: Int?, _ severity: Diagnostic.Severity, _ message: String) {
        if findings.count < Self.shown {
            findings.append(Diagnostic(file: file, line: line, severity: severity, message: message))
        } else if severity == .error {
            hiddenErrors += 1
        } else {
            hiddenWarnings += 1
        }
    }
}

/// Reading of whole small files.
package enum TextFile {
    /// More than any district needs: 38,000 cameras are 8 MB, 465 grids 1 MB.
    static let maxBytes = 64 << 20

    /// The bytes of a regular file; the failure is a sentence without the path. A mode, when given, must be the file's exact permissions.
    package static func read(_ path: String, requiredMode: UInt32? = nil) throws(Failure) -> [UInt8] {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard descriptor >= 0 else { throw Failure(.notFound, "cannot be read: \(String(cString: strerror(errno)))") }
        let handle = FileHandle(fileDescriptor: descriptor, closeOnDealloc: true)
        var status = stat()
        guard fstat(descriptor, &status) == 0 else { throw Failure(.notFound, "cannot be read: \(String(cString: strerror(errno)))") }
        guard status.st_mode & S_IFMT == S_IFREG else { throw Failure(.invalidInput, "is not a regular file") }
        if let requiredMode, status.st_mode & 0o7777 != requiredMode {
            let mode = String(status.st_mode & 0o7777, radix: 8)
            let wanted = String(requiredMode, radix: 8)
            throw Failure(.invalidInput, "has mode 0\(mode); passwords must be readable by their owner only: chmod 0\(wanted)")
        }
        guard status.st_size <= maxBytes else { throw Failure(.resourceExhausted, "is larger than \(maxBytes >> 20) MiB") }
        do {
            return try [UInt8](handle.readToEnd() ?? Data())
        } catch {
            throw Failure(.unavailable, "cannot be read: \(error.localizedDescription)")
        }
    }

    /// UTF-8 without byte order mark, decoded from GB18030 where a file is not UTF-8; the failure is a sentence, with the line if known.
    static func utf8(_ bytes: [UInt8]) throws(EncodingFailure) -> [UInt8] {
        if bytes.starts(with: [0xEF, 0xBB, 0xBF]) {
            let rest = Array(bytes.dropFirst(3))
            if let place = firstInvalidUTF8(rest) { throw EncodingFailure(line: line(of: place, in: rest), message: "is not valid UTF-8") }
            return rest
        }
        if bytes.starts(with: [0xFF, 0xFE]) || bytes.starts(with: [0xFE, 0xFF]) {
            throw EncodingFailure(line: 1, message: "is UTF-16 (\"Unicode text\"); save it as UTF-8")
        }
        guard let place = firstInvalidUTF8(bytes) else { return bytes }
        // CFString's encoding number of GB18030 2000 with the flag that marks external encodings (kCFStringEncodingGB_18030_2000).
        guard let text = NSString(data: Data(bytes), encoding: 0x8000_0632) else {
            throw EncodingFailure(line: line(of: place, in: bytes), message: "is neither UTF-8 nor GB18030; save it as UTF-8")
        }
        return Array((text as String).utf8)
    }

    struct EncodingFailure: Error {
        let line: Int
        let message: String
    }

    /// Offset of the first byte that is not part of valid UTF-8; nil when all is.
    static func firstInvalidUTF8(_ bytes: [UInt8]) -> Int? {
        var i = 0
        func continues(_ place: Int, _ range: ClosedRange<UInt8> = 0x80...0xBF) -> Bool {
            place < bytes.count && range.contains(bytes[place])
        }
        while i < bytes.count {
            let byte = bytes[i]
            if byte < 0x80 {
                i += 1
            } else if (0xC2...0xDF).contains(byte), continues(i + 1) {
                i += 2
            } else if (0xE0...0xEF).contains(byte), continues(i + 1, byte == 0xE0 ? 0xA0...0xBF : byte == 0xED ? 0x80...0x9F : 0x80...0xBF),
                continues(i + 2)
            {
                i += 3
            } else if (0xF0...0xF4).contains(byte),
                continues(i + 1, byte == 0xF0 ? 0x90...0xBF : byte == 0xF4 ? 0x80...0x8F : 0x80...0xBF), continues(i + 2), continues(i + 3)
            {
                i += 4
            } else {
                return i
            }
        }
        return nil
    }

    private static func line(of place: Int, in bytes: [UInt8]) -> Int { 1 + bytes[..<place].count { $0 == 0x0A } }
}
