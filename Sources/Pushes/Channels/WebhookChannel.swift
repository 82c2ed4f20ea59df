// Any system that takes CloudEvents 1.0 over HTTP; it can check who sent the event and when.
// notices → **webhook** → other systems

import Crypto
package import Domain
import Foundation

/// The generic webhook: one structured CloudEvent per request.
///
/// `X-Grid-Signature: t=SECONDS,v1=HEX` with HEX = HMAC-SHA256(secret, "SECONDS." ‖ body): a receiver compares it in constant time and
/// refuses timestamps that are minutes old. `Idempotency-Key` and the event's `id` are the same on every try.
package struct WebhookChannel: Channel {
    package let kind = ChannelKind.webhook
    package let textLimit = 8 << 10
    package let perMinute: Int
    let address: PushAddress
    let secret: Secret
    /// The event's `source`, such as `/snowlight/511011`.
    let source: String

    package init(address: PushAddress, secret: Secret, source: String, perMinute: Int = 600) {
        self.address = address
        self.secret = secret
        self.source = source
        self.perMinute = perMinute
    }

    /// One structured CloudEvent with its key and signature.
    package func request(_ notice: Notice, key: String, at: WallTime) -> PushRequest {
        let words = NoticeText(notice, limit: textLimit)
        let event = Event(
            id: key, source: source, type: "snowlight.notice.\(notice.kind.rawValue)", subject: notice.cases.first?.number,
            time: notice.at.description,
            data: Event.Body(
                title: words.title, text: words.text, level: notice.level, priority: notice.priority, drill: notice.drill,
                recipient: notice.recipient, count: notice.count, link: notice.link, cases: notice.cases))
        let body = pushJSON(event)
        let seconds = at.millisecondsSince1970 / 1000
        let mac = HMAC<SHA256>.authenticationCode(
            for: Array("\(seconds).".utf8) + body, using: SymmetricKey(data: Array(secret.text.utf8)))
        let hex = mac.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
        return PushRequest(
            address: address,
            headers: [
                .init("Content-Type", "application/cloudevents+json; charset=utf-8"), .init("Idempotency-Key", key),
                .init("X-Grid-Signature", "t=\(seconds),v1=\(hex)"),
            ], body: body)
    }

    /// The status says it all.
    package func verdict(_ answer: PushAnswer) -> PushVerdict { .ofStatus(answer) }

    private struct Event: Encodable {
        let specversion = "1.0"
        let datacontenttype = "application/json"
        var id: String
        var source: String
        var type: String
        var subject: String?
        var time: String
        var data: Body

        struct Body: Encodable {
            var title: String
            var text: String
            var level: String
            var priority: Int
            var drill: Bool
            var recipient: String
            var count: Int
            var link: String?
            var cases: [CaseBrief]
        }

        // Written out because a constant with a value is not encoded by itself without a warning.
        enum CodingKeys: String, CodingKey { case specversion, datacontenttype, id, source, type, subject, time, data }
    }
}
