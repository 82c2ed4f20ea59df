// `snowlight cameras explain`: why a camera counts for its grid, and what speaks against it.
// camera → binding, field of view, position → **the reasons, printed**

import ArgumentParser
import Base
import Domain
import Foundation
import Grids

struct CamerasExplain: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "explain",
        abstract: "Says which grid answers for a camera and why: its binding, where it stands, what it sees.",
        discussion: """
            The grids a fixed camera sees follow from azimuth, hfov and range_m in cameras.csv, as shares of the ground between mast and \
            range. The place that is seen matters, not the mast: a grid with 70 % or more of it answers, unless grid_code binds the camera to \
            another; then a warning says so. What operators bound in the console is not in these files. Ends with 0, 64 for wrong options, 65 for a camera that is not \
            there.

            Example:
              snowlight cameras explain 51101100001320000001 --config my.yaml
            """)

    @Argument(help: ArgumentHelp("The camera's 20 digits.", valueName: "camera")) var camera: String
    @OptionGroup var source: DistrictOptions
    @Flag(help: "Print one JSON object instead of lines.") var json = false

    func validate() throws {
        if CameraID(camera) == nil { throw ValidationError("CAMERA must be 20 digits, not '\(camera)'.") }
    }

    func run() throws {
        let folder = try source.folder()
        let (read, findings) = DistrictReader.readMap(directory: folder)
        guard let map = read else {
            for finding in findings { complain("\(finding)") }
            throw ExitStatus.badData.exitCode
        }
        let cameras = DistrictReader.readCameras(directory: folder, map: map)
        guard let found = cameras.cameras.first(where: { $0.id.digits == camera }) else {
            for finding in cameras.diagnostics where finding.severity == .error { complain("\(finding)") }
            complain("error: \(folder) has no camera \(camera) without errors in its row")
            throw ExitStatus.badData.exitCode
        }
        let report = Report(found, map.grids)
        if json { try printJSON(report) } else { report.lines(found).forEach { print($0) } }
    }

    private struct Report: Encodable {
        struct Share: Encodable {
            let grid: String
            let share: Double
        }

        let camera: String
        let name: String
        let grid: String?
        let method: String
        let boundTo: String?
        let standsIn: String?
        let borderMetres: Double?
        let nearBorder: Bool
        let neighbours: [String]
        let sees: [Share]
        let warning: String?

        init(_ found: Camera, _ grids: GridSet) {
            let answer = grids.grid(for: found)
            camera = found.id.digits
            name = found.name
            grid = answer.grid?.digits
            method = answer.method.rawValue
            boundTo = found.boundGrid?.digits
            standsIn = answer.location?.grid.digits
            borderMetres = answer.location?.distanceMetres
            nearBorder = answer.location?.nearBorder ?? false
            neighbours = answer.location?.neighbours.map(\.digits) ?? []
            sees = grids.seen(by: found).map { Share(grid: $0.grid.digits, share: $0.share) }
            // Only a person's word outranks what a camera sees.
            let most = sees.first { $0.share >= GridSet.decisiveShare && $0.grid != answer.grid?.digits }
            warning = most.map { "it sees \($0.grid) to \(Int(($0.share * 100).rounded())) %, which is not the grid that answers" }
        }

        func lines(_ found: Camera) -> [String] {
            let shares = sees.map { "\($0.grid) \(Int(($0.share * 100).rounded())) %" }.joined(separator: ", ")
            let unknown = found.view.isMovable ? "unknown: it is movable" : "unknown: azimuth, hfov or range_m is missing"
            let border = borderMetres.map { ", \(Int($0.rounded())) m from its border" } ?? ""
            let beside = neighbours.isEmpty ? "outside the district" : "in " + neighbours.joined(separator: ", ")
            let near = nearBorder ? ", so it could stand \(beside) as well" : ""
            return [
                "\(camera) \(name)", "answers: \(grid ?? "none") (\(method))", "bound:   \(boundTo ?? "not by hand")",
                "stands:  \(found.position) in \(standsIn ?? "no grid")\(border)\(near)", "sees:    \(sees.isEmpty ? unknown : shares)",
            ] + (warning.map { ["warning: \($0); is grid_code right?"] } ?? [])
        }
    }
}
