// "Which cases of the last 30 days would have gone elsewhere": the pure comparison, and the cases it is asked about.

import Base
@testable import Cases
import Domain
import Grids
import IncidentBus
import Storage
import Testing

private func place(_ camera: Int, zone: String = "") -> CasePlace {
    CasePlace(
        number: "511011-20261123-0000\(camera)", openedAt: WallTime(millisecondsSince1970: 0), camera: SmallDistrict.cameraID(camera),
        preset: "",
        zone: zone)
}

@Test func aCaseIsDivertedWhenItsCameraAnswersForAnotherGrid() {
    let before = SmallDistrict.registry()
    let moved = SmallDistrict.camera(1, name: "新名", at: SmallDistrict.place(2))
    let bound = SmallDistrict.camera(3, name: "东兴路口", bound: SmallDistrict.code(4))
    let outside = SmallDistrict.camera(4, name: "东兴路口", at: SmallDistrict.place(5))
    let renamed = SmallDistrict.camera(2, name: "只改了名")
    let after = before.replacing([moved, bound, outside, renamed])
    let found = CaseDiversion.all((1...5).map { place($0) }, from: before, to: after)
    #expect(
        found.map { "\($0.camera.id.suffix(1)) \($0.from?.code.suffix(1) ?? "-") \($0.to?.code.suffix(1) ?? "-")" } == [
            "1 1 2", "3 3 4", "4 4 -",
        ])
    #expect(found[0].camera.name == "新名")
    // What a person bound outranks where the camera stands, before and after.
    var decided = before
    decided.answers = CameraAnswers()
    decided.bindings[SmallDistrict.cameraID(1), default: CameraBindings()].camera = .grid(SmallDistrict.code(3))
    #expect(CaseDiversion.all([place(1)], from: decided, to: decided.replacing([moved])).isEmpty)
    // A camera that nobody knows any more sent nothing anywhere.
    #expect(CaseDiversion.all([place(9)], from: before, to: after).isEmpty)
}

@Test func onlyCasesOfTheLastThirtyDaysByChangedCamerasAreLookedAt() async throws {
    let district = try SmallDistrict()
    defer { try? district.file.close() }
    let maps = MapStore(file: district.file, registry: district.box, signal: district.signal, time: district.time)
    var sender = Sender(seed: 75)
    try district.take([sender.message(sender.incident(camera: 1))])
    district.time.advance(by: .seconds(31 * 86_400))
    try district.take([
        sender.message(sender.incident(camera: 1)), sender.message(sender.incident(camera: 2)),
        sender.message(sender.incident(camera: 3, category: "camera.lost")),
    ])
    let moved = SmallDistrict.camera(1, name: "东兴路口", at: SmallDistrict.place(4))
    let new = SmallDistrict.camera(6, name: "新点位", at: SmallDistrict.place(1))
    let found = try await maps.diversions(of: [moved, new])
    #expect(found.looked == 1 && found.count == 1 && found.items.allSatisfy { $0.to?.code == SmallDistrict.code(4).digits })
    #expect(try await maps.diversions(of: [new]).looked == 0)
    #expect(try await maps.diversions(of: []).count == 0)
    #expect(district.box.current.cameras.count == 5, "asking changes nothing")
}
