// What simulated analytics say, that it agrees with the truth, and that it is what real readers read.

import Base
import CameraFleet
import Domain
import RTSP
import Tagging
import Testing

private let box = RelativeBox(x: 0, y: 0, width: 0.2, height: 0.5)

private func event(_ kind: String, _ start: Double, _ end: Double) -> SceneEvent {
    SceneEvent(kind: kind, startSeconds: start, endSeconds: end, box: box)
}

private let wall = WallTime("2026-11-23T02:24:57.628Z")!  // The format of WallTime.

@Suite struct MetadataTests {
    @Test func statementsComeWithTheTruthAndOnce() {
        let track = MetadataTrack(events: [event("walker", 5, 9), event("parked", 12, 30)], loopSeconds: 40)
        let all = track.statements(after: 0, through: 120)
        #expect(all.count == 5 * 3)
        #expect(all.prefix(5).map(\.atSeconds) == [5, 7, 9, 12, 30])
        #expect(all.prefix(5).map(\.isOn) == [true, nil, false, true, false])
        #expect(all.map(\.topic.path).contains("RuleEngine/ObjectAbandoned") && all[5].atSeconds == 45)
        for seed in UInt64(1)...50 {
            var generator = SeededGenerator(seed: seed)
            var found: [MetadataStatement] = []
            var now = 0.0
            while now < 120 {
                let next = min(120, now + Double.random(in: 0.01...3, using: &generator))
                found += track.statements(after: now, through: next)
                now = next
            }
            #expect(found == all, "seed \(seed)")
        }
        #expect(track.standing(atSeconds: 47).first { $0.isOn == true }?.topic.path == "RuleEngine/CellMotionDetector/Motion")
        #expect(track.standing(atSeconds: 52).first { $0.isOn == true }?.atSeconds == 52)
        #expect(track.standing(atSeconds: 3).allSatisfy { $0.isOn == false })
    }

    @Test func everySceneSaysOfItselfWhatIsTrue() {
        for scene in SceneName.allCases {
            let loopSeconds = scene.naturalSeconds
            let events = scene.events(loopSeconds: loopSeconds)
            let statements = MetadataTrack(events: events, loopSeconds: loopSeconds).statements(after: 0, through: loopSeconds)
            for statement in statements {
                let seconds = statement.atSeconds ?? -1
                #expect(events.contains { $0.startSeconds <= seconds && seconds <= $0.endSeconds }, "\(scene): \(statement)")
            }
            #expect(!["empty", "rain", "cloud"].contains(scene.rawValue) || statements.isEmpty)
        }
    }

    @Test(arguments: [40, 333, 1400, 60_000]) func documentsAreReadFromPacketsOfAnySize(payload: Int) {
        let track = MetadataTrack(events: [event("walker", 5, 9)], loopSeconds: 40)
        var packetiser = MetadataPacketiser(ssrc: 7, firstSequence: 65_530, mostPayloadBytes: payload)
        let texts = [
            MetadataText.document(track.standing(atSeconds: 3), .initialized) { wall.adding(seconds: $0 - 3) },
            MetadataText.document(track.statements(after: 3, through: 7.5), .changed) { wall.adding(seconds: $0 - 7.5) },
        ]
        var depacketiser = MetadataDepacketiser()
        var tracker = SequenceTracker()
        var reader = MetadataReader()
        var board = TagBoard()
        for (number, text) in texts.enumerated() {
            let wire = packetiser.packets(of: text, timestamp: UInt32(number), channel: 2)
            var at = 0
            while at < wire.count {
                #expect(wire[at] == 0x24 && wire[at + 1] == 2)
                let end = at + 4 + Int(wire[at + 2]) << 8 + Int(wire[at + 3])
                guard let header = RTPHeader(wire.span, at + 4..<end) else { return #expect(Bool(false)) }
                #expect(header.payloadType == 107 && header.marker == (end == wire.count))
                let document = depacketiser.receive(wire.span, header, gap: tracker.receive(header.sequence).isGap)
                #expect((document != nil) == header.marker)
                if let document {
                    let said = reader.read(document.bytes, isWhole: true, arrivalSeconds: 100, arrivalWall: wall)
                    _ = board.apply(said, nowSeconds: 100)
                }
                at = end
            }
        }
        let figures = reader.takeFigures()
        #expect(figures.documents == 2 && figures.notifications == 8 && figures.unlisted == 0 && figures.refused.isEmpty)
        #expect(
            board.live().filter { $0.state == .on }.map { "\($0.name) \($0.sinceSeconds)" } == [
                "onvif:RuleEngine/CellMotionDetector/Motion 97.5", "onvif:RuleEngine/LineDetector/Crossed 99.5",
            ])
        #expect(board.live().count == 7)
    }
}
