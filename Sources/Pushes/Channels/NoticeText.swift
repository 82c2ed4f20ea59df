// The words of a notice in Chinese, cut to what a service takes: limits count UTF-8 bytes, and a character is never cut in half.
// notices → **text** → channels

/// Title and text of a notice.
package struct NoticeText: Sendable, Hashable {
    package var title: String
    package var text: String

    /// - Parameter limit: Longest text in UTF-8 bytes; the link is kept whole, what stands before it gives way.
    package init(_ notice: Notice, limit: Int) {
        title = Self.clipped(Self.title(notice), to: 240)
        let link = notice.link.map { "\n" + $0 } ?? ""
        text = Self.clipped(Self.body(notice), to: limit - link.utf8.count) + link
    }

    private static func title(_ notice: Notice) -> String {
        let drill = notice.drill ? "【演练】" : ""
        guard let first = notice.cases.first else { return drill + "通知" }
        let level = "\(levels[notice.priority - 1])级"
        switch notice.kind {
        case .task: return "\(drill)【\(level)】\(first.categoryName)"
        case .escalation: return "\(drill)【\(level)·逾期未签收】\(first.categoryName)"
        case .reminder: return "\(drill)【\(level)·签收后无进展】\(first.categoryName)"
        case .unassigned: return "\(drill)【\(level)·待派遣】\(first.categoryName)"
        case .flapping: return "\(drill)【\(level)·反复报警】\(first.categoryName)"
        case .group: return "\(drill)【\(level)·集中报警】\(notice.count) 件"
        case .digest: return "\(drill)【\(level)·汇总】\(notice.count) 件"
        }
    }

    private static func body(_ notice: Notice) -> String {
        var lines = [title(notice)]
        for one in notice.cases {
            let drill = one.drill && !notice.drill ? "(演练)" : ""
            lines.append(
                notice.count == 1
                    ? "\(one.place) \(one.categoryName)\(drill)。案号 \(short(one.number))。"
                    : "\(short(one.number)) \(one.place) \(one.categoryName)\(drill)")
        }
        if notice.count > notice.cases.count { lines.append("另有 \(notice.count - notice.cases.count) 件,请在系统内查看。") }
        switch notice.kind {
        case .task, .escalation, .reminder:
            if let seconds = notice.answerWithinSeconds { lines.append("请 \(span(seconds))内签收。") }
        case .unassigned: lines.append("请派遣。")
        case .flapping: lines.append("同一点位反复报警,后续并入汇总,请检查现场或摄像机。")
        case .group, .digest: break
        }
        return lines.joined(separator: "\n")
    }

    private static let levels = ["一", "二", "三", "四"]

    /// `511011-20261123-00042` as people say it: `1123-00042`.
    private static func short(_ number: String) -> String {
        let parts = number.split(separator: "-")
        return parts.count == 3 ? "\(parts[1].suffix(4))-\(parts[2])" : number
    }

    private static func span(_ seconds: Double) -> String {
        let minutes = Int((seconds / 60).rounded(.up))
        return minutes % 60 == 0 && minutes > 0 ? "\(minutes / 60) 小时" : "\(minutes) 分钟"
    }

    /// At most `bytes` of UTF-8, whole characters, `…` at the end of what was cut.
    static func clipped(_ text: String, to bytes: Int) -> String {
        guard text.utf8.count > bytes else { return text }
        var kept = ""
        var used = "…".utf8.count
        guard used <= bytes else { return "" }
        for character in text {
            used += character.utf8.count
            guard used <= bytes else { break }
            kept.append(character)
        }
        return kept + "…"
    }
}
