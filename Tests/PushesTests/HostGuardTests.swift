// Which hosts may be spoken to, and what the files that name them are checked for.

import Base
import Cases
import Domain
import Foundation
@testable import Pushes
import TestKit
import Testing

@Test(arguments: [
    "1.1.1.1", "8.8.8.8", "223.5.5.5", "172.15.0.1", "172.32.0.1", "100.63.0.1", "100.128.0.1", "2001:4860:4860::8888", "2400:3200::1",
    "::ffff:8.8.8.8", "64:ff9b::808:808",
])
func publicAddressesMayBeReached(_ numeric: String) { #expect(HostGuard.isPublic(numeric)) }

@Test(arguments: [
    "127.0.0.1", "127.255.255.255", "10.0.0.1", "192.168.1.1", "172.16.0.1", "172.31.255.255", "169.254.169.254", "100.64.0.1", "0.0.0.0",
    "224.0.0.1", "255.255.255.255", "198.18.0.1", "192.0.2.1", "198.51.100.7", "203.0.113.1", "::1", "::", "fe80::1", "fe80::1%eth0",
    "fc00::1", "fd12:3456::1", "ff02::1", "::ffff:127.0.0.1", "::ffff:10.0.0.1", "::ffff:7f00:1", "::127.0.0.1", "64:ff9b::7f00:1",
    "2002:7f00:1::", "2001::1", "2001:db8::1", "", "localhost", "1.1.1", "1.1.1.1.1", "01.1.1.256", "1::2::3", "12345::", ":::",
])
func innerAndOddAddressesMayNot(_ numeric: String) { #expect(!HostGuard.isPublic(numeric)) }

@Test func hostsMustBeListedAndSecretsTravelEncrypted() {
    let guardian = HostGuard(hosts: ["hook.example"], privateHosts: ["127.0.0.1"])
    #expect(guardian.problem(PushAddress("https://hook.example/x")!) == nil)
    #expect(guardian.problem(PushAddress("https://HOOK.example/x")!) == nil)
    #expect(guardian.problem(PushAddress("http://hook.example/x")!)?.contains("https") == true)
    #expect(guardian.problem(PushAddress("https://other.example/x")!)?.contains("allow_hosts") == true)
    #expect(guardian.problem(PushAddress("http://127.0.0.1:8/x")!) == nil)
    #expect(guardian.problem("10.0.0.1", of: "hook.example") != nil)
    #expect(guardian.problem("1.2.3.4", of: "hook.example") == nil)
    #expect(guardian.problem("127.0.0.1", of: "127.0.0.1") == nil)
}

private let good = """
    allow_hosts: [qyapi.weixin.qq.com, oapi.dingtalk.com, open.feishu.cn]
    allow_private: [ntfy.local]
    destinations:
      town: {channel: wecom, url: "https://qyapi.weixin.qq.com/cgi-bin/webhook/send?key=hush-1"}
      ding: {channel: dingtalk, url: "https://oapi.dingtalk.com/robot/send?access_token=hush-2", secret: hush-secret}
      lark: {channel: feishu, url: "https://open.feishu.cn/open-apis/bot/v2/hook/hush-3", secret: hush-secret}
      phone: {channel: ntfy, url: "http://ntfy.local/", secret: hush-secret, per_minute: 30}
    offices:
      "511011": [ding]
      "511011001": [town, console]
    departments:
      dept-build: [ding]
    """

private func read(_ yaml: String) -> (book: DestinationBook?, diagnostics: [Diagnostic]) {
    ChannelsFile.read(yaml: yaml, file: "channels.yaml", district: "511011", console: "https://grid.example")
}

@Test func aChannelsFileIsRead() throws {
    let (book, diagnostics) = read(good)
    #expect(diagnostics.isEmpty)
    let read = try #require(book)
    #expect(read.outside.map(\.name) == ["ding", "lark", "phone", "town"])
    #expect(read.outside.map(\.perMinute) == [18, 90, 30, 18])
    #expect(read.offices["511011001"] == ["town", "console"] && read.departments == ["dept-build": ["ding"]])
    #expect(!"\(read)".contains("hush"))
    #expect(read.link(to: "511011-20261123-00042", for: .worker(WorkerID("w1")!)) == "https://grid.example/work#c/511011-20261123-00042")
}

@Test func whatNobodyHasIsFoundByTheCheck() throws {
    let registry = PushDistrict.registry(townships: 1)
    func messages(_ yaml: String) throws -> [String] {
        try #require(read(yaml).book).findings(registry, file: "channels.yaml").map(\.message)
    }
    #expect(try messages(good).isEmpty)
    #expect(
        try messages(good.replacing("dept-build: [ding]", with: "dept-gone: [dang]")) == [
            "department dept-gone names the channel 'dang', which is not defined", "'dept-gone' is no department of the catalogue",
        ])
    #expect(
        try messages(good.replacing("[town, console]", with: "[twon]")) == [
            "office 511011001 names the channel 'twon', which is not defined"
        ])
}

@Test(arguments: [
    ("channel: wecom", "channel: pigeon", "channel must be one of"),
    ("qyapi.weixin.qq.com/cgi", "evil.example/cgi", "allow_hosts"),
    ("https://oapi", "http://oapi", "needs https"),
    ("https://oapi", "https://u:p@oapi", "must be an http or https address"),
    (
        "lark: {channel: feishu, url: \"https://open.feishu.cn/open-apis/bot/v2/hook/hush-3\", secret: hush-secret}",
        "lark: {channel: feishu}", "'url' is missing"
    ),
    ("secret: hush-secret, per_minute", "secret: short, per_minute", "'secret' is missing or shorter"),
    ("\"511011001\"", "\"5110\"", "is no district"),
    ("ding: {", "Ding!: {", "is no channel name"),
    ("allow_private", "allow_privat", "unknown key 'allow_privat'"),
])
func mistakesAreNamedAndSecretsAreNot(_ part: String, _ mistake: String, _ message: String) {
    let (book, diagnostics) = read(good.replacing(part, with: mistake))
    #expect(book == nil)
    #expect(diagnostics.contains { $0.message.contains(message) }, "\(diagnostics)")
    #expect(!diagnostics.contains { $0.message.contains("hush") })
}

@Test func aFileThatOthersCanReadIsRefused() throws {
    let path = try temporaryFolder() + "/channels.yaml"
    #expect(FileManager.default.createFile(atPath: path, contents: Data(good.utf8), attributes: [.posixPermissions: 0o644]))
    let open = ChannelsFile.read(path: path, district: "511011", console: nil)
    #expect(open.book == nil)
    #expect(open.diagnostics.contains { $0.message.contains("0644") })
    try FileManager.default.setAttributes([.posixPermissions: 0o600], ofItemAtPath: path)
    #expect(ChannelsFile.read(path: path, district: "511011", console: nil).book != nil)
}

@Test func theSectionIsRead() throws {
    let yaml = """
        channels: channels.yaml
        console: https://grid.example
        group_wait: 500ms
        budget_per_hour: 6
        duty_hours: "08:00-20:00"
        ladder:
          p1: {steps: [60s, 2m, 3m, 4m], silent_after: 10m}
          p3: {steps: [1wh, 2wh, 1wd, 2wd], silent_after: 90s}
        """
    let (root, findings) = StrictYAML.parse(yaml, file: "x.yaml")
    let settings = PushSettings.read(try #require(root)) { "base/" + $0 }
    #expect(findings.diagnostics.isEmpty)
    #expect(settings.channelsPath == "base/channels.yaml")
    #expect(settings.policy.groupWait == 0.5)
    let minutes = (1...4).map { ClockSpan(minutes: $0) }
    #expect(settings.policy.ladder.waits[0] == LadderPolicy.Waits(steps: minutes, silentAfter: ClockSpan(minutes: 10)))
    let working = [60, 120, 480, 960].map { ClockSpan(minutes: $0, isWorkingTime: true) }
    #expect(settings.policy.ladder.waits[2] == LadderPolicy.Waits(steps: working, silentAfter: ClockSpan(milliseconds: 90_000)))
    #expect(settings.policy.ladder.duty.minutes == 480..<1200)
}

@Test(arguments: [
    ("duty_hours: \"20:00-08:00\"", "duty_hours"), ("ladder: {p1: {steps: [2m, 1m, 3m, 4m]}}", "four rising"),
    ("ladder: {p1: {steps: [2m, 1wh, 2wh, 3wh]}}", "all in working time"),
    ("ladder: {p5: {}}", "unknown key"), ("console: grid.example", "console"), ("budget_per_hour: 0", "budget_per_hour"),
])
func mistakesInTheSectionAreNamed(_ yaml: String, _ message: String) throws {
    let (root, findings) = StrictYAML.parse(yaml, file: "x.yaml")
    _ = PushSettings.read(try #require(root)) { $0 }
    #expect(findings.diagnostics.contains { $0.message.contains(message) }, "\(findings.diagnostics)")
}
