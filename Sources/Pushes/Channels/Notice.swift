// What one push says: text, never a picture, never a coordinate, never the name of a person.
// cases → decisions → **notices** → channels

package import Domain

/// Why somebody is told.
package enum NoticeKind: String, Sendable, Codable, CaseIterable {
    /// A case was handed to the reader.
    case task
    /// Those before the reader have not answered.
    case escalation
    /// The one who acknowledged has gone silent.
    case reminder
    /// Nobody below the command centre may have it.
    case unassigned
    /// Many cases of one township at once.
    case group
    /// What the budget held back.
    case digest
    /// A camera or place that opens cases again and again.
    case flapping
}

/// The facts of one case that a notice may name.
package struct CaseBrief: Sendable, Hashable, Codable {
    package var number: String
    package var category: String
    /// The category's name in Chinese.
    package var categoryName: String
    package var priority: Int
    /// Township, village, grid and camera in words.
    package var place: String
    package var gridCode: String?
    package var drill: Bool

    package init(number: String, category: String, categoryName: String, priority: Int, place: String, gridCode: String?, drill: Bool) {
        self.number = number
        self.category = category
        self.categoryName = categoryName
        self.priority = priority
        self.place = place
        self.gridCode = gridCode
        self.drill = drill
    }
}

/// One notice to one recipient, whatever the channel.
package struct Notice: Sendable, Hashable, Codable {
    package var kind: NoticeKind
    /// The most urgent first; at most `listed` of them, `count` says how many there are.
    package var cases: [CaseBrief]
    package var count: Int
    /// Whom the ladder has reached; `worker` for what goes to the first reader.
    package var level: String
    /// Within how many seconds an answer is expected; nil when nothing follows.
    package var answerWithinSeconds: Double?
    /// Where the reader opens it; nil when the console has no address that readers reach.
    package var link: String?
    /// The recipient's id; part of topics and of events, no name.
    package var recipient: String
    private var atMilliseconds: Int64

    /// Cases a notice names; the rest is a number.
    package static let listed = 10

    package init(
        kind: NoticeKind, cases: [CaseBrief], count: Int, level: String, answerWithinSeconds: Double? = nil, link: String? = nil,
        recipient: String, at: WallTime
    ) {
        self.kind = kind
        self.cases = Array(cases.prefix(Self.listed))
        self.count = count
        self.level = level
        self.answerWithinSeconds = answerWithinSeconds
        self.link = link
        self.recipient = recipient
        atMilliseconds = at.millisecondsSince1970
    }

    /// When it was decided.
    package var at: WallTime { WallTime(millisecondsSince1970: atMilliseconds) }
    /// 1 to 4, the most urgent of its cases.
    package var priority: Int { cases.map(\.priority).min() ?? 4 }
    /// True when every case of it is an exercise.
    package var drill: Bool { !cases.isEmpty && cases.allSatisfy(\.drill) }

    enum CodingKeys: String, CodingKey {
        case kind, cases, count, level, link, recipient
        case answerWithinSeconds = "answer_within_s"
        case atMilliseconds = "at_ms"
    }
}
