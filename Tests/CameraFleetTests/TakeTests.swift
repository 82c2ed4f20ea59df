// Takes are what false alarms and tampering are counted on: exact truth, the same samples every time, and disturbances that do what
// their names say.

import CameraFleet
import Domain
import Foundation
import Testing

private func renderer(
    _ purpose: Take.Purpose, _ disturbance: DisturbanceKind?, _ light: TakeLight = .day, seed: Int = 3, seconds: Double = 160
) -> TakeRenderer {
    TakeRenderer(Take(purpose, disturbance, light, seed: seed, seconds: seconds), width: 160, height: 90)
}

private func mean(_ picture: Picture) -> Double { Double(picture.y.reduce(0) { $0 + Int($1) }) / Double(picture.y.count) }

/// Mean difference of luma.
private func distance(_ a: Picture, _ b: Picture) -> Double {
    Double(zip(a.y, b.y).reduce(0) { $0 + abs(Int($1.0) - Int($1.1)) }) / Double(a.y.count)
}

private func chroma(_ picture: Picture) -> Int { picture.u.reduce(0) { $0 + abs(Int($1) - 128) } }

@Test(arguments: DisturbanceKind.allCases) func aTakeIsTheSameEveryTimeAndSomethingMoves(_ kind: DisturbanceKind) {
    let light = kind.lights[0]
    let (first, second) = (renderer(.empty, kind, light), renderer(.empty, kind, light))
    #expect(first.events.isEmpty)
    let (isRepeated, isMoving) = (first.picture(70) == second.picture(70), first.picture(70) != first.picture(71))
    #expect(isRepeated && isMoving)
}

@Test(arguments: [TakeLight.day, .night]) func eventsAreSeenWhenTheyAreSaidToHappen(_ light: TakeLight) throws {
    let seeds = 1...4
    for seed in seeds {
        let scene = renderer(.events, .clock, light, seed: seed)
        let empty = renderer(.empty, .clock, light, seed: seed)
        #expect(scene.events.count >= 2, "seed \(seed)")
        #expect(try #require(scene.events.first).startSeconds >= 26)
        for (event, next) in zip(scene.events, scene.events.dropFirst()) { #expect(next.startSeconds - event.endSeconds >= 20) }
        for event in scene.events {
            let number = Int((event.startSeconds + event.endSeconds) / 2 * Double(scene.take.framesPerSecond))
            let (with, without) = (scene.picture(number), empty.picture(number))
            let isSeen = zip(with.y, without.y).contains { abs(Int($0) - Int($1)) > 20 }
            #expect(isSeen, "seed \(seed), \(event.kind) shows nothing")
            let before = Int(event.startSeconds * Double(scene.take.framesPerSecond)) - 15
            let isEmpty = scene.picture(before) == empty.picture(before)
            #expect(isEmpty, "seed \(seed): something is seen before \(event.kind)")
        }
    }
}

@Test func infraredSwitchesTakeTheColourAndTheLightAndGiveThemBack() {
    let scene = renderer(.empty, .infrared, .night, seed: 4)
    let rate = scene.take.framesPerSecond
    #expect(chroma(scene.picture(20 * rate)) > chroma(scene.picture(80 * rate)) * 2)
    #expect(chroma(scene.picture(130 * rate)) > chroma(scene.picture(80 * rate)) * 2)
    #expect(mean(scene.picture(55 * rate + 1)) < mean(scene.picture(54 * rate)) / 1.5)
}

@Test func noiseGrowsWithGainAndLeavesTheMeanAlone() {
    let scene = renderer(.empty, .noise, .night)
    let rate = scene.take.framesPerSecond
    let (quiet, loud) = (distance(scene.picture(0), scene.picture(1)), distance(scene.picture(75 * rate), scene.picture(75 * rate + 1)))
    #expect(loud > quiet * 1.4)
    #expect(abs(mean(scene.picture(0)) - mean(scene.picture(75 * rate))) < 2)
}

@Test func onlyTheDigitsOfAClockChange() {
    let scene = TakeRenderer(Take(.empty, .clock, .day, seed: 3, seconds: 60), width: 640, height: 360)
    let rate = scene.take.framesPerSecond
    func changed(_ a: Int, _ b: Int) -> [Int] {
        let (first, second) = (scene.picture(a).y, scene.picture(b).y)
        // Noise stays far below the contrast of a digit.
        return first.indices.filter { abs(Int(first[$0]) - Int(second[$0])) > 40 }
    }
    #expect(changed(rate, 2 * rate - 1).isEmpty)
    let digits = changed(2 * rate - 1, 2 * rate)
    #expect(!digits.isEmpty && digits.allSatisfy { $0 < 640 * 360 / 8 })
}

@Test func treesSwayOnlyWhereLeavesAre() {
    let (scene, still) = (renderer(.empty, .trees), renderer(.empty, .clock))
    let changed = zip(scene.picture(33).y, still.picture(33).y).filter { abs(Int($0) - Int($1)) > 12 }.count
    #expect(changed > 40 && changed < 160 * 90 / 3)
}

@Test(arguments: TamperKind.allCases) func tamperingComesAndGoes(_ kind: TamperKind) throws {
    let scene = renderer(.tamper(kind), nil, .day, seed: 6, seconds: 150)
    let rate = scene.take.framesPerSecond
    let (before, during, after) = (scene.picture(30 * rate), scene.picture(75 * rate), scene.picture(130 * rate))
    #expect(distance(before, after) < 3)
    switch kind {
    case .black: #expect(mean(during) < 20)
    case .blinded: #expect(mean(during) > 220)
    case .covered: #expect(mean(during) < 50)
    case .defocused, .moved: #expect(distance(before, during) > 3)
    case .frozen:
        let (isStill, wasMoving) = (during == scene.picture(90 * rate), before != scene.picture(30 * rate + 1))
        #expect(isStill && wasMoving)
    }
    #expect(Take.set(hours: 1, seed: 1).contains { $0.purpose == .tamper(kind) })
}

@Test func aSetHoldsTheHoursThatWereAskedFor() {
    for hours in [0.5, 1, 2, 24] {
        let takes = Take.set(hours: hours, seed: 1)
        let empty = takes.filter { $0.purpose == .empty }
        #expect(abs(empty.reduce(0) { $0 + $1.seconds } / 3600 - hours) < 0.01)
        #expect(Set(takes.map(\.name)).count == takes.count)
        for kind in DisturbanceKind.allCases {
            #expect(empty.contains { $0.disturbance == kind })
            for light in kind.lights { #expect(takes.contains { $0.purpose == .events && $0.disturbance == kind && $0.light == light }) }
        }
    }
}

@Test func labelsAreJSONThatSaysWhatIsInTheFiles() throws {
    let event = SceneEvent(kind: "walker", startSeconds: 27.126, endSeconds: 41, box: RelativeBox(x: 0, y: 0, width: 1, height: 1))
    let text = TakeSet.labels([
        TakeSet.Labelled(Take(.events, .rain, .night, seed: 7, seconds: 360), events: [event]),
        TakeSet.Labelled(Take(.tamper(.moved), nil, .day, seed: 8, seconds: 150), events: []),
    ])
    let read = try #require(try JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: Any])
    let clips = try #require(read["clips"] as? [[String: Any]])
    #expect(clips.map { $0["file"] as? String } == ["events/rain-night-7-360s.mp4", "tamper/moved-day-8-150s.mp4"])
    #expect(clips[0]["events"] as? [[Double]] == [[27.13, 41]] && clips[0]["disturbance"] as? String == "rain")
    #expect((clips[1]["tamper"] as? [[String: Any]])?.first?["span"] as? [Double] == [45, 105])
}
