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
///   presets:                                                          # a camera that can be turned, by the tokens it uses itself
///     "3": { tags: [scene:river_bank], zones: { mark: "0.40,0.50; 0.60,0.50; 0.60,0.90" } }
/// ```
enum ViewsFile {
    /// Of each kind but zones, of which there may be `Zone.limit`: more is a drawing and not a mask.
    private static let mostMasks = 32
    /// A tour that is longer than this looks nowhere long enough.
    private static let mostPresets = 32

    /// What was said of one camera.
    struct View {
        var areas = PictureAreas()
        var presets: [String: PresetView] = [:]
    }

    /// The views by camera, and all findings.
    ///
    /// - Parameter cameras: Those of `cameras.csv`; nil when that file has errors, since then a missing camera may be one of them.
    static func read(_ bytes: [UInt8], file: String, cameras: Set<CameraID>?) -> (
        views: [CameraID: View], diagnostics: [Diagnostic]
    ) {
        guard let text = String(validating: bytes, as: UTF8.self) else {
            return ([:], [Diagnostic(file: file, line: nil, message: "the file is not UTF-8")])
        }
        let (root, findings) = StrictYAML.parse(text, file: file)
        var views: [CameraID: View] = [:]
        for (key, node) in root?.entries ?? [] {
            guard let id = CameraID(key) else {
                node.report("'\(key)' is not a camera id of 20 digits")
                continue
            }
            if let cameras, !cameras.contains(id) { node.report("camera \(id) is not in cameras.csv") }
            let areas = PictureAreas(
                zones: zones(node, "zones", most: Zone.limit), masks: zones(node, "masks", most: mostMasks),
                privacyMasks: zones(node, "privacy", most: mostMasks))
            views[id] = View(areas: areas, presets: presets(node))
            node.finish()
        }
        return (views, findings.diagnostics)
    }

    private static func presets(_ camera: StrictYAML) -> [String: PresetView] {
        guard let list = camera.child("presets") else { return [:] }
        let count = list.entries.count
        if count > mostPresets { list.report("\(count) presets are too many; at most \(mostPresets) can be described") }
        var presets: [String: PresetView] = [:]
        for (token, node) in list.entries.prefix(mostPresets) {
            // As tokens are written in tags, whatever else a camera puts into them.
            guard !token.isEmpty, token.utf8.count <= 64, token.unicodeScalars.allSatisfy(isPlain) else {
                node.report("a preset is named by its token: 1 to 64 letters, digits, dots, hyphens and underscores")
                continue
            }
            presets[token] = PresetView(
                tags: tags(node), zones: zones(node, "zones", most: Zone.limit), masks: zones(node, "masks", most: mostMasks))
            node.finish()
        }
        return presets
    }

    private static func isPlain(_ scalar: Unicode.Scalar) -> Bool {
        scalar.isASCII && (scalar.properties.isAlphabetic || scalar.properties.numericType != nil || "_.-".unicodeScalars.contains(scalar))
    }

    private static func tags(_ preset: StrictYAML) -> [String] {
        var tags: Set<String> = []
        for element in preset.child("tags")?.elements ?? [] {
            guard let tag = element.string() else { continue }
            if let problem = FieldCheck.problem(ofTag: tag) { element.report(problem) } else { tags.insert(tag) }
        }
        return tags.sorted()
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
