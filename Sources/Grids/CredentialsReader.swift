// User names and passwords of cameras, from a file that only its owner can read.
// **credentials file** → camera sessions; never a log, a report or an answer

package import Base
package import Domain
import Foundation

/// A user and password of one camera. Printing it shows neither.
package struct CameraCredentials: Sendable, CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    package let user: String
    package let password: String

    package init(user: String, password: String) {
        self.user = user
        self.password = password
    }

    package var description: String { "(redacted)" }
    package var debugDescription: String { description }
    /// Empty, so that `dump` and test failures show nothing either.
    package var customMirror: Mirror { Mirror(self, children: [:]) }
}

/// Reads the credentials file: `camera_id,user,password`, mode 0600.
package enum CredentialsReader {
    /// All credentials by camera, and every finding; with an error among them nothing should be started.
    ///
    /// Blocks on the file. Findings name lines and camera ids only.
    package static func read(path: String) -> ([CameraID: CameraCredentials], [Diagnostic]) {
        var findings = FindingList(file: path)
        let bytes: [UInt8]
        do {
            let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
            guard descriptor >= 0 else { throw Failure(.notFound, "cannot be read: \(String(cString: strerror(errno)))") }
            bytes = try TextFile.read(descriptor, requiredMode: 0o600)
        } catch {
            findings.error(nil, (error as? Failure)?.message ?? "cannot be read")
            return ([:], findings.diagnostics)
        }
        var credentials: [CameraID: CameraCredentials] = [:]
        var lines: [CameraID: Int] = [:]
        guard let rows = NamedRows(bytes, required: ["camera_id", "user", "password"], into: &findings) else {
            return ([:], findings.diagnostics)
        }
        rows.forEach(into: &findings) { row, findings in
            guard let id = CameraID(row.plain("camera_id")) else {
                findings.error(row.line, "camera_id is not 20 digits; if a spreadsheet wrote it, export the column as text")
                return
            }
            if let first = lines[id] {
                findings.error(row.line, "camera_id \(id) stands on line \(first) already")
                return
            }
            lines[id] = row.line
            let user = row["user"]
            if user.isEmpty {
                findings.error(row.line, "user is empty")
                return
            }
            credentials[id] = CameraCredentials(user: user, password: row.raw("password"))
        }
        return (credentials, findings.diagnostics)
    }
}
