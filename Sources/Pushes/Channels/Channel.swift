// What a channel is: it turns a notice into one exact HTTP request and reads the service's answer. Pure; it sends nothing.
// cases → decisions → **channels** → phones, group chats, other systems

package import Domain
import Foundation

/// The services a notice can go through; the raw value stands in the channels file and in metrics.
package enum ChannelKind: String, Sendable, CaseIterable {
    /// Our own pages: a row that the reader's page shows.
    case console
    /// Any system that takes CloudEvents.
    case webhook
    case wecom, dingtalk, feishu, ntfy
}

/// One request as it leaves: always POST, its body byte for byte.
package struct PushRequest: Sendable, Hashable {
    /// One header line.
    package struct Header: Sendable, Hashable {
        package var name: String
        package var value: String

        package init(_ name: String, _ value: String) {
            self.name = name
            self.value = value
        }
    }

    package var address: PushAddress
    package var headers: [Header]
    package var body: [UInt8]
}

/// What a service answered: its status, how long it asks us to wait, and at most the first 64 KiB of its body.
package struct PushAnswer: Sendable, Hashable {
    package var status: Int
    package var retryAfterSeconds: Double?
    package var body: [UInt8]

    package init(status: Int, retryAfterSeconds: Double? = nil, body: [UInt8] = []) {
        self.status = status
        self.retryAfterSeconds = retryAfterSeconds
        self.body = body
    }

    /// A whole number the answer holds at its top level under one of these names.
    func number(_ names: String...) -> Int? {
        guard let members = try? JSONSerialization.jsonObject(with: Data(body)) as? [String: Any] else { return nil }
        for name in names { if let number = members[name] as? Int { return number } }
        return nil
    }
}

/// What an answer means. Accepted is not delivered: no gateway knows whether a person has read it.
package enum PushVerdict: Sendable, Hashable {
    /// The service has it and needs it no second time.
    case accepted
    /// Not now; at the earliest after so many seconds, or when the sender thinks fit.
    case retry(afterSeconds: Double?, String)
    /// Never in this form: a second try would be answered the same.
    case refused(String)
}

/// A service in its exact form. Values without state; safe on any thread.
package protocol Channel: Sendable {
    var kind: ChannelKind { get }
    /// Longest text in UTF-8 bytes that the service takes whole.
    var textLimit: Int { get }
    /// How many requests a minute the service stands, with some room left.
    var perMinute: Int { get }
    /// The request for a notice.
    /// - Parameters:
    ///   - key: The same for every try at the same notice, different for every other.
    ///   - at: Goes into signatures; services refuse those of another hour.
    func request(_ notice: Notice, key: String, at: WallTime) -> PushRequest
    /// What the service meant.
    func verdict(_ answer: PushAnswer) -> PushVerdict
}

extension PushVerdict {
    /// What a status says when the body says nothing: those that may pass with time are tried again.
    static func ofStatus(_ answer: PushAnswer) -> PushVerdict {
        switch answer.status {
        case 200...299: .accepted
        case 408, 425, 429, 500...599: .retry(afterSeconds: answer.retryAfterSeconds, "status \(answer.status)")
        // A redirect could lead anywhere, with the secret in hand.
        case 300...399: .refused("status \(answer.status): redirects are not followed")
        default: .refused("status \(answer.status)")
        }
    }
}

/// JSON with sorted members, so that the same notice is the same bytes on every run.
func pushJSON(_ value: some Encodable) -> [UInt8] {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    // Texts, numbers and truth values only: nothing that an encoder could refuse.
    guard let data = try? encoder.encode(value) else { preconditionFailure("a payload holds something that is no JSON") }
    return [UInt8](data)
}

/// A text message as the group robots of DingTalk and WeCom take it.
struct RobotText: Encodable {
    private let msgtype = "text"
    private let text: Text

    private enum CodingKeys: String, CodingKey { case msgtype, text }

    private struct Text: Encodable { var content: String }

    init(_ notice: NoticeText) { text = Text(content: notice.text) }
}
