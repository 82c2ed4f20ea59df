// Who may speak on the bus: one line for each key, read again whenever the file changes.
// outbox ══**who?**══▶ dispatcher

package import Base
import Domain
import Foundation
import Storage
import Synchronization

/// What a key is good for; each kind of socket asks for one of them.
package enum ZapDomain: String, Sendable, CaseIterable {
    /// Ingest nodes.
    case node
    /// Readers of the feed.
    case reader
    /// Sensors and readers of tags, or the gateway that they are behind.
    case sensor
}

/// The keys that are let in. A value; parsing touches no file.
///
/// ```
/// # role  name     public key
/// node    north-1  PUBLIC-KEY-OF-40-CHARACTERS
/// node    north-1  ITS-NEXT-KEY            # a name may have several: that is how a key is replaced
/// reader  wall     PUBLIC-KEY-OF-A-READER
/// sensor  gauge-3  PUBLIC-KEY-OF-A-SENSOR
/// ```
package struct AllowList: Hashable, Sendable {
    /// A district has a few nodes; a file that is larger is not an allow-list.
    package static let limitBytes = 1 << 20

    private struct Entry: Hashable { let domain: ZapDomain, name: String }

    private var entries: [CurveKey: Entry] = [:]
    private var nodes: [String: NodeID] = [:]
    private var sensors: Set<String> = []

    package init() {}

    /// How many keys are let in.
    package var count: Int { entries.count }

    /// The name of a key in a domain; nil for a stranger.
    package func name(of key: CurveKey, in domain: ZapDomain) -> String? {
        entries[key].flatMap { $0.domain == domain ? $0.name : nil }
    }

    /// The identity that frames of this name carry; nil when no key of that name is let in (any more).
    package func node(named name: String) -> NodeID? { nodes[name] }

    /// True while a key of this name is let in as a sensor.
    package func hasSensor(named name: String) -> Bool { sensors.contains(name) }

    /// Reads a list; nil when a line is wrong, because half a list would lock nodes out or let strangers in.
    package static func parse(_ text: String, file: String) -> (list: AllowList?, findings: [Diagnostic]) {
        var (list, findings) = (AllowList(), [Diagnostic]())
        for (index, line) in text.split(separator: "\n", omittingEmptySubsequences: false).enumerated() {
            let fields = line.split(whereSeparator: \.isWhitespace)
            guard let first = fields.first, !first.hasPrefix("#") else { continue }
            func wrong(_ message: String) { findings.append(Diagnostic(file: file, line: index + 1, message: message)) }
            // Z85 has a '#' of its own, so a remark behind the key stands apart from it.
            guard fields.count == 3 || fields.count > 3 && fields[3].hasPrefix("#") else {
                wrong("a line is: role, name, public key")
                continue
            }
            guard let domain = ZapDomain(rawValue: String(first)) else {
                wrong("the role is \(ZapDomain.allCases.map(\.rawValue).joined(separator: " or ")), not '\(first)'")
                continue
            }
            guard NodeID.isName(fields[1]) else {
                wrong("a name has 1 to 64 letters, digits, dots, hyphens and underscores")
                continue
            }
            guard let key = CurveKey(fields[2]) else {
                wrong("this is no public key, or one that is printed in libzmq's manual")
                continue
            }
            guard list.entries.updateValue(Entry(domain: domain, name: String(fields[1])), forKey: key) == nil else {
                wrong("this key stands in the list already")
                continue
            }
            switch domain {
            case .node: list.nodes[String(fields[1])] = NodeID(named: String(fields[1]))
            case .sensor: list.sensors.insert(String(fields[1]))
            case .reader: break
            }
        }
        return (findings.isEmpty ? list : nil, findings)
    }
}

extension NodeID {
    /// The identity of a named node: whoever holds its key may speak under it, whatever machine or outbox file it uses.
    package init(named name: String) {
        let digits = SHA256Hex.of(Array("snowlight node \(name)".utf8))
        let words = [digits.prefix(16), digits.dropFirst(16).prefix(16)].map { UInt64($0, radix: 16) ?? 0 }  // Always hexadecimal.
        self.init(high: words[0], low: words[1])
    }

    /// True for what may name a node.
    package static func isName(_ text: some StringProtocol) -> Bool {
        (1...64).contains(text.utf8.count)
            && text.utf8.allSatisfy { byte in
                (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte) || (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains(byte)
                    || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) || ".-_".utf8.contains(byte)
            }
    }
}

/// The allow-list in force and the file it comes from. Safe on any thread.
package final class AllowListBox: Sendable {
    private struct Stamp: Equatable {
        var modified: Date?
        var bytes: Int?
        var inode: Int?
    }

    private let path: String
    private let state: Mutex<(list: AllowList, stamp: Stamp)>

    /// Reads the file. Blocks.
    ///
    /// - Throws: `.invalidInput` for a file with a wrong line, or one that others may write.
    package init(path: String) throws {
        self.path = path
        let stamp = Self.stamp(path)
        state = Mutex((try Self.read(path), stamp))
    }

    /// The list in force. Does not block.
    package var current: AllowList { state.withLock { $0.list } }

    /// Reads the file again if it changed; nil when it did not. Keeps the list in force when the file is wrong. Blocks on a stat(2).
    package func refresh() -> Result<AllowList, Failure>? {
        let stamp = Self.stamp(path)
        guard state.withLock({ $0.stamp != stamp }) else { return nil }
        do {
            let list = try Self.read(path)
            state.withLock { $0 = (list, stamp) }
            return .success(list)
        } catch {
            // Said once: the same wrong file is not read again.
            state.withLock { $0.stamp = stamp }
            return .failure(error as? Failure ?? Failure(.invalidInput, "the allow-list cannot be read", cause: error))
        }
    }

    private static func stamp(_ path: String) -> Stamp {
        let attributes = (try? FileManager.default.attributesOfItem(atPath: path)) ?? [:]
        return Stamp(
            modified: attributes[.modificationDate] as? Date, bytes: attributes[.size] as? Int, inode: attributes[.systemFileNumber] as? Int
        )
    }

    private static func read(_ path: String) throws -> AllowList {
        let (text, mode) = try KeyFile.text(path, limitBytes: AllowList.limitBytes)
        guard mode & 0o022 == 0 else {
            throw Failure(.invalidInput, "others may write to the allow-list, and with it let themselves in", context: [("file", path)])
        }
        let (list, findings) = AllowList.parse(text, file: path)
        guard let list else { throw Failure(.invalidInput, findings.map(\.description).joined(separator: "; ")) }
        return list
    }
}
