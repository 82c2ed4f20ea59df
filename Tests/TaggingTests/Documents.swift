// Metadata as cameras write it, and a reader with a clock.

import Domain
import Tagging

/// The beginning and the end of a document as the specification has them.
private let opening =
    "<?xml version=\"1.0\" encoding=\"UTF-8\"?><tt:MetadataStream xmlns:tt=\"http://www.onvif.org/ver10/schema\""
    + " xmlns:wsnt=\"http://docs.oasis-open.org/wsn/b-2\" xmlns:tns1=\"http://www.onvif.org/ver10/topics\">"

/// A document around events or anything else.
func document(_ inner: String...) -> String { opening + inner.joined() + "</tt:MetadataStream>" }

/// One notification message within its event.
func event(
    _ topic: String, operation: String? = "Changed", time: String = "2026-11-23T02:24:57.628Z", source: [String: String] = ["Rule": "lane"],
    key: [String: String] = [:], data: [String: String] = [:]
) -> String {
    func items(_ name: String, _ items: [String: String]) -> String {
        guard !items.isEmpty else { return "" }
        let list = items.sorted { $0.key < $1.key }.map { "<tt:SimpleItem Name=\"\($0.key)\" Value=\"\($0.value)\"/>" }
        return "<tt:\(name)>\(list.joined())</tt:\(name)>"
    }
    let said = operation.map { " PropertyOperation=\"\($0)\"" } ?? ""
    return "<tt:Event><wsnt:NotificationMessage><wsnt:Topic Dialect=\"http://www.onvif.org/ver10/tev/topicExpression/ConcreteSet\">"
        + "\(topic)</wsnt:Topic><wsnt:Message><tt:Message UtcTime=\"\(time)\"\(said)>"
        + items("Source", source) + items("Key", key) + items("Data", data)
        + "</tt:Message></wsnt:Message></wsnt:NotificationMessage></tt:Event>"
}

/// Motion on or off, the most common of all.
func motion(_ isOn: Bool, operation: String? = "Changed", time: String = "2026-11-23T02:24:57.628Z") -> String {
    event("tns1:RuleEngine/CellMotionDetector/Motion", operation: operation, time: time, data: ["IsMotion": isOn ? "true" : "false"])
}

let motionTag = "onvif:RuleEngine/CellMotionDetector/Motion"

/// A camera's reader and board with a clock that tests move.
struct Desk {
    var reader = MetadataReader()
    var board = TagBoard()
    var seconds = 1000.0
    /// The moment of the messages above.
    var wall = WallTime("2026-11-23T02:24:57.628Z")!  // The format of WallTime.
    var figures = MetadataFigures()

    /// Hands bytes over as they came and applies what they say.
    @discardableResult
    mutating func hear(_ bytes: some Sequence<UInt8>, isWhole: Bool = true) -> [TagChange] {
        let said = reader.read(Array(bytes), isWhole: isWhole, arrivalSeconds: seconds, arrivalWall: wall)
        let more = reader.takeFigures()
        figures.documents += more.documents
        figures.notifications += more.notifications
        figures.denied += more.denied
        figures.unlisted += more.unlisted
        figures.refused.merge(more.refused, uniquingKeysWith: +)
        return board.apply(said, nowSeconds: seconds)
    }

    @discardableResult
    mutating func hear(_ text: String) -> [TagChange] { hear(text.utf8) }

    mutating func wait(_ time: Double) -> [TagChange] {
        seconds += time
        wall = wall.adding(seconds: time)
        return board.expire(nowSeconds: seconds)
    }

    /// The state of a tag; nil when it is not on the board.
    func state(_ name: String, _ source: String = "lane") -> LiveTag.State? {
        board.live().first { $0.name == name && $0.source == source }?.state
    }
}
