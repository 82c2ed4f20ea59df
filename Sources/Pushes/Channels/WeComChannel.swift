// The group robot of WeCom (企业微信): the key in its address is its only password.
// notices → **WeCom** → a group chat

package import Domain

/// Text messages of at most 2,048 bytes, 20 a minute for each robot.
package struct WeComChannel: Channel {
    package let kind = ChannelKind.wecom
    package let textLimit = 2048
    /// 20 are allowed; two are left for clocks that differ.
    package let perMinute = 18
    let address: PushAddress

    /// - Parameter address: `https://qyapi.weixin.qq.com/cgi-bin/webhook/send?key=KEY`.
    package init(address: PushAddress) { self.address = address }

    /// A plain text message.
    package func request(_ notice: Notice, key: String, at: WallTime) -> PushRequest {
        PushRequest(
            address: address, headers: [.init("Content-Type", "application/json; charset=utf-8")],
            body: pushJSON(RobotText(NoticeText(notice, limit: textLimit))))
    }

    /// Reads `errcode`, which stands in answers of status 200 as well.
    package func verdict(_ answer: PushAnswer) -> PushVerdict {
        guard (200...299).contains(answer.status) else { return .ofStatus(answer) }
        switch answer.number("errcode") {
        case 0: return .accepted
        // Too many; the service counts by the minute.
        case 45009: return .retry(afterSeconds: 60, "errcode 45009: too many messages")
        case -1: return .retry(afterSeconds: nil, "errcode -1: busy")
        case let code?: return .refused("errcode \(code)")
        case nil: return .refused("an answer without errcode")
        }
    }
}
