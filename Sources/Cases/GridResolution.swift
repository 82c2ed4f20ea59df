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
    /// The first rule of DOMAIN.md that applied, of those this release knows.
    enum Method: String, Sendable {
        case cameraManual = "camera_manual"
        case position
        /// The command centre's queue: outside every grid.
        case unbound
    }

    var method: Method
    var grid: Grid?
    var gridSetVersion: String
    var nearBorder = false
    /// To the nearest border of the grid; nil when a person bound the camera.
    var distanceMetres: Double?
    var neighbours: [GridReference] = []
    /// How far the camera says it stands from where the registry has it; nil up to 20 m.
    var cameraMovedMetres: Double?

    /// A position that differs by more re-opens the question of the binding.
    static let movedMetres = 20.0

    /// Resolves by the camera's registered binding, then by its registered position. What the wire says is only compared.
    init(camera: Camera, reported: GeoPoint, registry: Registry) {
        method = .unbound
        gridSetVersion = registry.gridSetVersion
        if let bound = camera.boundGrid, let grid = registry.grids[bound] {
            method = .cameraManual
            self.grid = grid
        } else if let location = registry.grids.resolve(camera.position), let grid = registry.grids[location.grid] {
            method = .position
            self.grid = grid
            nearBorder = location.nearBorder
            distanceMetres = location.distanceMetres
            neighbours = location.neighbours.compactMap { code in
                registry.grids[code].map { GridReference(code: $0.code.digits, name: $0.name) }
            }
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
