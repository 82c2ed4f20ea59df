// Files of the pages: read once at start, answered by name from memory, so that no request ever becomes a path on disk.
// **pages** → browser

import Base
import Foundation
import Hummingbird
import Storage

/// One file as it is served.
struct StaticFile: Sendable {
    let body: ByteBuffer
    let type: String
    /// Strong, from the content, so that a new build of the pages is seen at once.
    let etag: String

    init(_ bytes: [UInt8], type: String) {
        body = ByteBuffer(bytes: bytes)
        self.type = type
        etag = "\"\(SHA256Hex.of(bytes).prefix(32))\""
    }
}

/// The regular files below one directory, by relative path such as `js/feed.js`. Immutable.
///
/// Names are looked up, never joined: `..`, percent signs, absolute paths and NULs simply name nothing.
struct StaticFiles: Sendable {
    static let largestFileBytes = 8 << 20
    static let largestTreeBytes = 64 << 20

    private let files: [String: StaticFile]

    /// Reads a directory. Dotfiles, symbolic links and files of unknown type are left out. Blocks; for the start of a process.
    init(directory: String) throws {
        let root = URL(fileURLWithPath: directory, isDirectory: true)
        var isDirectory: ObjCBool = false
        guard FileManager.default.fileExists(atPath: root.path, isDirectory: &isDirectory), isDirectory.boolValue else {
            throw Failure(.invalidInput, "there is no directory of page files", context: [("directory", directory)])
        }
        var files: [String: StaticFile] = [:]
        var total = 0
        try Self.collect(root, prefix: "", into: &files, total: &total)
        for (name, file) in files where name.hasSuffix(".html") { files[name] = try Self.assembled(file, from: files) }
        self.files = files
    }

    subscript(_ name: some StringProtocol) -> StaticFile? { files[String(name)] }

    /// The names, sorted.
    var names: [String] { files.keys.sorted() }

    private static func collect(_ folder: URL, prefix: String, into files: inout [String: StaticFile], total: inout Int) throws {
        let keys: [URLResourceKey] = [.isSymbolicLinkKey, .isRegularFileKey, .isDirectoryKey, .fileSizeKey]
        for item in try FileManager.default.contentsOfDirectory(at: folder, includingPropertiesForKeys: keys) {
            let name = item.lastPathComponent
            let values = try item.resourceValues(forKeys: Set(keys))
            guard !name.hasPrefix("."), values.isSymbolicLink != true else { continue }
            if values.isDirectory == true {
                try collect(item, prefix: prefix + name + "/", into: &files, total: &total)
                continue
            }
            guard values.isRegularFile == true, let type = types[item.pathExtension.lowercased()] else { continue }
            let size = values.fileSize ?? 0
            total += size
            guard size <= largestFileBytes, total <= largestTreeBytes else {
                throw Failure(.invalidInput, "the page files are larger than pages ever are", context: [("file", item.path)])
            }
            files[prefix + name] = StaticFile([UInt8](try Data(contentsOf: item)), type: type)
        }
    }

    /// Puts a file in the place of each line `<!-- include NAME -->`, so that what all pages begin with stands once.
    private static func assembled(_ page: StaticFile, from files: [String: StaticFile]) throws -> StaticFile {
        let (mark, end) = ("<!-- include ", " -->")
        let lines = try String(buffer: page.body).split(separator: "\n", omittingEmptySubsequences: false).map { line -> String in
            guard line.hasPrefix(mark), line.hasSuffix(end) else { return String(line) }
            let name = String(line.dropFirst(mark.count).dropLast(end.count))
            guard let part = files[name] else {
                throw Failure(.invalidInput, "a page includes a file that is absent", context: [("file", name)])
            }
            return String(buffer: part.body)
        }
        return StaticFile(Array(lines.joined(separator: "\n").utf8), type: page.type)
    }

    /// Only what pages are made of.
    private static let types = [
        "html": "text/html; charset=utf-8", "css": "text/css; charset=utf-8", "js": "text/javascript; charset=utf-8",
        "mjs": "text/javascript; charset=utf-8", "json": "application/json; charset=utf-8",
        "webmanifest": "application/manifest+json; charset=utf-8", "svg": "image/svg+xml", "png": "image/png", "jpg": "image/jpeg",
        "ico": "image/x-icon", "woff2": "font/woff2", "txt": "text/plain; charset=utf-8",
    ]
}

extension StaticFile {
    /// The file, or 304 when the browser has it. `no-cache` means: ask each time, keep the bytes.
    func answer(to request: Request) -> Response {
        let asked = request.headers[.ifNoneMatch] ?? ""
        var response: Response
        if asked.split(separator: ",").contains(where: { $0.drop { $0 == " " || $0 == "W" || $0 == "/" } == etag }) || asked == "*" {
            response = Response(status: .notModified)
            response.headers[.contentLength] = nil
        } else {
            response = .bytes(body, type: type)
        }
        response.headers[.eTag] = etag
        response.headers[.cacheControl] = "no-cache"
        return response
    }
}
