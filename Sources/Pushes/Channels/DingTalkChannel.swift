// The group robot of DingTalk (钉钉): signed with a secret over the time in milliseconds, in the address.
// notices → **DingTalk** → a group chat

import Crypto
package import Domain
import Foundation

/// Text messages, 20 a minute for each robot; one more and it is deaf for ten minutes.
package struct DingTalkChannel: Channel {
    package let kind = ChannelKind.dingtalk
    /// The service takes 20,000 bytes; a person does not.
    package let textLimit = 4096
    package let perMinute = 18
    let address: PushAddress
    let secret: Secret

    /// - Parameter address: `https://oapi.dingtalk.com/robot/send?access_token=TOKEN`.
    package init(address: PushAddress, secret: Secret) {
        self.address = address
        self.secret = secret
    }

    /// A text message to the address with its timestamp and signature.
    package func request(_ notice: Notice, key: String, at: WallTime) -> PushRequest {
        let milliseconds = at.millisecondsSince1970
        return PushRequest(
            address: address.adding(query: "timestamp=\(milliseconds)&sign=\(signature(milliseconds))"),
            headers: [.init("Content-Type", "application/json; charset=utf-8")],
            body: pushJSON(RobotText(NoticeText(notice, limit: textLimit))))
    }

    /// base64(HMAC-SHA256(key: secret, message: "MS\nsecret")), percent-encoded.
    private func signature(_ milliseconds: Int64) -> String {
        let mac = HMAC<SHA256>.authenticationCode(
            for: Array("\(milliseconds)\n\(secret.text)".utf8), using: SymmetricKey(data: Array(secret.text.utf8)))
        return Data(mac).base64EncodedString().replacing("+", with: "%2B").replacing("/", with: "%2F").replacing("=", with: "%3D")
    }

    /// Reads `errcode`, which stands in answers of status 200 as well.
    package func verdict(_ answer: PushAnswer) -> PushVerdict {
        guard (200...299).contains(answer.status) else { return .ofStatus(answer) }
        switch answer.number("errcode") {
        case 0: return .accepted
        case 130101: return .retry(afterSeconds: 600, "errcode 130101: too many messages")
        case -1: return .retry(afterSeconds: nil, "errcode -1: busy")
        case 310000: return .refused("errcode 310000: signature, keyword or address refused; is the clock right?")
        case let code?: return .refused("errcode \(code)")
        case nil: return .refused("an answer without errcode")
        }
    }
}
