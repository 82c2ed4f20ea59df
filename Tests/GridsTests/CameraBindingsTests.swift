// Seven questions in one order: each outranks all that come after it, and one that names a grid that is no more does not count.

import Domain
import Testing

@testable import Grids

/// Four squares of 0.01° in two rows, as in `DistrictFixture`: 1 and 2 below, 3 and 4 above.
private let grids = GridSet(
    [(0, 0), (1, 0), (0, 1), (1, 1)].enumerated().map { place, cell in
        let (x, y) = (1_050_000_000 + cell.0 * 100_000, 295_000_000 + cell.1 * 100_000)
        return grid(place + 1, ground([box(x, y, x + 100_000, y + 100_000)]))
    })

/// Stands in grid 1, ten metres from the border to grid 2, and looks east over it.
private func camera(bound: GridCode? = nil, village: String? = nil, at point: GeoPoint? = nil, looks: Bool = true) -> Camera {
    var camera = Camera(
        id: CameraID("51101100001320000001")!, name: "桥头", programme: "", url: "rtsp://192.0.2.1/1",  // 20 digits.
        position: point ?? at(1_050_099_000, 295_050_000), villageCode: village.flatMap { VillageCode($0) }, boundGrid: bound, tags: [],
        priority: .three, transport: .auto)
    if looks { camera.view = CameraView(azimuthDegrees: 90, widthDegrees: 60, rangeMetres: 100) }
    return camera
}

@Test func theFirstQuestionWithAnAnswerDecides() {
    var bindings = CameraBindings()
    bindings.zones["lane"] = .ground(ground([box(1_050_110_000, 295_110_000, 1_050_120_000, 295_120_000)]))  // In grid 4.
    bindings.zones["gate"] = .grid(code(3))
    bindings.presets["p1"] = code(4)
    bindings.camera = .grid(code(3))
    func answer(_ bindings: CameraBindings, preset: String = "", zone: String = "", _ camera: Camera = camera()) -> CameraGrid {
        grids.grid(for: camera, bindings: bindings, preset: preset, zone: zone)
    }
    let table: [(CameraGrid, GridMethod, GridCode?)] = [
        (answer(bindings, preset: "p1", zone: "lane"), .zoneGround, code(4)),
        (answer(bindings, preset: "p1", zone: "gate"), .zoneManual, code(3)),
        (answer(bindings, preset: "p1", zone: "elsewhere"), .presetManual, code(4)), (answer(bindings), .cameraManual, code(3)),
        (answer(bindings, preset: "unknown"), .cameraManual, code(3)),
        (answer(CameraBindings(), camera(bound: code(4))), .cameraManual, code(4)),
        (answer(CameraBindings()), .fieldOfView, code(2)), (answer(CameraBindings(), camera(looks: false)), .position, code(1)),
        (
            answer(CameraBindings(), camera(village: "511011001001", at: place(106, 30), looks: false)), .village, nil
        ),
        (answer(CameraBindings(), camera(village: "511011009009", at: place(106, 30), looks: false)), .unbound, nil),
        (answer(CameraBindings(), camera(at: place(106, 30), looks: false)), .unbound, nil),
    ]
    for (place, (answer, method, grid)) in table.enumerated() { #expect(answer.method == method && answer.grid == grid, "row \(place)") }
}

@Test func aGridThatIsNoMoreBindsNobody() {
    var bindings = CameraBindings()
    bindings.camera = .grid(code(99))
    bindings.presets["p1"] = code(98)
    bindings.zones["gate"] = .grid(code(97))
    let answer = grids.grid(for: camera(looks: false), bindings: bindings, preset: "p1", zone: "gate")
    #expect(answer.method == .position && answer.grid == code(1))
    #expect(grids.vanishedBinding(of: camera(), bindings) == code(99))
    #expect(grids.vanishedBinding(of: camera(bound: code(99)), CameraBindings()) == code(99))
    #expect(grids.vanishedBinding(of: camera(bound: code(2)), CameraBindings()) == nil)
    // Whoever leaves a camera to geometry outranks its row.
    bindings.camera = .automatic
    #expect(grids.grid(for: camera(bound: code(4), looks: false), bindings: bindings).method == .position)
    #expect(grids.vanishedBinding(of: camera(bound: code(99)), bindings) == nil)
}

@Test func neighboursAreNamedWhereTheyCouldBeMeant() {
    let byPosition = grids.grid(for: camera(looks: false))
    #expect(byPosition.nearBorder && byPosition.neighbours == [code(2)] && byPosition.share == nil)
    // A sector of 100 m from ten metres before the border: a percent of it lies before.
    let byView = grids.grid(for: camera())
    #expect(byView.share.map { $0 > 0.95 } == true && !byView.nearBorder && byView.neighbours.isEmpty)
    // From 40 m before it the share falls below 0.7 and the pole decides.
    var far = camera(at: at(1_050_094_000, 295_050_000))
    far.view.rangeMetres = 100
    #expect(grids.seen(by: far).first.map { $0.share < 0.7 || $0.grid == code(2) } == true)
    // A zone's ground over a corner: the largest share answers, the others are named.
    var bindings = CameraBindings()
    bindings.zones["square"] = .ground(ground([box(1_050_040_000, 295_060_000, 1_050_160_000, 295_120_000)]))
    let square = grids.grid(for: camera(), bindings: bindings, zone: "square")
    #expect(square.grid == code(1) && square.nearBorder && square.neighbours == [code(2), code(3), code(4)])
}
