// Documents come out of bytes whole or not at all, wherever the bytes are cut.

import Base
import Tagging
import Testing

private let plain = document(motion(true))
private let analytics = document("<tt:VideoAnalytics><tt:Frame><tt:Object ObjectId=\"1\"/></tt:Frame></tt:VideoAnalytics>")

/// Everything a splitter makes of parts that come at once.
private func pieces(_ parts: [ArraySlice<UInt8>]) -> [DocumentSplitter.Piece] {
    var splitter = DocumentSplitter()
    var pieces: [DocumentSplitter.Piece] = []
    for part in parts { splitter.feed(part, nowSeconds: 0, into: &pieces) }
    return pieces
}

private func pieces(_ text: String) -> [DocumentSplitter.Piece] { pieces([Array(text.utf8)[...]]) }

private func whole(_ text: String, isRead: Bool = true) -> DocumentSplitter.Piece { .document(Array(text.utf8), isRead: isRead) }

@Suite struct SplitterTests {
    @Test func everySplitGivesTheSameDocument() {
        let bytes = Array(plain.utf8)
        for split in 0...bytes.count {
            #expect(pieces([bytes[..<split], bytes[split...]]) == [whole(plain)], "split at \(split)")
        }
        #expect(pieces(bytes.indices.map { bytes[$0...$0] }) == [whole(plain)])
    }

    @Test func randomCutsOfSeveralDocumentsChangeNothing() {
        let text = plain + " \r\n" + analytics + document() + document(motion(false), motion(true))
        let bytes = Array(text.utf8)
        let expected = pieces(text)
        #expect(expected.count == 4)
        for seed in UInt64(1)...60 {
            var generator = SeededGenerator(seed: seed)
            var rest = bytes[...]
            var parts: [ArraySlice<UInt8>] = []
            while !rest.isEmpty {
                let count = Int.random(in: 1...min(rest.count, 300), using: &generator)
                parts.append(rest.prefix(count))
                rest = rest.dropFirst(count)
            }
            #expect(pieces(parts) == expected, "seed \(seed)")
        }
    }

    @Test func onlyDocumentsWithEventsOrMovementAreRead() {
        #expect(pieces(analytics) == [whole(analytics, isRead: false)])
        let movement = document("<tt:PTZ/>")
        #expect(pieces(movement) == [whole(movement)])
    }

    @Test(arguments: [
        ("<tt:metadatastream xmlns:tt=\"x\"/>", true), ("<MetaDataStream/>", true), ("<a:b:MetadataStream></a:b:MetadataStream>", true),
        ("<?xml version='1.0'?><!-- > --><tt:MetadataStream a='>' b=\"'/\"><![CDATA[</tt:MetadataStream>]]></tt:MetadataStream>", true),
        ("<html></html>", false),
    ])
    func rootsAreRecognised(_ text: String, _ isOurs: Bool) {
        #expect(pieces(text) == (isOurs ? [whole(text, isRead: false)] : [.refused(.foreign)]))
    }

    private static let hurtful: [(String, MetadataRefusal)] = [
        ("<!DOCTYPE lolz [<!ENTITY lol \"lol\">]>", MetadataRefusal.doctype),
        ("<?xml version=\"1.0\"?>\n<!doctype x>", .doctype), ("<MetadataStream><!ENTITY a 'b'>", .doctype),
        ("<MetadataStream>" + String(repeating: "<a>", count: 40), .depth),
        ("<MetadataStream><a " + String(repeating: "b='' ", count: 80) + ">", .attributes),
        ("<MetadataStream><a b='" + String(repeating: "x", count: 17_000) + "'>", .tag),
        ("<MetadataStream>" + String(repeating: "x", count: 270_000), .size),
        ("<MetadataStream></a></a>", .foreign), ("<MetadataStream><1/>", .malformed), ("<MetadataStream><a <b/>", .malformed),
        ("GET / HTTP/1.1\r\n", .garbage), ("\u{0}\u{1}", .garbage),
    ]

    @Test(arguments: hurtful)
    func whatCouldHurtIsRefusedAndTheNextDocumentIsRead(_ text: String, _ reason: MetadataRefusal) {
        let found = pieces(text + plain)
        // An end of the wrong element ends the document: what stands behind it belongs to none.
        if reason == .foreign {
            #expect(found.count == 3 && found.last == whole(plain))
        } else {
            #expect(found == [.refused(reason), whole(plain)], "\(text.prefix(60))")
        }
    }

    @Test func aLostEndCostsOneDocument() {
        for cut in stride(from: 60, to: plain.utf8.count - 1, by: 7) {
            let found = pieces(String(decoding: Array(plain.utf8).prefix(cut), as: UTF8.self) + plain)
            #expect(found.count == 2 && found.last == whole(plain), "cut at \(cut): \(found)")
        }
        var splitter = DocumentSplitter()
        var found: [DocumentSplitter.Piece] = []
        splitter.feed(plain.utf8.prefix(200), nowSeconds: 0, into: &found)
        splitter.feed("<x/>".utf8, nowSeconds: 3, into: &found)
        #expect(found == [.refused(.unfinished)], "the rest of a document comes at once or not at all")
    }

    @Test func tenMegabytesOfGarbageCostNoMemoryAndOneLine() {
        var generator = SeededGenerator(seed: 7)
        var splitter = DocumentSplitter()
        var found: [DocumentSplitter.Piece] = []
        // 64 KiB of noise, of which each repetition begins elsewhere in a tag or comment.
        let noise = (0..<65_521).map { _ in UInt8.random(in: .min ... .max, using: &generator) }
        for _ in 0..<160 { splitter.feed(noise, nowSeconds: 0, into: &found) }
        #expect(found.count <= 3, "\(found.count) refusals")
        splitter.feed(plain.utf8, nowSeconds: 0, into: &found)
        #expect(found.last == whole(plain))
        // All of it opening brackets and quotes.
        splitter.feed(String(repeating: "<a b='", count: 100_000).utf8, nowSeconds: 0, into: &found)
        splitter.feed(plain.utf8, nowSeconds: 0, into: &found)
        #expect(found.last == whole(plain) && found.count <= 6)
    }
}
