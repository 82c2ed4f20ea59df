// The keys `bus` of the configuration: where the halves meet when they are apart, and how they prove who they are.

import Base
import Foundation
import IncidentBus

/// Where the bus runs between processes. `serve` needs none of it: it joins its halves over a socket file.
struct BusConfiguration: Sendable {
    /// Where the dispatcher listens, and where nodes connect to.
    var endpoint: String?
    /// This process's own secret key, of `snowlight keys new`.
    var keyPath: String?
    /// Whom the dispatcher lets in.
    var allowPath: String?
    /// Dispatchers that a node believes: one, or two while the dispatcher's key changes.
    var dispatchers: [CurveKey] = []

    /// A node's name and what it proves itself with.
    struct NodeKey: Sendable {
        var name: String
        var credentials: BusCredentials
    }

    static func read(_ root: StrictYAML, _ resolved: (String) -> String) -> BusConfiguration {
        var bus = BusConfiguration()
        guard let node = root.child("bus") else { return bus }
        bus.endpoint = node.child("endpoint")?.string()
        bus.keyPath = node.child("key")?.string().map(resolved)
        bus.allowPath = node.child("allow")?.string().map(resolved)
        for element in node.child("dispatchers")?.elements ?? [] {
            guard let text = element.string() else { continue }
            if let key = CurveKey(text) { bus.dispatchers.append(key) } else { element.report("this is no public key") }
        }
        node.finish()
        if let endpoint = bus.endpoint {
            let isEncrypted = bus.keyPath != nil
            do {
                // What may be bound may be connected to as well, except a port that the system chooses and every address.
                if (try? Endpoint.connecting(endpoint, encrypted: isEncrypted)) == nil {
                    _ = try Endpoint.binding(endpoint, encrypted: isEncrypted)
                }
            } catch { node.report((error as? Failure)?.message ?? "\(error)") }
        }
        return bus
    }

    /// The endpoint of a process that is one half only.
    func required() throws -> String {
        guard let endpoint else { throw Failure(.invalidInput, "'bus.endpoint' is missing: where dispatcher and ingest nodes meet") }
        return endpoint
    }

    /// What the dispatcher's side needs; nil without a key. Blocks.
    func access() throws -> BusAccess? {
        guard let keyPath else { return nil }
        guard let allowPath else { throw Failure(.invalidInput, "'bus.allow' is missing: the file with the keys that are let in") }
        return BusAccess(pair: try KeyFile.read(keyPath).pair, allowed: try AllowListBox(path: allowPath))
    }

    /// What a node needs; nil without a key. Blocks.
    func nodeKey() throws -> NodeKey? {
        guard let keyPath else { return nil }
        guard !dispatchers.isEmpty else {
            throw Failure(.invalidInput, "'bus.dispatchers' is missing: the public keys of the dispatchers that this node believes")
        }
        let (name, pair) = try KeyFile.read(keyPath)
        return NodeKey(name: name, credentials: BusCredentials(pair: pair, servers: dispatchers))
    }
}
