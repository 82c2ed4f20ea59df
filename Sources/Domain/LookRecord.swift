// What the look archive keeps: pictures as the camera coded them, what its devices said meanwhile, and what was told.
// looks → detections → incidents; **looks** ══▶ archive ─▶ replay

/// A key picture that was looked at, as it was received.
package struct StoredLook: Sendable, Hashable {
    package var at: WallTime
    /// `h264`, `h265` or `mjpeg`.
    package var codec: String
    package var width: Int
    package var height: Int
    /// H.264 and H.265 as Annex B with their parameter sets, JPEG as it is.
    package var bytes: [UInt8]

    package init(at: WallTime, codec: String, width: Int, height: Int, bytes: [UInt8]) {
        self.at = at
        self.codec = codec
        self.width = width
        self.height = height
        self.bytes = bytes
    }
}

/// An incident as it was told: once when it opened, once more when it was over.
package struct ToldIncident: Sendable, Hashable {
    package var category: String
    /// Empty for the whole picture.
    package var zone: String
    /// Empty for one that was continued from before a restart.
    package var rule: String
    package var firstSeen: WallTime
    package var lastSeen: WallTime
    package var isOver: Bool

    package init(category: String, zone: String, rule: String, firstSeen: WallTime, lastSeen: WallTime, isOver: Bool) {
        self.category = category
        self.zone = zone
        self.rule = rule
        self.firstSeen = firstSeen
        self.lastSeen = lastSeen
        self.isOver = isOver
    }
}

/// One entry of a camera's archive.
package enum LookRecord: Sendable, Hashable {
    case look(StoredLook)
    /// All live tags of the camera from this moment on; `sinceSeconds` of each is a time since 1970.
    case tags(at: WallTime, [LiveTag])
    case incident(at: WallTime, ToldIncident)

    /// When it was written, on the wall clock.
    package var at: WallTime {
        switch self {
        case .look(let look): look.at
        case .tags(let at, _): at
        case .incident(let at, _): at
        }
    }
}
