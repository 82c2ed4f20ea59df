// One frame as libzmq hands it over.

import Base
import CZeroMQ

/// Room for one received frame, used again for each. Confined to the thread of its socket.
///
/// On the heap because a `zmq_msg_t` must not move while libzmq knows it.
struct ZeroMQMessage: ~Copyable {
    private let storage: UnsafeMutablePointer<zmq_msg_t>

    init() {
        storage = .allocate(capacity: 1)
        zmq_msg_init(storage)
    }

    deinit {
        zmq_msg_close(storage)
        storage.deallocate()
    }

    /// Takes the next frame; false when none is waiting.
    func receive(from socket: UnsafeMutableRawPointer) throws -> Bool {
        while zmq_msg_recv(storage, socket, ZMQ_DONTWAIT) < 0 {
            switch zmq_errno() {
            case EINTR: continue
            case EAGAIN: return false
            default: throw ZeroMQFailure.last("cannot receive")
            }
        }
        return true
    }

    /// A copy of the frame's bytes.
    var bytes: [UInt8] { Array(UnsafeRawBufferPointer(start: zmq_msg_data(storage), count: zmq_msg_size(storage))) }

    /// What libzmq knows about the connection that the frame came over.
    func property(_ name: String) -> String? { zmq_msg_gets(storage, name).map { String(cString: $0) } }

    /// True when further frames of the same message follow.
    var hasMore: Bool { zmq_msg_more(storage) != 0 }
}
