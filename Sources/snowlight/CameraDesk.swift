// The district's cameras.csv behind the console: a file from outside is examined, taken over, put in force, taken back.
// page → **cameras.csv** → registry → nodes, incidents

import Base
import Cases
import Console
import Domain
import Foundation
import Grids
import Storage
import Synchronization

/// Reads the district again, one after the other, whoever asks: a signal or a page.
final class Reloader: Sendable {
    private let work = Mutex<(@Sendable () throws -> Void)?>(nil)

    /// Names what reloading is; `work` blocks, and throws when the new data has an error and the old stays in force.
    func connect(_ work: @escaping @Sendable () throws -> Void) { self.work.withLock { $0 = work } }

    /// Blocks; own threads only.
    func reload() throws { try work.withLock { try $0?() } }
}

/// The list on disk as the console asks for it. What it does, it does on threads of its own.
struct CameraDesk: CameraListSource {
    let folder: String
    let registry: RegistryBox
    let reloader: Reloader

    func state() async throws -> CameraListState { try await onOwnThread("cameras") { try examineState() } }

    func examine(_ file: [UInt8], declared: CoordinateSystem?) async throws -> (state: CameraListState, result: CameraImport) {
        try await onOwnThread("cameras") { (try examineState(), try compare(file, declared, with: list.read())) }
    }

    func apply(
        _ file: [UInt8], declared: CoordinateSystem?, base: String, partial: Bool
    ) async throws -> (state: CameraListState, result: CameraImport) {
        try await onOwnThread("cameras") {
            let existing = try list.read()
            guard base == self.base(existing) else { throw CameraListState.overtaken }
            let result = try compare(file, declared, with: existing)
            guard let text = result.text, result.changesAnything, partial || !result.isRefused else {
                throw Failure(.invalidInput, "rows are refused", context: [("field", "file")])
            }
            try list.replace(existing, with: text)
            try putInForce()
            return (try examineState(), result)
        }
    }

    func rollBack(base: String) async throws -> CameraListState {
        try await onOwnThread("cameras") {
            guard base == self.base(try list.read()) else { throw CameraListState.overtaken }
            try list.rollBack()
            try putInForce()
            return try examineState()
        }
    }

    private var list: CameraFile { CameraFile(folder: folder) }

    /// A list that cannot be put in force is not left on disk for the next start to stumble over.
    private func putInForce() throws {
        do { try reloader.reload() } catch {
            try list.rollBack()
            throw Failure(
                .invalidInput, "nothing was changed: the district cannot be read again, its files have an error",
                context: [("field", "file")],
                cause: error)
        }
    }

    private func compare(_ file: [UInt8], _ declared: CoordinateSystem?, with existing: [UInt8]) throws -> CameraImport {
        CameraImport(
            file, file: "file", existing: existing, existingFile: "cameras.csv", declared: declared, map: try map())
    }

    private func map() throws -> DistrictMap {
        guard let map = DistrictReader.readMap(directory: folder).map else {
            throw Failure(.invalidInput, "the district's map has an error; put it right first", context: [("field", "file")])
        }
        return map
    }

    private func base(_ bytes: [UInt8]) -> String { "\(SHA256Hex.of(bytes).prefix(32))@\(registry.current.gridSetVersion)" }

    private func examineState() throws -> CameraListState {
        let bytes = try list.read()
        var former: CameraListState.Former?
        if let (old, replaced) = try list.former() {
            let change = CameraListChange(from: bytes, to: old)
            former = CameraListState.Former(
                replacedAt: replaced.description, added: change.added, removed: change.removed, changed: change.changed)
        }
        return CameraListState(base: base(bytes), cameras: registry.current.cameras.count, former: former)
    }
}
