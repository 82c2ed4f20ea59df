// The generated district: complete, proven, labelled, and the same bytes for the same seed.

import Base
import Domain
import Foundation
import Testing

@testable import Grids

@Test func theSampleIsADistrictWithoutAnyFinding() throws {
    let files = try DistrictFixture()
    for (name, text) in Sample.files { try files.write(name, Array(text.utf8)) }
    let (read, diagnostics) = DistrictReader.read(directory: files.directory)
    #expect(diagnostics.isEmpty, "\(diagnostics.prefix(5))")
    let district = try #require(read)
    #expect(district.code == "511011" && district.cameras.count == 4100 && district.grids.all.count == 465)
    let byTownship = Dictionary(grouping: district.grids.all, by: \.code.village.township)
    #expect(byTownship.count == 17 && Set(district.grids.all.map(\.township)).count == 17)
    let urban = byTownship.filter { $0.key < "511011100" }
    #expect(urban.count == 3 && urban.values.reduce(0) { $0 + $1.count } == 238)
    #expect(byTownship.values.reduce(0) { $0 + $1.count } - 238 == 227)
    #expect(abs(district.boundary.areaSquareMetres / 1.18e9 - 1) < 0.01)
    #expect(district.boundary.contains(place(105.08, 29.59)))
    #expect(district.workers.count { $0.role == .fullTime } == 465 && district.workers.count > 465)
    #expect(district.workers.allSatisfy { $0.phone.hasPrefix("000-") })
    #expect(district.cameras.allSatisfy { district.grids.locate($0.position)?.village == $0.villageCode })
    #expect(Set(district.cameras.compactMap { district.grids.locate($0.position) }).count == 465, "every grid has a camera")
    let urbanCameras = district.cameras.count { ($0.villageCode?.township ?? "") < "511011100" }
    #expect(urbanCameras > 2100 && urbanCameras < 2900)
    // Townships and villages hang together in codes and names.
    #expect(Set(district.villages.map(\.name)).count == district.villages.count)
    #expect(Sample.files["README.md"]?.contains("invented") == true && Sample.files["grids.geojson"]?.contains("虚构") == true)
    #expect(district.grids.all.allSatisfy { $0.village.hasPrefix("示例") })
}

@Test func theSameSeedGivesTheSameBytes() throws {
    let again = try SampleDistrict.files(SampleOptions())
    for file in again { #expect(Sample.files[file.name] == file.text, "\(file.name) differs") }
}

@Test func aSliceKeepsTheMapAndUsesNeighbouringGrids() throws {
    var options = SampleOptions()
    options.cameras = 12
    options.cameraGrids = 6
    options.rtspBase = "rtsp://127.0.0.1:9000/cam/"
    let slice = Dictionary(uniqueKeysWithValues: try SampleDistrict.files(options).map { ($0.name, $0.text) })
    #expect(slice["grids.geojson"] == Sample.files["grids.geojson"] && slice["district.geojson"] == Sample.files["district.geojson"])
    #expect(slice["workers.csv"]?.split(separator: "\n").count == Sample.files["workers.csv"]?.split(separator: "\n").count)
    let files = try DistrictFixture()
    for (name, text) in slice { try files.write(name, Array(text.utf8)) }
    let (read, diagnostics) = DistrictReader.read(directory: files.directory)
    #expect(diagnostics.isEmpty)
    let district = try #require(read)
    #expect(district.cameras.map(\.url) == (1...12).map { "rtsp://127.0.0.1:9000/cam/\($0)" })
    let used = Set(district.cameras.compactMap { district.grid(for: $0).grid })
    #expect(used.count == 6)
    // They adjoin each other: from any of them the others are reached over shared corners.
    let corners = Dictionary(uniqueKeysWithValues: used.map { ($0, Set(district.grids[$0]?.ground.rings.flatMap { $0 } ?? [])) })
    var reached: Set<GridCode> = [try #require(used.min())]
    for _ in 0..<6 {
        for code in used where reached.contains(where: { !corners[$0]!.isDisjoint(with: corners[code]!) }) { reached.insert(code) }
    }
    #expect(reached == used)
}

@Test func senselessOptionsAreRefused() {
    var options = SampleOptions()
    options.cameras = 0
    #expect(throws: Failure.self) { try SampleDistrict.files(options) }
    options.cameras = 5
    options.cameraGrids = 466
    #expect(throws: Failure.self) { try SampleDistrict.files(options) }
}
