// Parts of the picture that take no part: the operator's masks and what nobody may see.
// frames → **cells** → foreground → blobs → tracks → detections

import Domain

/// Which cells of a grid are looked at. Cells that are not are zero from the first step on: no sum, mean or edge of them is kept.
struct SeenCells: Sendable {
    /// 1 where a cell is looked at; empty when all are.
    private(set) var flags: [UInt8] = []
    /// Cells that are looked at.
    let count: Int
    /// Stretches of cells that are not looked at, as indices into the grid.
    private let blind: [Range<Int>]

    /// Rasterises once per picture size. A mask takes the cells whose centre it holds; a privacy mask every cell that it touches.
    init(_ areas: PictureAreas, _ grid: CellGrid) {
        guard !areas.masks.isEmpty || !areas.privacyMasks.isEmpty else {
            count = grid.count
            blind = []
            return
        }
        var flags = [UInt8](repeating: 1, count: grid.count)
        var blind: [Range<Int>] = []
        for y in 0..<grid.height {
            var start: Int?
            for x in 0...grid.width {
                let isBlind = x < grid.width && Self.isBlind(areas, grid, x: x, y: y)
                let cell = y * grid.width + x
                if isBlind {
                    flags[cell] = 0
                    start = start ?? cell
                } else if let from = start {
                    blind.append(from..<cell)
                    start = nil
                }
            }
        }
        self.blind = blind
        count = grid.count - blind.reduce(0) { $0 + $1.count }
        self.flags = flags
    }

    /// Zeroes the means of the cells that are not looked at.
    func blank(_ cells: inout [UInt8]) {
        for range in blind { for cell in range { cells[cell] = 0 } }
    }

    /// Stretches of a row of cells that are looked at, as columns.
    func stretches(row: Int, of grid: CellGrid) -> SeenStretches { SeenStretches(flags: flags, row: row * grid.width, width: grid.width) }

    private static func isBlind(_ areas: PictureAreas, _ grid: CellGrid, x: Int, y: Int) -> Bool {
        let cell = grid.relativeBox(CellBox(minX: x, minY: y, maxX: x, maxY: y))
        let (centreX, centreY) = (cell.x + cell.width / 2, cell.y + cell.height / 2)
        return areas.masks.contains { $0.contains(x: centreX, y: centreY) }
            || areas.privacyMasks.contains { $0.contains(x: centreX, y: centreY) || $0.hasEdge(in: cell) }
    }
}

/// Walks the stretches of one row without an array of them.
struct SeenStretches: Sequence, IteratorProtocol {
    let flags: [UInt8]
    let row: Int
    let width: Int
    private var column = 0

    init(flags: [UInt8], row: Int, width: Int) {
        self.flags = flags
        self.row = row
        self.width = width
    }

    mutating func next() -> Range<Int>? {
        guard !flags.isEmpty else {
            defer { column = width }
            return column == 0 ? 0..<width : nil
        }
        while column < width, flags[row + column] == 0 { column += 1 }
        guard column < width else { return nil }
        let start = column
        while column < width, flags[row + column] == 1 { column += 1 }
        return start..<column
    }
}

extension Zone {
    /// True when an edge of the polygon runs through the box: the part of it that lies left of, right of, above and below is cut off.
    fileprivate func hasEdge(in box: RelativeBox) -> Bool {
        var from = corners[corners.count - 1]
        for to in corners {
            let (dx, dy) = (to.x - from.x, to.y - from.y)
            var enter = 0.0
            var leave = 1.0
            for (slope, distance) in [
                (-dx, from.x - box.x), (dx, box.x + box.width - from.x), (-dy, from.y - box.y), (dy, box.y + box.height - from.y),
            ] {
                if slope == 0 {
                    if distance < 0 { leave = -1 }
                } else if slope < 0 {
                    enter = max(enter, distance / slope)
                } else {
                    leave = min(leave, distance / slope)
                }
            }
            if enter <= leave { return true }
            from = to
        }
        return false
    }
}
