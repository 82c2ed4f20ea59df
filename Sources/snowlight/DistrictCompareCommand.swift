// `snowlight district compare`: what became of each grid, and which cameras get another one.
// two grid sets → overlay → **lineage and moves, printed** → a person confirms

import ArgumentParser
import Base
import Domain
import Foundation
import Grids

struct DistrictCompare: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "compare",
        abstract: "Says what changes from one map to another: grids kept, adjusted, split, merged or re-coded, and cameras that move.",
        discussion: """
            Each folder has district.geojson and grids.geojson, proven like `district check` does; a draft needs no more. The cameras are \
            those of OLD. A camera that was bound by hand to a grid that is no more is marked for review. Ends with 0, with or without \
            differences, and with 65 when a map is not right.

            Examples:
              snowlight district compare config/district draft
              snowlight district compare config/district draft --json | jq '.cameras | length'
            """)

    @Argument(help: ArgumentHelp("The folder of the map in force.", valueName: "old")) var old: String
    @Argument(help: ArgumentHelp("The folder of the map that is to follow.", valueName: "new")) var new: String
    @Flag(help: "Print one JSON object instead of lines.") var json = false

    func run() throws {
        let stages = StageLine()
        stages.begin("proving the map in \(old)")
        let before = DistrictReader.readMap(directory: old)
        stages.begin("proving the map in \(new)")
        let after = DistrictReader.readMap(directory: new)
        stages.begin("laying the maps over each other")
        var findings = before.diagnostics + after.diagnostics
        var (lineage, moves): (GridLineage?, [CameraMove]) = (nil, [])
        if let from = before.map, let to = after.map {
            let cameras = DistrictReader.readCameras(directory: old, map: from)
            findings += cameras.diagnostics
            lineage = GridLineage(from: from.grids, to: to.grids)
            moves = CameraMove.all(cameras.cameras, from: from.grids, to: to.grids)
        }
        stages.end()
        guard let lineage else {
            for finding in findings { complain("\(finding)") }
            throw ExitStatus.badData.exitCode
        }
        if json {
            try printJSON(Report(lineage, moves, findings))
            return
        }
        for finding in findings { complain("\(finding)") }
        for line in Self.lines(lineage, moves) { print(line) }
    }

    /// The report for people: one line for each change, then the sum.
    static func lines(_ lineage: GridLineage, _ moves: [CameraMove]) -> [String] {
        var lines: [String] = []
        for link in lineage.links where link.kind != .keep {
            let metres = link.overlapSquareMetres
            let area = metres >= 10 ? "\(Int(metres.rounded()))" : "\((metres * 10).rounded() / 10)"
            lines.append(
                "\(link.kind.rawValue): \(link.from) → \(link.to), \(area) m², \(percent(link.shareOfOld)) of the old grid, "
                    + "\(percent(link.shareOfNew)) of the new")
        }
        lines += lineage.ended.map { "ended: \($0); its code is never used again" }
        lines += lineage.begun.map { "new: \($0)" }
        lines += lineage.reused.map { "warning: \($0) means mostly other ground than before; a new grid needs a new code" }
        lines += lineage.renamed.map { "renamed: \($0)" }
        for move in moves {
            let review = move.needsReview ? "; needs review: it was bound by hand to a grid that is no more" : ""
            lines.append(
                "camera \(move.camera.id) \(move.camera.name): \(move.before.grid?.digits ?? "none") → \(move.after.grid?.digits ?? "none")"
                    + " (\(move.after.method.rawValue))\(review)")
        }
        let changed = Set(lineage.links.filter { $0.kind != .keep }.map(\.from)).count
        lines.append(
            lineage.isUnchanged
                ? "nothing changes"
                : "\(changed) of \(Set(lineage.links.map(\.from)).count) grids change, \(lineage.ended.count) end, "
                    + "\(lineage.begun.count) are new, \(moves.count) cameras move, \(moves.count(where: \.needsReview)) need review")
        return lines
    }

    private static func percent(_ share: Double) -> String { "\((share * 1000).rounded() / 10) %" }

    private struct Report: Encodable {
        struct Link: Encodable {
            let kind: String
            let from: String
            let to: String
            let overlapM2: Double
            let shareOfOld: Double
            let shareOfNew: Double
        }
        struct Move: Encodable {
            let camera: String
            let name: String
            let from: String?
            let to: String?
            let method: String
            let needsReview: Bool
        }

        let links: [Link]
        let ended: [String]
        let new: [String]
        let reused: [String]
        let renamed: [String]
        let cameras: [Move]
        let findings: [Diagnostic]

        init(_ lineage: GridLineage, _ moves: [CameraMove], _ findings: [Diagnostic]) {
            links = lineage.links.map {
                Link(
                    kind: $0.kind.rawValue, from: $0.from.digits, to: $0.to.digits, overlapM2: $0.overlapSquareMetres,
                    shareOfOld: $0.shareOfOld,
                    shareOfNew: $0.shareOfNew)
            }
            ended = lineage.ended.map(\.digits)
            new = lineage.begun.map(\.digits)
            reused = lineage.reused.map(\.digits)
            renamed = lineage.renamed.map(\.digits)
            cameras = moves.map {
                Move(
                    camera: $0.camera.id.digits, name: $0.camera.name, from: $0.before.grid?.digits, to: $0.after.grid?.digits,
                    method: $0.after.method.rawValue, needsReview: $0.needsReview)
            }
            self.findings = findings
        }
    }
}
