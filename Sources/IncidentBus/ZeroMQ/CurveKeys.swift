// Making key pairs: libzmq's own random numbers and curve.
// **keys** → sockets

import Base
import CZeroMQ

extension CurvePair {
    /// Draws a new pair.
    ///
    /// - Throws: `.unsupported` when this libzmq was built without CURVE.
    package static func make() throws -> CurvePair {
        var (open, secret) = ([CChar](repeating: 0, count: 41), [CChar](repeating: 0, count: 41))
        guard zmq_curve_keypair(&open, &secret) == 0, let key = CurveKey(text(open)) else {
            throw Failure(.unsupported, "this libzmq makes no CURVE keys")
        }
        return CurvePair(publicKey: key, secret: text(secret))
    }

    /// The pair that a secret half belongs to; nil when it is none.
    init?(secret: String) {
        var open = [CChar](repeating: 0, count: 41)
        guard zmq_curve_public(&open, secret) == 0, let key = CurveKey(Self.text(open)) else { return nil }
        self.init(publicKey: key, secret: secret)
    }

    private static func text(_ characters: [CChar]) -> String {
        String(decoding: characters.prefix { $0 != 0 }.map(UInt8.init), as: UTF8.self)
    }
}
