// A camera's URL put together with its credentials, for FFmpeg alone.
// **camera ─RTSP─▶** packets ─▶ looks ─▶ frames

import Base
import Domain
import RTSP

extension RTSPAddress {
    /// FFmpeg 5.1 cuts `user:password` at 127 bytes without a word, and a cut password locks the account.
    static let longestEncodedCredentials = 127

    /// The URL for FFmpeg. It holds the password: it is handed to FFmpeg and goes nowhere else.
    func url(with credentials: Credentials?) throws -> String {
        var userInformation = ""
        if let credentials {
            // FFmpeg decodes first and splits at the first colon then; HTTP digest forbids the colon as well.
            guard !credentials.user.contains(":") else {
                throw Failure(.invalidInput, "the camera's user name holds a colon, which RTSP cannot carry: rename the user")
            }
            let encoded = escaped(credentials.user) + ":" + escaped(credentials.password)
            guard encoded.utf8.count <= Self.longestEncodedCredentials else {
                throw Failure(
                    .unsupported,
                    "user and password of the camera are too long: escaped, they may take \(Self.longestEncodedCredentials - 1) bytes")
            }
            userInformation = encoded + "@"
        }
        return (isTLS ? "rtsps://" : "rtsp://") + userInformation + place + path
    }
}

private func percent(_ byte: UInt8) -> String {
    "%" + (byte < 16 ? "0" : "") + String(byte, radix: 16, uppercase: true)
}

/// Everything but RFC 3986's unreserved characters as `%XX`.
private func escaped(_ text: String) -> String {
    text.utf8.reduce(into: "") { result, byte in
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "0")...UInt8(ascii: "9"),
            UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"), UInt8(ascii: "~"):
            result.unicodeScalars.append(UnicodeScalar(byte))
        default: result += percent(byte)
        }
    }
}
