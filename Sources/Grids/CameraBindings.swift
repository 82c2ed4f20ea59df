// Which grid answers for what a camera sees: seven questions in one order, the first that has an answer decides.
// incident → zone, preset, camera, field of view, pole, village → **grid** → case

package import Domain

/// How the grid of a camera, or of an incident in it, was found; the raw value is the `method` of the HTTP API.
package enum GridMethod: String, Sendable, CaseIterable {
    /// The zone has ground of its own, drawn by a person.
    case zoneGround = "zone_ground"
    /// A person bound the zone to a grid.
    case zoneManual = "zone_manual"
    /// A person bound the preset at which the camera stands.
    case presetManual = "preset_manual"
    /// A person bound the camera: in the console, or by `grid_code` of its row.
    case cameraManual = "camera_manual"
    /// At least `GridSet.decisiveShare` of what it sees.
    case fieldOfView = "field_of_view"
    /// Where the pole stands.
    case position
    /// Its village is known and nothing else.
    case village
    /// Nothing is known: the command centre owns what happens there.
    case unbound
}

/// What people have decided about one camera.
package struct CameraBindings: Hashable, Sendable {
    /// What a person said about a camera as a whole.
    package enum Choice: Hashable, Sendable {
        case grid(GridCode)
        /// Field of view and position decide, whatever `grid_code` of its row says.
        case automatic
    }

    /// What a person said about a zone.
    package enum ZonePlace: Hashable, Sendable {
        case grid(GridCode)
        case ground(Ground)
    }

    /// Nil when nobody decided; then `Camera.boundGrid` counts.
    package var camera: Choice?
    /// By the token of the preset.
    package var presets: [String: GridCode] = [:]
    /// By the name of the zone.
    package var zones: [String: ZonePlace] = [:]

    package init() {}
}

/// The grid answerable for what a camera sees, and how sure that is.
package struct CameraGrid: Hashable, Sendable {
    /// Nil when `method` is `.village` or `.unbound`.
    package let grid: GridCode?
    package let method: GridMethod
    /// Where its position lies, whatever the method; nil outside every grid.
    package let location: GridLocation?
    /// How much of the ground in question lies in `grid`, 0…1; nil when it is a point or a person's word.
    package var share: Double?
    /// True when the place could as well lie in another grid.
    package var nearBorder = false
    /// Those other grids, likeliest first.
    package var neighbours: [GridCode] = []
    /// The queue that it goes to when `method` is `.village`.
    package var village: VillageCode?

    package init(grid: GridCode?, method: GridMethod, location: GridLocation?) {
        self.grid = grid
        self.method = method
        self.location = location
    }
}

extension GridSet {
    /// From this share of the ground in question on, a neighbour is named.
    static let neighbourShare = 0.1

    /// The grid answerable for a camera, for a zone of its picture or for a preset; what names a grid that is no more does not count.
    ///
    /// About a microsecond; some 50 where a field of view has to be laid over grids.
    package func grid(for camera: Camera, bindings: CameraBindings = CameraBindings(), preset: String = "", zone: String = "") -> CameraGrid
    {
        let location = resolve(camera.position)
        if let place = bindings.zones[zone] {
            switch place {
            case .ground(let ground):
                if let answer = grid(of: shares(of: ground), .zoneGround, location) { return answer }
            case .grid(let code):
                if self[code] != nil { return CameraGrid(grid: code, method: .zoneManual, location: location) }
            }
        }
        if let code = bindings.presets[preset], self[code] != nil {
            return CameraGrid(grid: code, method: .presetManual, location: location)
        }
        if let code = bindings.grid(boundInFile: camera.boundGrid), self[code] != nil {
            return CameraGrid(grid: code, method: .cameraManual, location: location)
        }
        let seen = seen(by: camera)
        if let most = seen.first, most.share >= Self.decisiveShare, let answer = grid(of: seen, .fieldOfView, location) { return answer }
        if let location {
            var answer = CameraGrid(grid: location.grid, method: .position, location: location)
            answer.nearBorder = location.nearBorder
            answer.neighbours = location.neighbours
            return answer
        }
        guard let village = camera.villageCode, all.contains(where: { $0.code.village == village }) else {
            return CameraGrid(grid: nil, method: .unbound, location: nil)
        }
        var answer = CameraGrid(grid: nil, method: .village, location: nil)
        answer.village = village
        return answer
    }

    /// A manual choice about the camera as a whole that names a grid this set does not have.
    package func vanishedBinding(of camera: Camera, _ bindings: CameraBindings) -> GridCode? {
        guard let code = bindings.grid(boundInFile: camera.boundGrid), self[code] == nil else { return nil }
        return code
    }

    private func grid(of shares: [GridShare], _ method: GridMethod, _ location: GridLocation?) -> CameraGrid? {
        guard let most = shares.first else { return nil }
        var answer = CameraGrid(grid: most.grid, method: method, location: location)
        answer.share = most.share
        answer.neighbours = shares.dropFirst().filter { $0.share >= Self.neighbourShare }.map(\.grid)
        answer.nearBorder = !answer.neighbours.isEmpty
        return answer
    }
}

extension CameraBindings {
    /// The grid a person bound the whole camera to: in the console, else by the row of its file.
    fileprivate func grid(boundInFile code: GridCode?) -> GridCode? {
        switch camera {
        case .grid(let chosen): chosen
        case .automatic: nil
        case nil: code
        }
    }
}
