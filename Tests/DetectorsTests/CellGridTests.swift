// Division into cells and their means, for every shape a camera may send.

@testable import Detectors
import Domain
import TestKit
import Testing

@Test(arguments: [
    (1920, 1080, 12, 160, 90), (704, 576, 5, 140, 115), (3840, 2160, 24, 160, 90), (640, 360, 4, 160, 90), (160, 120, 1, 160, 120),
    (161, 120, 2, 80, 60), (1, 1, 1, 1, 1), (3, 2, 1, 3, 2), (1, 10_000, 84, 0, 119), (10_000, 1, 63, 158, 0),
])
func aPictureIsDividedIntoAtMost160By120Cells(width: Int, height: Int, side: Int, cellsX: Int, cellsY: Int) {
    let grid = CellGrid(PlaneShape(width: width, height: height, stride: width))
    #expect(grid.side == side)
    #expect(grid.width == cellsX)
    #expect(grid.height == cellsY)
}

@Test(arguments: [(64, 48, 0), (640, 360, 24), (1920, 1080, 7), (3840, 2160, 0), (161, 121, 3)])
func cellMeansAreExactToOneLevel(width: Int, height: Int, padding: Int) {
    var scene = LumaScene(width: width, height: height, seed: 7, padding: padding)
    let plane = scene.picture(noiseLevels: 9)
    let grid = CellGrid(scene.shape)
    var cells = [UInt8](repeating: 0, count: grid.count)
    var sums = ColumnSums(grid)
    var fingerprint: UInt32?
    grid.readMeans(plane.span, scene.shape, into: &cells, &sums, fingerprint: &fingerprint)
    for y in stride(from: 0, to: grid.height, by: 5) {
        for x in stride(from: 0, to: grid.width, by: 7) {
            var sum = 0
            for row in 0..<grid.side {
                for column in 0..<grid.side { sum += Int(plane[(y * grid.side + row) * scene.shape.stride + x * grid.side + column]) }
            }
            let mean = Double(sum) / Double(grid.side * grid.side)
            // Large cells are sampled on every third row; the texture under one cell differs by a few levels.
            #expect(abs(Double(cells[y * grid.width + x]) - mean) <= (grid.side < 6 ? 1 : 6))
        }
    }
}

@Test func aWhitePlaneStaysWhiteInCellsOfAnySide() {
    for side in [1, 2, 5, 6, 12, 24, 48, 100] {
        let shape = PlaneShape(width: side * 160, height: side, stride: side * 160)
        let grid = CellGrid(shape)
        let plane = [UInt8](repeating: 255, count: shape.stride * shape.height)
        var cells = [UInt8](repeating: 0, count: grid.count)
        var sums = ColumnSums(grid)
        var fingerprint: UInt32?
        grid.readMeans(plane.span, shape, into: &cells, &sums, fingerprint: &fingerprint)
        #expect(grid.side == side)
        #expect(cells.allSatisfy { $0 == 255 })
    }
}
