// The file of one secret key: written once, readable by its owner alone.
// `snowlight keys new` → **key file** → sockets

import Base
import Foundation

/// Reads and writes key files.
package enum KeyFile {
    /// Writes a new pair to `path`, mode 0600; never over a file that exists. Blocks.
    ///
    /// - Throws: `.conflict` when there is such a file, `.dataLoss` when it cannot be written.
    package static func write(_ pair: CurvePair, name: String, to path: String) throws {
        let descriptor = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0o600)
        guard descriptor >= 0 else {
            throw Failure(
                errno == EEXIST ? .conflict : .invalidInput, "cannot write \(path): \(String(cString: strerror(errno)))")
        }
        let text = """
            # Secret key of '\(name)' on the bus of Snowlight. Whoever reads this file can speak in its name.
            name \(name)
            public \(pair.publicKey)
            secret \(pair.secret)

            """
        let file = FileHandle(fileDescriptor: descriptor, closeOnDealloc: true)
        do {
            try file.write(contentsOf: Data(text.utf8))
            try file.synchronize()
        } catch {
            unlink(path)
            throw Failure(.dataLoss, "cannot write \(path)", cause: error)
        }
    }

    /// Reads a pair and the name it was made for. Blocks.
    ///
    /// - Throws: `.invalidInput` when others may read the file or its halves do not belong together.
    package static func read(_ path: String) throws -> (name: String, pair: CurvePair) {
        let (text, mode) = try text(path, limitBytes: 4096)
        guard mode & 0o077 == 0 else {
            throw Failure(.invalidInput, "a key file is its owner's alone: chmod 600", context: [("file", path)])
        }
        var fields: [Substring: Substring] = [:]
        for line in text.split(separator: "\n") where !line.hasPrefix("#") {
            let parts = line.split(separator: " ", maxSplits: 1)
            if parts.count == 2 { fields[parts[0]] = parts[1] }
        }
        guard let name = fields["name"], NodeID.isName(name), let key = fields["public"].flatMap({ CurveKey($0) }),
            let secret = fields["secret"].flatMap({ CurveKey($0) })
        else { throw Failure(.invalidInput, "this is no key file of `snowlight keys new`", context: [("file", path)]) }
        guard let pair = CurvePair(secret: secret.text), pair.publicKey == key else {
            throw Failure(.invalidInput, "the halves of this key do not belong together", context: [("file", path)])
        }
        return (String(name), pair)
    }

    /// A small text file and its permissions. Blocks.
    package static func text(_ path: String, limitBytes: Int) throws -> (text: String, mode: UInt32) {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard descriptor >= 0 else {
            throw Failure(.invalidInput, "cannot read \(path): \(String(cString: strerror(errno)))")
        }
        let file = FileHandle(fileDescriptor: descriptor, closeOnDealloc: true)
        var status = stat()
        guard fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG, status.st_size <= limitBytes,
            let data = try? file.readToEnd() ?? Data(), let text = String(validating: data, as: UTF8.self)
        else { throw Failure(.invalidInput, "\(path) is no small text file") }
        return (text, status.st_mode)
    }
}
