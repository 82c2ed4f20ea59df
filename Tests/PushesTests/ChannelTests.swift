// Each channel in its exact form: fixed vectors computed with another implementation of HMAC, limits, and the reading of answers.

import Domain
import Foundation
@testable import Pushes
import Testing

private let at = WallTime("2026-11-23T02:24:57.628Z")!  // A literal in the form it parses.

private func notice(priority: Int = 3, place: String = "东兴街道·样例社区·第1网格·东兴路口", recipient: String = "worker:w1", drill: Bool = false)
    -> Notice
{
    let brief = CaseBrief(
        number: "511011-20261123-00042", category: "hazard.fire_lane", categoryName: "消防通道堵塞", priority: priority, place: place,
        gridCode: "511011001001001", drill: drill)
    return Notice(
        kind: .task, cases: [brief], count: 1, level: "worker", answerWithinSeconds: 7200, link: "https://grid.example/work#c/1",
        recipient: recipient, at: at)
}

private func address(_ text: String) -> PushAddress { PushAddress(text)! }  // Literals of this file.

private func json(_ request: PushRequest) throws -> [String: Any] {
    try #require(JSONSerialization.jsonObject(with: Data(request.body)) as? [String: Any])
}

@Test func theWordsOfANotice() {
    let words = NoticeText(notice(), limit: 2048)
    #expect(words.title == "【三级】消防通道堵塞")
    #expect(
        words.text == """
            【三级】消防通道堵塞
            东兴街道·样例社区·第1网格·东兴路口 消防通道堵塞。案号 1123-00042。
            请 2 小时内签收。
            https://grid.example/work#c/1
            """)
    #expect(NoticeText(notice(drill: true), limit: 2048).title == "【演练】【三级】消防通道堵塞")
}

@Test(arguments: [60, 64, 100, 101, 102, 103, 2048]) func textIsCutByBytesAndKeepsItsLink(limit: Int) {
    let words = NoticeText(notice(place: String(repeating: "东兴路口", count: 400)), limit: limit)
    #expect(words.text.utf8.count <= limit)
    #expect(words.text.hasSuffix("https://grid.example/work#c/1"))
    #expect(!words.text.contains("\u{FFFD}"))
}

@Test func dingTalkSignsTheAddressWithMilliseconds() throws {
    let channel = DingTalkChannel(address: address("https://oapi.dingtalk.com/robot/send?access_token=T"), secret: Secret("SECcafe"))
    let request = channel.request(notice(), key: "k", at: at)
    #expect(
        request.address.target
            == "/robot/send?access_token=T&timestamp=1795400697628&sign=fw%2BL1ffwH5EtpOVYI%2BNBef34QYMLz9hNSBcl%2FlGsYP4%3D")
    let body = try json(request)
    #expect(body["msgtype"] as? String == "text")
    #expect((body["text"] as? [String: String])?["content"]?.hasPrefix("【三级】消防通道堵塞") == true)
}

@Test func feishuSignsTheBodyWithSecondsAndTheRolesReversed() throws {
    let channel = FeishuChannel(address: address("https://open.feishu.cn/open-apis/bot/v2/hook/T"), secret: Secret("SECcafe"))
    let body = try json(channel.request(notice(), key: "k", at: at))
    #expect(body["timestamp"] as? String == "1795400697")
    #expect(body["sign"] as? String == "HtQw7F38VYWut9nxdh6ffzjRO4wjh8YNe+Cntp4eoHA=")
    #expect(body["msg_type"] as? String == "text")
    #expect((body["content"] as? [String: String])?["text"]?.isEmpty == false)
}

@Test func weComSendsPlainText() throws {
    let channel = WeComChannel(address: address("https://qyapi.weixin.qq.com/cgi-bin/webhook/send?key=K"))
    let request = channel.request(notice(place: String(repeating: "长", count: 3000)), key: "k", at: at)
    let body = try json(request)
    #expect(body["msgtype"] as? String == "text")
    let content = try #require((body["text"] as? [String: String])?["content"])
    #expect((2040...2048).contains(content.utf8.count))
    #expect(request.address.target == "/cgi-bin/webhook/send?key=K")
}

@Test func ntfyHasATopicForEachReaderAndItsPriorities() throws {
    let channel = NtfyChannel(address: address("https://ntfy.local/ignored"), secret: Secret("SECcafe"), token: Secret("tk"))
    for (ours, theirs) in [(1, 5), (2, 4), (3, 3), (4, 2)] {
        let request = channel.request(notice(priority: ours), key: "k", at: at)
        let body = try json(request)
        #expect(body["topic"] as? String == "sl-b43104e34825eff479aa9c41")
        #expect(body["priority"] as? Int == theirs)
        #expect(body["click"] as? String == "https://grid.example/work#c/1")
        #expect(request.address.target == "/")
        #expect(request.headers.contains(.init("Authorization", "Bearer tk")))
    }
    #expect(channel.topic(of: "worker:w2") != channel.topic(of: "worker:w1"))
}

@Test func theWebhookIsASignedCloudEvent() throws {
    let channel = WebhookChannel(address: address("https://hook.example/in"), secret: Secret("SECcafe"), source: "/snowlight/511011")
    let request = channel.request(notice(), key: "key-1", at: at)
    #expect(request == channel.request(notice(), key: "key-1", at: at))
    let body = try json(request)
    #expect(body["specversion"] as? String == "1.0")
    #expect(body["id"] as? String == "key-1")
    #expect(body["source"] as? String == "/snowlight/511011")
    #expect(body["type"] as? String == "snowlight.notice.task")
    #expect(body["subject"] as? String == "511011-20261123-00042")
    #expect(body["time"] as? String == "2026-11-23T02:24:57.628Z")
    #expect(request.headers[0] == .init("Content-Type", "application/cloudevents+json; charset=utf-8"))
    #expect(request.headers[1] == .init("Idempotency-Key", "key-1"))
    // Only the time of sending may change the signature: the body is the same on every try.
    let later = channel.request(notice(), key: "key-1", at: at.adding(seconds: 60))
    #expect(later.body == request.body)
    #expect(later.headers[2] != request.headers[2])
    #expect(request.headers[2].value.hasPrefix("t=1795400697,v1="))
    #expect(request.headers[2].value.utf8.count == "t=1795400697,v1=".utf8.count + 64)
}

@Test func noChannelTellsAPlaceInDegreesOrAName() throws {
    let channels: [any Channel] = [
        WebhookChannel(address: address("https://a.example/"), secret: Secret("SECcafe1"), source: "/s"),
        WeComChannel(address: address("https://a.example/")),
        DingTalkChannel(address: address("https://a.example/"), secret: Secret("SECcafe1")),
        FeishuChannel(address: address("https://a.example/"), secret: Secret("SECcafe1")),
        NtfyChannel(address: address("https://a.example/"), secret: Secret("SECcafe1"), token: nil),
    ]
    #expect(Set(channels.map(\.kind)) == Set(ChannelKind.allCases).subtracting([.console]))
    for channel in channels {
        let text = String(decoding: channel.request(notice(), key: "k", at: at).body, as: UTF8.self)
        for word in ["lon", "lat", "snapshot", "jpg", "SECcafe1"] { #expect(!text.contains("\"\(word)"), "\(channel.kind) says \(word)") }
    }
}

private struct Reading: Sendable {
    var kind: ChannelKind
    var status: Int
    var body: String
    var expected: String
}

@Test(arguments: [
    Reading(kind: .webhook, status: 204, body: "", expected: "accepted"),
    Reading(kind: .webhook, status: 500, body: "", expected: "retry nil"),
    Reading(kind: .webhook, status: 429, body: "", expected: "retry 7.0"),
    Reading(kind: .webhook, status: 302, body: "", expected: "refused"),
    Reading(kind: .webhook, status: 404, body: "", expected: "refused"),
    Reading(kind: .wecom, status: 200, body: #"{"errcode":0,"errmsg":"ok"}"#, expected: "accepted"),
    Reading(kind: .wecom, status: 200, body: #"{"errcode":45009,"errmsg":"freq"}"#, expected: "retry 60.0"),
    Reading(kind: .wecom, status: 200, body: #"{"errcode":-1}"#, expected: "retry nil"),
    Reading(kind: .wecom, status: 200, body: #"{"errcode":93000}"#, expected: "refused"),
    Reading(kind: .wecom, status: 200, body: "<html>", expected: "refused"),
    Reading(kind: .wecom, status: 502, body: "", expected: "retry 7.0"),
    Reading(kind: .dingtalk, status: 200, body: #"{"errcode":0}"#, expected: "accepted"),
    Reading(kind: .dingtalk, status: 200, body: #"{"errcode":130101}"#, expected: "retry 600.0"),
    Reading(kind: .dingtalk, status: 200, body: #"{"errcode":310000}"#, expected: "refused"),
    Reading(kind: .feishu, status: 200, body: #"{"code":0,"msg":"success"}"#, expected: "accepted"),
    Reading(kind: .feishu, status: 200, body: #"{"StatusCode":0}"#, expected: "accepted"),
    Reading(kind: .feishu, status: 400, body: #"{"code":11232}"#, expected: "retry 7.0"),
    Reading(kind: .feishu, status: 200, body: #"{"code":19021}"#, expected: "refused"),
    Reading(kind: .feishu, status: 400, body: #"{"code":9499}"#, expected: "refused"),
    Reading(kind: .feishu, status: 503, body: "", expected: "retry 7.0"),
    Reading(kind: .ntfy, status: 200, body: #"{"id":"x"}"#, expected: "accepted"),
    Reading(kind: .ntfy, status: 507, body: "", expected: "retry 7.0"),
    Reading(kind: .ntfy, status: 413, body: "", expected: "refused"),
])
private func answersAreRead(_ reading: Reading) throws {
    let one = address("https://a.example/")
    let secret = Secret("SECcafe1")
    let channel: any Channel =
        switch reading.kind {
        case .webhook, .console: WebhookChannel(address: one, secret: secret, source: "/s")
        case .wecom: WeComChannel(address: one)
        case .dingtalk: DingTalkChannel(address: one, secret: secret)
        case .feishu: FeishuChannel(address: one, secret: secret)
        case .ntfy: NtfyChannel(address: one, secret: secret, token: nil)
        }
    let answer = PushAnswer(
        status: reading.status, retryAfterSeconds: reading.expected == "retry 7.0" ? 7 : nil, body: Array(reading.body.utf8))
    let text =
        switch channel.verdict(answer) {
        case .accepted: "accepted"
        case .retry(let after, _): "retry \(after.map { "\($0)" } ?? "nil")"
        case .refused: "refused"
        }
    #expect(text == reading.expected, "\(reading)")
}

@Test func addressesAndSecretsPrintNothingOfThemselves() {
    let one = address("https://qyapi.weixin.qq.com/cgi-bin/webhook/send?key=hush")
    #expect("\(one)" == "https://qyapi.weixin.qq.com:443/…")
    #expect(!String(reflecting: one).contains("hush"))
    #expect("\(Secret("hush"))" == "•••")
    for bad in ["ftp://a/", "https://u:p@a/", "https://a/#x", "https:///x", "a b", "https://a:0/", "https://a:70000/"] {
        #expect(PushAddress(bad) == nil, "\(bad)")
    }
    #expect(PushAddress("http://[::1]:8080/x")?.host == "::1")
    #expect(PushAddress("http://[::1]:8080/x")?.url == "http://[::1]:8080/x")
}
