// The group robot of Feishu (飞书): signed over the time in seconds, in the body. Key and message change roles against DingTalk.
// notices → **Feishu** → a group chat

import Crypto
package import Domain
import Foundation

/// Text messages of at most 20 KB, 100 a minute and 5 a second for each robot.
package struct FeishuChannel: Channel {
    package let kind = ChannelKind.feishu
    /// The body may have 20 KB; escaped and wrapped, this text stays below it.
    package let textLimit = 8 << 10
    package let perMinute = 90
    let address: PushAddress
    let secret: Secret

    /// - Parameter address: `https://open.feishu.cn/open-apis/bot/v2/hook/TOKEN`.
    package init(address: PushAddress, secret: Secret) {
        self.address = address
        self.secret = secret
    }

    /// A text message that carries its timestamp and signature.
    package func request(_ notice: Notice, key: String, at: WallTime) -> PushRequest {
        let seconds = at.millisecondsSince1970 / 1000
        let message = Message(
            timestamp: String(seconds), sign: signature(seconds), content: .init(text: NoticeText(notice, limit: textLimit).text))
        return PushRequest(
            address: address, headers: [.init("Content-Type", "application/json; charset=utf-8")], body: pushJSON(message))
    }

    /// base64(HMAC-SHA256(key: "SEC\nsecret", message: "")).
    private func signature(_ seconds: Int64) -> String {
        let mac = HMAC<SHA256>.authenticationCode(
            for: [UInt8](), using: SymmetricKey(data: Array("\(seconds)\n\(secret.text)".utf8)))
        return Data(mac).base64EncodedString()
    }

    /// Reads `code`, whatever the status.
    package func verdict(_ answer: PushAnswer) -> PushVerdict {
        // Throttling comes with status 400 and a code, so the code is asked first.
        switch answer.number("code", "StatusCode") {
        case 0 where (200...299).contains(answer.status): return .accepted
        case 11232: return .retry(afterSeconds: answer.retryAfterSeconds ?? 60, "code 11232: too many messages")
        case 19021: return .refused("code 19021: signature refused; is the clock right?")
        case let code? where code != 0: return .refused("code \(code)")
        default: return (200...299).contains(answer.status) ? .refused("an answer without code") : .ofStatus(answer)
        }
    }

    private struct Message: Encodable {
        var timestamp: String
        var sign: String
        let type = "text"
        var content: Content

        enum CodingKeys: String, CodingKey {
            case timestamp, sign, content
            case type = "msg_type"
        }

        struct Content: Encodable { var text: String }
    }
}
