// Scenes are what truth is measured against: they must close without a seam and show things where they say.

import CameraFleet
import Domain
import Testing

private func renderer(_ name: SceneName, noise: Bool = false, framesPerSecond: Double = 5) -> SceneRenderer {
    SceneRenderer(name, width: 80, height: 44, framesPerSecond: framesPerSecond, gopPictures: 10, withNoise: noise)
}

@Test(arguments: SceneName.allCases) func aSceneClosesWithoutASeam(_ name: SceneName) {
    let scene = renderer(name, noise: true)
    #expect(scene.pictureCount % 10 == 0)
    #expect(scene.picture(scene.pictureCount) == scene.picture(0))
    #expect(scene.picture(scene.pictureCount * 2 + 7) == scene.picture(7))
    #expect(scene.picture(-1) == scene.picture(scene.pictureCount - 1))
    // Over the seam nothing jumps: without noise and rain both neighbours show the undisturbed, empty street.
    guard name != .rain else { return }
    let still = renderer(name)
    #expect(still.picture(still.pictureCount - 1) == still.picture(0))
}

@Test func twoRenderersDrawTheSame() {
    #expect(renderer(.rain, noise: true).picture(3) == renderer(.rain, noise: true).picture(3))
}

@Test func aLoopIsAWholeNumberOfGroups() {
    let scene = SceneRenderer(.empty, width: 64, height: 64, framesPerSecond: 7, gopPictures: 33)
    #expect(scene.pictureCount == 297)
    #expect(scene.loopSeconds >= 40)
}

@Test(arguments: [SceneName.walker, .vehicle, .parked, .blocked]) func truthBoxesHoldWhatIsDrawn(_ name: SceneName) throws {
    let scene = renderer(name)
    let empty = scene.picture(0)
    for event in scene.events {
        let box = event.box
        #expect(box.x >= 0 && box.y >= 0 && box.x + box.width <= 1.0001 && box.y + box.height <= 1.0001)
        for part in [0.1, 0.3, 0.5, 0.7, 0.9] {
            let seconds = event.startSeconds + (event.endSeconds - event.startSeconds) * part
            let picture = scene.picture(Int(seconds * scene.framesPerSecond))
            var (inside, outside) = (0, 0)
            for row in 0..<44 {
                for column in 0..<80 where abs(Int(picture.y[row * 80 + column]) - Int(empty.y[row * 80 + column])) > 20 {
                    let (x, y) = (Double(column) / 80, Double(row) / 44)
                    // Shadows on the ground reach a little further than the thing itself.
                    let holds =
                        x >= box.x - 0.06 && x <= box.x + box.width + 0.06 && y >= box.y - 0.06 && y <= box.y + box.height + 0.06
                    if holds { inside += 1 } else { outside += 1 }
                }
            }
            #expect(inside > 3, "\(name) \(event.kind) at \(seconds) s shows nothing")
            #expect(outside == 0, "\(name) \(event.kind) at \(seconds) s is seen outside its box")
        }
    }
}

@Test func whatMovesIsInViewForLooksAndComesAfterEmptyTime() throws {
    let walker = try #require(SceneName.walker.events(loopSeconds: 40).first)
    let vehicle = try #require(SceneName.vehicle.events(loopSeconds: 40).first)
    let parked = SceneName.parked.events(loopSeconds: 240)
    #expect(walker.endSeconds - walker.startSeconds >= 8 && walker.startSeconds >= 15)
    #expect(vehicle.endSeconds - vehicle.startSeconds >= 5 && vehicle.startSeconds >= 15)
    // The gap over the end of the loop counts as well: the scene is empty for 15 s before each event.
    #expect(40 - walker.endSeconds + walker.startSeconds >= 15 && 40 - vehicle.endSeconds + vehicle.startSeconds >= 15)
    #expect(parked.map(\.kind) == ["vehicle", "parked", "vehicle"])
    #expect(parked[1].endSeconds - parked[1].startSeconds > 180)
    let blocked = SceneName.blocked.events(loopSeconds: 64)
    #expect(blocked.map(\.kind) == ["vehicle", "blocked", "vehicle"] && blocked[1].endSeconds - blocked[1].startSeconds > 25)
    let shift = SceneName.shift.events(loopSeconds: 40)
    #expect(shift.map(\.kind) == Array(repeating: "vehicle", count: 4))
    #expect(zip(shift, shift.dropFirst()).allSatisfy { $1.startSeconds - $0.endSeconds > 1.5 })
    let smoke = SceneName.smoke.events(loopSeconds: 40)
    #expect(smoke.map(\.kind) == ["smoke"] && smoke[0].startSeconds > 12 && smoke[0].endSeconds < 40)
    // A walker is about a fifth of the picture's height.
    #expect((0.12...0.4).contains(walker.box.height))
    for name in [SceneName.empty, .night] { #expect(name.events(loopSeconds: 40).isEmpty) }
}

@Test func disturbancesDoWhatTheirNamesSay() {
    func mean(_ picture: Picture) -> Int { picture.y.reduce(0) { $0 + Int($1) } / picture.y.count }
    func chroma(_ picture: Picture) -> Int { picture.u.reduce(0) { $0 + abs(Int($1) - 128) } }
    func detail(_ picture: Picture) -> Int {
        (1..<picture.y.count).reduce(0) { $0 + abs(Int(picture.y[$1]) - Int(picture.y[$1 - 1])) }
    }
    let at = 24 * 5
    let covered = renderer(.covered)
    #expect(mean(covered.picture(at)) < 45 && mean(covered.picture(0)) > 60)
    let infrared = renderer(.infrared)
    #expect(chroma(infrared.picture(at)) == 0 && chroma(infrared.picture(0)) > 0)
    let defocused = renderer(.defocused)
    #expect(detail(defocused.picture(at)) < detail(defocused.picture(0)) * 3 / 4)
    let frozen = renderer(.frozen, noise: true)
    #expect(frozen.picture(at) == frozen.picture(at + 25) && frozen.picture(0) != frozen.picture(1))
    let cloud = renderer(.cloud)
    #expect(mean(cloud.picture(22 * 5)) < mean(cloud.picture(0)) - 10)
    let turned = renderer(.turned)
    #expect(turned.picture(at) != turned.picture(0) && turned.picture(at) == turned.picture(at + 10))
}
