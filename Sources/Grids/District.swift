// A district as its files describe it: border, grids, cameras, gridworkers. Immutable once read.
// files → **district** → dispatcher, console

package import Domain

/// A village or community with its grids.
package struct Village: Hashable, Sendable {
    package let code: VillageCode
    package let name: String
    package let township: String
    package let grids: [GridCode]
}

/// Everything the dispatcher knows about a district before anything happens in it. Safe on any thread.
package struct District: Sendable {
    /// Six digits; empty when `district.geojson` names none.
    package let code: String
    package let name: String
    package let boundary: Ground
    package let grids: GridSet
    /// In file order.
    package let cameras: [Camera]
    /// In file order.
    package let workers: [Gridworker]
    /// `grids.geojson` as it is served to pages.
    package let geoJSON: [UInt8]
    /// `district.geojson`.
    package let boundaryGeoJSON: [UInt8]
    private let cameraPlaces: [CameraID: Int]
    private let workersOfGrid: [GridCode: [Gridworker]]

    package init(
        code: String, name: String, boundary: Ground, grids: GridSet, cameras: [Camera], workers: [Gridworker], geoJSON: [UInt8],
        boundaryGeoJSON: [UInt8]
    ) {
        self.code = code
        self.name = name
        self.boundary = boundary
        self.grids = grids
        self.cameras = cameras
        self.workers = workers
        self.geoJSON = geoJSON
        self.boundaryGeoJSON = boundaryGeoJSON
        cameraPlaces = Dictionary(cameras.enumerated().map { ($1.id, $0) }, uniquingKeysWith: { first, _ in first })
        workersOfGrid = Dictionary(grouping: workers, by: \.grid)
    }

    /// The camera with this id, or nil.
    package func camera(_ id: CameraID) -> Camera? { cameraPlaces[id].map { cameras[$0] } }

    /// The grid answerable for a camera: its binding, else its position, else none.
    package func grid(for camera: Camera) -> CameraGrid { grids.grid(for: camera) }

    /// The full-time gridworker of a grid, the first in the file; nil only for a code that is not in this district.
    package func worker(of grid: GridCode) -> Gridworker? { workersOfGrid[grid]?.first { $0.role == .fullTime } }

    /// Those who step in for a grid, in file order.
    package func substitutes(of grid: GridCode) -> [Gridworker] { workersOfGrid[grid]?.filter { $0.role == .substitute } ?? [] }

    /// All villages by code, each with its grids by code.
    package var villages: [Village] {
        Dictionary(grouping: grids.all, by: \.code.village).sorted { $0.key < $1.key }.map { code, grids in
            Village(code: code, name: grids[0].village, township: grids[0].township, grids: grids.map(\.code))
        }
    }
}
