// Why something fired or did not, in short facts with numbers, for people.
// blobs → tracks → **detections and suppressions**

/// Numbers as people read them, without a formatting library.
enum Words {
    static func percent(_ ratio: Double) -> String { "\(tenths(ratio * 100)) %" }

    static func tenths(_ value: Double) -> String {
        let whole = Int((value * 10).rounded())
        return "\(whole / 10).\(abs(whole % 10))"
    }
}

extension Blob {
    /// Why a blob is no object.
    var note: String {
        let size = "\(area) cells, \(Words.tenths(meanDeviation)) levels"
        switch verdict {
        case .ghost: return "an edge only in the background: something absorbed has left; \(size)"
        case .lighting: return "brightness changed, texture or soft edge stayed; \(size)"
        case .object, .small: return size
        }
    }
}

extension Track {
    /// How far it went in what time.
    var way: String {
        "moved \(Words.tenths(displacement)) cells in \(Words.tenths(lastSeconds - firstSeconds)) s, seen at \(hits) of \(looksAtHit) looks"
    }

    /// Why it is believed, the most important first.
    func reasons(_ grid: CellGrid) -> [String] {
        [
            way, "\(Words.percent(Double(largestArea) / Double(grid.count))) of the picture, \(largestArea) cells",
            "\(Words.tenths(strongest)) times the threshold",
        ]
    }
}
