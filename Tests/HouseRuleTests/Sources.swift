// Reads the project's own files, so that its rules can be tested like its behaviour.

import Foundation

/// One text file of the project, its path relative to the project's folder.
struct ProjectFile: Sendable, CustomStringConvertible {
    let path: String
    let lines: [String]
    var description: String { path }

    /// The module a Swift file belongs to: `Sources/Media/Frame.swift` → `Media`.
    var module: String? {
        let parts = path.split(separator: "/")
        return parts.count >= 3 && parts[0] == "Sources" ? String(parts[1]) : nil
    }

    /// The module, or the test target below `Tests`.
    var target: String? {
        let parts = path.split(separator: "/")
        return parts.count >= 3 && parts[0] == "Tests" ? String(parts[1]) : module
    }

    /// Modules this file imports, whatever the access level or attribute in front.
    var imports: [String] {
        lines.compactMap { line in
            line.firstMatch(
                of:
                    /^(?:@\w+(?:\([^)]*\))? +)*(?:public |package |internal |private |fileprivate )?import (?:struct |class |enum |func |protocol |typealias |let |var )?(\w+)/
            )
            .map { String($0.1) }
        }
    }

    /// The lines without comments; string literals stay.
    var code: [(number: Int, text: String)] {
        lines.enumerated().compactMap { index, line in
            let trimmed = line.drop { $0 == " " }
            if trimmed.hasPrefix("//") { return nil }
            let text = line.range(of: " // ").map { String(line[..<$0.lowerBound]) } ?? line
            return (index + 1, text)
        }
    }
}

enum Project {
    /// The folder that holds Package.swift.
    static let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
        .path

    /// The Swift files under the named folders, sorted by path.
    static func swiftFiles(_ folders: [String] = ["Sources", "Tests", "tools"]) -> [ProjectFile] {
        folders.flatMap { folder in
            let all = FileManager.default.enumerator(atPath: "\(root)/\(folder)")?.compactMap { $0 as? String } ?? []
            return all.filter { $0.hasSuffix(".swift") }.sorted().map { file("\(folder)/\($0)") }
        }
    }

    static func file(_ path: String) -> ProjectFile {
        let text = FileManager.default.contents(atPath: "\(root)/\(path)").map { String(decoding: $0, as: UTF8.self) } ?? ""
        return ProjectFile(path: path, lines: text.components(separatedBy: "\n"))
    }

    /// Every file git would commit, by name only; falls back to nothing outside a checkout.
    static func textFiles() -> [ProjectFile] {
        let skipped = [".build", ".git", "data"]
        let all = FileManager.default.enumerator(atPath: root)
        var result: [ProjectFile] = []
        while let path = all?.nextObject() as? String {
            if skipped.contains(path) {
                all?.skipDescendants()
                continue
            }
            guard
                [".swift", ".md", ".yaml", ".sh", ".py", ".js", ".html", ".css", ".h", "run", "test", "lint"].contains(
                    where: path.hasSuffix)
            else { continue }
            var directory: ObjCBool = false
            if FileManager.default.fileExists(atPath: "\(root)/\(path)", isDirectory: &directory), !directory.boolValue {
                result.append(file(path))
            }
        }
        return result
    }
}
