// Progress of long work on standard error: a bar on a terminal, a line now and then otherwise.
// options ─▶ scenes ─▶ pictures ─▶ **encodings** ─▶ packets ─▶ clients

import Foundation
import Synchronization

/// Shows how far something has come. Safe on any thread.
final class ProgressLine: Sendable {
    private let title: String
    private let isTerminal = isatty(2) == 1
    private let lastShown = Mutex(-1)

    init(_ title: String) { self.title = title }

    /// Prints when a terminal's bar would move, or at each tenth.
    func show(_ done: Int, of total: Int) {
        let percent = done * 100 / max(total, 1)
        let step = isTerminal ? percent : percent / 10 * 10
        let isNews = lastShown.withLock { last in
            guard step > last else { return false }
            last = step
            return true
        }
        guard isNews else { return }
        let text: String
        if isTerminal {
            let filled = step * 40 / 100
            let bar = String(repeating: "█", count: filled) + String(repeating: "·", count: 40 - filled)
            text = "\r\(title) \(bar) \(step) %" + (step == 100 ? "\n" : "")
        } else {
            text = "camera-fleet: \(title) \(step) %\n"
        }
        FileHandle.standardError.write(Data(text.utf8))
    }
}
