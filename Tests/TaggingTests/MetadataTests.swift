// From a camera's documents to tags: what makers write, what they get wrong, and what nobody may keep.

import Base
import Domain
import Tagging
import Testing

@Suite struct MetadataTests {
    @Test func motionGoesOnAndOff() {
        var desk = Desk()
        let on = desk.hear(document(motion(true)))
        #expect(on.map(\.tag) == [LiveTag(name: motionTag, source: "lane", state: .on, sinceSeconds: 1000)] && on.map(\.before) == [nil])
        #expect(desk.wait(3).isEmpty)
        #expect(desk.hear(document(motion(true))).isEmpty, "said again is nothing new")
        let off = desk.hear(document(motion(false, time: "2026-11-23T02:25:00.628Z")))
        #expect(off.map(\.tag.state) == [.off] && off.map(\.before) == [.on] && off.map(\.tag.sinceSeconds) == [1003])
        #expect(desk.figures.documents == 3 && desk.figures.notifications == 3 && desk.figures.refused.isEmpty)
    }

    @Test(arguments: [false, true]) func packetsOfAnySizeGiveTheSame(isWhole: Bool) {
        let bytes = Array((document(motion(true)) + document(motion(false), motion(true))).utf8)
        for size in [1, 2, 3, 7, 50, 188, 1400, bytes.count] {
            var desk = Desk()
            var changes: [TagChange] = []
            for start in stride(from: 0, to: bytes.count, by: size) {
                changes += desk.hear(bytes[start..<min(start + size, bytes.count)], isWhole: isWhole)
            }
            #expect(changes.map(\.tag.state) == [.on], "packets of \(size)")
            #expect(desk.figures.documents == 2 && desk.figures.notifications == 3)
        }
    }

    @Test(arguments: [
        ("tns1:RuleEngine/tns1:CellMotionDetector/tns1:Motion", motionTag), ("RuleEngine/CellMotionDetector/Motion", motionTag),
        (" \n tns1:RuleEngine//CellMotionDetector/Motion ", motionTag),
        ("tns1:VideoSource/tns1:Device/Trigger/DigitalInput", "onvif:Device/Trigger/DigitalInput"),
        ("tns1:VideoSource/MotionAlarm", "onvif:VideoSource/MotionAlarm"),
        ("tns1:VideoSource/ImageTooDark/ImagingService", "onvif:VideoSource/ImageTooDark/ImagingService"),
        ("tns1:Device/HardwareFailure/StorageFailure", "onvif:Device/HardwareFailure/StorageFailure"),
    ])
    func topicsHaveOneSpelling(_ written: String, _ name: String) {
        var desk = Desk()
        desk.hear(document(event(written, data: ["State": "true"])))
        #expect(desk.board.live().map(\.name) == [name])
    }

    @Test(arguments: [
        ("true", LiveTag.State.on), ("1", .on), (" Active ", .on), ("ON", .on), ("false", .off), ("0", .off), ("inactive", .off),
    ])
    func statesAreWrittenInManyWays(_ text: String, _ state: LiveTag.State) {
        var desk = Desk()
        desk.hear(document(event("tns1:VideoSource/MotionAlarm", source: ["Source": "lane"], data: ["State": text])))
        #expect(desk.state("onvif:VideoSource/MotionAlarm") == state)
        desk.hear(document(event("tns1:RuleEngine/FieldDetector/ObjectsInside", data: ["Inside": text])))
        #expect(desk.state("onvif:RuleEngine/FieldDetector/ObjectsInside") == state, "the only truth there is counts whatever its name")
    }

    @Test func aMessageWithoutContentMeansOff() {
        for empty in [
            "<tt:Event><wsnt:NotificationMessage><wsnt:Topic>tns1:RuleEngine/CellMotionDetector/Motion</wsnt:Topic><wsnt:Message/>"
                + "</wsnt:NotificationMessage></tt:Event>",
            event("tns1:RuleEngine/CellMotionDetector/Motion", operation: nil, source: [:]),
            event("tns1:RuleEngine/CellMotionDetector/Motion"),
        ] {
            var desk = Desk()
            desk.hear(document(motion(true)))
            #expect(desk.hear(document(empty)).map(\.tag.state) == [.off], "\(empty)")
        }
    }

    @Test func aDeletedPropertyIsOverWithoutData() {
        var desk = Desk()
        desk.hear(document(motion(true)))
        let gone = desk.hear(document(event("tns1:RuleEngine/CellMotionDetector/Motion", operation: "Deleted")))
        #expect(gone.map(\.tag.state) == [.off] && desk.board.live().isEmpty)
        #expect(desk.hear(document(event("tns1:RuleEngine/CellMotionDetector/Motion", operation: "Deleted"))).isEmpty)
    }

    @Test func initialisedMayComeAgainAndAgain() {
        var desk = Desk()
        #expect(desk.hear(document(motion(true, operation: "Initialized"))).count == 1)
        for _ in 0..<10 {
            _ = desk.wait(1)
            #expect(desk.hear(document(motion(true, operation: "Initialized"))).isEmpty)
        }
        #expect(desk.board.live().map(\.sinceSeconds) == [1000])
    }

    @Test(arguments: [
        ("2026-11-23T02:24:54.628Z", 997.0), ("2026-11-23T02:24:56.6281234Z", 999), ("2026-11-23T02:24:57Z", 999.372),
        ("1970-01-01T00:00:00Z", 1000), ("0000-00-00T00:00:00Z", 1000), ("2026-11-23T02:24:50Z", 1000), ("2026-11-23T02:25:09Z", 1000),
        ("2026-11-23T10:24:57+08:00", 1000), ("yesterday", 1000), ("", 1000),
    ])
    func aDevicesClockIsBelievedForSecondsOnly(_ time: String, _ seconds: Double) {
        var desk = Desk()
        desk.hear(document(motion(true, time: time)))
        #expect(desk.board.live().map { ($0.sinceSeconds * 1000).rounded() / 1000 } == [seconds])
    }

    @Test func aCrossedLineIsAPulse() {
        var desk = Desk()
        let crossed = {
            event("tns1:RuleEngine/LineDetector/Crossed", operation: $0, time: "1970-01-01T00:00:00Z", data: ["ObjectId": "15"])
        }
        #expect(desk.hear(document(crossed("Initialized"))).isEmpty, "its creation is not that it happened")
        let change = desk.hear(document(crossed(nil)))
        #expect(change.map(\.tag.isPulse) == [true] && change.map(\.tag.state) == [.on])
        _ = desk.wait(2)
        #expect(desk.hear(document(crossed("Changed"))).map(\.tag.sinceSeconds) == [1002], "each crossing is new")
        #expect(desk.wait(TagBoard.pulseSeconds + 1).isEmpty && desk.board.live().isEmpty, "it was over when it came")
    }

    @Test func twoObjectsInOneFieldAreOneTag() {
        var desk = Desk()
        func inside(_ object: String, _ isInside: Bool?) -> String {
            document(
                event(
                    "tns1:RuleEngine/FieldDetector/ObjectsInside", operation: isInside == nil ? "Deleted" : "Changed",
                    key: ["ObjectId": object],
                    data: isInside.map { ["IsInside": "\($0)"] } ?? [:]))
        }
        #expect(desk.hear(inside("7", true)).map(\.tag.state) == [.on])
        #expect(desk.hear(inside("8", true)).isEmpty)
        #expect(desk.hear(inside("7", nil)).isEmpty)
        #expect(desk.hear(inside("8", false)).map(\.tag.state) == [.off])
        #expect(desk.board.live().count == 1)
    }

    @Test func itemsMayComeInAnyOrder() {
        var desk = Desk()
        let items = ["VideoSourceConfigurationToken", "VideoAnalyticsConfigurationToken", "Rule"].map {
            "<tt:SimpleItem Value=\"1\" Name=\"\($0)\"/>"
        }
        for (state, order) in [("true", items), ("false", items.reversed())] {
            desk.hear(
                document(
                    "<tt:Event><wsnt:NotficationMessage><wsnt:Topic>tns1:RuleEngine/TamperDetector/Tamper</wsnt:Topic><wsnt:Message>"
                        + "<tt:Message PropertyOperation=\"Changed\"><tt:Source>\(order.joined())</tt:Source>"
                        + "<tt:Data><tt:SimpleItem Name=\"IsTamper\" Value=\"\(state)\"/></tt:Data></tt:Message></wsnt:Message>"
                        + "</wsnt:NotficationMessage></tt:Event>"))
        }
        #expect(desk.board.live().map(\.state) == [.off])
    }

    @Test func aCameraStandsAtOnePresetOrTurns() {
        var desk = Desk()
        func preset(_ what: String, _ token: String) -> String {
            document(event("tns1:PTZController/PTZPresets/\(what)", operation: nil, data: ["PresetToken": token, "PresetName": "大门"]))
        }
        func on() -> [String] { desk.board.live().filter { $0.state == .on }.map(\.name) }
        desk.hear(preset("Reached", "3"))
        #expect(on() == ["ptz:preset=3"])
        desk.hear(preset("Invoked", "4"))
        #expect(on() == ["ptz:moving"])
        desk.hear(preset("Reached", "4"))
        #expect(on() == ["ptz:preset=4"])
        _ = desk.wait(86_400)
        #expect(on() == ["ptz:preset=4"], "a position does not get stuck")
        func status(_ pan: String, _ zoom: String) -> String {
            document(
                "<tt:PTZ><tt:PTZStatus><tt:MoveStatus><tt:PanTilt>\(pan)</tt:PanTilt><tt:Zoom>\(zoom)</tt:Zoom></tt:MoveStatus></tt:PTZStatus></tt:PTZ>"
            )
        }
        desk.hear(status("IDLE", "MOVING"))
        #expect(on() == ["ptz:moving", "ptz:preset=4"])
        desk.hear(status("UNKNOWN", "UNKNOWN"))
        #expect(on() == ["ptz:moving", "ptz:preset=4"])
        desk.hear(status("IDLE", "IDLE"))
        #expect(on() == ["ptz:preset=4"])
    }

    @Test(arguments: [
        "RuleEngine/Recognition/Face", "RuleEngine/Recognition/LicensePlate", "RuleEngine/Radiometry/BodyTemperatureAlarm",
        "RuleEngine/LoiteringDetector/ObjectIsLoitering", "RuleEngine/MyRuleDetector/FaceDetect", "RuleEngine/MyRuleDetector/Visitor",
        "RuleEngine/MyRuleDetector/PeopleDetect", "RuleEngine/CountAggregation/Counter", "Device/Sensor/FaceCount",
    ])
    func topicsAboutPersonsAreCountedAndNothingElse(_ topic: String) {
        var desk = Desk()
        let secret = "ZHANG-SAN-川K12345"
        let message = event(
            "tns1:" + topic, source: ["Rule": secret], key: ["ObjectId": secret], data: ["State": "true", "Likeness": secret])
        #expect(desk.hear(document(message, motion(true))).map(\.tag.name) == [motionTag])
        #expect(desk.figures.denied == 1 && desk.figures.notifications == 1 && desk.figures.unlisted == 0)
        // Nothing that can be kept, logged or shown holds a word of it.
        for kept in ["\(desk.board)", "\(desk.reader)", "\(desk.figures)"] { #expect(!kept.contains(secret) && !kept.contains("12345")) }
    }

    @Test func facesAmongTheObjectsOfAFrameAreNotLookedAt() {
        var desk = Desk()
        let object = "<tt:Object ObjectId=\"1\"><tt:Appearance><tt:HumanFace>SECRET</tt:HumanFace></tt:Appearance></tt:Object>"
        desk.hear(document("<tt:VideoAnalytics><tt:Frame>\(object)</tt:Frame></tt:VideoAnalytics>", motion(true)))
        #expect(desk.board.live().map(\.name) == [motionTag] && !"\(desk.reader)\(desk.board)".contains("SECRET"))
    }

    @Test func unlistedTopicsAreCounted() {
        var desk = Desk()
        desk.hear(document(event("tns1:RecordingConfig/JobState", data: ["State": "true"]), event("", data: ["State": "true"])))
        #expect(desk.board.live().isEmpty && desk.figures.unlisted == 2 && desk.figures.denied == 0)
    }

    @Test func aBombOfEntitiesDoesNotGoOff() {
        let levels = (1...9).map { "<!ENTITY lol\($0) \"\(String(repeating: "&lol\($0 - 1);", count: 10))\">" }.joined()
        var desk = Desk()
        for bomb in [
            "<?xml version=\"1.0\"?><!DOCTYPE lolz [<!ENTITY lol0 \"lol\">\(levels)]><MetadataStream><Event>&lol9;</Event></MetadataStream>",
            // The same without its document type: undeclared entities are not well formed.
            document("<tt:Event>&lol9;</tt:Event>"),
            "<!DOCTYPE x SYSTEM \"file:///etc/passwd\"><MetadataStream/>",
        ] { #expect(desk.hear(bomb).isEmpty) }
        #expect(desk.figures.refused[.doctype] == 2)
        #expect(desk.hear(document(motion(true))).count == 1, "the next document is read")
    }

    @Test func whatIsNotWellFormedAssertsNothing() {
        var desk = Desk()
        for wrong in [
            document("<tt:Event></tt:Other>"), document(motion(true).replacing("Value=\"true\"", with: "Value=\"true\" Value=\"false\"")),
            document(motion(true).replacing("\"lane\"", with: "\"<lane\"")), document("<tt:Event>\u{1}</tt:Event>"),
        ] { desk.hear(wrong) }
        #expect(desk.board.live().isEmpty && desk.figures.documents == 0)
        #expect(desk.figures.refused.values.reduce(0, +) == 4)
    }

    @Test func missingDeclarationsAndOtherEncodingsAreForgiven() {
        var desk = Desk()
        desk.hear(document(motion(true)).replacing("xmlns:wsnt=\"http://docs.oasis-open.org/wsn/b-2\"", with: ""))
        #expect(desk.board.live().map(\.state) == [.on])
        // 消防通道 in GB 2312, announced as such.
        var bytes = Array(document(motion(false)).replacing("UTF-8", with: "GB2312").replacing("\"lane\"", with: "\"@\"").utf8)
        bytes.replace([0x40], with: [0xCF, 0xFB, 0xB7, 0xC0, 0xCD, 0xA8, 0xB5, 0xC0])
        desk.hear(bytes)
        #expect(desk.board.live().count == 2 && desk.figures.refused.isEmpty)
    }

    @Test func gzipIsUnpackedWhereItsEndIsKnown() {
        var desk = Desk()
        #expect(desk.hear(Packed.motion).map(\.tag.name) == [motionTag])
        desk.hear(Packed.motion, isWhole: false)
        for count in [2, 10, 40, Packed.motion.count - 9] { desk.hear(Packed.motion.prefix(count)) }
        #expect(desk.figures.refused == [.compression: 5])
        desk.hear(Packed.megabytes)
        #expect(desk.figures.refused == [.compression: 6], "what unpacks to more than a document may have is let go of")
    }

    @Test func aNewConnectionBeginsWithoutTheRestOfTheOld() {
        var desk = Desk()
        let bytes = Array(document(motion(true)).utf8)
        desk.hear(bytes.prefix(300))
        desk.reader.restart()
        #expect(desk.hear(bytes).count == 1 && desk.figures.refused.isEmpty)
    }

    @Test func damagedDocumentsNeverDoMoreThanTheyMay() {
        let whole = Array(
            (document(motion(true)) + document(motion(false), event("tns1:Device/Trigger/DigitalInput", data: ["LogicalState": "1"]))).utf8)
        let marks = Array("<>\"'&;/!?=:]-[ \u{0}".utf8)
        for seed in UInt64(1)...300 {
            var generator = SeededGenerator(seed: seed)
            var bytes = whole
            for _ in 0..<Int.random(in: 1...6, using: &generator) {
                let place = Int.random(in: 0..<bytes.count, using: &generator)
                switch Int.random(in: 0..<4, using: &generator) {
                case 0: bytes[place] = UInt8.random(in: .min ... .max, using: &generator)
                case 1: bytes[place] = marks[Int.random(in: 0..<marks.count, using: &generator)]
                case 2: bytes.removeSubrange(place..<min(place + Int.random(in: 1...200, using: &generator), bytes.count))
                default: bytes.insert(contentsOf: bytes[place..<min(place + 100, bytes.count)], at: place)
                }
                if bytes.isEmpty { bytes = whole }
            }
            var desk = Desk()
            desk.hear(bytes, isWhole: false)
            #expect(desk.figures.documents <= 3 && desk.board.live().count <= 4, "seed \(seed)")
            _ = desk.wait(3)
            desk.hear(document(motion(true), event("tns1:RuleEngine/ObjectRemoved", data: ["State": "true"])))
            #expect(desk.state("onvif:RuleEngine/ObjectRemoved") == .on, "seed \(seed): the next document is read")
        }
    }
}
