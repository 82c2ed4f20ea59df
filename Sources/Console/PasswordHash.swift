// Passwords at rest: scrypt with a salt each, self-describing, compared in constant time.

import Base
import Crypto
import CryptoExtras
import Foundation

/// What hashing one password costs: N = 2^`log2N` blocks of 1 KiB (r = 8), one after the other (p = 1).
///
/// 2^15 needs 32 MiB and about 0.1 s of one core. Two hashing threads bound the memory to 64 MiB.
package struct PasswordCost: Sendable, Hashable {
    package let log2N: Int

    /// Accepts 2^10 (tests) to 2^17.
    package init?(log2N: Int) {
        guard (10...17).contains(log2N) else { return nil }
        self.log2N = log2N
    }

    /// OWASP's minimum for r = 8 with p = 3 is 2^15; the throttle makes up for p = 1.
    package static let standard = PasswordCost(log2N: 15)!  // 15 is inside 10...17.
}

/// A stored password: `$scrypt-hmac$ln=15,r=8,p=1$salt$tag`, both parts Base64.
///
/// The tag is HMAC-SHA256 of the salt under the scrypt key: swift-crypto hands keys out only through an unsafe pointer, while its HMAC
/// gives plain bytes and compares them in constant time.
struct PasswordHash: Sendable {
    private let cost: PasswordCost
    private let salt: [UInt8]
    private let tag: [UInt8]

    /// 8 to 256 bytes; an empty password would trap inside BoringSSL's wrapper and is refused everywhere before.
    static let lengthBytes = 8...256

    /// Hashes a new password with a random salt. Burns CPU; hashing threads only.
    static func make(_ password: String, cost: PasswordCost) throws -> PasswordHash {
        guard lengthBytes.contains(password.utf8.count) else { throw Failure(.invalidInput, "a password has 8 to 256 bytes") }
        var generator = SystemRandomNumberGenerator()
        let salt = (0..<16).map { _ in UInt8.random(in: 0...255, using: &generator) }
        let key = try derive(password, salt, cost)
        return PasswordHash(cost: cost, salt: salt, tag: Array(HMAC<SHA256>.authenticationCode(for: salt, using: key)))
    }

    /// A hash that no password matches, with the cost of a real one, for names that do not exist.
    static func decoy(cost: PasswordCost) -> PasswordHash {
        PasswordHash(cost: cost, salt: Array(repeating: 0x5A, count: 16), tag: [])
    }

    /// Derives and compares in constant time. Burns CPU; hashing threads only.
    func matches(_ password: String) throws -> Bool {
        guard (1...Self.lengthBytes.upperBound).contains(password.utf8.count) else { return false }
        let key = try Self.derive(password, salt, cost)
        return HMAC<SHA256>.isValidAuthenticationCode(tag, authenticating: salt, using: key)
    }

    /// The text that is stored.
    var text: String {
        "$scrypt-hmac$ln=\(cost.log2N),r=8,p=1$\(Data(salt).base64EncodedString())$\(Data(tag).base64EncodedString())"
    }

    /// Reads a stored text; nil for anything else, other costs included.
    init?(_ text: String) {
        let parts = text.split(separator: "$", omittingEmptySubsequences: false)
        guard parts.count == 5, parts[0].isEmpty, parts[1] == "scrypt-hmac", parts[2].hasPrefix("ln="), parts[2].hasSuffix(",r=8,p=1"),
            let log2N = Int(parts[2].dropFirst(3).dropLast(8)), let cost = PasswordCost(log2N: log2N),
            let salt = Data(base64Encoded: String(parts[3])), salt.count == 16,
            let tag = Data(base64Encoded: String(parts[4])), tag.count == 32
        else { return nil }
        self.init(cost: cost, salt: Array(salt), tag: Array(tag))
    }

    private init(cost: PasswordCost, salt: [UInt8], tag: [UInt8]) {
        self.cost = cost
        self.salt = salt
        self.tag = tag
    }

    private static func derive(_ password: String, _ salt: [UInt8], _ cost: PasswordCost) throws -> SymmetricKey {
        precondition(!password.isEmpty, "the wrapper below unwraps the address of the first byte")
        return try KDF.Scrypt.deriveKey(
            from: Array(password.utf8), salt: salt, outputByteCount: 32, rounds: 1 << cost.log2N, blockSize: 8, parallelism: 1)
    }
}
