// Rows and encodings of comma-separated files.

import Base
import Foundation
import Testing

@testable import Grids

private func read(_ text: String) -> (rows: [CSVRow], findings: [Diagnostic]) {
    var findings = FindingList(file: "f.csv")
    let table = CSVTable.read(Array(text.utf8), into: &findings)
    return (table.rows, findings.diagnostics)
}

@Test func rowsKnowTheirLines() {
    let (rows, findings) = read("a,b\r\n1,\"x\r\ny\"\r\n\r\n2,\"say \"\"hi\"\"\"\n3,\n,4")
    #expect(findings.isEmpty)
    #expect(
        rows == [
            CSVRow(line: 1, fields: ["a", "b"]), CSVRow(line: 2, fields: ["1", "x\r\ny"]), CSVRow(line: 5, fields: ["2", "say \"hi\""]),
            CSVRow(line: 6, fields: ["3", ""]), CSVRow(line: 7, fields: ["", "4"]),
        ])
    #expect(read("a\rb\r").rows.map(\.line) == [1, 2])
    #expect(read("").rows.isEmpty)
}

@Test(arguments: [
    ("a,b\n1,\"open\n2,x\n", "f.csv:2: error: a quote is opened here and never closed"),
    ("a,b\n1,x\"y\n", "f.csv:2: error: a quote stands inside a field that does not begin with one; double it and quote the field"),
    ("a\n\"x\ny\"z\n", "f.csv:3: error: text stands behind a closing quote"),
    ("a\n\u{0}\n", "f.csv:2: error: a zero byte; this is not a text file"),
])
func brokenQuotingIsNamedWithItsLine(text: String, expected: String) {
    #expect(read(text).findings.map(\.description) == [expected])
}

@Test func rowsBehindABrokenOneAreStillRead() {
    let (rows, findings) = read("a,b\n105°0'18\"E,x\n\"y\"z,1\n3,4\n")
    #expect(findings.map(\.line) == [2, 3])
    #expect(rows.map(\.line) == [1, 4])
}

@Test func sizesAreBounded() {
    #expect(read(String(repeating: ",", count: 300)).findings.map(\.message) == ["has more than 256 columns"])
    #expect(read("a\n" + String(repeating: "x", count: 20_000)).findings.map(\.message) == ["a field is longer than 16 KiB"])
    #expect(read("\"" + String(repeating: "x", count: 20_000) + "\"").findings.count == 1)
}

@Test func everyTruncationIsRowsOrAFinding() throws {
    let text = Array("\u{FEFF}camera_id,名称\r\n1,\"东兴\"\"区\"\"\"\r\n2,示例\r\n".utf8)
    let gb = try #require(("camera_id,名称\r\n1,\"东兴区\"\r\n" as NSString).data(using: 0x8000_0632)).map { $0 }
    for whole in [text, gb] {
        for length in 0...whole.count {
            var findings = FindingList(file: "f.csv")
            let rows = NamedRows(Array(whole[..<length]), required: ["camera_id", "名称"], into: &findings)
            #expect(rows != nil || findings.hasErrors, "\(length) bytes are neither a table nor an error")
        }
    }
}

@Test func randomBytesNeverCrash() {
    let seed: UInt64 = 77
    print("seed \(seed)")
    var random = SampleRandom(seed: seed)
    let alphabet = Array("a,\"\r\n\u{FEFF}东{}[]:-0.1e\\u\u{1}".utf8) + [0xFF, 0x81, 0x30, 0xC0]
    for _ in 0..<3000 {
        let bytes = (0..<random.below(60)).map { _ in alphabet[random.below(alphabet.count)] }
        var findings = FindingList(file: "f")
        _ = NamedRows(bytes, required: ["a"], into: &findings)
        _ = GeoJSONReader.grids(bytes, file: "f")
        _ = GeoJSONReader.boundary(bytes, file: "f")
    }
}

@Test func encodingsAreToldApart() throws {
    let text = "名称,示例·青岗镇\n"
    let gb = try #require((text as NSString).data(using: 0x8000_0632)).map { $0 }
    #expect(try TextFile.utf8(Array(text.utf8)) == Array(text.utf8))
    #expect(try TextFile.utf8([0xEF, 0xBB, 0xBF] + Array(text.utf8)) == Array(text.utf8))
    #expect(try TextFile.utf8(gb) == Array(text.utf8))
    for (bytes, message) in [
        ([0xFF, 0xFE, 0x61, 0x00], "is UTF-16 (\"Unicode text\"); save it as UTF-8"),
        ([0xEF, 0xBB, 0xBF, 0x0A, 0xFF], "is not valid UTF-8"),
        ([0x61, 0x0A, 0xFF, 0xFF], "is neither UTF-8 nor GB18030; save it as UTF-8"),
    ] as [([UInt8], String)] {
        do {
            _ = try TextFile.utf8(bytes)
            Issue.record("\(bytes) was read")
        } catch {
            #expect(error.message == message)
            #expect(error.line == (bytes[0] == 0xFF ? 1 : 2))
        }
    }
}

@Test func utf8IsCheckedToTheLetter() {
    for bytes in [
        [0xC0, 0x80], [0xE0, 0x80, 0x80], [0xED, 0xA0, 0x80], [0xF4, 0x90, 0x80, 0x80], [0xF0, 0x80, 0x80, 0x80], [0x80], [0xE4, 0xB8],
    ] as [[UInt8]] {
        #expect(TextFile.firstInvalidUTF8([0x61] + bytes) == 1, "\(bytes)")
        #expect(String(validating: bytes, as: UTF8.self) == nil)
    }
    #expect(TextFile.firstInvalidUTF8(Array("aé东𐀀".utf8)) == nil)
}

@Test func spreadsheetHabitsAreRepaired() {
    #expect(narrowed("29.5,（1)") == "29.5,(1)")
    #expect(trimmed("\u{3000} x\u{A0}\u{FEFF}") == "x")
    #expect(printable("a\u{1B}[31m\u{202E}b") == "a[31mb")
    #expect(printable(String(repeating: "x", count: 99)).count == 41)
}
