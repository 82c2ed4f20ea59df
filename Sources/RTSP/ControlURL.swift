// Which URL a request names: base and `a=control` joined as cameras expect it, always at our host and port.
// **camera ─RTSP─▶** packets ─▶ looks

// RFC 2326 C.1.1 names Content-Base, Content-Location and the request's URL in this order. Three things are done as cameras expect
// them and not as RFC 3986 says: a relative control is appended to the base as text, query and all (a Dahua's base
// ends behind a query); a missing slash between them is added and a doubled one left out; host and port of the camera's URLs are ignored,
// because a camera behind address translation names the address it has inside.

/// The URLs of one session.
package struct ControlURL: Sendable, Equatable {
    /// `rtsp://host:port`, ours.
    private let origin: String
    /// Path and query everything relative is appended to.
    private let basePath: String

    /// - Parameters:
    ///   - contentBase: Header of the answer to DESCRIBE, as are `contentLocation`.
    package init(_ address: RTSPAddress, contentBase: String? = nil, contentLocation: String? = nil) {
        origin = "rtsp://" + address.place
        basePath =
            contentBase.flatMap(Self.basePath) ?? contentLocation.flatMap(Self.basePath) ?? (address.path.isEmpty ? "/" : address.path)
    }

    /// The URL without any control: what DESCRIBE asks for.
    package var base: String { origin + basePath }

    /// The URL that stands for the whole session (PLAY, keep-alive, TEARDOWN).
    package func aggregate(_ sessionControl: String?) -> String { joined(sessionControl) }

    /// The URL that SETUP names for a media.
    ///
    /// - Parameter sessionControl: An absolute one is the base of relative controls, as FFmpeg has it.
    package func media(_ control: String?, sessionControl: String?) -> String {
        guard let control = Self.meaningful(control), Self.path(of: control) == nil else { return joined(control) }
        guard let session = Self.meaningful(sessionControl), let path = Self.path(of: session) else { return joined(control) }
        return ControlURL(origin: origin, basePath: path).joined(control)
    }

    private init(origin: String, basePath: String) {
        self.origin = origin
        self.basePath = basePath
    }

    private static func meaningful(_ control: String?) -> String? {
        guard let control, !control.isEmpty, control != "*", control.utf8.count <= RTSPAddress.longestPath else { return nil }
        return control
    }

    private func joined(_ control: String?) -> String {
        guard let control = Self.meaningful(control) else { return base }
        if let path = Self.path(of: control) { return origin + path }
        let relative = Self.escaped(control)
        let baseWithoutQuery = basePath.prefix { $0 != "?" }
        // A path from the root, and not a suffix with a slash too many.
        if relative.hasPrefix("/"), baseWithoutQuery.utf8.count > 1, relative.hasPrefix(baseWithoutQuery) { return origin + relative }
        switch (basePath.hasSuffix("/"), relative.hasPrefix("/")) {
        case (true, true): return base + relative.dropFirst()
        case (false, false): return base + "/" + relative
        default: return base + relative
        }
    }

    /// Path and query of a header; a path alone is met as well.
    private static func basePath(_ header: String) -> String? {
        guard header.utf8.count <= RTSPAddress.longestPath + 300 else { return nil }
        return path(of: header) ?? (header.hasPrefix("/") ? escaped(header) : nil)
    }

    /// Path and query of an absolute URL; nil when it is none. User information, host and port fall away.
    private static func path(of url: String) -> String? {
        guard url.starts(withText: "rtsp://") || url.starts(withText: "rtsps://") || url.starts(withText: "rtspu://"),
            let mark = url.firstRange(of: "://")
        else { return nil }
        let rest = url[mark.upperBound...]
        let path = rest.drop { $0 != "/" && $0 != "?" }
        guard path.utf8.count <= RTSPAddress.longestPath else { return nil }
        return path.hasPrefix("/") ? escaped(String(path)) : "/" + escaped(String(path))
    }

    /// What may not stand in a request line is escaped; what is escaped already stays as it is.
    private static func escaped(_ text: String) -> String {
        guard text.utf8.contains(where: { $0 <= 0x20 || $0 >= 0x7F }) else { return text }
        return text.utf8.reduce(into: "") { result, byte in
            if byte > 0x20 && byte < 0x7F {
                result.unicodeScalars.append(UnicodeScalar(byte))
            } else {
                result += "%" + hexadecimal([byte]).uppercased()
            }
        }
    }
}
