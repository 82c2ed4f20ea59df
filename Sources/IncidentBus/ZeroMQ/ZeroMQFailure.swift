// What libzmq's error numbers mean for us: the one place that maps them to kinds.

import Base
import CZeroMQ
import Foundation

enum ZeroMQFailure {
    /// The failure behind the errno of the call just made. Read before anything else can touch errno.
    static func last(_ doing: String, _ context: [(name: String, value: String)] = []) -> Failure {
        of(zmq_errno(), doing, context)
    }

    /// The failure for `code`.
    static func of(_ code: Int32, _ doing: String, _ context: [(name: String, value: String)] = []) -> Failure {
        Failure(kind(code), "\(doing): \(String(cString: zmq_strerror(code)))", context: context)
    }

    static func kind(_ code: Int32) -> Failure.Kind {
        switch code {
        case ETERM: .cancelled
        // The address belongs to another socket, or a file of that name is in the way.
        case EADDRINUSE: .conflict
        case EADDRNOTAVAIL, ENODEV, EINVAL, EPROTONOSUPPORT, ENOCOMPATPROTO, ENAMETOOLONG, EACCES, EPERM, ENOENT, ENOTDIR, EROFS:
            .invalidInput
        case EMFILE, ENFILE, ENOMEM, EMTHREAD, ENOBUFS, ENOSPC: .resourceExhausted
        case EHOSTUNREACH, ENETDOWN, ENETUNREACH, ECONNREFUSED, ENOTCONN, EAGAIN: .unavailable
        case ETIMEDOUT: .deadlineExceeded
        default: .internal
        }
    }
}
