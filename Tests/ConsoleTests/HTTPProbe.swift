// A small HTTP/1.1 client for tests: sends exactly the bytes it is given and shows exactly what comes back.

import Foundation
import NIOCore
import NIOPosix
import Synchronization
import Testing

/// One TCP connection to the console under test.
final class HTTPProbe: Sendable {
    private struct State {
        var bytes: [UInt8] = []
        var closed = false
    }

    /// Keeps what arrives; on the event loop.
    private final class Collector: ChannelInboundHandler, Sendable {
        typealias InboundIn = ByteBuffer
        let state = Mutex(State())

        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            let buffer = unwrapInboundIn(data)
            state.withLock { $0.bytes += buffer.readableBytesView }
        }

        func channelInactive(context: ChannelHandlerContext) { state.withLock { $0.closed = true } }
        func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }
    }

    let channel: any Channel
    private let collector: Collector

    private init(channel: any Channel, collector: Collector) {
        self.channel = channel
        self.collector = collector
    }

    /// Connects. With `reads` false nothing is ever taken out of the socket.
    static func open(_ port: Int, reads: Bool = true) async throws -> HTTPProbe {
        let collector = Collector()
        let channel = try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .channelOption(ChannelOptions.autoRead, value: reads)
            .channelInitializer { $0.pipeline.addHandler(collector) }
            .connect(host: "127.0.0.1", port: port).get()
        return HTTPProbe(channel: channel, collector: collector)
    }

    func send(_ text: String) async throws { try await channel.writeAndFlush(ByteBuffer(string: text)) }
    func close() async { try? await channel.close() }

    var received: String { collector.state.withLock { String(decoding: $0.bytes, as: UTF8.self) } }
    var bytes: [UInt8] { collector.state.withLock { $0.bytes } }
    var isClosed: Bool { collector.state.withLock { $0.closed } }

    /// Waits until the condition holds; fails the test when it does not in time.
    func wait(
        _ what: String, seconds: Double = 10, sourceLocation: SourceLocation = #_sourceLocation, _ condition: (HTTPProbe) -> Bool
    ) async throws {
        try await eventually(what, seconds: seconds, sourceLocation: sourceLocation) { condition(self) }
    }
}

/// Polls until the condition holds; fails the test when it does not in time.
func eventually(
    _ what: String, seconds: Double = 10, sourceLocation: SourceLocation = #_sourceLocation, _ condition: () async throws -> Bool
) async throws {
    let deadline = ContinuousClock.now + .seconds(seconds)
    while ContinuousClock.now < deadline {
        if try await condition() { return }
        try await Task.sleep(for: .milliseconds(5))
    }
    Issue.record("not within \(seconds) s: \(what)", sourceLocation: sourceLocation)
    throw CancellationError()
}

/// A whole answer.
struct Reply {
    var status = 0
    var headers: [(name: String, value: String)] = []
    var body: [UInt8] = []

    subscript(_ name: String) -> String? { headers.first { $0.name == name.lowercased() }?.value }
    var text: String { String(decoding: body, as: UTF8.self) }

    /// The body as a JSON object; empty when it is none.
    var json: [String: Any] { (try? JSONSerialization.jsonObject(with: Data(body))) as? [String: Any] ?? [:] }
    var items: [[String: Any]] { json["items"] as? [[String: Any]] ?? [] }
    var errorCode: String? { (json["error"] as? [String: Any])?["code"] as? String }
    var errorField: String? { (json["error"] as? [String: Any])?["field"] as? String }

    /// Reads an answer whose connection has ended after it.
    init(_ bytes: [UInt8]) {
        guard let end = bytes.firstRange(of: Array("\r\n\r\n".utf8)) else { return }
        let lines = String(decoding: bytes[..<end.lowerBound], as: UTF8.self).split(separator: "\r\n")
        status = lines.first.flatMap { Int($0.split(separator: " ").dropFirst().first ?? "") } ?? 0
        for line in lines.dropFirst() {
            let parts = line.split(separator: ":", maxSplits: 1)
            if parts.count == 2 { headers.append((parts[0].lowercased(), parts[1].trimmingCharacters(in: .whitespaces))) }
        }
        body = Array(bytes[end.upperBound...])
        if self["transfer-encoding"] == "chunked" { body = Self.unchunked(body) }
    }

    private static func unchunked(_ bytes: [UInt8]) -> [UInt8] {
        var rest = bytes[...]
        var result: [UInt8] = []
        while let line = rest.firstRange(of: Array("\r\n".utf8)) {
            guard let size = Int(String(decoding: rest[..<line.lowerBound], as: UTF8.self), radix: 16), size > 0 else { break }
            result += rest[line.upperBound...].prefix(size)
            rest = rest[line.upperBound...].dropFirst(size + 2)
        }
        return result
    }
}
