// libxml2's push parser with everything switched off that a camera has no use for.
// **documents → assertions** → tags → incidents

import CXML2

/// One document at a time through libxml2. No document types, no entities but the five of XML, no network, no files, nothing printed.
///
/// libxml2 frees its parser in every case; between `begin` and the end it holds the open elements and the names seen, never a tree.
enum XMLDocument {
    /// Reads a document; false when it is not well formed or holds a document type. Any thread, CPU only.
    ///
    /// - Parameter bytes: UTF-8, one document of at most 256 KiB from `DocumentSplitter`.
    static func read(_ bytes: [UInt8], into folder: inout NotificationFolder) -> Bool {
        _ = prepared
        let feed = Feed(folder)
        let isWhole = withExtendedLifetime(feed) { Parser(feed).parse(bytes) }
        folder = feed.folder
        return isWhole && !feed.isRefused
    }

    /// libxml2 wants to be made ready once, before two threads use it.
    private static let prepared: Void = xmlInitParser()

    /// What libxml2's callbacks reach through their one pointer.
    private final class Feed {
        var folder: NotificationFolder
        var isRefused = false

        init(_ folder: NotificationFolder) { self.folder = folder }

        /// Strings of libxml2 end with a zero byte.
        static func text(_ bytes: UnsafePointer<xmlChar>) -> String { String(cString: bytes) }

        static func text(_ start: UnsafePointer<xmlChar>, _ end: UnsafePointer<xmlChar>) -> String {
            String(decoding: UnsafeBufferPointer(start: start, count: end - start), as: UTF8.self)
        }
    }

    /// Owns one parser context of libxml2.
    private struct Parser: ~Copyable {
        private let context: xmlParserCtxtPtr?

        init(_ feed: Feed) {
            var handler = XMLDocument.handler
            // The feed outlives the context: `read` holds both.
            context = xmlCreatePushParserCtxt(&handler, Unmanaged.passUnretained(feed).toOpaque(), nil, 0, nil)
            // The encoding a document claims is not believed: what comes here is UTF-8.
            xmlCtxtUseOptions(context, Int32(XML_PARSE_NONET.rawValue | XML_PARSE_NOCDATA.rawValue | XML_PARSE_IGNORE_ENC.rawValue))
        }

        deinit { xmlFreeParserCtxt(context) }

        /// False when the document is not well formed. Undeclared prefixes are no reason: cameras forget to declare them.
        func parse(_ bytes: [UInt8]) -> Bool {
            guard let context else { return false }
            bytes.withUnsafeBufferPointer { buffer in
                buffer.withMemoryRebound(to: CChar.self) { text in
                    // In parts, so that a document that breaks off is not read to its end.
                    for start in stride(from: 0, to: text.count, by: 4096) where context.pointee.disableSAX == 0 {
                        let count = min(4096, text.count - start)
                        xmlParseChunk(context, text.baseAddress! + start, Int32(count), 0)  // The stride is empty without bytes.
                    }
                }
            }
            xmlParseChunk(context, nil, 0, 1)
            return context.pointee.wellFormed == 1
        }
    }

    private static var handler: xmlSAXHandler {
        var handler = xmlSAXHandler()
        handler.initialized = XML_SAX2_MAGIC
        handler.internalSubset = { data, _, _, _ in XMLDocument.refuse(data) }
        handler.entityDecl = { data, _, _, _, _, _ in XMLDocument.refuse(data) }
        handler.startElementNs = { data, name, _, _, _, _, count, _, attributes in
            guard let feed = XMLDocument.feed(data), let name else { return }
            guard feed.folder.begin(Feed.text(name)), let attributes else { return }
            for index in 0..<Int(count) {
                // Five pointers each: name, prefix, namespace, start and end of the value.
                guard let name = attributes[index * 5], let start = attributes[index * 5 + 3], let end = attributes[index * 5 + 4] else {
                    continue
                }
                feed.folder.attribute(Feed.text(name), Feed.text(start, end))
            }
        }
        handler.endElementNs = { data, _, _, _ in XMLDocument.feed(data)?.folder.end() }
        handler.characters = { data, bytes, count in XMLDocument.text(data, bytes, count) }
        handler.cdataBlock = { data, bytes, count in XMLDocument.text(data, bytes, count) }
        // Without it libxml2 prints what is wrong, with parts of the document, to standard error.
        handler.serror = { _, _ in }
        return handler
    }

    private static func feed(_ data: UnsafeMutableRawPointer?) -> Feed? {
        data.map { Unmanaged<Feed>.fromOpaque($0).takeUnretainedValue() }
    }

    private static func text(_ data: UnsafeMutableRawPointer?, _ bytes: UnsafePointer<xmlChar>?, _ count: Int32) {
        feed(data)?.folder.text(UnsafeBufferPointer(start: bytes, count: Int(count)).span)
    }

    /// The splitter has refused document types before; this is for what it did not see.
    private static func refuse(_ data: UnsafeMutableRawPointer?) { feed(data)?.isRefused = true }
}
