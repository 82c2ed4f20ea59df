// The ground that a fixed camera sees, and whose it is: what is seen decides, not where the mast stands.
// camera → **field of view** → grids with their shares → a person's binding

package import Domain
import Foundation

/// One grid's share of what a camera sees.
package struct GridShare: Hashable, Sendable {
    package let grid: GridCode
    /// Of the whole field of view, 0…1.
    package let share: Double
}

extension Camera {
    /// The sector between the mast and the useful range, on level ground; nil for a movable camera and where direction, width or range is
    /// not known, because then it would be a guess. Corners stand at most 10° apart, which leaves out less than 1 % of the sector.
    var groundSeen: Ground? {
        guard !view.isMovable, let azimuth = view.azimuthDegrees, let width = view.widthDegrees, let range = view.rangeMetres else {
            return nil
        }
        let scale = LocalMetres(at: position)
        let steps = max(2, Int((width / 10).rounded(.up)))
        let arc = (0...steps).map { step in
            // Clockwise from north.
            let angle = (azimuth - width / 2 + width * Double(step) / Double(steps)) * .pi / 180
            return GeoPoint(
                lonE7: Int32(clamping: Int64(position.lonE7) + Int64((range * sin(angle) / scale.perLonUnit).rounded())),
                latE7: Int32(clamping: Int64(position.latE7) + Int64((range * cos(angle) / scale.perLatUnit).rounded())))
        }
        return Ground([GroundPolygon(exterior: width >= 360 ? Array(arc.dropLast()) : [position] + arc)])
    }
}

extension GridSet {
    /// From this share on, one grid may be taken as the one a camera sees.
    package static let decisiveShare = 0.7

    /// The grids a camera sees, the largest share first; empty when its field of view is not known. Shares add up to less than 1 where it
    /// sees beyond the district; those below a hundredth, which is what the sector's corners leave out, are not named.
    package func seen(by camera: Camera) -> [GridShare] {
        camera.groundSeen.map(shares(of:)) ?? []
    }

    /// The grids that have some of a ground, the largest share first.
    func shares(of ground: Ground) -> [GridShare] {
        let whole = GridOverlay.sharedUnits(ground, ground)
        guard whole > 0 else { return [] }
        return grids(touching: ground).map { GridShare(grid: $0.code, share: GridOverlay.sharedUnits(ground, $0.ground) / whole) }
            .filter { $0.share >= 0.01 }
            .sorted { ($1.share, $0.grid) < ($0.share, $1.grid) }
    }
}
