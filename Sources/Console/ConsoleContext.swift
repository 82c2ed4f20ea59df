// What a request carries from the socket to its handler.

import Hummingbird
import Logging
import NIOCore

/// One request's context. A value; lives as long as the request.
struct ConsoleContext: RequestContext {
    var coreContext: CoreRequestContextStorage
    /// The peer's address without its port. Proxies are not trusted to say otherwise.
    let address: String
    /// True when the peer is this machine.
    let isLocal: Bool

    init(source: ApplicationRequestContextSource) {
        coreContext = CoreRequestContextStorage(source: source)
        let peer = source.channel.remoteAddress
        address = peer?.ipAddress ?? "local"
        isLocal = peer?.ipAddress.map { $0 == "::1" || $0.hasPrefix("127.") || $0.hasPrefix("::ffff:127.") } ?? true
    }
}
