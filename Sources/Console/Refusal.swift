// Every answer that is not a success, in the one shape the pages read.
// request → **refusal** `{"error":{"code","message","field"}}`

import Base
import HTTPTypes
import Hummingbird
import NIOCore

/// Why a request is not answered as it wished. Thrown by handlers, turned into JSON by `AnswerMiddleware`.
///
/// Messages are for people and name no object the reader may not see.
struct Refusal: Error, Sendable {
    let status: HTTPResponse.Status
    /// Stable word for programs.
    let code: String
    let message: String
    /// The input at fault.
    var field: String?
    /// Whole seconds to wait before trying again.
    var retryAfterSeconds: Int?
    /// Methods that exist at this path, for 405.
    var allow: String?

    init(
        _ status: HTTPResponse.Status, _ code: String, _ message: String, field: String? = nil, retryAfterSeconds: Int? = nil,
        allow: String? = nil
    ) {
        self.status = status
        self.code = code
        self.message = message
        self.field = field
        self.retryAfterSeconds = retryAfterSeconds
        self.allow = allow
    }

    /// 400 that names the field.
    static func badField(_ name: String, _ problem: String) -> Refusal {
        Refusal(.badRequest, "bad_field", "\(name) \(problem)", field: name)
    }

    /// 401: there is no session, or it ended.
    static let signedOut = Refusal(.unauthorized, "signed_out", "log in first")
    /// 403: this role may not do this, whatever the object.
    static let forbidden = Refusal(.forbidden, "forbidden", "your role does not allow this")
    /// 404: absent, or not the reader's; the two are never told apart.
    static let notFound = Refusal(.notFound, "not_found", "there is no such thing, or it is not yours to see")

    /// What an operational failure means to a client.
    init(_ failure: Failure) {
        let field = failure.context.first { $0.name == "field" }?.value
        switch failure.kind {
        case .invalidInput: self.init(.unprocessableContent, "refused", failure.message, field: field)
        case .notFound: self = .notFound
        case .conflict: self.init(.conflict, "conflict", failure.message, field: field ?? "expected_version")
        case .unauthorised: self = .forbidden
        case .resourceExhausted, .unavailable, .deadlineExceeded:
            self.init(.serviceUnavailable, "unavailable", "not possible right now, try again", retryAfterSeconds: 2)
        default: self.init(.internalServerError, "internal", "something went wrong on our side")
        }
    }

    /// The answer on the wire.
    var response: Response {
        var error: [JSON.Member] = [.init("code", .string(code)), .init("message", .string(message))]
        if let field { error.append(.init("field", .string(field))) }
        var response = Response.json(.object([.init("error", .object(error))]), status: status)
        if let retryAfterSeconds { response.headers[.retryAfter] = String(retryAfterSeconds) }
        if let allow { response.headers[.allow] = allow }
        return response
    }
}

extension Response {
    /// A JSON answer; large ones leave in pieces so that a slow reader shows progress to `ConnectionGuard`.
    static func json(_ value: JSON, status: HTTPResponse.Status = .ok) -> Response {
        .bytes(ByteBuffer(string: value.text), type: "application/json; charset=utf-8", status: status)
    }

    /// An answer with these bytes.
    static func bytes(_ buffer: ByteBuffer, type: String, status: HTTPResponse.Status = .ok) -> Response {
        let pieceBytes = 64 << 10
        guard buffer.readableBytes > pieceBytes else {
            return Response(status: status, headers: [.contentType: type], body: ResponseBody(byteBuffer: buffer))
        }
        var rest = buffer
        var pieces: [ByteBuffer] = []
        while let piece = rest.readSlice(length: min(pieceBytes, rest.readableBytes)), piece.readableBytes > 0 { pieces.append(piece) }
        return Response(status: status, headers: [.contentType: type], body: ResponseBody(contentsOf: pieces))
    }

    /// A success without a body.
    static var empty: Response { Response(status: .noContent) }
}
