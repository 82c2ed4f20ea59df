// What `snowlight detect` reads: a file or a camera's URL, whose password is used and never shown.
// **source** → packets → looks → frames

import Base
import Domain
import Foundation
import Media

/// A source as it was typed, taken apart into what is opened, what may be shown and what must not.
struct DetectTarget {
    /// The URL without user information, or the path as typed.
    let shown: String
    let isCamera: Bool
    private let credentials: Credentials?

    init(_ typed: String) {
        guard let mark = typed.firstRange(of: "://"), typed[..<mark.lowerBound].allSatisfy({ $0.isLetter && $0.isASCII }) else {
            shown = typed
            isCamera = false
            credentials = nil
            return
        }
        isCamera = true
        let rest = typed[mark.upperBound...]
        let authority = rest.prefix { $0 != "/" && $0 != "?" && $0 != "#" }
        // The last '@' of the authority: a password typed without escapes may hold one itself.
        guard let at = authority.lastIndex(of: "@") else {
            shown = typed
            credentials = nil
            return
        }
        let information = authority[..<at]
        let user = information.prefix { $0 != ":" }
        let password = information.dropFirst(user.count + 1)
        shown = String(typed[..<mark.upperBound] + typed[authority.index(after: at)...])
        credentials = Credentials(user: Self.decoded(user), password: Self.decoded(password))
    }

    /// Opens the source; blocks for at most 10 s.
    func open(_ interrupt: Interrupt) throws -> PacketSource {
        guard isCamera else { return try PacketSource.openFile(path: shown, interrupt: interrupt) }
        return try PacketSource.openRTSP(url: shown, credentials: credentials, interrupt: interrupt)
    }

    /// 65 when the input itself is wrong, 69 when a camera did not answer as it should.
    func exitStatus(for failure: Failure) -> ExitStatus {
        switch failure.kind {
        case .unavailable, .deadlineExceeded, .unauthorised, .notFound: isCamera ? .unavailable : .badData
        case .invalidInput: isCamera ? .usage : .badData
        case .unsupported: .badData
        default: .internalError
        }
    }

    /// Percent escapes resolved where they are valid; the text as typed otherwise.
    private static func decoded(_ text: Substring) -> String { String(text).removingPercentEncoding ?? String(text) }
}
