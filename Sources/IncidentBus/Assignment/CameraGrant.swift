// A camera as it is handed to an ingest node: its whole row, its login, and the token of its lease.
// registry ══**ASSIGN**══▶ camera sessions

import Base
package import Domain

/// What a node needs to read one camera, except its rules, which stand in the node's own pipelines.
package struct CameraRow: Hashable, Sendable {
    package var camera: Camera
    package var login: Credentials?

    package init(camera: Camera, login: Credentials?) {
        self.camera = camera
        self.login = login
    }
}

/// A camera that a node may read, and the lease under which it does.
package struct CameraGrant: Hashable, Sendable {
    package var row: CameraRow
    /// Rises each time the camera changes hands: of two nodes that speak of it, the higher one is right.
    package var token: UInt64

    package init(row: CameraRow, token: UInt64) {
        self.row = row
        self.token = token
    }
}

/// The JSON of one grant; names as in `cameras.csv` where they stand there.
struct GrantBody: Codable {
    struct Area: Codable {
        var name: String
        var corners: [[Double]]

        init(_ zone: Zone) {
            name = zone.name
            corners = zone.corners.map { [$0.x, $0.y] }
        }

        /// Nil when a corner is no point.
        var zone: Zone? {
            guard corners.count >= 3, corners.allSatisfy({ $0.count == 2 }) else { return nil }
            return Zone(name: name, corners: corners.map { Zone.Corner(x: $0[0], y: $0[1]) })
        }
    }

    struct Preset: Codable {
        /// The corners one number after the other: pairs would lie deeper than what readers take (`JSONShape`).
        struct Area: Codable {
            var name: String
            var corners: [Double]

            init(_ zone: Zone) { (name, corners) = (zone.name, zone.corners.flatMap { [$0.x, $0.y] }) }

            /// Nil when the last corner is half of one.
            var zone: Zone? {
                guard corners.count >= 6, corners.count.isMultiple(of: 2) else { return nil }
                let points = stride(from: 0, to: corners.count, by: 2).map { Zone.Corner(x: corners[$0], y: corners[$0 + 1]) }
                return Zone(name: name, corners: points)
            }
        }

        var tags: [String]
        var zones: [Area]
        var masks: [Area]

        init(_ view: PresetView) { (tags, zones, masks) = (view.tags, view.zones.map(Area.init), view.masks.map(Area.init)) }

        /// Nil when an area is none.
        var view: PresetView? {
            let areas = [zones, masks].map { $0.compactMap(\.zone) }
            guard areas[0].count == zones.count, areas[1].count == masks.count else { return nil }
            return PresetView(tags: tags, zones: areas[0], masks: areas[1])
        }
    }

    var id: String
    var token: UInt64
    var name: String
    var programme: String
    var url: String
    var lonE7: Int32
    var latE7: Int32
    var village: String?
    var grid: String?
    var tags: [String]
    var priority: Int
    var transport: String
    var azimuth: Double?
    var hfov: Double?
    var range: Double?
    var ptz: Bool
    var zones: [Area]
    var masks: [Area]
    var privacy: [Area]
    /// Absent where there are none.
    var presets: [String: Preset]?
    var user: String?
    var password: String?

    enum CodingKeys: String, CodingKey {
        case id, token, name, programme, url, village, tags, priority, transport, azimuth, hfov, ptz, zones, masks, privacy, presets
        case user, password
        case lonE7 = "lon_e7"
        case latE7 = "lat_e7"
        case grid = "grid_code"
        case range = "range_m"
    }

    init(_ grant: CameraGrant) {
        let camera = grant.row.camera
        id = camera.id.digits
        token = grant.token
        name = camera.name
        programme = camera.programme
        url = camera.url
        lonE7 = camera.position.lonE7
        latE7 = camera.position.latE7
        village = camera.villageCode?.digits
        grid = camera.boundGrid?.digits
        tags = camera.tags
        priority = camera.priority.rawValue
        transport = camera.transport.rawValue
        azimuth = camera.view.azimuthDegrees
        hfov = camera.view.widthDegrees
        range = camera.view.rangeMetres
        ptz = camera.view.isMovable
        zones = camera.areas.zones.map(Area.init)
        masks = camera.areas.masks.map(Area.init)
        privacy = camera.areas.privacyMasks.map(Area.init)
        presets = camera.presets.isEmpty ? nil : camera.presets.mapValues(Preset.init)
        user = grant.row.login?.user
        password = grant.row.login?.password
    }

    /// The grant; nil when a field is not what it claims to be.
    ///
    /// A privacy mask that cannot be read refuses the camera: it must not be shown without.
    var grant: CameraGrant? {
        guard let id = CameraID(id), let priority = Priority(rawValue: priority), let transport = Transport(rawValue: transport) else {
            return nil
        }
        let areas = [zones, masks, privacy].map { $0.compactMap(\.zone) }
        guard areas[0].count == zones.count, areas[1].count == masks.count, areas[2].count == privacy.count else { return nil }
        let views = (presets ?? [:]).compactMapValues(\.view)
        guard views.count == presets?.count ?? 0 else { return nil }
        var camera = Camera(
            id: id, name: name, programme: programme, url: url, position: GeoPoint(lonE7: lonE7, latE7: latE7),
            villageCode: village.flatMap { VillageCode($0) }, boundGrid: grid.flatMap { GridCode($0) }, tags: tags, priority: priority,
            transport: transport)
        camera.view = CameraView(azimuthDegrees: azimuth, widthDegrees: hfov, rangeMetres: range, isMovable: ptz)
        camera.areas = PictureAreas(zones: areas[0], masks: areas[1], privacyMasks: areas[2])
        camera.presets = views
        return CameraGrant(
            row: CameraRow(camera: camera, login: user.map { Credentials(user: $0, password: password ?? "") }), token: token)
    }
}
