// The keys of the bus: 32 bytes each, written as 40 characters of Z85.
// outbox ══**CURVE**══▶ dispatcher

/// A public key of a node, a reader or a dispatcher.
package struct CurveKey: Hashable, Sendable, CustomStringConvertible {
    /// The alphabet of Z85 (ZeroMQ RFC 32).
    private static let alphabet = Set("0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ.-:+=^!/*?&<>()[]{}@%$#".utf8)
    /// The pairs printed in libzmq's manual: whoever uses one lets everybody in.
    private static let published: Set<String> = [
        "Yne@$w-vo<fVvi]a<NY6T1ed:M$fCG*[IaLV{hID", "rq:rM>}U?@Lns47E1%kR.o@n%FcmmsL/@{H8]yf7",
    ]

    /// 40 characters.
    package let text: String

    /// Nil when this is no key, or one that everybody knows.
    package init?(_ text: some StringProtocol) {
        guard text.utf8.count == 40, text.utf8.allSatisfy(Self.alphabet.contains), !Self.published.contains(String(text)) else {
            return nil
        }
        self.text = String(text)
    }

    package var description: String { text }
}

/// A key pair. Printing it shows the public half only.
package struct CurvePair: Sendable, CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    package let publicKey: CurveKey
    /// 40 characters of Z85; goes to libzmq and to the key file and nowhere else.
    let secret: String

    init(publicKey: CurveKey, secret: String) {
        self.publicKey = publicKey
        self.secret = secret
    }

    package var description: String { "CurvePair(\(publicKey))" }
    package var debugDescription: String { description }
    package var customMirror: Mirror { Mirror(self, children: [:]) }
}

/// How one socket proves itself and whom it believes.
package enum BusSecurity: Sendable {
    /// Neither secrecy nor proof: `Endpoint` keeps such sockets on this machine.
    case none
    /// Accepts whom the ZAP handler lets in under this domain, and nobody while there is no handler.
    case server(CurvePair, domain: ZapDomain)
    /// Speaks only to the owner of `server`.
    case client(CurvePair, server: CurveKey)
}
