// Sensors on a socket: who may speak, what is answered, and that a flood or rubbish costs nothing else.

import Base
import Domain
import Foundation
import IncidentBus
import Synchronization
import Testing

/// What was heard, and from whom.
private final class Ear: Sendable {
    private let heard = Mutex<[String]>([])
    var all: [String] { heard.withLock { $0 } }

    func hear(_ message: [UInt8], _ name: String?) -> String {
        heard.withLock { $0.append("\(name ?? "-"):\(String(decoding: message.prefix(16), as: UTF8.self))") }
        return "heard \(message.count)"
    }
}

/// A sensor that sends one message after the other; nil where no answer comes.
private func speak(
    _ messages: [[[UInt8]]], at endpoint: String, _ security: BusSecurity = .none, patience: Duration = .seconds(10)
) throws -> [String?] {
    let wakeUp = try WakeUp()
    let socket = try ZeroMQSocket(.dealer, security: security)
    try socket.connect(try Endpoint.connecting(endpoint))
    return try messages.map { message in
        let end = ContinuousClock.now + patience
        var isSent = false
        while ContinuousClock.now < end {
            if !isSent { isSent = try socket.send(message) == .sent }
            if let parts = try socket.receive() { return parts.map { String(decoding: $0, as: UTF8.self) }.joined(separator: "|") }
            _ = try socket.wait(sending: !isSent, wakeUp: wakeUp, timeout: .milliseconds(50))
        }
        return nil
    }
}

@Suite(.serialized) struct SensorListenerTests {
    @Test func everyMessageIsAnsweredInTurn() async throws {
        try await onOwnThread {
            let ear = Ear()
            let listener = try SensorListener(
                endpoint: "tcp://127.0.0.1:0", access: nil, log: quiet, metrics: MetricsRegistry(), hear: ear.hear)
            try listener.start()
            let messages: [[[UInt8]]] = [[[1, 2, 3]], [[]], [[0x61], [0x62]], [[UInt8](repeating: 0x63, count: 4096)], [[0x64]]]
            // What is no single frame is as good as empty: it is in no form.
            #expect(
                try speak(messages, at: listener.boundEndpoint) == ["heard 3", "heard 0", "heard 0", "heard 4096", "heard 1"])
            #expect(ear.all.allSatisfy { $0.hasPrefix("-:") })
            // A frame of a megabyte ends its connection; others go on.
            #expect(try speak([[[UInt8](repeating: 1, count: 1 << 20)]], at: listener.boundEndpoint, patience: .milliseconds(500)) == [nil])
            #expect(try speak([[[1]]], at: listener.boundEndpoint) == ["heard 1"])
            listener.stop()
        }
    }

    @Test func aThousandMessagesThatNobodyReadsTheAnswersOfStopNobody() async throws {
        try await onOwnThread {
            let ear = Ear()
            let listener = try SensorListener(
                endpoint: "tcp://127.0.0.1:0", access: nil, log: quiet, metrics: MetricsRegistry(), hear: ear.hear)
            try listener.start()
            let flood = try ZeroMQSocket(.dealer)
            try flood.connect(try Endpoint.connecting(listener.boundEndpoint))
            let wakeUp = try WakeUp()
            var sent = 0
            let end = ContinuousClock.now + .seconds(20)
            while sent < 1000, ContinuousClock.now < end {
                if try flood.send([[7]]) == .sent {
                    sent += 1
                } else {
                    _ = try flood.wait(sending: true, wakeUp: wakeUp, timeout: .milliseconds(20))
                }
            }
            #expect(sent == 1000)
            #expect(try speak([[[1]]], at: listener.boundEndpoint) == ["heard 1"])
            listener.stop()
        }
    }

    @Test func aListenerThatCannotBindSaysSo() throws {
        for endpoint in ["tcp://0.0.0.0:0", "tcp://example.org:5000", "udp://127.0.0.1:1", ""] {
            #expect(throws: Failure.self, "\(endpoint)") {
                try SensorListener(endpoint: endpoint, access: nil, log: quiet, metrics: MetricsRegistry()) { _, _ in "" }
            }
        }
    }
}
