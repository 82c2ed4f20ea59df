// A list of cameras that lies in memory, judged by the two squares of the desk as the real one is by its map.

import Base
import Domain
import Foundation
import Grids
import Storage
import Synchronization

@testable import Cases
@testable import Console

/// The desk's own list; whoever changes it puts its cameras into the registry.
final class StagedList: CameraListSource {
    static let header =
        "camera_id,name,programme,rtsp_url,lon,lat,crs,azimuth,hfov,range_m,ptz,village_code,grid_code,tags,priority,transport"

    private struct State {
        var text: [UInt8]
        var former: [UInt8]?
    }

    private let registry: RegistryBox
    private let map: DistrictMap
    private let state: Mutex<State>

    init(_ registry: RegistryBox) {
        self.registry = registry
        let square = { (west: Double, east: Double) in
            #"{"type":"Polygon","coordinates":[[[\#(west),29.58],[\#(east),29.58],[\#(east),29.59],[\#(west),29.59],[\#(west),29.58]]]}"#
        }
        let features = [(Desk.west, 105.05, 105.06), (Desk.east, 105.06, 105.07)].map { code, west, east in
            #"{"type":"Feature","properties":{"code":"\#(code)","name":"格","township":"东兴街道","village":"沿河社区"},"geometry":"#
                + square(west, east) + "}"
        }
        let grids = #"{"type":"FeatureCollection","features":[\#(features.joined(separator: ","))]}"#
        // Two squares make a rectangle.
        map = DistrictReader.map(boundary: Array(square(105.05, 105.07).utf8), grids: Array(grids.utf8)).map!
        let rows = registry.current.cameras.values.sorted { $0.id < $1.id }.map { Self.row($0.id, $0.name, $0.position.lon) }
        state = Mutex(State(text: Array(([Self.header] + rows).joined(separator: "\n").utf8)))
    }

    static func row(_ id: CameraID, _ name: String, _ lon: Double) -> String {
        "\(id),\(name),雪亮工程,rtsp://10.0.0.1/secret-path,\(lon),29.585,wgs84,,,,,511011001001,,,3,auto"
    }

    /// Changes the list behind the operator's back.
    func touch() { state.withLock { $0.text += "\n".utf8 } }

    func state() async throws -> CameraListState { state.withLock { read($0) } }

    func examine(_ file: [UInt8], declared: CoordinateSystem?) async throws -> (state: CameraListState, result: CameraImport) {
        state.withLock { (read($0), compare(file, declared, $0)) }
    }

    func apply(
        _ file: [UInt8], declared: CoordinateSystem?, base: String, partial: Bool
    ) async throws -> (state: CameraListState, result: CameraImport) {
        try state.withLock { state in
            guard read(state).base == base else { throw CameraListState.overtaken }
            let result = compare(file, declared, state)
            state = State(text: Array(result.text!.utf8), former: state.text)  // The route asks whether there is one.
            registry.update { $0.replacing(result.changed) }
            return (read(state), result)
        }
    }

    func rollBack(base: String) async throws -> CameraListState {
        try state.withLock { state in
            guard read(state).base == base, let former = state.former else { throw CameraListState.overtaken }
            state = State(text: former, former: state.text)
            return read(state)
        }
    }

    private func compare(_ file: [UInt8], _ declared: CoordinateSystem?, _ state: State) -> CameraImport {
        CameraImport(file, file: "file", existing: state.text, existingFile: "cameras.csv", declared: declared, map: map)
    }

    private func read(_ state: State) -> CameraListState {
        let former = state.former.map { former in
            let change = CameraListChange(from: state.text, to: former)
            return CameraListState.Former(
                replacedAt: "2026-11-23T00:00:00.000Z", added: change.added, removed: change.removed, changed: change.changed)
        }
        return CameraListState(base: SHA256Hex.of(state.text), cameras: registry.current.cameras.count, former: former)
    }
}
