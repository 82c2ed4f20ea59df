// Fail closed: without CURVE nothing listens where others could reach it.

import Base
import IncidentBus
import Testing

@Test(arguments: [
    "tcp://*:5555", "tcp://0.0.0.0:5555", "tcp://10.0.0.4:5555", "tcp://eth0:5555", "tcp://[::]:5555", "tcp://localhost:5555",
    "tcp://127.0.0.1.evil.example:1",
])
func bindingBeyondThisMachineIsRefused(endpoint: String) throws {
    let failure = #expect(throws: Failure.self) { try Endpoint.binding(endpoint) }
    #expect(failure?.kind == .invalidInput)
    #expect(failure?.message.contains("without CURVE") == true)
}

@Test(arguments: [
    "", "udp://127.0.0.1:5", "tcp://", "tcp://127.0.0.1", "tcp://127.0.0.1:x", "tcp://127.0.0.1:70000", "tcp://:5", "ipc://", "inproc://a",
    "ipc://" + String(repeating: "a", count: 108), "ipc://a\0b",
])
func nonsenseEndpointsAreRefused(endpoint: String) throws {
    #expect(throws: Failure.self) { try Endpoint.binding(endpoint) }
    #expect(throws: Failure.self) { try Endpoint.connecting(endpoint) }
}

@Test func endpointsOfThisMachineAreAccepted() throws {
    #expect(try Endpoint.binding("tcp://127.0.0.1:0").text == "tcp://127.0.0.1:*")
    #expect(try Endpoint.binding("tcp://[::1]:5555").text == "tcp://[::1]:5555")
    #expect(try Endpoint.binding("ipc:///run/snowlight/bus").text == "ipc:///run/snowlight/bus")
    #expect(try Endpoint.connecting("tcp://localhost:5555").text == "tcp://localhost:5555")
    #expect(throws: Failure.self) { try Endpoint.connecting("tcp://127.0.0.1:0") }
    #expect(throws: Failure.self) { try Endpoint.connecting("tcp://dispatcher.example:5555") }
}

@Test func withKeysAnyAddressIsAccepted() throws {
    #expect(try Endpoint.binding("tcp://0.0.0.0:7447", encrypted: true).text == "tcp://0.0.0.0:7447")
    #expect(try Endpoint.connecting("tcp://dispatcher.example:7447", encrypted: true).text == "tcp://dispatcher.example:7447")
    #expect(throws: Failure.self) { try Endpoint.connecting("udp://dispatcher.example:7447", encrypted: true) }
}
