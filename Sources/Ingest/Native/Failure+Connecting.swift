// The words for connections that could not be made; they are the same as those of the libavformat path.
// **camera → packets** → looks → frames → detections → incidents

import Base
import Glibc

extension Failure {
    /// Maps a socket's error number to a failure whose sentence says what happened and who must act.
    static func connecting(_ error: Int32, place: String) -> Failure {
        let context = [(name: "camera", value: place)]
        switch error {
        case ECONNREFUSED:
            return Failure(.unavailable, "the connection was refused: camera off, or wrong port in the settings", context: context)
        case EHOSTUNREACH, ENETUNREACH, ENETDOWN, EHOSTDOWN:
            return Failure(.unavailable, "there is no route to the camera: look at the network", context: context)
        case ETIMEDOUT:
            return Failure(.deadlineExceeded, "the camera does not answer: look at camera and network", context: context)
        case ECONNRESET, EPIPE, ECONNABORTED:
            return Failure(.unavailable, "the camera closed the connection", context: context)
        default: return Failure(.unavailable, "the camera cannot be reached: \(systemWords(error))", context: context)
        }
    }
}
