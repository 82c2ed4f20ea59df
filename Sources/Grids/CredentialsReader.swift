// User names and passwords of cameras, from a file that only its owner can read.
// **credentials file** → camera sessions; never a log, a report or an answer

package import Base
package import Domain
import Foundation

/// Reads the credentials file: `camera_id,user,password`, mode 0600.
package enum CredentialsReader {
    /// All credentials by camera, and every finding; with an error among them nothing should be started.
    ///
    /// Blocks on the file. Findings name lines and camera ids only.
    package static func read(path: String) -> ([CameraID: Credentials], [Diagnostic]) {
        var findings = FindingList(file: path)
        let bytes: [UInt8]
        do { bytes = try TextFile.read(path, requiredMode: 0o600) } catch {
            findings.error(nil, error.message)
            return ([:], findings.diagnostics)
        }
        var credentials: [CameraID: Credentials] = [:]
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
            credentials[id] = Credentials(user: user, password: row.raw("password"))
        }
        return (credentials, findings.diagnostics)
    }
}
