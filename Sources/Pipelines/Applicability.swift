// Which cameras a pipeline is for, decided once per camera from what does not change while it runs.
// **static tags** → rules → incidents

package import Domain

/// A question about a camera's static facts.
package indirect enum Applicability: Hashable, Sendable {
    case everywhere
    /// Has at least one of these static tags.
    case tags([TagPattern])
    /// Is one of these cameras.
    case cameras(Set<CameraID>)
    /// Has all of these zones drawn.
    case zones([String])
    case all([Applicability])
    case any([Applicability])
    case not(Applicability)

    /// True when the pipeline is for this camera.
    package func holds(for camera: Camera) -> Bool {
        switch self {
        case .everywhere: true
        case .tags(let patterns): camera.tags.contains { tag in patterns.contains { $0.matches(tag) } }
        case .cameras(let ids): ids.contains(camera.id)
        case .zones(let names): names.allSatisfy { name in camera.areas.zones.contains { $0.name == name } }
        case .all(let parts): parts.allSatisfy { $0.holds(for: camera) }
        case .any(let parts): parts.contains { $0.holds(for: camera) }
        case .not(let part): !part.holds(for: camera)
        }
    }

    /// Why the pipeline is for this camera or not, part by part.
    package func standings(for camera: Camera, depth: Int = 0) -> [ConditionStanding] {
        let (text, parts): (String, [Applicability]) =
            switch self {
            case .all(let parts): ("all of", parts)
            case .any(let parts): ("any of", parts)
            case .not(let part): ("not", [part])
            default: ("\(self)", [])
            }
        let line = ConditionStanding(depth: depth, text: text, truth: holds(for: camera) ? .yes : .no, isDecided: true, note: "")
        return [line] + parts.flatMap { $0.standings(for: camera, depth: depth + 1) }
    }

    /// The zones that are certainly drawn where the pipeline applies.
    package var certainZones: Set<String> {
        switch self {
        case .zones(let names): Set(names)
        case .all(let parts): parts.reduce(into: []) { $0.formUnion($1.certainZones) }
        default: []
        }
    }
}

extension Applicability: CustomStringConvertible {
    /// One line for people.
    package var description: String {
        switch self {
        case .everywhere: "every camera"
        case .tags(let patterns): "static tag " + patterns.map(\.description).joined(separator: " or ")
        case .cameras(let ids): ids.count == 1 ? "camera \(ids.first!)" : "one of \(ids.count) cameras"  // Counted here.
        case .zones(let names): "drawn zone " + names.joined(separator: " and ")
        case .all(let parts): "all of (" + parts.map(\.description).joined(separator: "; ") + ")"
        case .any(let parts): "any of (" + parts.map(\.description).joined(separator: "; ") + ")"
        case .not(let part): "not \(part)"
        }
    }
}
