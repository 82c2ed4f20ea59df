// What the tests of this module share: a map of four squares, the sample district, directories that clean up after themselves.

import Base
import Domain
import Foundation
import Synchronization
import TestKit

@testable import Grids

/// A point by units of 1e-7 degree.
func at(_ lon: Int, _ lat: Int) -> GeoPoint { GeoPoint(lonE7: Int32(lon), latE7: Int32(lat)) }

/// A point by degrees.
func place(_ lon: Double, _ lat: Double) -> GeoPoint { GeoPoint(lon: lon, lat: lat)! }  // Literals of the tests.

func ground(_ rings: [Ring]...) -> Ground { Ground(rings.map { GroundPolygon(exterior: $0[0], holes: Array($0.dropFirst())) }) }

/// A rectangle, counter-clockwise.
func box(_ west: Int, _ south: Int, _ east: Int, _ north: Int) -> Ring {
    [at(west, south), at(east, south), at(east, north), at(west, north)]
}

/// A grid whose code ends in `number`.
func grid(_ number: Int, _ ground: Ground) -> Grid {
    Grid(code: code(number), name: "格\(number)", township: "镇", village: "村", ground: ground)
}

func code(_ number: Int) -> GridCode { GridCode("511011001001\(padded(number, 3))")! }  // Fifteen digits for numbers up to 999.

/// A directory with the files of a tiny valid district: four squares of about 1 km, two villages, four gridworkers.
struct DistrictFixture {
    static let header =
        "camera_id,name,programme,rtsp_url,lon,lat,crs,azimuth,hfov,range_m,ptz,village_code,grid_code,tags,priority,transport"
    static let codes = ["511011001001001", "511011001001002", "511011001002001", "511011001002002"]
    static let workerHeader = "worker_id,name,grid_code,role,phone,channels"

    let directory: String
    var district = #"{"type":"Polygon","coordinates":[[[105.00,29.50],[105.02,29.50],[105.02,29.52],[105.00,29.52],[105.00,29.50]]]}"#
    var features: [String]
    var cameras = [header, camera()]
    var workers = [workerHeader] + codes.enumerated().map { "w\($0),名\($0),\($1),full_time,000-0000000\($0),console" }

    init() throws {
        directory = try temporaryFolder()
        let corners = [(105.00, 29.50), (105.01, 29.50), (105.00, 29.51), (105.01, 29.51)]
        features = zip(Self.codes, corners).map { code, corner in Self.feature(code, corner.0, corner.1) }
    }

    /// One feature on one line: a square of 0.01 degree.
    static func feature(_ code: String, _ west: Double, _ south: Double, size: Double = 0.01) -> String {
        let (x, y) = (west, south)
        let ring = [(x, y), (x + size, y), (x + size, y + size), (x, y + size), (x, y)]
        let text = ring.map { "[\(($0.0 * 1e7).rounded() / 1e7),\(($0.1 * 1e7).rounded() / 1e7)]" }.joined(separator: ",")
        let village = String(code.prefix(12).suffix(3))
        return #"{"type":"Feature","properties":{"code":"\#(code)","name":"网格\#(code.suffix(3))","township":"镇","village":"村\#(village)"},"#
            + #""geometry":{"type":"Polygon","coordinates":[[\#(text)]]}}"#
    }

    /// A valid row with some fields replaced.
    static func camera(_ changes: [String: String] = [:]) -> String {
        let valid = [
            "camera_id": "51101100001320000001", "name": "示例", "programme": "雪亮工程", "rtsp_url": "rtsp://192.0.2.1/1", "lon": "105.005",
            "lat": "29.505", "crs": "wgs84",
        ]
        return header.split(separator: ",").map { changes[String($0)] ?? valid[String($0)] ?? "" }.joined(separator: ",")
    }

    func write(_ name: String, _ bytes: [UInt8]) throws {
        try Data(bytes).write(to: URL(fileURLWithPath: "\(directory)/\(name)"))
    }

    /// Writes all four files and reads them; findings without the directory in front.
    func read() throws -> (district: District?, findings: [String]) {
        try write("district.geojson", Array(district.utf8))
        let collection = "{\"type\":\"FeatureCollection\",\"features\":[\n\(features.joined(separator: ",\n"))\n]}"
        try write("grids.geojson", Array(collection.utf8))
        try write("cameras.csv", Array(cameras.joined(separator: "\n").utf8))
        try write("workers.csv", Array(workers.joined(separator: "\n").utf8))
        let result = DistrictReader.read(directory: directory)
        return (result.district, result.diagnostics.map { "\($0)".replacing("\(directory)/", with: "") })
    }
}

/// The generated district, made once for all tests.
enum Sample {
    static let files: [String: String] = {
        do {
            return Dictionary(uniqueKeysWithValues: try SampleDistrict.files(SampleOptions()).map { ($0.name, $0.text) })
        } catch {
            preconditionFailure("the sample district of the default seed must be drawable: \(error)")
        }
    }()

    static let grids = GeoJSONReader.grids(Array(files["grids.geojson"]!.utf8), file: "grids.geojson").grids.map(\.grid)  // Always written.

    // Always written, like the grids.
    static let boundary = GeoJSONReader.boundary(Array(files["district.geojson"]!.utf8), file: "district.geojson").boundary!.ground
}
