// Logging in, logging out, and who am I.

import Base
import Domain
import HTTPTypes
import Hummingbird
import Logging

/// The handlers for sessions. Stateless.
struct AccountRoutes: Sendable {
    let accounts: Accounts
    let cookie: SessionCookie

    var routes: [Route] {
        [
            Route(.post, "/api/login", .anyone, login), Route(.post, "/api/logout", .session, logout),
            Route(.get, "/api/me", .session) { .json(Self.me(try $0.account())) },
        ]
    }

    private func login(_ call: Call) async throws -> Response {
        let body = try await call.body()
        let user = try body.requiredText("user")
        let password = try body.requiredText("password")
        let outcome = try await accounts.login(user: user, password: password, address: call.context.address, replacing: call.token)
        switch outcome {
        case .welcome(let token, let account):
            call.context.logger.info("login", metadata: ["role": "\(account.role.rawValue)", "peer": "\(call.context.address)"])
            var response = Response.json(Self.me(account))
            response.headers[.setCookie] = cookie.set(token)
            return response
        case .refused:
            call.context.logger.warning("login refused", metadata: ["peer": "\(call.context.address)"])
            throw Refusal(.unauthorized, "wrong_login", "unknown name or wrong password")
        case .wait(let duration):
            let seconds = max(1, Int(duration.seconds.rounded(.up)))
            throw Refusal(.tooManyRequests, "too_many_logins", "too many attempts, wait \(seconds) s", retryAfterSeconds: seconds)
        }
    }

    private func logout(_ call: Call) async throws -> Response {
        if let token = call.token { try await accounts.logout(token: token) }
        var response = Response.empty
        response.headers[.setCookie] = cookie.clear
        return response
    }

    private static func me(_ account: Account) -> JSON {
        [
            "user": .string(account.user), "name": .string(account.name), "role": .string(account.role.rawValue),
            "grids": .array(account.grids.map { .string($0.digits) }), "language": .string(account.language),
        ]
    }
}
