// The JSON of an incident: golden text, strict about what matters, deaf to what it does not know.

import Base
import Domain
import IncidentBus
import Testing

private let golden =
    #"{"box":[0.1,0.2,0.25,0.5],"camera_id":"51101100001320000001","category":"motion","count":37,"drill":false,"#
    + #""evidence":[{"kind":"snapshot","sha256":"0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef","size":40213}],"#
    + #""first_seen":"2026-11-23T02:24:57.628Z","gb":{"method":5,"type":2},"incident_id":"019ab000-0000-7000-8000-000000000001","#
    + #""key":"51101100001320000001||z2|motion","last_seen":"2026-11-23T02:27:58.010Z","place":{"crs":"wgs84","lat":29.5925,"lon":105.0757},"#
    + #""preset":"","priority":3,"rev":2,"score":71,"seq":88121,"type":"incident.updated","v":1,"#
    + #""why":["moved 3.2 m against / with 风 \"noise\""],"zone":"z2"}"#

private func sample() throws -> Incident {
    Incident(
        id: try #require(UUID7("019ab000-0000-7000-8000-000000000001")), revision: 2, phase: .updated,
        key: IncidentKey(camera: try #require(CameraID("51101100001320000001")), zone: "z2", category: "motion"), priority: .three,
        place: try #require(GeoPoint(lon: 105.0757, lat: 29.5925)), firstSeen: try #require(WallTime("2026-11-23T02:24:57.628Z")),
        lastSeen: try #require(WallTime("2026-11-23T02:27:58.010Z")), count: 37, score: 71,
        box: RelativeBox(x: 0.1, y: 0.2, width: 0.25, height: 0.5), reason: [#"moved 3.2 m against / with 风 "noise""#],
        snapshot: SnapshotReference(sha256: String(repeating: "0123456789abcdef", count: 4), sizeBytes: 40213), drill: false)
}

@Test func incidentIsThisText() throws {
    #expect(String(decoding: IncidentJSON.encode(try sample(), sequence: 88121), as: UTF8.self) == golden)
    #expect(try IncidentJSON.decode(Array(golden.utf8)) == sample())
}

@Test func aClipStandsBesideThePicture() throws {
    var incident = try sample()
    incident.clip = SnapshotReference(sha256: String(repeating: "fedcba9876543210", count: 4), sizeBytes: 812_345)
    let more = #"},{"kind":"clip","sha256":"fedcba9876543210fedcba9876543210fedcba9876543210fedcba9876543210","size":812345}]"#
    let text = golden.replacing("}],\"first_seen\"", with: more + ",\"first_seen\"")
    #expect(String(decoding: IncidentJSON.encode(incident, sequence: 88121), as: UTF8.self) == text)
    #expect(try IncidentJSON.decode(Array(text.utf8)) == incident)
    #expect(throws: Failure.self) { try IncidentJSON.decode(Array(text.replacing("fedcba9876543210", with: "FEDCBA9876543210").utf8)) }
    incident.snapshot = nil
    #expect(try IncidentJSON.decode(IncidentJSON.encode(incident, sequence: 1)) == incident)
}

private let restored =
    #","restored":{"at":"2026-11-23T03:00:00.000Z","by":"duty","name":"值班员","note":"有人 \"翻越\"","suppressed":"low_score"}"#

@Test func aRestoredIncidentSaysWhoAndWhy() throws {
    var incident = try sample()
    incident.restoration = Restoration(
        suppressed: .lowScore, by: "duty", name: "值班员", note: #"有人 "翻越""#, at: try #require(WallTime("2026-11-23T03:00:00.000Z")))
    let text = golden.replacing(#","rev":2"#, with: restored + #","rev":2"#)
    #expect(String(decoding: IncidentJSON.encode(incident, sequence: 88121), as: UTF8.self) == text)
    #expect(try IncidentJSON.decode(Array(text.utf8)) == incident)
    for (part, replacement, word) in [
        (#""low_score""#, #""telepathy""#, "'restored.suppressed'"), ("2026-11-23T03:00:00.000Z", "noon", "'restored.at'"),
        (#""by":"duty","#, "", "'restored.by' is missing"),
        ("有人", String(repeating: "长", count: 700), "'restored' is too long"),
    ] {
        let failure = #expect(throws: Failure.self) { try IncidentJSON.decode(Array(text.replacing(part, with: replacement).utf8)) }
        #expect(failure?.message.contains(word) == true, "\(failure?.message ?? "nothing")")
    }
}

@Test func everyPhaseAndOptionComesBack() throws {
    for phase in IncidentPhase.allCases {
        var incident = try sample()
        incident.phase = phase
        incident.box = nil
        incident.snapshot = nil
        incident.reason = []
        incident.drill = true
        #expect(try IncidentJSON.decode(IncidentJSON.encode(incident, sequence: 1), sequence: 1) == incident)
    }
}

@Test func unknownFieldsAreIgnored() throws {
    let richer = golden.dropLast() + #","event_id":"x","tags":["scene:fire_lane"],"clock":{"source":"rtcp","skew_ms":12},"evidence2":null}"#
    #expect(try IncidentJSON.decode(Array(richer.utf8)) == sample())
}

/// A part of the golden text, what replaces it, and a word of the sentence that refuses it.
@Test(arguments: [
    (#""v":1"#, #""v":2"#, "'v'"), (#""v":1,"#, "", "'v' is missing"), (#""rev":2"#, #""rev":0"#, "'rev'"),
    (#""rev":2"#, #""rev":2.5"#, "number"), (#""rev":2"#, #""rev":1e40"#, "number"), (#""rev":2"#, #""rev":"2""#, "'rev'"),
    ("incident.updated", "incident.invented", "'type'"), ("019ab000-0000", "019ab000_0000", "'incident_id'"),
    (#""camera_id":"51101100001320000001""#, #""camera_id":"5.1101E+19""#, "'camera_id'"),
    (#""category":"motion""#, #""category":"intrusion""#, "'key'"), (#""category":"motion""#, #""category":"a|b""#, "'category'"),
    (#""category":"motion","#, "", "'category' is missing"), (#""zone":"z2""#, #""zone":"z\u0000""#, "'zone'"),
    (#""priority":3"#, #""priority":5"#, "'priority'"), (#""crs":"wgs84""#, #""crs":"gcj02""#, "'place.crs'"),
    (#""lat":29.5925"#, #""lat":129.5"#, "'place'"), (#""lat":29.5925,"#, "", "'place.lat' is missing"),
    (#""place":{"crs":"wgs84","lat":29.5925,"lon":105.0757}"#, #""place":null"#, "'place'"),
    ("2026-11-23T02:24:57.628Z", "2026-11-23 02:24:57", "'first_seen'"),
    ("2026-11-23T02:27:58.010Z", "2025-11-23T02:27:58.010Z", "'last_seen'"),
    (#""count":37"#, #""count":-1"#, "'count'"), (#""score":71"#, #""score":101"#, "'score'"),
    ("[0.1,0.2,0.25,0.5]", "[0.1,0.2,0.25]", "'box'"), ("[0.1,0.2,0.25,0.5]", "[0.1,0.2,0.25,1e9]", "'box'"),
    (#""sha256":"0123"#, #""sha256":"../3"#, "'evidence'"), (#""size":40213"#, #""size":-1"#, "'evidence'"),
    ("}]", "}", "not JSON"), (#""drill":false"#, #""drill":"no""#, "'drill'"),
])
func impossibleContentIsNamed(part: String, replacement: String, word: String) throws {
    let text = golden.replacing(part, with: replacement, maxReplacements: 1)
    #expect(text != golden)
    let failure = #expect(throws: Failure.self) { try IncidentJSON.decode(Array(text.utf8)) }
    #expect(failure?.kind == .invalidInput)
    #expect(failure?.message.contains(word) == true, "\(failure?.message ?? "nothing")")
}

@Test func sizeDepthAndEncodingAreBounded() {
    let hostile: [[UInt8]] = [
        [], Array("[]".utf8), Array("null".utf8), [0xEF, 0xBB, 0xBF] + Array(golden.utf8),
        Array("{\"v\":\"".utf8) + [0xFF, 0xFE] + Array("\"}".utf8),
        Array((golden.dropLast() + ",\"x\":" + String(repeating: "[", count: 10_000) + String(repeating: "]", count: 10_000) + "}").utf8),
        Array(String(repeating: "{\"a\":", count: 9000).utf8),
        Array((golden.dropLast() + ",\"x\":\"" + String(repeating: "a", count: 65_536) + "\"}").utf8),
        // UTF-16, which a lenient parser would guess.
        Array(golden.utf16.flatMap { [UInt8(truncatingIfNeeded: $0), UInt8(truncatingIfNeeded: $0 >> 8)] }),
    ]
    for bytes in hostile {
        let failure = #expect(throws: Failure.self) { try IncidentJSON.decode(bytes) }
        #expect(failure?.kind == .invalidInput)
    }
}

@Test func theNumberInsideAgreesWithTheFrame() throws {
    #expect(try IncidentJSON.decode(Array(golden.utf8), sequence: 88121) == sample())
    #expect(throws: Failure.self) { try IncidentJSON.decode(Array(golden.utf8), sequence: 88122) }
}

@Test(arguments: [UInt64(1), 2, 3, 20_261_123])
func mutatedTextNeverTraps(seed: UInt64) {
    var generator = SeededGenerator(seed: seed)
    let pieces = ["{", "}", "[", "]", ":", ",", "\"", "\\", "\\u", "0", "-", "1e999", "null", "true", "\u{0}", "键"].map { Array($0.utf8) }
    var refused = 0
    for _ in 0..<1500 {
        var bytes = Array(golden.utf8)
        for _ in 0..<Int.random(in: 1...6, using: &generator) {
            let at = Int.random(in: 0..<bytes.count, using: &generator)
            switch Int.random(in: 0..<4, using: &generator) {
            case 0: bytes[at] = UInt8.random(in: 0...255, using: &generator)
            case 1: bytes.removeSubrange(at..<min(bytes.count, at + Int.random(in: 1...20, using: &generator)))
            case 2: bytes.insert(contentsOf: pieces.randomElement(using: &generator) ?? [], at: at)
            default: bytes.removeLast(min(bytes.count - 1, Int.random(in: 1...200, using: &generator)))
            }
            if bytes.isEmpty { break }
        }
        do { _ = try IncidentJSON.decode(bytes) } catch {
            refused += 1
            #expect((error as? Failure)?.kind == .invalidInput, "seed \(seed)")
        }
    }
    #expect(refused > 1000, "seed \(seed): almost every mutation breaks something")
}
