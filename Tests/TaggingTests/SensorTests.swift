// Messages of sensors and tag readers, and what is remembered of them: as little as can be.

import Base
import Crypto
import Domain
import Tagging
import Testing

private let gate = CameraID("51101100001320000001")!  // 20 digits.
private let lane = CameraID("51101100001320000002")!  // 20 digits.
private let wall = WallTime("2026-11-23T02:24:57.628Z")!  // The format of WallTime.
private let key = SymmetricKey(data: [UInt8](repeating: 7, count: 32))

private func token(_ tag: String) -> TheftToken { TheftToken(tag: Array(tag.utf8), key: key) }

/// The hexadecimal digits of a tag's token, as a reader makes them.
private func digits(_ tag: String) -> String {
    HMAC<SHA256>.authenticationCode(for: Array(tag.utf8), using: key).map { String($0 >> 4, radix: 16) + String($0 & 15, radix: 16) }
        .joined()
}

private func desk() -> SensorDesk { SensorDesk(places: ["door-7": [gate], "water_level": [gate, lane], "reader-3": [lane]]) }

extension SensorDesk {
    fileprivate mutating func hear(_ text: String, at seconds: Double = 1000) -> Outcome {
        receive(Array(text.utf8), nowSeconds: seconds, wall: wall.adding(seconds: seconds - 1000))
    }
}

@Suite struct SensorTests {
    /// The forms of `docs/tags.md`.
    @Test func goldenMessages() throws {
        var desk = desk()
        #expect(
            desk.hear(#"{"v":1,"kind":"io","sensor":"door-7","tag":"open","state":"on","lease_s":120,"at":"2026-11-23T02:24:55.628Z"}"#)
                == .assert(TagAssertion(name: "io:door-7/open", claim: .on, atSeconds: 998, leaseSeconds: 120), on: [gate]))
        #expect(
            desk.hear(#" { "kind" : "io" , "v" : 1, "state":"off","tag":"high","sensor":"water_level" } "#)
                == .assert(TagAssertion(name: "io:water_level/high", claim: .off, atSeconds: 1000), on: [gate, lane]))
        #expect(
            desk.hear(#"{"v":1,"kind":"rfid-pair","reader":"reader-3","unaccompanied":true}"#)
                == .assert(TagAssertion(name: "rfid:unaccompanied/reader-3", claim: .on, atSeconds: 1000), on: [lane]))
        _ = try desk.thefts.open([token("EPC-1")], report: "R-17", by: "duty1", expires: wall.adding(seconds: 86_400), now: wall)
        #expect(
            desk.hear(
                #"{"v":1,"kind":"rfid","reader":"reader-3","token":"\#(digits("EPC-1"))","rssi_dbm":-61.5,"at":"1970-01-01T00:00:00Z"}"#)
                == .assert(TagAssertion(name: "rfid:reported/reader-3", source: "R-17", claim: .pulse, atSeconds: 1000), on: [lane]))
    }

    @Test(arguments: [
        "", "{}", "[]", "null", #"{"v":1}"#, #"{"v":"1","kind":"io"}"#, #"{"v":1,"kind":"io","sensor":"door-7","tag":"open"}"#,
        #"{"v":1,"kind":"io","sensor":"door-7","tag":"open","state":"ajar"}"#,
        #"{"v":1,"kind":"io","sensor":"door-7","tag":"open","state":"on","state":"off"}"#,
        #"{"v":1,"kind":"io","sensor":"door-7","tag":"open","state":"on","name":"Zhang San"}"#,
        #"{"v":1,"kind":"io","sensor":"door-7","tag":"open","state":"on","lease_s":1}"#,
        #"{"v":1,"kind":"io","sensor":"door-7","tag":"open","state":"on","lease_s":1e9}"#,
        #"{"v":1,"kind":"io","sensor":"door-7","tag":"open","state":{"is":"on"}}"#,
        #"{"v":1,"kind":"io","sensor":"door-7","tag":"a/b","state":"on"}"#,
        #"{"v":1,"kind":"io","sensor":"door-7","tag":"","state":"on"}"#,
        #"{"v":1,"kind":"io","sensor":"door-7","tag":"o\u0070en","state":"on"}"#,
        #"{"v":1,"kind":"io","sensor":"door-7","tag":"open","state":"on"}x"#,
        #"{"v":1,"kind":"io","sensor":"door-7","tag":"open","state":"on",}"#,
        #"{"v":01,"kind":"io","sensor":"door-7","tag":"open","state":"on"}"#, #"{"v":1.0e0x,"kind":"io"}"#,
        #"{"v":1,"kind":"rfid","reader":"reader-3","token":"E28011700000020B"}"#,
        #"{"v":1,"kind":"rfid","reader":"reader-3","owner":"Li"}"#,
        #"{"v":1,"kind":"rfid-pair","reader":"reader-3","unaccompanied":1}"#, #"{"v":1,"kind":"face","sensor":"door-7"}"#,
    ])
    func whatIsNotInTheFormIsRefused(_ text: String) {
        var desk = desk()
        #expect(desk.hear(text) == .refused(.malformed))
        #expect(desk.sightingsByReader.isEmpty)
    }

    @Test func everyTruncationAndDamageIsRefusedOrRead() {
        let whole = Array(#"{"v":1,"kind":"io","sensor":"door-7","tag":"open","state":"on","lease_s":120}"#.utf8)
        for count in 0..<whole.count {
            var desk = desk()
            #expect(desk.receive(Array(whole.prefix(count)), nowSeconds: 0, wall: wall) == .refused(.malformed), "\(count) bytes")
        }
        for seed in UInt64(1)...500 {
            var generator = SeededGenerator(seed: seed)
            var bytes = whole
            for _ in 0..<3 {
                bytes[Int.random(in: 0..<bytes.count, using: &generator)] = UInt8.random(in: .min ... .max, using: &generator)
            }
            var desk = desk()
            if case .forgotten = desk.receive(bytes, nowSeconds: 0, wall: wall) { Issue.record("seed \(seed)") }
        }
        var desk = desk()
        let blanks = [UInt8](repeating: 0x20, count: SensorMessage.mostBytes)
        #expect(desk.receive(whole + blanks, nowSeconds: 0, wall: wall) == .refused(.malformed), "too long")
    }

    @Test func othersAreRefusedWithTheirReason() {
        var desk = desk()
        #expect(desk.hear(#"{"v":2,"kind":"io","sensor":"door-7","tag":"open","state":"on"}"#) == .refused(.version))
        #expect(desk.hear(#"{"v":1,"kind":"io","sensor":"door-8","tag":"open","state":"on"}"#) == .refused(.unbound))
    }

    @Test func aTagThatNobodyLooksForIsForgotten() throws {
        var desk = desk()
        let stranger = #"{"v":1,"kind":"rfid","reader":"reader-3","token":"\#(digits("EPC-STRANGER"))"}"#
        let before = "\(desk)"
        for turn in 0..<5 { #expect(desk.hear(stranger, at: 1000 + Double(turn)) == .forgotten) }
        #expect(desk.sightingsByReader == ["reader-3": 5])
        // Nothing else of them is anywhere: with the number as it was, the desk is what it was.
        #expect("\(desk)".replacing(#"["reader-3": 5]"#, with: "[:]") == before)
        // A report that is entered later finds nothing of what was seen before.
        _ = try desk.thefts.open([token("EPC-STRANGER")], report: "R-1", by: "duty1", expires: wall.adding(seconds: 3600), now: wall)
        if case .assert(let assertion, let cameras) = desk.hear(stranger, at: 1010) {
            #expect(assertion.source == "R-1" && assertion.atSeconds == 1010 && cameras == [lane])
        } else {
            Issue.record("the tag is looked for by now")
        }
    }

    @Test func oneStolenVehicleIsReportedOnceInTenMinutes() throws {
        var desk = desk()
        _ = try desk.thefts.open([token("EPC-1")], report: "R-17", by: "duty1", expires: wall.adding(seconds: 86_400), now: wall)
        let seen = #"{"v":1,"kind":"rfid","reader":"reader-3","token":"\#(digits("EPC-1"))"}"#
        let reported = [1000.0, 1001, 1599, 1600, 1601, 2200].filter {
            if case .assert = desk.hear(seen, at: $0) { true } else { false }
        }
        #expect(reported == [1000, 1600, 2200])
    }

    @Test func everyChangeOfTheListHasItsEntryAndNoneATag() throws {
        var list = TheftList()
        let day = 86_400.0
        let opened = try list.open([token("EPC-1")], report: "R-1", by: "duty1", expires: wall.adding(seconds: day), now: wall)
        #expect(said(opened) == "opened R-1 duty1 2026-11-23T02:24:57.628Z")
        for (refusal, report, actor, days, tag) in [
            (TheftListRefusal.duplicate, "R-1", "duty1", 1.0, "EPC-2"), (.duplicate, "R-2", "duty1", 1, "EPC-1"),
            (.name, "", "duty1", 1, "EPC-2"), (.name, "R 2", "duty1", 1, "EPC-2"), (.name, "R/2", "duty1", 1, "EPC-2"),
            (.expiry, "R-2", "duty1", 0, "EPC-2"), (.expiry, "R-2", "duty1", 30.1, "EPC-2"), (.expiry, "R-2", "duty1", -1, "EPC-2"),
        ] {
            #expect(throws: refusal) {
                try list.open([token(tag)], report: report, by: actor, expires: wall.adding(seconds: days * day), now: wall)
            }
        }
        _ = try list.open([token("EPC-2")], report: "R-2", by: "duty2", expires: wall.adding(seconds: 30 * day), now: wall)
        #expect(list.close(report: "R-9", by: "duty1", now: wall) == nil)
        let later = wall.adding(seconds: day)
        #expect(list.report(for: token("EPC-1"), now: later) == nil, "over, whether anybody has tidied up or not")
        #expect(list.expire(now: later).map(said) == ["expired R-1  \(later)"] && list.expire(now: later).isEmpty)
        #expect(list.close(report: "R-2", by: "duty1", now: later).map(said) == "closed R-2 duty1 \(later)" && list.count == 0)
    }

    @Test func readersWithTheFormerKeyFindWhatWasEnteredUnderBoth() throws {
        let next = SymmetricKey(data: [UInt8](repeating: 9, count: 32))
        let tokens = [next, key].map { TheftToken(tag: Array("EPC-1".utf8), key: $0) }
        var list = TheftList()
        _ = try list.open(tokens, report: "R-1", by: "duty1", expires: wall.adding(seconds: 3600), now: wall)
        #expect(tokens.map { list.report(for: $0, now: wall) } == ["R-1", "R-1"] && list.count == 1)
        // As it comes over the bus, with a token that is none among the others.
        let told = TheftReport(number: "R-1", tokens: tokens.map(\.hex) + ["5bdc"], expires: wall.adding(seconds: 3600))
        #expect(tokens.map { TheftList([told]).report(for: $0, now: wall) } == ["R-1", "R-1"])
        #expect(throws: TheftListRefusal.duplicate) {
            try list.open([tokens[1]], report: "R-2", by: "duty1", expires: wall.adding(seconds: 3600), now: wall)
        }
        _ = list.close(report: "R-1", by: "duty1", now: wall)
        #expect(tokens.map { list.report(for: $0, now: wall) } == [nil, nil])
        #expect("\(list)" == "\(TheftList())", "nothing of a tag outlives its report")
    }

    @Test func aKeySpeaksForItsOwnSensorAndForThoseBehindIt() {
        let message = Array(#"{"v":1,"kind":"io","sensor":"north.gauge-1","tag":"high","state":"on"}"#.utf8)
        var desk = SensorDesk(places: ["north.gauge-1": [gate]])
        let cases: [(SensorSpeaker, Bool)] = [
            (.local, true), (.key("north.gauge-1"), true), (.key("north"), true), (.key("nort"), false), (.key("north.gauge"), false),
            (.key("south"), false), (.key("north.gauge-1.x"), false),
        ]
        for (speaker, may) in cases {
            let outcome = desk.receive(message, from: speaker, nowSeconds: 10, wall: wall)
            #expect((outcome == .refused(.unauthorised)) == !may, "\(speaker)")
        }
    }

    @Test func whereSensorsStandIsSaidByTheTagsOfCameras() {
        func camera(_ id: CameraID, _ tags: [String]) -> Camera {
            Camera(
                id: id, name: "", programme: "", url: "", position: GeoPoint(lonE7: 0, latE7: 0), villageCode: nil, boundGrid: nil,
                tags: tags, priority: .four, transport: .auto)
        }
        let cameras = [camera(lane, ["scene:dam", "sensor:gauge-1"]), camera(gate, ["sensor:door-7", "sensor:gauge-1"])]
        #expect(SensorDesk.places(of: cameras) == ["gauge-1": [gate, lane], "door-7": [gate]])
    }

    /// Otherwise whoever has a reader's key could ask which tags are looked for.
    @Test func theAnswerDoesNotTellWhetherATagIsLookedFor() throws {
        var desk = desk()
        _ = try desk.thefts.open([token("EPC-1")], report: "R-17", by: "duty1", expires: wall.adding(seconds: 86_400), now: wall)
        func answer(_ tag: String) -> String { desk.hear(#"{"v":1,"kind":"rfid","reader":"reader-3","token":"\#(digits(tag))"}"#).answer }
        #expect(answer("EPC-1") == answer("EPC-STRANGER"))
        for reason in SensorRefusal.allCases {
            let answer = SensorDesk.Outcome.refused(reason).answer
            #expect(answer.hasPrefix(#"{"v":1,"result":"refused","reason":"\#(reason.rawValue)","message":""#) && answer.hasSuffix("\"}"))
        }
    }

    @Test func tokensAreWhatReadersMake() {
        // RFC 4231, test case 2.
        let known = TheftToken(tag: Array("what do ya want for nothing?".utf8), key: SymmetricKey(data: Array("Jefe".utf8)))
        #expect(known == TheftToken(hex: "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"))
        #expect(known.hex == "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843")
        #expect(TheftToken(hex: "5BDCC146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843") == nil)
        #expect(TheftToken(hex: "5bdc") == nil && TheftToken(hex: String(repeating: "g", count: 64)) == nil)
    }

    @Test func userDataOfPicturesAssertsTags() {
        var reader = MetadataReader()
        func read(_ text: String, _ identifier: [UInt8] = UserDataTags.identifiers[0]) -> [TagAssertion] {
            reader.readUserData(identifier + Array(text.utf8), arrivalSeconds: 5)
        }
        #expect(
            read(#"{"tag":"smoke","state":"on","lease_s":30}"#) == [
                TagAssertion(name: "sei:smoke", claim: .on, atSeconds: 5, leaseSeconds: 30)
            ])
        #expect(read(#"{"tag":"smoke","state":"pulse"}"#).map(\.claim) == [.pulse])
        #expect(read(#"{"tag":"smoke","state":"on","who":"x"}"#).isEmpty && read("").isEmpty)
        #expect(read(#"{"tag":"smoke","state":"on"}"#, [UInt8](repeating: 1, count: 16)).isEmpty)
        #expect(reader.takeFigures().refused == [.malformed: 3])
    }
}

/// All that an audit log gets of a change.
private func said(_ change: TheftListChange) -> String { "\(change.action) \(change.report) \(change.actor) \(change.at)" }
