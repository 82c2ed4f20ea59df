// The credentials file: only its owner may read it, and nothing of it is ever printed.

import Base
import Domain
import Foundation
import TestKit
import Testing

@testable import Grids

/// Writes a file of this mode and reads it.
private func read(_ text: String, mode: Int = 0o600) throws -> (credentials: [CameraID: Credentials], findings: [String]) {
    let path = try temporaryFolder() + "/credentials.csv"
    try #require(FileManager.default.createFile(atPath: path, contents: Data(text.utf8), attributes: [.posixPermissions: mode]))
    let (credentials, diagnostics) = CredentialsReader.read(path: path)
    return (credentials, diagnostics.map { "\($0)".replacing(path, with: "F") })
}

private let one = CameraID("51101100001320000001")!  // Twenty digits.

@Test func credentialsAreReadAsWritten() throws {
    let (credentials, findings) = try read("camera_id,user,password\n51101100001320000001,admin,\" a,b\"\"c １\"\n")
    #expect(findings.isEmpty)
    #expect(credentials[one]?.user == "admin" && credentials[one]?.password == " a,b\"c １")
    let shown = credentials.values.map { "\($0) \(String(reflecting: $0))" }.joined() + "\(credentials)"
    #expect(!shown.contains("admin") && !shown.contains("a,b"))
    var dumped = ""
    dump(credentials, to: &dumped)
    #expect(!dumped.contains("admin"))
}

@Test(arguments: [0o644, 0o640, 0o660, 0o604, 0o700, 0o400])
func otherModesAreRefused(mode: Int) throws {
    let (credentials, findings) = try read("camera_id,user,password\n51101100001320000001,admin,x\n", mode: mode)
    #expect(credentials.isEmpty)
    #expect(findings == ["F: error: has mode 0\(String(mode, radix: 8)); passwords must be readable by their owner only: chmod 0600"])
}

@Test func wrongRowsAreNamedWithoutTheirContents() throws {
    let (_, findings) = try read(
        "camera_id,user,password\n51101100001320000001,admin,Geheim1\n51101100001320000001,b,Geheim2\n5.1E+19,c,Geheim3\n51101100001320000002,,Geheim4\n51101100001320000003,Geheim5\n"
    )
    #expect(
        findings == [
            "F:3: error: camera_id 51101100001320000001 stands on line 2 already",
            "F:4: error: camera_id is not 20 digits; if a spreadsheet wrote it, export the column as text", "F:5: error: user is empty",
            "F:6: error: has 2 fields, the header names 3 columns; quote a field that contains a comma",
        ])
    // Without a header the first row is data; it must not be printed as column names.
    let headless = try read("51101100001320000001,Geheim,Geheim\n")
    #expect(headless.findings == ["F:1: error: missing columns: camera_id, user, password; needed are camera_id,user,password"])
    #expect(CredentialsReader.read(path: "/nonexistent").1.map(\.message) == ["cannot be read: No such file or directory"])
    #expect(CredentialsReader.read(path: "/dev/zero").1.map(\.message) == ["is not a regular file"])
}
