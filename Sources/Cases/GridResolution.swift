// Which grid an incident belongs to, and how that was found out.
// incidents → **grid** → cases

import Domain
import Grids

/// A grid by code and name, as it was when the incident arrived.
package struct GridReference: Sendable, Hashable, Codable {
    package var code: String
    package var name: String

    package init(code: String, name: String) {
        self.code = code
        self.name = name
    }
}

/// The answer with everything a person needs to doubt it.
struct GridResolution: Sendable {
    var method: GridMethod
    var grid: Grid?
    /// Names of the place where there is no grid but a village; else those of the grid.
    var township: String
    var village: String
    var gridSetVersion: String
    var nearBorder: Bool
    /// To the nearest border of the grid; nil when something else than the position decided.
    var distanceMetres: Double?
    var neighbours: [GridReference]
    /// How far the camera says it stands from where the registry has it; nil up to 20 m.
    var cameraMovedMetres: Double?

    /// A position that differs by more re-opens the question of the binding.
    static let movedMetres = FieldChange.reviewMetres

    /// Resolves by what is registered about the camera, its preset and its zone. What the wire says about its position is only compared.
    init(_ key: IncidentKey, camera: Camera, reported: GeoPoint, registry: Registry) {
        let answer = registry.answer(for: camera, preset: key.preset, zone: key.zone)
        method = answer.method
        grid = answer.grid.flatMap { registry.grids[$0] }
        // A village queue has the names of the village's grids.
        let named = grid ?? answer.village.flatMap { code in registry.grids.all.first { $0.code.village == code } }
        township = named?.township ?? ""
        village = named?.village ?? ""
        gridSetVersion = registry.gridSetVersion
        nearBorder = answer.nearBorder
        distanceMetres = answer.method == .position ? answer.location?.distanceMetres : nil
        neighbours = answer.neighbours.compactMap { code in
            registry.grids[code].map { GridReference(code: $0.code.digits, name: $0.name) }
        }
        let metres = camera.position.metres(to: reported)
        cameraMovedMetres = metres > Self.movedMetres ? metres : nil
    }
}

extension GeoPoint {
    /// The distance on a local plane; good to a percent within a district.
    func metres(to other: GeoPoint) -> Double {
        // One degree of latitude is 111.32 km; cosine by its Taylor series, because Domain values stay free of C's math library.
        let north = (lat - other.lat) * 111_320
        let angle = (lat + other.lat) / 2 * .pi / 180
        let square = angle * angle
        let cosine = 1 - square / 2 + square * square / 24 - square * square * square / 720
        let east = (lon - other.lon) * 111_320 * cosine
        return (north * north + east * east).squareRoot()
    }
}
