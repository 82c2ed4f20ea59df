// Connected foreground, measured and judged: an object, a change of light, or the hole that something absorbed left behind.
// photometric fit → foreground → **blobs** → tracks → detections

/// A horizontal stretch of grown foreground; runs that touch, also at corners, form one blob.
struct Run: Sendable {
    /// A picture that needs more is noise all over; the rest is not looked at.
    static let limit = 4096

    var y: Int
    var start: Int
    var end: Int
    /// Index of another run of the same blob; a root names itself.
    var parent: Int
    /// Foreground cells, of the whole blob at its root.
    var area: Int
    /// Index in `blobs`, at roots only; −1 when the blob is too small.
    var blob = -1
}

/// What a blob turned out to be.
enum Verdict: Sendable {
    case object, lighting, ghost
    /// An object where rain or darkness ask for more.
    case small
}

/// One connected change with the sums that judge it.
struct Blob: Sendable {
    static let limit = 64

    var box = CellBox()
    /// Foreground cells, without the grown rim.
    var area = 0
    var sumX = 0
    var sumY = 0
    /// Sums over the foreground: deviation and threshold in sixteenths, gradients in 1/32 level.
    var deviation = 0
    var threshold = 0
    var restless = 0
    var gradientExplained = 0
    var gradientChange = 0
    /// Products of the gradients, for their correlation: texture that survived, whatever the change of brightness.
    var gradientProduct = 0
    var gradientSeenSquared = 0
    var gradientExplainedSquared = 0
    /// Cells that look as they did at the last look, and cells of a hole that is being relearnt.
    var still = 0
    var relearning = 0
    /// Sums over the rim, where an object has its edge.
    var rim = 0
    var rimExplained = 0
    var rimSeen = 0
    var rimChange = 0
    /// The part of it that lies in a zone; all of it where there are none.
    var watchedBox = CellBox()
    var watchedArea = 0
    /// The zones its foreground lies in, one bit each.
    var zones: UInt8 = 0
    var touchesBorder = false
    var verdict = Verdict.object

    /// True when it reaches the border of the picture or of what is watched: it may be leaving.
    var touchesEdge: Bool { touchesBorder || watchedArea < area }
    var centreX: Double { Double(sumX) / Double(max(1, area)) }
    var centreY: Double { Double(sumY) / Double(max(1, area)) }
    var restlessShare: Double { Double(restless) / Double(max(1, area)) }
    /// How alike the gradients of picture and background are, −1…1; a shadow scales them and keeps their pattern.
    var textureCorrelation: Double {
        let scale = (Double(gradientSeenSquared) * Double(gradientExplainedSquared)).squareRoot()
        return scale > 0 ? Double(gradientProduct) / scale : 0
    }
    /// Mean deviation in levels.
    var meanDeviation: Double { Double(deviation) / Double(16 * max(1, area)) }
    /// Mean deviation over mean threshold.
    var strength: Double { Double(deviation) / Double(max(1, threshold)) }
}

extension MotionScratch {
    /// Fills `blobs` from `foreground`, judged; needs `growForeground` first.
    ///
    /// - Parameter zones: One byte a cell with a bit per zone, or empty when the whole picture is watched.
    mutating func findBlobs(_ state: CellState, grid: CellGrid, zones: [UInt8], _ settings: MotionSettings) {
        runs.removeAll(keepingCapacity: true)
        blobs.removeAll(keepingCapacity: true)
        collectRuns(grid)
        for index in runs.indices {
            let root = self.root(of: index)
            if root != index { runs[root].area += runs[index].area }
        }
        for index in runs.indices where runs[index].parent == index && runs[index].area >= settings.minimumAreaCells {
            guard blobs.count < Blob.limit else { break }
            runs[index].blob = blobs.count
            blobs.append(Blob())
        }
        guard !blobs.isEmpty else { return }
        for index in runs.indices {
            let owner = runs[root(of: index)].blob
            guard owner >= 0 else { continue }
            var blob = blobs[owner]
            measure(runs[index], into: &blob, state, grid, zones, settings)
            blobs[owner] = blob
        }
        for index in blobs.indices { blobs[index].verdict = judge(blobs[index], settings) }
        // Where light changes on a large part, its faint remains beside it are the same light.
        let lit = blobs.reduce(0) { $0 + ($1.verdict == .lighting ? $1.area : 0) }
        for index in blobs.indices where blobs[index].verdict == .object && blobs[index].strength < 1.6 && blobs[index].area * 3 < lit {
            blobs[index].verdict = .lighting
        }
    }

    /// The blob that a run belongs to, or nil when it is too small.
    func blobIndex(ofRun index: Int) -> Int? {
        var at = index
        while runs[at].parent != at { at = runs[at].parent }
        return runs[at].blob >= 0 ? runs[at].blob : nil
    }

    private mutating func root(of index: Int) -> Int {
        var at = index
        while runs[at].parent != at {
            runs[at].parent = runs[runs[at].parent].parent
            at = runs[at].parent
        }
        return at
    }

    private mutating func collectRuns(_ grid: CellGrid) {
        var previousRow = 0..<0
        for y in 0..<grid.height {
            let first = runs.count
            let base = y * grid.width
            var x = CellKernels.hasAny(grown.span.extracting(grid.row(y))) ? 0 : grid.width
            while x < grid.width {
                guard grown[base + x] > 0 else {
                    x += 1
                    continue
                }
                guard runs.count < Run.limit else { return }
                let start = x
                var area = 0
                while x < grid.width, grown[base + x] > 0 {
                    area += Int(foreground[grid.padded(y) + x])
                    x += 1
                }
                runs.append(Run(y: y, start: start, end: x, parent: runs.count, area: area))
            }
            joinRows(above: previousRow, below: first..<runs.count)
            previousRow = first..<runs.count
        }
    }

    private mutating func joinRows(above: Range<Int>, below: Range<Int>) {
        var upper = above.lowerBound
        for lower in below {
            // Corners count: a run touches another that ends where it starts.
            while upper < above.upperBound && runs[upper].end < runs[lower].start { upper += 1 }
            var touching = upper
            while touching < above.upperBound && runs[touching].start <= runs[lower].end {
                let a = root(of: touching)
                let b = root(of: lower)
                if a != b { runs[max(a, b)].parent = min(a, b) }
                touching += 1
            }
        }
    }

    private func measure(
        _ run: Run, into blob: inout Blob, _ state: CellState, _ grid: CellGrid, _ zones: [UInt8], _ settings: MotionSettings
    ) {
        let pitch = grid.pitch
        let stillLimit = Int(settings.thresholdLevels / 2)
        for x in run.start..<run.end {
            let cell = run.y * grid.width + x
            let at = grid.padded(run.y) + x
            let explainedX = Int(predicted[at + 1]) - Int(predicted[at - 1])
            let explainedY = Int(predicted[at + pitch]) - Int(predicted[at - pitch])
            let seenX = Int(luma[at + 1]) - Int(luma[at - 1])
            let seenY = Int(luma[at + pitch]) - Int(luma[at - pitch])
            let explained = abs(explainedX) + abs(explainedY)
            let change = abs(seenX - explainedX) + abs(seenY - explainedY)
            let isBorder = x == 0 || run.y == 0 || x == grid.width - 1 || run.y == grid.height - 1
            // At the border of the picture an object is cut off: there is no edge to judge.
            if grown[cell] < 9 && !isBorder {
                blob.rim += 1
                blob.rimExplained += explained
                blob.rimSeen += abs(seenX) + abs(seenY)
                blob.rimChange += change
            }
            guard foreground[at] != 0 else { continue }
            blob.area += 1
            blob.sumX += x
            blob.sumY += run.y
            blob.box.extend(x: x, y: run.y)
            blob.deviation += abs(Int(difference[cell]))
            blob.threshold += Int(threshold[cell])
            blob.gradientExplained += explained
            blob.gradientChange += change
            blob.gradientProduct += seenX * explainedX + seenY * explainedY
            blob.gradientSeenSquared += seenX * seenX + seenY * seenY
            blob.gradientExplainedSquared += explainedX * explainedX + explainedY * explainedY
            if state.age[cell] == CellState.relearning { blob.relearning += 1 }
            if state.flutter[cell] > 40 * 256 { blob.restless += 1 }
            if abs(Int(cells[cell]) - Int(state.previous[cell])) < stillLimit { blob.still += 1 }
            if isBorder { blob.touchesBorder = true }
            let bits = zones.isEmpty ? 1 : zones[cell]
            if bits != 0 {
                blob.zones |= bits
                blob.watchedArea += 1
                blob.watchedBox.extend(x: x, y: run.y)
            }
        }
    }

    /// Tells objects from light and from holes; the numbers are those of the study behind the design, measured on real clips.
    private func judge(_ blob: Blob, _ settings: MotionSettings) -> Verdict {
        // The hole keeps its verdict while it fades: its edge in the background fades first.
        if blob.relearning * 2 >= blob.area { return .ghost }
        // Gradients are sums of two central differences in sixteenths: 32 to a level.
        let meanExplained = Double(blob.gradientExplained) / Double(32 * max(1, blob.area))
        if meanExplained >= 6 && Double(blob.gradientChange) < 0.45 * Double(blob.gradientExplained) { return .lighting }
        // A faint change that keeps the texture is a trembling camera or a twig in the wind.
        if meanExplained >= 3 && blob.textureCorrelation > (blob.strength < 1.6 ? 0.65 : 0.9) { return .lighting }
        let rim = Double(32 * max(1, blob.rim))
        if blob.area >= 3 * settings.minimumAreaCells && blob.rim > 0 && Double(blob.rimChange) / rim < 0.22 * blob.meanDeviation {
            return .lighting
        }
        if Double(blob.rimExplained) / rim > 6 && Double(blob.rimSeen) < 0.5 * Double(blob.rimExplained)
            && Double(blob.still) >= 0.8 * Double(blob.area)
        {
            return .ghost
        }
        return .object
    }
}
