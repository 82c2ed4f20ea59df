// What one connection may cost: a body that drips, a body without end, a reader that does not read, a peer that vanished.
// socket → **limits** → HTTP → routes

import HTTPTypes
import NIOCore
import NIOHTTPTypes
import NIOPosix

/// Closes a connection that holds resources without making progress. One per connection, on its event loop.
///
/// Hummingbird's idle time-out covers connections between requests; this covers those inside one.
final class ConnectionGuard: ChannelDuplexHandler, RemovableChannelHandler {
    typealias InboundIn = HTTPRequestPart
    typealias InboundOut = HTTPRequestPart
    typealias OutboundIn = HTTPResponsePart
    typealias OutboundOut = HTTPResponsePart

    /// The figures of the guard.
    struct Limits: Sendable {
        /// From the head of a request to the end of its body.
        var requestTime = TimeAmount.seconds(30)
        /// Far more than any route takes; what is more than a route takes, but less than this, still gets its 413.
        var requestBytes = 16 << 20
        /// No byte accepted by the peer for this long.
        var stuckWrite = TimeAmount.seconds(30)
        static let standard = Limits()
    }

    private let limits: Limits
    private var bodyBytes = 0
    private var requestDeadline: Scheduled<Void>?
    private var pendingWrites = 0
    private var completedWrites = 0
    private var writeDeadline: Scheduled<Void>?

    init(limits: Limits) { self.limits = limits }

    func handlerAdded(context: ChannelHandlerContext) {
        // A peer that vanished without a word is noticed by the kernel as soon as data waits unacknowledged for this long.
        let milliseconds = Int(limits.stuckWrite.nanoseconds / 1_000_000)
        let option = ChannelOptions.Types.SocketOption(level: .tcp, name: Self.tcpUserTimeout)
        context.channel.setOption(option, value: milliseconds).whenFailure { _ in }  // Not a TCP socket, as in tests.
    }

    func handlerRemoved(context: ChannelHandlerContext) { cancelAll() }

    func channelInactive(context: ChannelHandlerContext) {
        cancelAll()
        context.fireChannelInactive()
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch unwrapInboundIn(data) {
        case .head(let head):
            bodyBytes = 0
            if head.method != .get && head.method != .head { startRequestDeadline(context) }
        case .body(let piece):
            bodyBytes += piece.readableBytes
            guard bodyBytes <= limits.requestBytes else {
                context.close(promise: nil)
                return
            }
        case .end:
            requestDeadline?.cancel()
            requestDeadline = nil
        }
        context.fireChannelRead(data)
    }

    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        let written = promise ?? context.eventLoop.makePromise()
        pendingWrites += 1
        if writeDeadline == nil { watchWrites(context) }
        written.futureResult.assumeIsolated().whenComplete { _ in
            self.pendingWrites -= 1
            self.completedWrites &+= 1
        }
        context.write(data, promise: written)
    }

    private func startRequestDeadline(_ context: ChannelHandlerContext) {
        requestDeadline?.cancel()
        requestDeadline = context.eventLoop.assumeIsolated().scheduleTask(in: limits.requestTime) { context.close(promise: nil) }
    }

    /// Looks again after `stuckWrite` whether anything left meanwhile; one timer per busy connection, not per write.
    private func watchWrites(_ context: ChannelHandlerContext) {
        let seen = completedWrites
        writeDeadline = context.eventLoop.assumeIsolated().scheduleTask(in: limits.stuckWrite) {
            self.writeDeadline = nil
            if self.pendingWrites == 0 { return }
            if self.completedWrites == seen { context.close(promise: nil) } else { self.watchWrites(context) }
        }
    }

    private func cancelAll() {
        requestDeadline?.cancel()
        writeDeadline?.cancel()
        requestDeadline = nil
        writeDeadline = nil
    }

    /// `TCP_USER_TIMEOUT` of Linux (tcp(7)), which NIO has no name for.
    private static let tcpUserTimeout = NIOBSDSocket.Option(rawValue: 18)
}

@available(*, unavailable)
extension ConnectionGuard: Sendable {}
