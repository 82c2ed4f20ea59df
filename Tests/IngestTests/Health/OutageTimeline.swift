// What the tests of the outage ledger share: an installation whose states are set by hand.

import Domain

@testable import Ingest

/// A small installation: states are set by hand, a tick passes each second, what is told is written down with its second.
struct Timeline {
    var ledger = OutageLedger()
    var second = 0
    var states: [Int: CameraState] = [:]
    var told: [(at: Int, action: OutageAction)] = []
    let networks: [CameraNetwork]

    /// All streaming for a while.
    init(hosts: [String]) {
        networks = hosts.map { CameraNetwork(host: $0) }
        set(hosts.indices, .streaming)
        run(40)
    }

    mutating func set(_ cameras: some Sequence<Int>, _ state: CameraState) {
        for camera in cameras {
            states[camera] = state
            ledger.state(
                cameraID(camera), networks[camera], state, reason: "\(state.rawValue) for a reason (camera)", now: .seconds(second))
        }
    }

    mutating func run(_ seconds: Int) {
        for _ in 0..<seconds {
            second += 1
            told += ledger.tick(now: .seconds(second)).map { (second, $0) }
        }
    }

    /// Kind, first camera or scope, and number of cameras of each thing told.
    var words: [String] { told.map { Self.words($0.action) } }

    static func words(_ action: OutageAction) -> String {
        switch action {
        case .lost(let one): "lost \(Int(one.camera.digits.suffix(6))!)"  // Made by `cameraID`.
        case .restored(let one): "restored \(Int(one.camera.digits.suffix(6))!)"
        case .withdrawn(let one): "withdrawn \(Int(one.camera.digits.suffix(6))!)"
        case .commonLost(let one): "common \(one.scope) \(one.cameras)"
        case .commonChanged(let one): "now \(one.scope) \(one.stillLost)/\(one.cameras)"
        case .commonRestored(let one, let ending): "over \(one.scope) \(one.stillLost) \(ending)"
        case .ownStall(let stall, _): "own \(stall.cause)"
        case .ownRecovered(let stall, _): "own over \(stall.cause)"
        }
    }
}

/// `count` cameras with an address each in every subnet.
func spread(subnets: Int, perSubnet: Int) -> [String] {
    (0..<subnets).flatMap { subnet in (0..<perSubnet).map { "10.0.\(subnet).\($0 + 1)" } }
}
