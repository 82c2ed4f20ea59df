// The HTTP client: one connection for one request, to the address that was checked, and no further.
// push outbox → sender → **HTTP** → channels

import AsyncHTTPClient
import Base
import NIOCore
import NIOHTTP1
import NIOPosix

/// The sending of the service, over the network.
package enum PushClient {
    /// Everything together: resolving, connecting, sending, reading. Shorter than the lease of a try.
    private static let deadline = TimeAmount.seconds(10)
    private static let answerBytes = 64 << 10

    /// Sends `request` once, to a host that the guard lets pass.
    ///
    /// The name is looked up here and the connection is pinned to that address, so that a name server cannot give one answer to the
    /// check and another to the connection. A client for each request costs a handshake and keeps nothing open towards hosts we do not
    /// own; pushes are few.
    /// - Throws: `.unauthorised` when the guard refuses the host, `.deadlineExceeded`, `.unavailable`. Never with the address in it.
    package static func send(_ request: PushRequest, _ guardian: HostGuard) async throws -> PushAnswer {
        let address = request.address
        if let problem = guardian.problem(address) { throw Failure(.unauthorised, problem) }
        let numeric = try await resolve(address)
        if let problem = guardian.problem(numeric, of: address.host) { throw Failure(.unauthorised, problem) }
        var configuration = HTTPClient.Configuration(
            redirectConfiguration: .disallow, timeout: .init(connect: .seconds(5), read: .seconds(10)), decompression: .disabled)
        configuration.dnsOverride = [address.host: numeric]
        configuration.httpVersion = .http1Only
        let client = HTTPClient(eventLoopGroup: MultiThreadedEventLoopGroup.singleton, configuration: configuration)
        do {
            let answer = try await answer(client, request)
            try await client.shutdown()
            return answer
        } catch {
            // What went wrong before says more than what goes wrong now.
            try? await client.shutdown()
            if error is CancellationError { throw Failure(.cancelled, "the process ends") }
            throw failure(error, address)
        }
    }

    private static func answer(_ client: HTTPClient, _ request: PushRequest) async throws -> PushAnswer {
        var message = HTTPClientRequest(url: request.address.url)
        message.method = .POST
        for header in request.headers { message.headers.add(name: header.name, value: header.value) }
        message.headers.add(name: "User-Agent", value: "snowlight")
        message.body = .bytes(ByteBuffer(bytes: request.body))
        let response = try await client.execute(message, timeout: deadline)
        let body = try await response.body.collect(upTo: answerBytes)
        let wait = response.headers.first(name: "Retry-After").flatMap(Double.init).map { min(max($0, 0), 3600) }
        return PushAnswer(status: Int(response.status.code), retryAfterSeconds: wait, body: Array(body.readableBytesView))
    }

    private static func resolve(_ address: PushAddress) async throws -> String {
        // getaddrinfo blocks for as long as the resolver likes.
        try await onOwnThread("resolve") {
            do {
                guard let found = try SocketAddress.makeAddressResolvingHost(address.host, port: address.port).ipAddress else {
                    throw Failure(.unavailable, "the host \(address.host) has no address")
                }
                return found
            } catch let failure as Failure { throw failure } catch {
                throw Failure(.unavailable, "the host \(address.host) was not found")
            }
        }
    }

    /// Kinds only: a description of the client's may repeat the address with its key.
    private static func failure(_ error: any Error, _ address: PushAddress) -> Failure {
        if let failure = error as? Failure { return failure }
        if let problem = error as? HTTPClientError {
            if [.deadlineExceeded, .connectTimeout, .readTimeout, .writeTimeout].contains(problem) {
                return Failure(.deadlineExceeded, "no answer from \(address.host) in time")
            }
            return Failure(.unavailable, "\(address.host): \(problem.shortDescription)")
        }
        return Failure(.unavailable, "no connection to \(address.host): \(type(of: error))")
    }
}
