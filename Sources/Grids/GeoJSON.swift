// GeoJSON (RFC 7946) to areas and grids, with the line of everything that is wrong.
// district.geojson, grids.geojson → **features** → coverage proof → grid set

import Base
import Domain
import Foundation

/// Reads the two map files of a district.
struct GeoJSONReader {
    private var findings: FindingList

    init(file: String) { findings = FindingList(file: file) }

    /// A grid with the line its feature begins on.
    struct GridFeature {
        let line: Int
        let grid: Grid
    }

    /// The district's own border and, where the file gives them, its six-digit code and its name.
    struct Boundary {
        let line: Int
        let code: String?
        let name: String
        let ground: Ground
    }

    /// Reads `grids.geojson`: a FeatureCollection of polygons with `code`, `name`, `township`, `village`.
    static func grids(_ bytes: [UInt8], file: String) -> (grids: [GridFeature], findings: FindingList) {
        var reader = GeoJSONReader(file: file)
        let grids = reader.grids(bytes)
        return (grids, reader.findings)
    }

    /// Reads `district.geojson`: one polygon, bare or as a feature, alone or in a collection.
    static func boundary(_ bytes: [UInt8], file: String) -> (boundary: Boundary?, findings: FindingList) {
        var reader = GeoJSONReader(file: file)
        let boundary = reader.boundary(bytes)
        return (boundary, reader.findings)
    }

    private mutating func root(_ bytes: [UInt8]) -> JSONNode? {
        do {
            let root = try JSONScanner.read(bytes)
            if let crs = root["crs"], !crs.isNull {
                findings.error(crs.line, "'crs' is not part of GeoJSON; coordinates must be WGS-84 degrees. Convert the file and remove it")
            }
            return root
        } catch {
            findings.error(error.line, error.message)
            return nil
        }
    }

    private mutating func grids(_ bytes: [UInt8]) -> [GridFeature] {
        guard let root = root(bytes) else { return [] }
        guard root["type"]?.string == "FeatureCollection", let features = root["features"]?.elements else {
            findings.error(root.line, "must be a FeatureCollection with 'features'")
            return []
        }
        if features.isEmpty { findings.error(root.line, "has no features; a district has at least one grid") }
        var result: [GridFeature] = []
        var names = NamesInUse()
        for feature in features {
            guard feature["type"]?.string == "Feature" else {
                findings.error(feature.line, "an element of 'features' is not a Feature")
                continue
            }
            let properties = properties(feature)
            let ground = ground(feature["geometry"], of: feature)
            guard let properties, let ground else { continue }
            let grid = Grid(
                code: properties.code, name: properties.name, township: properties.township, village: properties.village, ground: ground)
            if let message = names.clash(grid, line: feature.line) {
                findings.error(feature.line, message)
            } else {
                result.append(GridFeature(line: feature.line, grid: grid))
            }
        }
        return result
    }

    private mutating func boundary(_ bytes: [UInt8]) -> Boundary? {
        guard let root = root(bytes) else { return nil }
        var node = root
        if root["type"]?.string == "FeatureCollection" {
            guard let features = root["features"]?.elements, features.count == 1 else {
                findings.error(root.line, "must hold exactly one feature: the district")
                return nil
            }
            node = features[0]
        }
        let geometry = node["type"]?.string == "Feature" ? node["geometry"] : node
        guard let ground = ground(geometry, of: node) else { return nil }
        var code: String?
        if let written = node["properties"]?["code"] {
            code = written.string
            if code?.wholeMatch(of: /[0-9]{6}/) == nil { findings.error(written.line, "'code' of the district must be text of 6 digits") }
        }
        return Boundary(line: node.line, code: code, name: node["properties"]?["name"]?.string ?? code ?? "", ground: ground)
    }

    private mutating func properties(_ feature: JSONNode) -> (code: GridCode, name: String, township: String, village: String)? {
        guard let properties = feature["properties"], case .object = properties.value else {
            findings.error(feature.line, "the feature has no 'properties'")
            return nil
        }
        var texts: [String] = []
        for key in ["code", "name", "township", "village"] {
            guard let node = properties[key], !node.isNull else {
                findings.error(properties.line, "the property '\(key)' is missing")
                continue
            }
            guard let text = node.string.map(trimmed), !text.isEmpty else {
                findings.error(
                    node.line,
                    node.number != nil ? "'\(key)' is a number; write it as text in quotes" : "'\(key)' must be text and not empty")
                continue
            }
            texts.append(text)
        }
        guard texts.count == 4 else { return nil }
        guard let code = GridCode(texts[0]) else {
            let line = properties["code"]?.line ?? properties.line
            findings.error(line, "'\(printable(texts[0]))' is no grid code: 15 digits, the village's 12 and a sequence of 3")
            return nil
        }
        return (code, texts[1], texts[2], texts[3])
    }

    private mutating func ground(_ geometry: JSONNode?, of feature: JSONNode) -> Ground? {
        guard let geometry, !geometry.isNull else {
            findings.error(feature.line, "the feature has no 'geometry'")
            return nil
        }
        let type = geometry["type"]?.string ?? "nothing"
        guard type == "Polygon" || type == "MultiPolygon" else {
            findings.error(geometry.line, "the geometry is '\(printable(type))'; an area needs a Polygon or MultiPolygon")
            return nil
        }
        guard let coordinates = geometry["coordinates"]?.elements else {
            findings.error(geometry.line, "the geometry has no 'coordinates'")
            return nil
        }
        var polygons: [GroundPolygon] = []
        for polygon in type == "Polygon" ? [coordinates] : coordinates.map({ $0.elements ?? [] }) {
            var rings: [Ring] = []
            for ring in polygon {
                guard let corners = self.ring(ring) else { return nil }
                rings.append(corners)
            }
            guard let exterior = rings.first else {
                findings.error(geometry.line, "a polygon has no ring")
                return nil
            }
            polygons.append(GroundPolygon(exterior: exterior, holes: Array(rings.dropFirst())))
        }
        guard !polygons.isEmpty else {
            findings.error(geometry.line, "the geometry has no polygon")
            return nil
        }
        let ground = Ground(polygons)
        guard let span = ground.bounds?.spanE7, span <= 100_000_000 else {
            findings.error(geometry.line, "the area is wider than 10 degrees; that is no district")
            return nil
        }
        return ground
    }

    private mutating func ring(_ node: JSONNode) -> Ring? {
        guard let positions = node.elements else {
            findings.error(node.line, "a ring must be a list of positions")
            return nil
        }
        var ring: Ring = []
        ring.reserveCapacity(positions.count)
        for position in positions {
            guard let numbers = position.elements, numbers.count == 2 || numbers.count == 3, let lon = numbers[0].number,
                let lat = numbers[1].number
            else {
                findings.error(position.line, "a position must be [longitude, latitude]")
                return nil
            }
            if let complaint = PositionCheck.complaint(Degrees(lon: lon, lat: lat)) {
                findings.error(position.line, complaint)
                return nil
            }
            guard let point = GeoPoint(lon: lon, lat: lat) else { return nil }
            ring.append(point)
        }
        guard ring.count >= 4 else {
            findings.error(node.line, "a ring needs at least 4 positions, the last equal to the first; this one has \(ring.count)")
            return nil
        }
        guard ring.first == ring.last else {
            findings.error(node.line, "a ring is not closed: its last position must equal its first")
            return nil
        }
        ring.removeLast()
        return ring
    }
}

/// What can be told to be wrong with a position before any map is known.
enum PositionCheck {
    /// A sentence, or nil when the position is plausible: within the degrees that China spans.
    static func complaint(_ position: Degrees) -> String? {
        let (lon, lat) = (position.lon, position.lat)
        if lon == 0 && lat == 0 { return "the position is 0,0: it was never surveyed" }
        if (3...54).contains(lon), (73...136).contains(lat) {
            return "longitude \(lon) and latitude \(lat) are swapped: longitude comes first"
        }
        if abs(lon) > 180 || abs(lat) > 90 {
            let metres = abs(lon) > 1000 || abs(lat) > 1000 ? "; these look like metres of a plane system, export degrees" : ""
            return "\(lon),\(lat) is out of range: longitude -180…180, latitude -90…90\(metres)"
        }
        guard (73...136).contains(lon), (3...54).contains(lat) else { return "\(lon),\(lat) lies outside China" }
        return nil
    }
}

/// Codes and names seen so far: a code stands once, a village or township code always means the same name.
private struct NamesInUse {
    private var lines: [GridCode: Int] = [:]
    private var villages: [VillageCode: (name: String, line: Int)] = [:]
    private var townships: [String: (name: String, line: Int)] = [:]

    mutating func clash(_ grid: Grid, line: Int) -> String? {
        if let first = lines[grid.code] { return "the code \(grid.code) stands on line \(first) already" }
        lines[grid.code] = line
        let village = grid.code.village
        if let known = villages[village], known.name != grid.village {
            return "village \(village) is '\(printable(grid.village))' here and '\(printable(known.name))' on line \(known.line)"
        }
        if let known = townships[village.township], known.name != grid.township {
            return "township \(village.township) is '\(printable(grid.township))' here and '\(printable(known.name))' on line \(known.line)"
        }
        villages[village] = villages[village] ?? (grid.village, line)
        townships[village.township] = townships[village.township] ?? (grid.township, line)
        return nil
    }
}
