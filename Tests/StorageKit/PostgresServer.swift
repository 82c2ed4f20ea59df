// A real PostgreSQL for the tests: Debian's server, a cluster of its own in a temporary folder, one for each test run.

import Base
import Foundation
package import Storage

/// The server of this test process, started when the first test needs it. It ends when this process ends, however that happens.
package struct PostgresServer: Sendable {
    /// Where the server's socket and its cluster lie.
    package let folder: String
    /// Nobody closes it: when this process is gone the kernel does, and the shell at its other end stops the server.
    private let lifeline: Pipe

    /// The one server, or why there is none.
    private static let shared = Result { try start() }

    /// Starts the server when it does not run yet. Blocks for about two seconds then.
    package static func running() throws -> PostgresServer { try shared.get() }

    /// The superuser, whom nobody asks for a password, in a database that sorts by bytes.
    package var settings: PostgresSettings { PostgresSettings(host: folder, database: "postgres", user: "snowlight") }

    /// Runs statements outside any transaction of ours, each on its own: what an administrator does.
    package func administer(_ statements: String...) throws {
        for statement in statements {
            let process = Process()
            process.executableURL = URL(fileURLWithPath: "/usr/bin/psql")
            process.arguments = ["-X", "-q", "-h", folder, "-U", "snowlight", "-d", "postgres", "-v", "ON_ERROR_STOP=1", "-c", statement]
            process.standardOutput = FileHandle.nullDevice
            try process.run()
            process.waitUntilExit()
            guard process.terminationStatus == 0 else { throw Failure(.internal, "psql refused a statement") }
        }
    }

    private static func start() throws -> PostgresServer {
        let versions = (try? FileManager.default.contentsOfDirectory(atPath: "/usr/lib/postgresql")) ?? []
        guard let newest = versions.compactMap({ Int($0) }).max() else {
            throw Failure(.notFound, "PostgreSQL's server is not installed: tools/test installs Debian's package `postgresql`")
        }
        // Short, because the name of a Unix socket has at most 107 bytes.
        let folder = "/tmp/snowlight-pg-\(String(UInt64.random(in: 0 ... .max), radix: 36))"
        let shell = Process()
        shell.executableURL = URL(fileURLWithPath: "/bin/sh")
        shell.arguments = ["-c", script, "sh", "/usr/lib/postgresql/\(newest)/bin", folder]
        let (lifeline, answer) = (Pipe(), Pipe())
        shell.standardInput = lifeline
        shell.standardOutput = answer
        try shell.run()
        let line = String(decoding: answer.fileHandleForReading.availableData, as: UTF8.self)
        guard line == "ready\n" else { throw Failure(.unavailable, "PostgreSQL's server did not start; its reasons stand above") }
        return PostgresServer(folder: folder, lifeline: lifeline)
    }

    /// The server refuses to be root. `secret` is the one account with a password.
    private static let script = """
        set -eu
        bin=$1 folder=$2 as=
        mkdir -m 700 "$folder"
        trap 'rm -rf "$folder"' EXIT
        if [ "$(id -u)" = 0 ]; then
            chown postgres "$folder"
            as="setpriv --reuid=postgres --regid=postgres --clear-groups"
        fi
        cd /
        $as "$bin/initdb" -D "$folder/data" -U snowlight -E UTF8 --locale=C --auth=trust --no-sync >"$folder.log" 2>&1 \\
            || { cat "$folder.log" >&2; rm -f "$folder.log"; exit 1; }
        rm -f "$folder.log"
        sed -i '1i local all secret scram-sha-256' "$folder/data/pg_hba.conf"
        $as "$bin/postgres" -D "$folder/data" -k "$folder" -c listen_addresses= -c max_connections=400 -c shared_buffers=32MB \\
            -c logging_collector=off >/dev/null 2>"$folder/log" &
        server=$!
        for try in $(seq 200); do
            if "$bin/pg_isready" -q -h "$folder"; then break; fi
            kill -0 $server || { cat "$folder/log" >&2; exit 1; }
            sleep 0.1
        done
        echo ready
        read -r line || true
        kill -INT $server
        wait $server || true
        """
}
