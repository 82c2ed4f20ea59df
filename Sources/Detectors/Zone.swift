// Zones in cells: polygons in relative coordinates, rasterised once per picture size.
// frames → cells → foreground → **blobs** → tracks → detections

import Domain

extension Zone {
    /// One byte a cell with the bits of the zones that hold its centre; empty when there are no zones.
    static func rasterise(_ zones: [Zone], _ grid: CellGrid) -> [UInt8] {
        guard !zones.isEmpty else { return [] }
        var bits = [UInt8](repeating: 0, count: grid.count)
        for (index, zone) in zones.prefix(limit).enumerated() {
            for y in 0..<grid.height {
                let centreY = (Double(y) + 0.5) * Double(grid.side) / Double(grid.pictureHeight)
                for x in 0..<grid.width {
                    let centreX = (Double(x) + 0.5) * Double(grid.side) / Double(grid.pictureWidth)
                    if zone.contains(x: centreX, y: centreY) { bits[y * grid.width + x] |= 1 << UInt8(index) }
                }
            }
        }
        return bits
    }
}
