// The routes as a table, and the checks every request passes before its handler runs.
// request → **route: method, origin, session, role** → handler → answer

import Base
import Domain
import HTTPTypes
import Hummingbird
import NIOCore

/// Who may call a route.
enum Access: Sendable {
    /// No session needed.
    case anyone
    /// The machine itself without a session (a metrics scraper), others with one.
    case localOrSession
    /// Any session.
    case session
    /// A session with one of these roles.
    case roles(Set<Role>)
    /// A page: without a session the browser is sent to the login page.
    case page
}

/// What a handler gets: the request, and who asks.
struct Call: Sendable {
    let request: Request
    let context: ConsoleContext
    /// The token in the cookie, valid or not.
    let token: String?
    /// Nil only on routes that need no session.
    let visitor: Account?

    /// Who asks; for handlers of routes that need a session.
    func account() throws -> Account {
        guard let visitor else { throw Refusal.signedOut }
        return visitor
    }

    /// A part of the path, as it was sent.
    func pathPart(_ name: String) -> String { context.parameters.get(name) ?? "" }

    /// A query parameter, percent-decoded; nil when absent or empty.
    func query(_ name: Substring) -> String? { request.uri.queryParameters[name].flatMap { $0.isEmpty ? nil : String($0) } }

    /// The body as a JSON object of at most `limit` bytes; `ConnectionGuard` bounds how long it may take.
    func body(limit: Int = 64 << 10) async throws -> JSON {
        let buffer: ByteBuffer
        do {
            buffer = try await request.body.collect(upTo: limit)
        } catch is NIOTooManyBytesError {
            throw Refusal(.contentTooLarge, "too_large", "the body is larger than \(limit) bytes")
        }
        let json = try JSON.parse(buffer)
        guard case .object = json else { throw Refusal(.badRequest, "bad_json", "the body must be a JSON object") }
        return json
    }
}

/// One method of one path.
struct Route: Sendable {
    let method: HTTPRequest.Method
    /// As in the OpenAPI document: `/api/incidents/{id}`; `**` stands for the rest.
    let path: String
    let access: Access
    let handler: @Sendable (Call) async throws -> Response

    init(_ method: HTTPRequest.Method, _ path: String, _ access: Access, _ handler: @escaping @Sendable (Call) async throws -> Response) {
        self.method = method
        self.path = path
        self.access = access
        self.handler = handler
    }
}

/// Puts a table of routes on a Hummingbird router, each behind the same checks.
struct RouteTable: Sendable {
    let routes: [Route]
    let accounts: Accounts
    let cookie: SessionCookie

    private static let answeredMethods: [HTTPRequest.Method] = [.get, .head, .post, .put, .patch, .delete, .options, .trace]

    /// Adds all routes, and a 405 that names the right methods for every other method of the same paths.
    func install(on router: Router<ConsoleContext>) {
        for (path, sharing) in Dictionary(grouping: routes, by: \.path) {
            var methods = Set(sharing.map(\.method))
            if methods.contains(.get) { methods.insert(.head) }
            let allow = methods.map(\.rawValue).sorted().joined(separator: ", ")
            for route in sharing { router.on(RouterPath(path), method: route.method) { try await answer($0, $1, route) } }
            for method in Self.answeredMethods where !methods.contains(method) {
                router.on(RouterPath(path), method: method) { _, _ -> Response in
                    throw Refusal(.methodNotAllowed, "method_not_allowed", "this path answers \(allow)", allow: allow)
                }
            }
        }
    }

    private func answer(_ request: Request, _ context: ConsoleContext, _ route: Route) async throws -> Response {
        if route.method != .get { try RequestOrigin.check(request) }
        let token = cookie.token(of: request)
        let visitor = token.flatMap { accounts.account(token: $0) }
        switch route.access {
        case .anyone: break
        case .localOrSession:
            // A proxy on this machine speaks for others.
            let isLocal = context.isLocal && request.headers[.forwardedFor] == nil
            if visitor == nil && !isLocal { throw Refusal.signedOut }
        case .session: if visitor == nil { throw Refusal.signedOut }
        case .roles(let roles):
            guard let visitor else { throw Refusal.signedOut }
            guard roles.contains(visitor.role) else { throw Refusal.forbidden }
        case .page:
            if visitor == nil { return Response.redirect("/login?next=" + request.uri.path.percentEncodedAll) }
        }
        return try await route.handler(Call(request: request, context: context, token: token, visitor: visitor))
    }
}

/// Cross-site request forgery: an unsafe request must come from a page of ours and be JSON, which no HTML form can send.
enum RequestOrigin {
    /// Refuses by `Sec-Fetch-Site` where the browser says it, else by `Origin`; programs that send neither pass.
    static func check(_ request: Request) throws {
        if let site = request.headers[.fetchSite], site != "same-origin" {
            throw Refusal(.forbidden, "cross_site", "requests from other sites are refused")
        }
        if let origin = request.headers[.origin] {
            let host = request.head.authority ?? ""
            guard !host.isEmpty, origin == "http://" + host || origin == "https://" + host else {
                throw Refusal(.forbidden, "cross_site", "requests from other sites are refused")
            }
        }
        let type = request.headers[.contentType]?.split(separator: ";").first.map { $0.trimmedSpaces.lowercased() }
        guard type == "application/json" else {
            throw Refusal(.unsupportedMediaType, "media_type", "send application/json", field: "Content-Type")
        }
    }
}

extension Response {
    /// 303 to a path of ours.
    static func redirect(_ path: String) -> Response { Response(status: .seeOther, headers: [.location: path]) }
}

extension StringProtocol {
    /// Percent-encodes everything but letters, digits and `-._~`.
    var percentEncodedAll: String {
        var result = ""
        for byte in utf8 {
            let scalar = Unicode.Scalar(byte)
            if byte < 0x80, scalar.properties.isAlphabetic || (0x30...0x39).contains(byte) || "-._~".unicodeScalars.contains(scalar) {
                result.unicodeScalars.append(scalar)
            } else {
                let hex = String(byte, radix: 16, uppercase: true)
                result += "%" + (hex.utf8.count == 1 ? "0" : "") + hex
            }
        }
        return result
    }

    var trimmedSpaces: SubSequence {
        var text = self[...]
        while text.first == " " || text.first == "\t" { text.removeFirst() }
        while text.last == " " || text.last == "\t" { text.removeLast() }
        return text
    }
}
