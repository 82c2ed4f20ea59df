// The outermost layer: every answer leaves through here, refusals become JSON, and nothing leaves without its security headers.
// route → **answer** → browser

import Base
import HTTPTypes
import Hummingbird
import Logging

/// Turns what handlers throw into answers, adds the headers, counts, and logs at debug. Holds no state.
struct AnswerMiddleware: RouterMiddleware {
    typealias Context = ConsoleContext

    let metrics: MetricsRegistry
    /// True when the console itself is reached by HTTPS.
    let secure: Bool
    /// Hears of a database that can no longer be trusted.
    let onDataLoss: @Sendable (Failure) -> Void

    func handle(
        _ request: Request, context: ConsoleContext, next: @concurrent (Request, ConsoleContext) async throws -> Response
    ) async throws -> Response {
        var response: Response
        do {
            response = try await next(request, context)
        } catch let refusal as Refusal {
            response = refusal.response
        } catch let failure as Failure {
            if failure.kind == .dataLoss { onDataLoss(failure) }
            let refusal = Refusal(failure)
            if refusal.status == .internalServerError { context.logger.error("request failed", error: failure) }
            response = refusal.response
        } catch let error as HTTPError where error.status == .notFound {
            response = Refusal.notFound.response
        } catch let error as any HTTPResponseError {
            let status = error.status
            response = Refusal(status, "refused", status.reasonPhrase.lowercased()).response
        } catch is CancellationError {
            response = Refusal(.serviceUnavailable, "stopping", "the server is stopping", retryAfterSeconds: 2).response
        } catch {
            context.logger.error("request failed", error: error)
            response = Refusal(.internalServerError, "internal", "something went wrong on our side").response
        }
        let path = context.endpointPath ?? "?"
        secureHeaders(&response, path: path)
        let status = response.status.code
        metrics.counter(
            "snowlight_http_requests_total", "Requests answered, by class of status.", labels: [("status", "\(status / 100)xx")]
        ).increment()
        // The template, not the path, and no query: identities of cases do not belong in a log of requests.
        context.logger.debug(
            "request",
            metadata: ["method": "\(request.method.rawValue)", "route": "\(path)", "status": "\(status)", "peer": "\(context.address)"])
        return response
    }

    private func secureHeaders(_ response: inout Response, path: String) {
        response.headers[.contentSecurityPolicy] = Self.policy
        response.headers[.xContentTypeOptions] = "nosniff"
        response.headers[.referrerPolicy] = "no-referrer"
        response.headers[.frameOptions] = "DENY"
        response.headers[.crossOriginOpenerPolicy] = "same-origin"
        response.headers[.crossOriginResourcePolicy] = "same-origin"
        if secure { response.headers[.strictTransportSecurity] = "max-age=31536000" }
        if response.headers[.cacheControl] == nil { response.headers[.cacheControl] = "no-store" }
    }

    /// No inline script or style, pictures only from here; `blob:` is for pictures and clips that a page fetched itself.
    static let policy = """
        default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob:; media-src 'self' blob:; connect-src 'self'; \
        worker-src 'self'; manifest-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'; object-src 'none'
        """
}

extension HTTPField.Name {
    static let referrerPolicy = Self("Referrer-Policy")!  // A valid token.
    static let frameOptions = Self("X-Frame-Options")!  // A valid token.
    static let crossOriginOpenerPolicy = Self("Cross-Origin-Opener-Policy")!  // A valid token.
    static let crossOriginResourcePolicy = Self("Cross-Origin-Resource-Policy")!  // A valid token.
    static let forwardedFor = Self("X-Forwarded-For")!  // A valid token.
    static let fetchSite = Self("Sec-Fetch-Site")!  // A valid token.
    static let lastEventID = Self("Last-Event-ID")!  // A valid token.
    static let accelBuffering = Self("X-Accel-Buffering")!  // A valid token.
}
