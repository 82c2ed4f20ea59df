// One camera's metadata from bytes to assertions, with what was refused and denied on the way.
// **documents → assertions** → tags → incidents

package import Domain

/// What has gone through a reader since it was last asked.
package struct MetadataFigures: Sendable, Equatable {
    package var documents = 0
    /// Messages of a property or event that became an assertion.
    package var notifications = 0
    /// Messages about persons, plates and counts of people, let go of unread.
    package var denied = 0
    /// Messages whose topic means nothing here or cannot be read.
    package var unlisted = 0
    /// By `MetadataRefusal`.
    package var refused: [MetadataRefusal: Int] = [:]

    package init() {}
}

/// Reads ONVIF metadata of one camera (Streaming Specification §5). Worker only; CPU and nothing else.
///
/// Bytes may come as documents, which a marker ended, or as packets of any cut: both go through the same splitter.
package struct MetadataReader: Sendable {
    private var splitter = DocumentSplitter()
    private var figures = MetadataFigures()

    package init() {}

    /// A new connection: what was open will not be completed.
    package mutating func restart() { splitter.reset() }

    /// Takes bytes and returns what the documents they complete assert.
    ///
    /// - Parameters:
    ///   - isWhole: A marker said where the document ends, so that gzip can be unpacked.
    ///   - arrivalSeconds: When they came, on the clock of looks.
    ///   - arrivalWall: The same moment as a label.
    package mutating func read(_ bytes: [UInt8], isWhole: Bool, arrivalSeconds: Double, arrivalWall: WallTime) -> [TagAssertion] {
        var pieces: [DocumentSplitter.Piece] = []
        if GzipText.isGzip(bytes) {
            guard isWhole, let text = GzipText.unpacked(bytes, most: DocumentSplitter.mostBytes) else {
                refuse(.compression)
                return []
            }
            splitter.feed(text, nowSeconds: arrivalSeconds, into: &pieces)
        } else {
            splitter.feed(bytes, nowSeconds: arrivalSeconds, into: &pieces)
        }
        var assertions: [TagAssertion] = []
        for piece in pieces {
            switch piece {
            case .refused(let reason): refuse(reason)
            case .document(_, isRead: false): figures.documents += 1
            case .document(let document, isRead: true):
                assertions += parsed(document, arrivalSeconds: arrivalSeconds, arrivalWall: arrivalWall)
            }
        }
        return assertions
    }

    /// Takes user data of a picture, its identifier in front, and returns what it asserts.
    package mutating func readUserData(_ bytes: [UInt8], arrivalSeconds: Double) -> [TagAssertion] {
        guard let assertion = UserDataTags.assertion(bytes, arrivalSeconds: arrivalSeconds) else {
            refuse(.malformed)
            return []
        }
        figures.notifications += 1
        return [assertion]
    }

    /// What has happened since the last call.
    package mutating func takeFigures() -> MetadataFigures {
        defer { figures = MetadataFigures() }
        return figures
    }

    private mutating func refuse(_ reason: MetadataRefusal) { figures.refused[reason, default: 0] += 1 }

    private mutating func parsed(_ document: [UInt8], arrivalSeconds: Double, arrivalWall: WallTime) -> [TagAssertion] {
        var folder = NotificationFolder()
        guard XMLDocument.read(Self.repaired(document), into: &folder) else {
            refuse(.malformed)
            return []
        }
        figures.documents += 1
        let news = folder.news
        figures.denied += news.denied
        figures.unlisted += news.unlisted + news.unreadable
        var assertions: [TagAssertion] = []
        for notification in news.notifications {
            let meant = notification.assertions(arrivalSeconds: arrivalSeconds, arrivalWall: arrivalWall)
            if meant.isEmpty { figures.unlisted += 1 } else { figures.notifications += 1 }
            assertions += meant
        }
        if let isMoving = news.isMoving {
            assertions.append(TagAssertion(name: "ptz:moving", claim: isMoving ? .on : .off, atSeconds: arrivalSeconds))
        }
        return assertions
    }

    /// Cameras write names in GB 2312 whatever the document claims: what is no UTF-8 is replaced, so that the rest can be read. In that
    /// encoding no byte of a character looks like the marks of XML.
    private static func repaired(_ document: [UInt8]) -> [UInt8] {
        String(validating: document, as: UTF8.self) == nil ? Array(String(decoding: document, as: UTF8.self).utf8) : document
    }
}
