// The words for connections that cannot be made or break off, the same for every transport.
// **camera ─RTSP─▶** packets

import Glibc

extension Failure {
    /// Maps a socket's error number to a failure whose sentence says who must act; nil for numbers that need more to be understood.
    package static func connection(_ error: Int32, context: [(name: String, value: String)]) -> Failure? {
        switch error {
        case ECONNREFUSED:
            Failure(.unavailable, "the connection was refused: camera off, or wrong port in the settings", context: context)
        case EHOSTUNREACH, ENETUNREACH, ENETDOWN, EHOSTDOWN:
            Failure(.unavailable, "there is no route to the camera: look at the network", context: context)
        case ECONNRESET, EPIPE, ECONNABORTED: Failure(.unavailable, "the camera closed the connection", context: context)
        default: nil
        }
    }
}
