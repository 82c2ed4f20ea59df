// views.yaml: what operators have drawn into the pictures of cameras.
// **views.yaml → areas** → cameras → detections, snapshots, clips

import Base
import Domain

/// Reads the optional `views.yaml` of a district; every mistake by its line.
///
/// ```yaml
/// 51101100001320000001:
///   zones:   { lane: "0.10,0.55; 0.90,0.55; 0.90,0.95; 0.10,0.95" }   # watched, by the names that rules use
///   masks:   { flag: "0.70,0.00; 0.85,0.00; 0.85,0.20" }              # movement there means nothing
///   privacy: { window: "0.00,0.00; 0.20,0.00; 0.20,0.40; 0.00,0.40" } # nobody may see it
/// ```
enum ViewsFile {
    /// Of each kind but zones, of which there may be `Zone.limit`: more is a drawing and not a mask.
    private static let mostMasks = 32

    /// The areas by camera, and all findings.
    ///
    /// - Parameter cameras: Those of `cameras.csv`; nil when that file has errors, since then a missing camera may be one of them.
    static func read(_ bytes: [UInt8], file: String, cameras: Set<CameraID>?) -> (
        areas: [CameraID: PictureAreas], diagnostics: [Diagnostic]
    ) {
        guard let text = String(validating: bytes, as: UTF8.self) else {
            return ([:], [Diagnostic(file: file, line: nil, message: "the file is not UTF-8")])
        }
        let (root, findings) = StrictYAML.parse(text, file: file)
        var areas: [CameraID: PictureAreas] = [:]
        for (key, node) in root?.entries ?? [] {
            guard let id = CameraID(key) else {
                node.report("'\(key)' is not a camera id of 20 digits")
                continue
            }
            if let cameras, !cameras.contains(id) { node.report("camera \(id) is not in cameras.csv") }
            areas[id] = PictureAreas(
                zones: zones(node, "zones", most: Zone.limit), masks: zones(node, "masks", most: mostMasks),
                privacyMasks: zones(node, "privacy", most: mostMasks))
            node.finish()
        }
        return (areas, findings.diagnostics)
    }

    private static func zones(_ camera: StrictYAML, _ key: String, most: Int) -> [Zone] {
        guard let list = camera.child(key) else { return [] }
        let entries = list.entries
        if entries.count > most { list.report("\(entries.count) \(key) are too many; at most \(most) can be drawn") }
        return entries.prefix(most).compactMap { (name, node) -> Zone? in
            guard let text = node.string() else { return nil }
            do throws(Failure) { return try Zone(name: name, polygon: text) } catch {
                node.report(error.message)
                return nil
            }
        }
    }
}
