// The elements of a metadata document become notifications: topic, operation, and items by name.
// **documents → assertions** → tags → incidents

/// What a device did to a property.
enum PropertyOperation: String {
    case initialized, changed, deleted
}

/// One `wsnt:NotificationMessage` as it came.
struct Notification: Sendable {
    typealias Item = (name: String, value: String)

    var topic: Topic?
    var time: String?
    var operation: PropertyOperation?
    var source: [Item] = []
    var key: [Item] = []
    var data: [Item] = []
}

/// What came out of one document.
struct DocumentNews: Sendable {
    var notifications: [Notification] = []
    /// Messages about persons, plates and the like; their items were never looked at.
    var denied = 0
    /// Messages of topics that mean nothing here.
    var unlisted = 0
    /// Messages without a readable topic, or beyond the cap.
    var unreadable = 0
    /// What the camera says of its drive; nil when it says nothing or does not know.
    var isMoving: Bool?
}

/// Folds elements into notifications. Local names decide, in any case of letters; makers do not agree on prefixes and namespaces.
///
/// Everything below `VideoAnalytics`, where objects, faces and plates are described, is passed over without being looked at.
struct NotificationFolder: Sendable {
    private enum Place {
        case document, stream, event, notification, topic, wrapper, message, source, key, data
        case ptz, status, movement, axis, item, ignored
    }

    /// Cameras send the state of all properties at once; the most seen are 40.
    private static let mostNotifications = 256
    private static let mostItems = 32
    private static let mostValueBytes = 256
    private static let mostTextBytes = 256

    private(set) var news = DocumentNews()
    private var places = [Place.document]
    private var notification = Notification()
    private var item: (name: String, value: String)?
    private var words: [UInt8] = []
    private var movements: [String] = []

    /// An element begins; true when its attributes are wanted. Names come without prefixes.
    mutating func begin(_ name: String) -> Bool {
        let place = Self.place(name.lowercased(), in: places[places.count - 1])
        places.append(place)
        switch place {
        case .notification: notification = Notification()
        case .topic, .axis: words.removeAll(keepingCapacity: true)
        case .item: item = ("", "")
        default: break
        }
        // Items of a topic that is denied by now are never made.
        if place == .item, let verdict = notification.topic?.verdict, verdict != .allowed { return false }
        return [.wrapper, .message, .item].contains(place)
    }

    /// One attribute of the element that has just begun.
    mutating func attribute(_ name: String, _ value: String) {
        switch (places[places.count - 1], name.lowercased()) {
        case (.item, "name"): item?.name = String(value.prefix(TagText.most))
        case (.item, "value"): item?.value = String(value.prefix(Self.mostValueBytes))
        case (.wrapper, "utctime"), (.message, "utctime"): notification.time = String(value.prefix(TagText.most))
        case (.wrapper, "propertyoperation"), (.message, "propertyoperation"):
            notification.operation = PropertyOperation(rawValue: value.trimmed.lowercased())
        default: break
        }
    }

    /// Text of the innermost element, perhaps in parts.
    mutating func text(_ bytes: Span<UInt8>) {
        guard [.topic, .axis].contains(places[places.count - 1]) else { return }
        for index in 0..<min(bytes.count, Self.mostTextBytes - words.count) { words.append(bytes[index]) }
    }

    /// The innermost element ends.
    mutating func end() {
        switch places.removeLast() {
        case .topic: notification.topic = Topic(String(decoding: words, as: UTF8.self))
        case .item: keepItem()
        case .notification: keepNotification()
        case .axis: movements.append(String(decoding: words, as: UTF8.self).trimmed.uppercased())
        case .movement:
            if movements.contains("MOVING") { news.isMoving = true } else if movements.contains("IDLE") { news.isMoving = false }
            movements = []
        default: break
        }
    }

    private mutating func keepItem() {
        guard let kept = item.take(), !kept.name.isEmpty else { return }
        switch places[places.count - 1] {
        case .source where notification.source.count < Self.mostItems: notification.source.append(kept)
        case .key where notification.key.count < Self.mostItems: notification.key.append(kept)
        case .data where notification.data.count < Self.mostItems: notification.data.append(kept)
        default: break
        }
    }

    private mutating func keepNotification() {
        defer { notification = Notification() }
        switch notification.topic?.verdict {
        case nil: news.unreadable += 1
        case .denied: news.denied += 1
        case .unlisted: news.unlisted += 1
        case .allowed:
            if news.notifications.count < Self.mostNotifications { news.notifications.append(notification) } else { news.unreadable += 1 }
        }
    }

    private static func place(_ name: String, in parent: Place) -> Place {
        switch (parent, name) {
        case (.document, "metadatastream"): .stream
        case (.stream, "event"): .event
        // The Streaming Specification itself misspells it once.
        case (.event, "notificationmessage"), (.event, "notficationmessage"): .notification
        case (.notification, "topic"): .topic
        case (.notification, "message"): .wrapper
        case (.wrapper, "message"): .message
        case (.wrapper, "source"), (.message, "source"): .source
        case (.wrapper, "key"), (.message, "key"): .key
        case (.wrapper, "data"), (.message, "data"): .data
        case (.source, "simpleitem"), (.key, "simpleitem"), (.data, "simpleitem"): .item
        case (.stream, "ptz"): .ptz
        case (.ptz, "ptzstatus"): .status
        case (.status, "movestatus"): .movement
        case (.movement, "pantilt"), (.movement, "zoom"): .axis
        default: .ignored
        }
    }
}
