// Keys on the bus: who is let in, who is not, and that nobody is while the doorkeeper is away.

import Base
import Domain
import Foundation
import IncidentBus
import TestKit
import Testing

/// A dispatcher with an allow-list, and keys of two nodes and a stranger. One doorkeeper a process, so these tests take turns.
private struct Gate: Sendable {
    let directory: String
    let server: CurvePair
    let north: CurvePair
    let south: CurvePair
    let allowed: AllowListBox
    let metrics = MetricsRegistry()
    let committer = MemoryCommitter()

    init() throws {
        directory = try temporaryFolder()
        (server, north, south) = (try CurvePair.make(), try CurvePair.make(), try CurvePair.make())
        try Self.write(["node north \(north.publicKey)", "node south \(south.publicKey)"], directory)
        allowed = try AllowListBox(path: directory + "/allow")
    }

    static func write(_ lines: [String], _ directory: String) throws {
        // Replaced as editors do, so that the file's identity changes as well.
        let path = directory + "/allow"
        try Data((lines.joined(separator: "\n") + "\n").utf8).write(to: URL(fileURLWithPath: path + ".new"))
        guard rename(path + ".new", path) == 0 else { throw Failure(.dataLoss, "cannot replace the allow-list") }
    }

    func makeDoorkeeper() throws -> ZapHandler {
        let handler = try ZapHandler(allowed: allowed, log: quiet, metrics: metrics)
        try handler.start()
        return handler
    }

    func makeReceiver(_ pair: CurvePair? = nil, at endpoint: String = "tcp://127.0.0.1:0") throws -> IncidentReceiver {
        let receiver = try IncidentReceiver(
            endpoint: endpoint, committer: committer, access: BusAccess(pair: pair ?? server, allowed: allowed), log: quiet,
            metrics: metrics, onFatal: { _ in })
        try receiver.start()
        return receiver
    }

    /// Whether a PING with this key, in the name of this node, is answered; nil when nothing comes back.
    func knock(_ pair: CurvePair?, as name: String, at endpoint: String, server: CurvePair? = nil, patience: Duration = .milliseconds(800))
        throws
        -> DispatcherMessage?
    {
        let wakeUp = try WakeUp()
        let security = pair.map { BusSecurity.client($0, server: (server ?? self.server).publicKey) } ?? .none
        let socket = try ZeroMQSocket(.dealer, security: security)
        try socket.connect(try Endpoint.connecting(endpoint))
        let ping = BusFrame(FrameHeader(type: .ping, node: NodeID(named: name), epoch: 1, sequence: 0)).parts
        let end = ContinuousClock.now + patience
        var isSent = false
        while ContinuousClock.now < end {
            if !isSent { isSent = try socket.send(ping) == .sent }
            if let parts = try socket.receive() { return DispatcherMessage(try BusFrame.decode(parts).get()) }
            _ = try socket.wait(sending: !isSent, wakeUp: wakeUp, timeout: .milliseconds(50))
        }
        return nil
    }
}

@Suite(.serialized) struct CurveTests {
    @Test func onlyKeysOfTheListSpeakAndOnlyInTheirOwnName() async throws {
        try await onOwnThread {
            let gate = try Gate()
            let doorkeeper = try gate.makeDoorkeeper()
            let receiver = try gate.makeReceiver()
            let endpoint = receiver.boundEndpoint
            #expect(try gate.knock(gate.north, as: "north", at: endpoint, patience: .seconds(10)) == .pong(last: 0))
            // Somebody else's name, a stranger's key, no key, and a key for another dispatcher.
            #expect(
                try gate.knock(gate.north, as: "south", at: endpoint, patience: .seconds(10))
                    == .nack(.unauthorised, last: 0, after: .seconds(30)))
            #expect(try gate.knock(try CurvePair.make(), as: "north", at: endpoint) == nil)
            #expect(try gate.knock(nil, as: "north", at: endpoint) == nil)
            #expect(try gate.knock(gate.north, as: "north", at: endpoint, server: try CurvePair.make()) == nil)
            #expect(gate.metrics.render().contains(#"snowlight_bus_handshakes_total{result="accepted"} 2"#))
            receiver.stop()
            doorkeeper.stop()
        }
    }

    @Test func aRevokedKeyFallsSilentOnItsLivingConnection() async throws {
        try await onOwnThread {
            let gate = try Gate()
            let doorkeeper = try gate.makeDoorkeeper()
            let receiver = try gate.makeReceiver()
            let wakeUp = try WakeUp()
            let socket = try ZeroMQSocket(.dealer, security: .client(gate.north, server: gate.server.publicKey))
            try socket.connect(try Endpoint.connecting(receiver.boundEndpoint))
            let ping = BusFrame(FrameHeader(type: .ping, node: NodeID(named: "north"), epoch: 1, sequence: 0)).parts
            func ask() throws -> DispatcherMessage? {
                let end = ContinuousClock.now + .seconds(10)
                var isSent = false
                while ContinuousClock.now < end {
                    if !isSent { isSent = try socket.send(ping) == .sent }
                    if let parts = try socket.receive() { return DispatcherMessage(try BusFrame.decode(parts).get()) }
                    _ = try socket.wait(sending: !isSent, wakeUp: wakeUp, timeout: .milliseconds(50))
                }
                return nil
            }
            #expect(try ask() == .pong(last: 0))
            // A file with a mistake changes nothing; one without the key ends it within the doorkeeper's second.
            try Gate.write(["node north not-a-key"], gate.directory)
            Thread.sleep(forTimeInterval: 1.2)
            #expect(try ask() == .pong(last: 0))
            try Gate.write(["node south \(gate.south.publicKey)"], gate.directory)
            let end = ContinuousClock.now + .seconds(10)
            var answer = try ask()
            while answer == .pong(last: 0), ContinuousClock.now < end {
                Thread.sleep(forTimeInterval: 0.05)
                answer = try ask()
            }
            #expect(answer == .nack(.unauthorised, last: 0, after: .seconds(30)))
            #expect(try gate.knock(gate.north, as: "north", at: receiver.boundEndpoint) == nil)
            // And back again.
            try Gate.write(["node north \(gate.north.publicKey)"], gate.directory)
            #expect(try gate.knock(gate.north, as: "north", at: receiver.boundEndpoint, patience: .seconds(15)) == .pong(last: 0))
            receiver.stop()
            doorkeeper.stop()
        }
    }

    @Test func nobodyGetsInWithoutTheDoorkeeper() async throws {
        try await onOwnThread {
            let gate = try Gate()
            let doorkeeper = try gate.makeDoorkeeper()
            let receiver = try gate.makeReceiver()
            doorkeeper.stop()
            #expect(try gate.knock(gate.north, as: "north", at: receiver.boundEndpoint, patience: .seconds(3)) == nil)
            let second = try gate.makeDoorkeeper()
            #expect(try gate.knock(gate.north, as: "north", at: receiver.boundEndpoint, patience: .seconds(15)) == .pong(last: 0))
            second.stop()
            receiver.stop()
        }
    }

    @Test func sensorsAreLetInAsNodesAre() async throws {
        try await onOwnThread {
            let gate = try Gate()
            let gauge = try CurvePair.make()
            try Gate.write(["node north \(gate.north.publicKey)", "sensor gauge-3 \(gauge.publicKey)"], gate.directory)
            _ = gate.allowed.refresh()
            let doorkeeper = try gate.makeDoorkeeper()
            let listener = try SensorListener(
                endpoint: "tcp://127.0.0.1:0", access: BusAccess(pair: gate.server, allowed: gate.allowed), log: quiet,
                metrics: gate.metrics
            ) { message, name in "\(name ?? "-") \(message.count)" }
            try listener.start()
            let endpoint = listener.boundEndpoint
            let wakeUp = try WakeUp()
            func ask(_ socket: borrowing ZeroMQSocket, patience: Duration) throws -> String? {
                let end = ContinuousClock.now + patience
                var isSent = false
                while ContinuousClock.now < end {
                    if !isSent { isSent = try socket.send([[1, 2]]) == .sent }
                    if let parts = try socket.receive() { return String(decoding: parts[0], as: UTF8.self) }
                    _ = try socket.wait(sending: !isSent, wakeUp: wakeUp, timeout: .milliseconds(20))
                }
                return nil
            }
            let known = try ZeroMQSocket(.dealer, security: .client(gauge, server: gate.server.publicKey))
            try known.connect(try Endpoint.connecting(endpoint, encrypted: true))
            #expect(try ask(known, patience: .seconds(10)) == "gauge-3 2")
            // A node's key opens no sensor's door, nor does a stranger's or none.
            for security in [
                BusSecurity.client(gate.north, server: gate.server.publicKey), .client(try CurvePair.make(), server: gate.server.publicKey),
                .none,
            ] {
                let socket = try ZeroMQSocket(.dealer, security: security)
                try socket.connect(try Endpoint.connecting(endpoint, encrypted: true))
                #expect(try ask(socket, patience: .milliseconds(500)) == nil)
            }
            // Taken off the list: the living connection falls silent with its next message.
            try Gate.write(["node north \(gate.north.publicKey)"], gate.directory)
            _ = gate.allowed.refresh()
            #expect(try ask(known, patience: .milliseconds(500)) == nil)
            let silenced = #"snowlight_bus_bad_frames_total{side="sensors",reason="unauthorised"} 1"#
            #expect(gate.metrics.render().contains(silenced))
            listener.stop()
            doorkeeper.stop()
        }
    }

    @Test func incidentsPassThroughAChangeOfBothKeys() async throws {
        let gate = try Gate()
        let (doorkeeper, receiver, outbox) = try await onOwnThread {
            (
                try gate.makeDoorkeeper(), try gate.makeReceiver(),
                try Outbox.open(path: gate.directory + "/outbox.sqlite", node: NodeID(named: "north"))
            )
        }
        let (nextServer, nextNorth) = (try CurvePair.make(), try CurvePair.make())
        @Sendable func makePublisher(_ pair: CurvePair) throws -> IncidentPublisher {
            let publisher = try IncidentPublisher(
                outbox: outbox, endpoint: receiver.boundEndpoint,
                // Both keys of the dispatcher, as during a change.
                credentials: BusCredentials(pair: pair, servers: [nextServer.publicKey, gate.server.publicKey]), log: quiet,
                metrics: gate.metrics, timing: hurried)
            publisher.start()
            return publisher
        }
        var expected = try await onOwnThread { try outbox.append((0..<20).map { draft($0) }).map { "\($0.id)/\($0.revision)" } }
        let first = try await onOwnThread { try makePublisher(gate.north) }
        #expect(try await eventually { outbox.depth().rows == 0 })
        // The dispatcher comes back under its next key; the node's next key joins the list, then replaces the first.
        let second = try await onOwnThread {
            receiver.stop()
            try Gate.write(["node north \(gate.north.publicKey)", "node north \(nextNorth.publicKey)"], gate.directory)
            return try gate.makeReceiver(nextServer, at: receiver.boundEndpoint)
        }
        expected += try await onOwnThread { try outbox.append((20..<40).map { draft($0) }).map { "\($0.id)/\($0.revision)" } }
        first.notify()
        #expect(try await eventually { outbox.depth().rows == 0 })
        let third = try await onOwnThread {
            first.stop()
            return try makePublisher(nextNorth)
        }
        expected += try await onOwnThread { try outbox.append((40..<60).map { draft($0) }).map { "\($0.id)/\($0.revision)" } }
        third.notify()
        #expect(try await eventually { outbox.depth().rows == 0 })
        #expect(gate.committer.ledger == expected && gate.committer.complaints.isEmpty)
        try await onOwnThread {
            third.stop()
            second.stop()
            doorkeeper.stop()
            try outbox.close()
        }
    }
}

@Test(arguments: [
    "gate north Yne@$w-vo<fVvi]a<NY6T1ed:M$fCG*[IaLV{hID", "node north", "node north short", "node a/b {KEY}", "node {KEY} north",
    "node north {KEY} more", "node north Yne@$w-vo<fVvi]a<NY6T1ed:M$fCG*[IaLV{hID", "node a {KEY}\nnode b {KEY}",
])
func aListWithAWrongLineIsRefused(text: String) throws {
    let key = try CurvePair.make().publicKey.text
    let (list, findings) = AllowList.parse(text.replacing("{KEY}", with: key), file: "allow")
    #expect(list == nil && findings.count == 1 && findings[0].description.contains(key) == false)
}

@Test func aListNamesKeysAndNodes() throws {
    let (a, b, c) = (try CurvePair.make().publicKey, try CurvePair.make().publicKey, try CurvePair.make().publicKey)
    let (list, findings) = AllowList.parse("# who\n\n node north \(a)  # until May\nnode north \(b)\nreader wall\t\(c)\r\n", file: "allow")
    #expect(findings.isEmpty && list?.count == 3)
    #expect(list?.name(of: a, in: .node) == "north" && list?.name(of: b, in: .node) == "north")
    #expect(list?.name(of: a, in: .reader) == nil && list?.name(of: c, in: .reader) == "wall")
    #expect(list?.node(named: "north") == NodeID(named: "north") && list?.node(named: "wall") == nil)
}

@Test func keyFilesAreTheirOwnersAloneAndNeverOverwritten() throws {
    let path = try temporaryFolder() + "/north.key"
    let pair = try CurvePair.make()
    try KeyFile.write(pair, name: "north", to: path)
    let mode = try FileManager.default.attributesOfItem(atPath: path)[.posixPermissions] as? Int
    #expect(mode == 0o600)
    let (name, read) = try KeyFile.read(path)
    #expect(name == "north" && read.publicKey == pair.publicKey)
    #expect("\(read) \(String(reflecting: read))".contains("secret") == false)
    #expect(throws: Failure.self) { try KeyFile.write(pair, name: "north", to: path) }
    try FileManager.default.setAttributes([.posixPermissions: 0o640], ofItemAtPath: path)
    let failure = #expect(throws: Failure.self) { try KeyFile.read(path) }
    #expect(failure?.message.contains("chmod 600") == true)
}

@Test func anEmptyListLetsNobodyInAndOneThatOthersMayWriteIsRefused() throws {
    let path = try temporaryFolder() + "/allow"
    try Data().write(to: URL(fileURLWithPath: path))
    #expect(try AllowListBox(path: path).current.count == 0)
    try FileManager.default.setAttributes([.posixPermissions: 0o622], ofItemAtPath: path)
    #expect(throws: Failure.self) { try AllowListBox(path: path) }
}
