// What became of each grid when the map changed: kept, adjusted, split, merged or only given another code.
// old grid set, new grid set → overlay → **lineage** → open cases, bindings, statistics

package import Domain

/// How the ground of one grid set is divided in the next. A proposal: a person confirms it.
///
/// Both sets must be proven to cover the same district; then the shares of each grid add up to 1.
package struct GridLineage: Sendable {
    /// What one grid has to do with another that has some of its ground.
    package enum Kind: String, Sendable, CaseIterable {
        /// The same code and the same ground.
        case keep
        /// Ground went over a border between grids that both live on, or a grid is what it was but for that.
        case adjust
        /// One grid became several.
        case split
        /// Several grids became one.
        case merge
        /// The same ground, but for a little, under another code.
        case recode
    }

    /// Ground that was one grid's and now is another's, or the same grid's.
    package struct Link: Hashable, Sendable {
        package let from: GridCode
        package let to: GridCode
        package let kind: Kind
        package let overlapSquareMetres: Double
        /// Of the old grid's area, 0…1.
        package let shareOfOld: Double
        /// Of the new grid's area, 0…1.
        package let shareOfNew: Double
    }

    /// Less is not a link: borders drawn again through nearly the same points.
    package static let noiseSquareMetres = 1.0
    /// A grid that has less than this of an ended one is not its successor; it got some ground at the border.
    package static let successorShare = 0.05

    /// By old code, then by new.
    package let links: [Link]
    /// Codes of the old set that are no more. They are never used again.
    package let ended: [GridCode]
    /// Codes that are new.
    package let begun: [GridCode]
    /// Codes in both sets that mean mostly other ground: less than half of the old one's and of the new one's is shared.
    package let reused: [GridCode]
    /// Codes in both sets whose name, village or township changed.
    package let renamed: [GridCode]

    /// Compares two sets. Some milliseconds when few grids changed; a second in a release build when all of 465 were drawn again.
    package init(from old: GridSet, to new: GridSet) {
        let overlaps = Self.overlaps(old, new)
        ended = old.all.map(\.code).filter { new[$0] == nil }
        begun = new.all.map(\.code).filter { old[$0] == nil }
        let successors = Dictionary(grouping: overlaps.filter { $0.shareOfOld >= Self.successorShare }, by: \.from)
        let predecessors = Dictionary(grouping: overlaps.filter { $0.shareOfNew >= Self.successorShare }, by: \.to)
        links = overlaps.map { one in
            Link(
                from: one.from, to: one.to,
                kind: Self.kind(
                    one, lives: new[one.from] != nil, existed: old[one.to] != nil, successors: successors[one.from]?.count ?? 0,
                    predecessors: predecessors[one.to]?.count ?? 0),
                overlapSquareMetres: one.squareMetres, shareOfOld: one.shareOfOld, shareOfNew: one.shareOfNew)
        }
        let both = old.all.compactMap { before in new[before.code].map { (before, after: $0) } }
        let shared = Dictionary(
            uniqueKeysWithValues: overlaps.filter { $0.from == $0.to }.map { ($0.from, max($0.shareOfOld, $0.shareOfNew)) })
        reused = both.map(\.after.code).filter { shared[$0, default: 0] < 0.5 }
        renamed = both.filter { ($0.name, $0.village, $0.township) != ($1.name, $1.village, $1.township) }.map(\.after.code)
    }

    /// True when no ground, code or name changed.
    package var isUnchanged: Bool { ended.isEmpty && begun.isEmpty && renamed.isEmpty && links.allSatisfy { $0.kind == .keep } }

    private struct Overlap {
        let from: GridCode
        let to: GridCode
        let squareMetres: Double
        let shareOfOld: Double
        let shareOfNew: Double
        /// Exactly the same ground, by the proof of coverage.
        let isSame: Bool
    }

    private static func overlaps(_ old: GridSet, _ new: GridSet) -> [Overlap] {
        old.all.flatMap { before -> [Overlap] in
            // Nothing else can have ground of a grid that did not change.
            if let after = new[before.code], after.ground == before.ground {
                let area = before.ground.areaSquareMetres
                return [Overlap(from: before.code, to: after.code, squareMetres: area, shareOfOld: 1, shareOfNew: 1, isSame: true)]
            }
            return new.grids(touching: before.ground).compactMap { after in
                let area = GridOverlay.sharedSquareMetres(before.ground, after.ground)
                guard area >= noiseSquareMetres else { return nil }
                let shares = (area / before.ground.areaSquareMetres, area / after.ground.areaSquareMetres)
                let isSame = min(shares.0, shares.1) > 0.999 && CoverageProof.findings(grids: [before], district: after.ground).isEmpty
                return Overlap(
                    from: before.code, to: after.code, squareMetres: area, shareOfOld: min(1, shares.0), shareOfNew: min(1, shares.1),
                    isSame: isSame)
            }
        }
    }

    private static func kind(_ one: Overlap, lives: Bool, existed: Bool, successors: Int, predecessors: Int) -> Kind {
        if one.from == one.to { return one.isSame ? .keep : .adjust }
        if one.isSame { return .recode }
        switch (lives, existed) {
        case (true, true): return .adjust
        case (true, false): return .split
        case (false, true): return .merge
        case (false, false):
            if one.shareOfOld < successorShare && one.shareOfNew < successorShare { return .adjust }
            return successors > 1 ? .split : predecessors > 1 ? .merge : .recode
        }
    }
}

/// A camera for whose ground another grid answers when the map changes.
package struct CameraMove: Hashable, Sendable {
    package let camera: Camera
    package let before: CameraGrid
    package let after: CameraGrid

    /// True when a person bound the camera to a grid that is no more: it falls back to its position until someone decides.
    package var needsReview: Bool { before.method == .cameraManual && after.method != .cameraManual }

    /// The cameras that move, in the given order.
    package static func all(
        _ cameras: [Camera], bindings: [CameraID: CameraBindings] = [:], from old: GridSet, to new: GridSet
    ) -> [CameraMove] {
        cameras.compactMap { camera in
            let own = bindings[camera.id] ?? CameraBindings()
            let move = CameraMove(
                camera: camera, before: old.grid(for: camera, bindings: own), after: new.grid(for: camera, bindings: own))
            return move.before.grid != move.after.grid || move.needsReview ? move : nil
        }
    }
}
