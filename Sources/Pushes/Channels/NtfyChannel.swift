// ntfy: phones on a network of our own, without a vendor. The topic's name is its password, so it is derived from a secret.
// notices → **ntfy** → a phone

import Crypto
package import Domain
import Foundation

/// JSON publishing of ntfy, one topic for each recipient.
package struct NtfyChannel: Channel {
    package let kind = ChannelKind.ntfy
    /// More becomes an attachment, which needs storage of the server's.
    package let textLimit = 4096
    package let perMinute: Int
    let address: PushAddress
    let secret: Secret
    /// For servers with access control.
    let token: Secret?

    /// - Parameters:
    ///   - address: The server, such as `https://ntfy.local/`; topics are not part of it.
    ///   - secret: What topics are derived from.
    package init(address: PushAddress, secret: Secret, token: Secret?, perMinute: Int = 60) {
        self.address = address.root
        self.secret = secret
        self.token = token
        self.perMinute = perMinute
    }

    /// The topic a recipient's phone subscribes to: `sl-` and 24 hexadecimal digits of HMAC-SHA256(secret, recipient).
    package func topic(of recipient: String) -> String {
        let mac = HMAC<SHA256>.authenticationCode(
            for: Array(recipient.utf8), using: SymmetricKey(data: Array(secret.text.utf8)))
        return "sl-" + mac.prefix(12).map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
    }

    /// A message to the recipient's topic.
    package func request(_ notice: Notice, key: String, at: WallTime) -> PushRequest {
        let words = NoticeText(notice, limit: textLimit)
        let message = Message(
            topic: topic(of: notice.recipient), title: words.title, message: words.text,
            // Ours: 1 is highest; theirs: 5 is.
            priority: [5, 4, 3, 2][notice.priority - 1], tags: notice.drill ? ["test_tube"] : notice.priority <= 2 ? ["warning"] : [],
            click: notice.link)
        var headers = [PushRequest.Header("Content-Type", "application/json; charset=utf-8")]
        if let token { headers.append(.init("Authorization", "Bearer \(token.text)")) }
        return PushRequest(address: address, headers: headers, body: pushJSON(message))
    }

    /// The status says it all.
    package func verdict(_ answer: PushAnswer) -> PushVerdict { .ofStatus(answer) }

    private struct Message: Encodable {
        var topic: String
        var title: String
        var message: String
        var priority: Int
        var tags: [String]
        var click: String?
    }
}
