// Polygons as people write them: `x,y; x,y; x,y` in relative coordinates, on a command line and in views.yaml.
// frames → **zones** → detections → incidents

package import Domain

extension Zone {
    /// Reads `NAME=x,y;x,y;x,y…` as `init(name:polygon:)` does.
    ///
    /// - Throws: `Failure` of kind `invalidInput` with one sentence that says what to write instead.
    package init(parsing text: String) throws(Failure) {
        guard let mark = text.firstIndex(of: "=") else {
            throw Failure(.invalidInput, "the zone '\(text)' has no '='; write NAME=x,y;x,y;x,y with numbers from 0 to 1")
        }
        try self.init(name: String(text[..<mark]), polygon: String(text[text.index(after: mark)...]))
    }

    /// Reads `x,y; x,y; x,y…`, each number 0…1 from the upper left corner, at least three corners that span an area.
    ///
    /// - Throws: `Failure` of kind `invalidInput` with one sentence that says what to write instead.
    package init(name: String, polygon text: String) throws(Failure) {
        func refuse(_ why: String) -> Failure {
            Failure(.invalidInput, "the zone '\(name)' \(why); write x,y;x,y;x,y with numbers from 0 to 1")
        }
        guard !name.isEmpty, name.utf8.count <= 64, !name.unicodeScalars.contains(where: { $0.value < 0x21 }) else {
            throw refuse("needs a name without blanks, of at most 64 bytes")
        }
        var corners: [Corner] = []
        for part in text.split(separator: ";", omittingEmptySubsequences: false).map({ $0.filter { $0 != " " } }) {
            if part.isEmpty && !corners.isEmpty { continue }
            let numbers = part.split(separator: ",", omittingEmptySubsequences: false)
            guard numbers.count == 2, let x = Double(numbers[0]), let y = Double(numbers[1]) else {
                throw refuse("has the corner '\(part)'")
            }
            guard (0...1).contains(x), (0...1).contains(y) else { throw refuse("has the corner '\(part)' outside the picture") }
            corners.append(Corner(x: x, y: y))
        }
        guard corners.count >= 3 else { throw refuse("has fewer than three corners") }
        guard corners.count <= 1000 else { throw refuse("has more than 1,000 corners") }
        self.init(name: name, corners: corners)
        guard area > 1e-6 else { throw refuse("spans no area") }
    }

    /// Reads several; names must differ and there may be at most `Zone.limit`.
    package static func parse(_ texts: [String]) throws(Failure) -> [Zone] {
        guard texts.count <= limit else { throw Failure(.invalidInput, "at most \(limit) zones can be given, not \(texts.count)") }
        var zones: [Zone] = []
        for text in texts {
            let zone = try Zone(parsing: text)
            guard !zones.contains(where: { $0.name == zone.name }) else {
                throw Failure(.invalidInput, "two zones are called '\(zone.name)'; give each its own name")
            }
            zones.append(zone)
        }
        return zones
    }

    /// Area by the shoelace formula, of the whole picture.
    private var area: Double {
        var twice = 0.0
        var previous = corners[corners.count - 1]
        for corner in corners {
            twice += previous.x * corner.y - corner.x * previous.y
            previous = corner
        }
        return abs(twice) / 2
    }
}
