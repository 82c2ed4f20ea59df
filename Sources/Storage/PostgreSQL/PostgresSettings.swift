// Where a PostgreSQL server is and how to log in there; the password stays in its file until a connection needs it.
// configuration → **settings** → connection

import Base
import Foundation

/// How the connection to the server is protected.
package enum PostgresTLS: String, Sendable, CaseIterable {
    /// In the clear: for a Unix socket or this machine.
    case off
    /// Encrypted, the server's name unproven.
    case require
    /// Encrypted, and the server's certificate names the host and is signed by `rootCertificate`.
    case verify
}

/// A server, a database in it and an account.
package struct PostgresSettings: Sendable, Hashable {
    /// A name or address, the folder of a Unix socket, or several of them separated by commas: the one that takes writes is chosen.
    package var host: String
    package var port: Int
    package var database: String
    package var user: String
    /// A file with the password in one line, readable by its owner only; nil when the server asks for none.
    package var passwordFile: String?
    package var tls: PostgresTLS
    /// PEM; nil takes the system's.
    package var rootCertificate: String?

    package init(
        host: String, port: Int = 5432, database: String, user: String, passwordFile: String? = nil, tls: PostgresTLS = .off,
        rootCertificate: String? = nil
    ) {
        self.host = host
        self.port = port
        self.database = database
        self.user = user
        self.passwordFile = passwordFile
        self.tls = tls
        self.rootCertificate = rootCertificate
    }

    /// Server and database for a message; never the password.
    package var place: String { "\(database) at \(host):\(port)" }

    /// Reads the password file, so that a mistake shows before anything starts. Blocks.
    ///
    /// - Throws: `.invalidInput` when it is missing, empty or readable by others.
    package func readPassword() throws -> String? {
        guard let passwordFile else { return nil }
        let context = [("file", passwordFile)]
        guard let attributes = try? FileManager.default.attributesOfItem(atPath: passwordFile),
            let bytes = FileManager.default.contents(atPath: passwordFile)
        else { throw Failure(.invalidInput, "the password file cannot be read", context: context) }
        guard let mode = attributes[.posixPermissions] as? NSNumber, mode.intValue & 0o077 == 0 else {
            throw Failure(.invalidInput, "the password file must be readable by its owner only (chmod 600)", context: context)
        }
        guard let text = String(validating: bytes, as: UTF8.self), let line = text.split(separator: "\n").first, !line.contains("\0") else {
            throw Failure(.invalidInput, "the password file holds no password", context: context)
        }
        return String(line)
    }

    /// libpq's keywords for one connection whose tables lie in `schema`.
    func keywords(schema: String) throws -> [(String, String)] {
        var keywords = [
            ("host", host), ("port", "\(port)"), ("dbname", database), ("user", user), ("client_encoding", "UTF8"),
            ("application_name", "snowlight"), ("connect_timeout", "5"), ("target_session_attrs", "read-write"),
            // A server that vanished without a word is noticed in 10 s, not in TCP's two hours.
            ("keepalives_idle", "5"), ("keepalives_interval", "2"), ("keepalives_count", "3"), ("tcp_user_timeout", "10000"),
            // Whoever stops in the middle of a transaction must not keep the others from writing.
            ("options", "-c search_path=\(schema) -c idle_in_transaction_session_timeout=10000 -c client_min_messages=error"),
        ]
        switch tls {
        case .off: keywords.append(("sslmode", "disable"))
        case .require: keywords.append(("sslmode", "require"))
        case .verify: keywords += [("sslmode", "verify-full"), ("sslrootcert", rootCertificate ?? "/etc/ssl/certs/ca-certificates.crt")]
        }
        if let password = try readPassword() { keywords.append(("password", password)) }
        return keywords
    }
}
