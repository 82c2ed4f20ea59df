// A camera as the registry knows it, and the one state that says how it is doing.
// **camera** → packets → looks → frames → detections → incidents

/// How urgent something is: 1 is highest, 4 lowest.
package enum Priority: Int, Sendable, Comparable, CaseIterable {
    case one = 1
    case two, three, four
    package static func < (a: Self, b: Self) -> Bool { a.rawValue < b.rawValue }
}

/// How packets are fetched from a camera.
package enum Transport: String, Sendable, CaseIterable {
    /// Ours where it speaks the camera's dialect, FFmpeg otherwise.
    case auto
    case native
    case ffmpeg
}

/// Where a camera looks, as far as its row in `cameras.csv` says; nil is "not known", never a guess.
package struct CameraView: Hashable, Sendable {
    /// Direction of the optical axis, clockwise from north, 0 ..< 360.
    package var azimuthDegrees: Double?
    /// Horizontal field of view, above 0 up to 360.
    package var widthDegrees: Double?
    /// How far it usefully sees.
    package var rangeMetres: Double?
    /// True when it can be turned, so that its azimuth holds only for the home position.
    package var isMovable: Bool

    package init(azimuthDegrees: Double? = nil, widthDegrees: Double? = nil, rangeMetres: Double? = nil, isMovable: Bool = false) {
        self.azimuthDegrees = azimuthDegrees
        self.widthDegrees = widthDegrees
        self.rangeMetres = rangeMetres
        self.isMovable = isMovable
    }
}

/// One position of a camera that can be turned, from `views.yaml`.
package struct PresetView: Hashable, Sendable {
    /// Static tags of what is seen from there, beside those of the camera.
    package var tags: [String]
    /// Drawn into the picture of this position, instead of the camera's own.
    package var zones: [Zone]
    package var masks: [Zone]

    package init(tags: [String] = [], zones: [Zone] = [], masks: [Zone] = []) {
        self.tags = tags
        self.zones = zones
        self.masks = masks
    }
}

/// One row of `cameras.csv`, validated. Credentials are not part of it.
package struct Camera: Hashable, Sendable {
    package let id: CameraID
    package var name: String
    /// The programme it was installed under, e.g. `雪亮工程`.
    package var programme: String
    /// `rtsp://host[:port]/path` without user information.
    package var url: String
    package var position: GeoPoint
    package var villageCode: VillageCode?
    /// A manual binding that outranks the position.
    package var boundGrid: GridCode?
    /// Static tags such as `scene:fire_lane`, sorted.
    package var tags: [String]
    package var priority: Priority
    package var transport: Transport
    package var view = CameraView()
    /// Zones and masks, from `views.yaml`.
    package var areas = PictureAreas()
    /// Its presets by token, from `views.yaml`.
    package var presets: [String: PresetView] = [:]

    package init(
        id: CameraID, name: String, programme: String, url: String, position: GeoPoint, villageCode: VillageCode?,
        boundGrid: GridCode?, tags: [String], priority: Priority, transport: Transport
    ) {
        self.id = id
        self.name = name
        self.programme = programme
        self.url = url
        self.position = position
        self.villageCode = villageCode
        self.boundGrid = boundGrid
        self.tags = tags
        self.priority = priority
        self.transport = transport
    }

    /// The camera as it is while it stands at a preset; as it is anyway at a preset that nobody has described.
    ///
    /// Privacy masks stay as they are: what nobody may see must be black wherever the camera looks.
    package func standing(at preset: String) -> Camera {
        guard let view = presets[preset] else { return self }
        var camera = self
        camera.tags = Set(tags).union(view.tags).sorted()
        (camera.areas.zones, camera.areas.masks) = (view.zones, view.masks)
        return camera
    }
}

/// What a camera is doing, derived from the age of its last decoded picture.
package enum CameraState: String, Sendable, CaseIterable {
    case connecting, streaming, stalled
    /// The password was refused: slow lane, a human is asked.
    case refused
    case unreachable, unsupported
    /// Set aside after repeated faults of its stream.
    case quarantined
}

/// The state of one camera with its reason, as health pages and `camera.lost` incidents show it.
package struct CameraHealth: Hashable, Sendable {
    package var state: CameraState
    /// Plain words, naming who must act: camera, network, us, or settings.
    package var reason: String
    package var since: WallTime
    package var lastPicture: WallTime?

    package init(state: CameraState, reason: String, since: WallTime, lastPicture: WallTime?) {
        self.state = state
        self.reason = reason
        self.since = since
        self.lastPicture = lastPicture
    }
}
