// What a replay found, per camera and grid, as text and as JSON.

import Domain
import Foundation
import Grids
import Pipelines

/// The lines of a replay, one for each camera with looks.
struct ReplayReport {
    /// A camera and the grid that answers for it.
    struct Place {
        var camera: Camera
        var grid: Grid?

        init(_ camera: Camera, _ grids: GridSet) {
            self.camera = camera
            grid = grids.grid(for: camera).grid.flatMap { grids[$0] }
        }
    }

    /// What came of one camera.
    struct Outcome {
        var looks = 0
        var damaged = 0
        /// False when a part of its archive could not be read.
        var isWhole = true
        var difference = ReplayDifference(then: [], replayed: [])
    }

    struct Line {
        var place: Place
        var outcome: Outcome
    }

    let from: WallTime
    let to: WallTime
    /// Cameras that keep no looks because of their privacy masks.
    var masked = 0
    var lines: [Line] = []

    var looks: Int { lines.reduce(0) { $0 + $1.outcome.looks } }

    private struct Sums {
        var cameras = 0
        var looks = 0
        var told = 0
        var same = 0
        var gone = 0
        var new = 0

        mutating func add(_ outcome: Outcome) {
            cameras += 1
            looks += outcome.looks
            told += outcome.difference.same.count + outcome.difference.gone.count
            same += outcome.difference.same.count
            gone += outcome.difference.gone.count
            new += outcome.difference.new.count
        }

        var columns: [String] { [looks, told, same, gone, new].map(String.init) }
        var members: [String: Any] { ["cameras": cameras, "looks": looks, "told": told, "same": same, "gone": gone, "new": new] }
    }

    private var total: Sums { lines.reduce(into: Sums()) { $0.add($1.outcome) } }

    private var grids: [(code: String, name: String, sums: Sums)] {
        let groups = Dictionary(grouping: lines) { $0.place.grid?.code.digits ?? "" }
        return groups.sorted { $0.key < $1.key }.map { code, lines in
            (code.isEmpty ? "in no grid" : code, lines[0].place.grid?.name ?? "", lines.reduce(into: Sums()) { $0.add($1.outcome) })
        }
    }

    /// For people: cameras with a difference, their incidents, then the grids and the total.
    var text: String {
        var text = ["looks told same gone  new  camera"]
        func row(_ columns: [String], _ name: String) -> String {
            let widths = [5, 4, 4, 4, 4]
            return zip(columns, widths).map { column, width in
                String(repeating: " ", count: max(0, width - column.count)) + column
            }.joined(separator: " ") + "  " + name
        }
        for line in lines {
            var sums = Sums()
            sums.add(line.outcome)
            text.append(row(sums.columns, "\(line.place.camera.id) \(line.place.camera.name)"))
            if line.outcome.damaged > 0 { text.append("        \(line.outcome.damaged) looks could not be decoded") }
            if !line.outcome.isWhole { text.append("        a part of its archive is damaged and was left out") }
            text += line.outcome.difference.gone.map { "      - " + Self.words($0) }
            text += line.outcome.difference.new.map { "      + " + Self.words($0) }
        }
        text += ["", "looks told same gone  new  grid"]
        text += grids.map { row($0.sums.columns, "\($0.code) \($0.name)") }
        text.append(row(total.columns, "all \(total.cameras) cameras with looks"))
        if masked > 0 { text.append("\(masked) cameras have privacy masks and keep no looks") }
        return text.joined(separator: "\n")
    }

    private static func words(_ incident: ToldIncident) -> String {
        let zone = incident.zone.isEmpty ? "" : " in zone \(incident.zone)"
        let rule = incident.rule.isEmpty ? "" : ", rule '\(incident.rule)'"
        let seconds = Int(incident.lastSeen.seconds(since: incident.firstSeen).rounded())
        return "\(incident.firstSeen) \(incident.category)\(zone), \(seconds) s\(rule)"
    }

    /// For programs; the members are those of the text.
    func json() throws -> String {
        func incidents(_ list: [ToldIncident]) -> [[String: Any]] {
            list.map {
                [
                    "category": $0.category, "zone": $0.zone, "rule": $0.rule, "first_seen": $0.firstSeen.description,
                    "last_seen": $0.lastSeen.description,
                ]
            }
        }
        let cameras = lines.map { line -> [String: Any] in
            var sums = Sums()
            sums.add(line.outcome)
            var members = sums.members
            members["cameras"] = nil
            members["camera"] = line.place.camera.id.digits
            members["grid"] = line.place.grid?.code.digits ?? NSNull()
            members["damaged"] = line.outcome.damaged
            members["is_whole"] = line.outcome.isWhole
            members["gone"] = incidents(line.outcome.difference.gone)
            members["new"] = incidents(line.outcome.difference.new)
            return members
        }
        let grids = grids.map { grid in grid.sums.members.merging(["grid": grid.code, "name": grid.name]) { $1 } }
        var members = total.members
        members["from"] = from.description
        members["to"] = to.description
        members["by_camera"] = cameras
        members["by_grid"] = grids
        members["masked_cameras"] = masked
        let data = try JSONSerialization.data(withJSONObject: members, options: [.sortedKeys, .prettyPrinted, .withoutEscapingSlashes])
        return String(decoding: data, as: UTF8.self)
    }
}
