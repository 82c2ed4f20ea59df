// One login per role for the sample district, in a file that only its owner can read; no command prints a password.

import Base
import Console
import Domain
import Foundation
import Grids

enum SampleLogins {
    /// Gridworkers with a login: those whose grid holds a camera. Each login costs a password hash.
    private static let mostWorkers = 12

    /// Creates what is missing and appends new logins to `sample-logins.txt` in the data folder.
    static func write(_ accounts: Accounts, _ district: District, folder: String) async throws {
        var workers: [Gridworker] = []
        for camera in district.cameras {
            guard let grid = district.grid(for: camera).grid, let worker = district.worker(of: grid), !workers.contains(worker) else {
                continue
            }
            workers.append(worker)
            if workers.count == mostWorkers { break }
        }
        let created = try await accounts.ensureSampleAccounts(workers: workers.map { ($0.id, $0.name, $0.grid) })
        guard !created.isEmpty else { return }
        let lines = created.map { login in
            let place = workers.first { $0.id.text == login.user }.flatMap { district.grids[$0.grid] }.map {
                "  # \($0.township) \($0.village) \($0.name)"
            }
            return "\(login.role.rawValue) \(login.user) \(login.password)\(place ?? "")\n"
        }.joined()
        try await onOwnThread("logins") {
            let path = folder + "/sample-logins.txt"
            let earlier = FileManager.default.contents(atPath: path) ?? Data("# role user password, for the sample district only\n".utf8)
            guard
                FileManager.default.createFile(
                    atPath: path, contents: earlier + Data(lines.utf8), attributes: [.posixPermissions: 0o600])
            else { throw Failure(.dataLoss, "cannot write \(path)") }
        }
    }
}
