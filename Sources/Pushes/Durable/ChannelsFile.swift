// The channels file: destinations with their secrets, readable by its owner alone.
// **channels file** → destinations → channels; never a log, a report or an answer

package import Base
import Foundation
import Grids

/// Reads the channels file.
package enum ChannelsFile {
    /// The destinations, or nil when a finding is an error. Findings name lines and keys, never a value. Blocks on the file.
    ///
    /// - Parameter district: The six digits that events name as their source.
    package static func read(path: String, district: String, console: String?) -> (book: DestinationBook?, diagnostics: [Diagnostic]) {
        let bytes: [UInt8]
        do { bytes = try TextFile.read(path, requiredMode: 0o600) } catch {
            return (nil, [Diagnostic(file: path, line: nil, message: error.message)])
        }
        return read(yaml: String(decoding: bytes, as: UTF8.self), file: path, district: district, console: console)
    }

    /// As above, from text.
    package static func read(yaml: String, file: String, district: String, console: String?)
        -> (book: DestinationBook?, diagnostics: [Diagnostic])
    {
        let (root, findings) = StrictYAML.parse(yaml, file: file)
        guard let root else { return (nil, findings.diagnostics) }
        let hosts = names(root.child("allow_hosts"))
        let guardian = HostGuard(hosts: Set(hosts), privateHosts: Set(names(root.child("allow_private"))))
        var channels: [String: any Channel] = [:]
        if let destinations = root.child("destinations") {
            for (name, node) in destinations.entries {
                guard isName(name) else {
                    node.report("'\(name)' is no channel name: 1 to 32 of a…z, 0…9, '_' and '-', starting with a letter")
                    continue
                }
                if name == DestinationBook.consoleName { node.report("'console' is there for everyone and is not defined here") }
                channels[name] = channel(node, guardian, district)
            }
        }
        var offices: [String: [String]] = [:]
        if let node = root.child("offices") {
            for (code, list) in node.entries {
                if ![6, 9, 12].contains(code.utf8.count) || !code.utf8.allSatisfy({ $0 >= 0x30 && $0 <= 0x39 }) {
                    list.report("'\(code)' is no district (6 digits), township (9) or village (12); quote it as text")
                }
                offices[code] = names(list)
            }
        }
        let departments = root.child("departments").map { node in
            Dictionary(node.entries.map { ($0.0, names($0.1)) }, uniquingKeysWith: { first, _ in first })
        }
        root.finish()
        guard !findings.diagnostics.hasErrors else { return (nil, findings.diagnostics) }
        return (
            DestinationBook(channels: channels, offices: offices, departments: departments ?? [:], guardian: guardian, console: console),
            findings.diagnostics
        )
    }

    private static func channel(_ node: StrictYAML, _ guardian: HostGuard, _ district: String) -> (any Channel)? {
        guard let word = node.child("channel") else {
            node.report("'channel' is missing")
            return nil
        }
        let outside = ChannelKind.allCases.filter { $0 != .console }
        guard let kind = word.string().flatMap(ChannelKind.init(rawValue:)), outside.contains(kind) else {
            word.report("channel must be one of \(outside.map(\.rawValue).joined(separator: ", "))")
            return nil
        }
        guard let address = address(node, guardian) else { return nil }
        let secret = node.child("secret")?.string().map { Secret($0) }
        let perMinute = node.child("per_minute")?.int(in: 1...6000)
        let token = kind == .ntfy ? node.child("token")?.string().map { Secret($0) } : nil
        node.finish()
        if kind == .wecom {
            if secret != nil { node.report("a WeCom robot has no secret besides the key in its url") }
            return WeComChannel(address: address)
        }
        guard let secret, secret.text.utf8.count >= 8 else {
            node.report("'secret' is missing or shorter than 8 characters")
            return nil
        }
        if perMinute != nil, kind != .webhook, kind != .ntfy {
            node.report("per_minute is what the service says; it is set for webhook and ntfy only")
        }
        switch kind {
        case .webhook:
            return WebhookChannel(address: address, secret: secret, source: "/snowlight/\(district)", perMinute: perMinute ?? 600)
        case .dingtalk: return DingTalkChannel(address: address, secret: secret)
        case .feishu: return FeishuChannel(address: address, secret: secret)
        case .ntfy: return NtfyChannel(address: address, secret: secret, token: token, perMinute: perMinute ?? 60)
        case .wecom, .console: return nil
        }
    }

    private static func address(_ node: StrictYAML, _ guardian: HostGuard) -> PushAddress? {
        guard let url = node.child("url") else {
            node.report("'url' is missing")
            return nil
        }
        // The value is a password as a whole or in part: findings must not repeat it.
        guard let address = url.string().flatMap({ PushAddress($0) }) else {
            url.report("url must be an http or https address without user, password and fragment")
            return nil
        }
        if let problem = guardian.problem(address) { url.report(problem) }
        return address
    }

    private static func names(_ node: StrictYAML?) -> [String] {
        node?.elements.compactMap { $0.string()?.lowercased() } ?? []
    }

    private static func isName(_ text: String) -> Bool {
        guard (1...32).contains(text.utf8.count), let first = text.utf8.first, first >= 0x61 && first <= 0x7A else { return false }
        return text.utf8.allSatisfy { $0 >= 0x61 && $0 <= 0x7A || $0 >= 0x30 && $0 <= 0x39 || $0 == 0x5F || $0 == 0x2D }
    }
}
