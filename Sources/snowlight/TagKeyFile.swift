// The district's keys for two-wheeler tags: under them a tag's number becomes a token, at the readers and when a report is entered.
// `snowlight keys tags` → **key file** → theft reports, readers

import Base
import Crypto
import Foundation
import IncidentBus

/// Reads and writes the file of `thefts.keys`: one key a line, the newest first, readable by its owner alone.
enum TagKeyFile {
    /// The one that readers get, and those that some of them still have.
    static let mostKeys = 3
    private static let keyBytes = 32
    private static let remark =
        "# Keys of the two-wheeler tags, the newest first. Readers have one of them; whoever has one can make tokens."

    /// The keys of a file. Blocks.
    ///
    /// - Throws: `.invalidInput` when others may read it or a line is no key.
    static func read(_ path: String) throws -> [SymmetricKey] {
        try lines(path).map { SymmetricKey(data: bytes($0)!) }  // Checked by `lines`.
    }

    /// Writes a new file, or with `adding` puts a new key in front of those that are there; the oldest of too many goes. Blocks.
    ///
    /// - Throws: `.conflict` when there is such a file and none is to be added.
    static func makeKey(at path: String, adding: Bool) throws {
        let known = adding ? try lines(path) : []
        var random = SystemRandomNumberGenerator()
        let key = (0..<keyBytes).map { _ in
            let byte = UInt8.random(in: .min ... .max, using: &random)
            return String(byte >> 4, radix: 16) + String(byte & 15, radix: 16)
        }.joined()
        let text = ([remark, key] + known.prefix(mostKeys - 1)).joined(separator: "\n") + "\n"
        let target = adding ? path + ".writing" : path
        let descriptor = open(target, O_WRONLY | O_CREAT | (adding ? O_TRUNC : O_EXCL) | O_CLOEXEC | O_NOFOLLOW, 0o600)
        guard descriptor >= 0 else {
            throw Failure(errno == EEXIST ? .conflict : .invalidInput, "cannot write \(target): \(String(cString: strerror(errno)))")
        }
        let file = FileHandle(fileDescriptor: descriptor, closeOnDealloc: true)
        do {
            try file.write(contentsOf: Data(text.utf8))
            try file.synchronize()
            guard !adding || rename(target, path) == 0 else { throw Failure(.dataLoss, "cannot replace \(path)") }
        } catch {
            unlink(target)
            throw Failure(.dataLoss, "cannot write \(path)", cause: error)
        }
    }

    private static func lines(_ path: String) throws -> [String] {
        let (text, mode) = try KeyFile.text(path, limitBytes: 4096)
        guard mode & 0o077 == 0 else {
            throw Failure(.invalidInput, "a key file is its owner's alone: chmod 600", context: [("file", path)])
        }
        let lines = text.split(separator: "\n").map(String.init).filter { !$0.hasPrefix("#") }
        guard (1...mostKeys).contains(lines.count), Set(lines).count == lines.count, lines.allSatisfy({ bytes($0)?.count == keyBytes })
        else {
            throw Failure(.invalidInput, "this is no key file of `snowlight keys tags`", context: [("file", path)])
        }
        return lines
    }

    /// The bytes of lower-case hexadecimal digits; nil for anything else.
    private static func bytes(_ line: String) -> [UInt8]? {
        guard line.utf8.count.isMultiple(of: 2), line.allSatisfy({ $0.isHexDigit && !$0.isUppercase }) else { return nil }
        let digits = line.compactMap(\.hexDigitValue)
        return stride(from: 0, to: digits.count, by: 2).map { UInt8(digits[$0] << 4 | digits[$0 + 1]) }
    }
}
