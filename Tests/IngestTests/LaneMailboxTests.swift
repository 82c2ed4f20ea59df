// What a lane's mailbox keeps, what it lets go of, and when it calls a worker.

import Base
import Domain
import Media
import Pipelines
import Testing

@testable import Ingest

private let parameters = StreamParameters(codec: .h264, width: 16, height: 16, extradata: [])

private func delivery(_ kind: LookKind, isKey: Bool, _ seconds: Double = 0) throws -> LookDelivery {
    let picture = try CodedPicture(bytes: [0, 0, 0, 1, isKey ? 0x65 : 0x41], isKey: isKey, ptsSeconds: seconds, parameters: parameters)
    return LookDelivery(picture: picture, parameters: parameters, kind: kind)
}

private let motion = IncidentKey(camera: CameraID("51101100001320000001")!, category: "motion")  // 20 digits.

private func taken(_ mail: inout LaneMailbox) -> [LookDelivery] {
    var pictures: [LookDelivery] = []
    _ = mail.take(&pictures)
    return pictures
}

@Test func aWorkerIsCalledOnceUntilItHasLookedAgain() throws {
    var mail = LaneMailbox()
    var calls = [try mail.put(delivery(.key, isKey: true)).mustSchedule]
    calls += [mail.schedule(), mail.put(delivered: motion, .two)]
    #expect(taken(&mail).count == 1)
    calls.append(try mail.put(delivery(.key, isKey: true)).mustSchedule)
    #expect(calls == [true, false, false, false])
    let hasGone = mail.finish()
    #expect(!hasGone, "something has come meanwhile: it looks again")
    _ = taken(&mail)
    let ends = [mail.finish(), mail.schedule()]
    #expect(ends == [true, true], "it has gone, and the next one is called")
}

@Test func ofKeyLooksTheNewestWins() throws {
    var mail = LaneMailbox()
    _ = try mail.put(delivery(.key, isKey: true, 1))
    #expect(try mail.put(delivery(.key, isKey: true, 2)) == LaneMailbox.Outcome(mustSchedule: false, overrun: 1, hasLostKey: false))
    #expect(taken(&mail).map(\.picture.ptsSeconds) == [2])
}

@Test func aFullBacklogIsLetGoOfUpToTheNextKeyPicture() throws {
    var mail = LaneMailbox()
    #expect(try mail.put(delivery(.full, isKey: false)) == LaneMailbox.Outcome(), "nothing is known that it is predicted from")
    _ = try mail.put(delivery(.full, isKey: true))
    for _ in 1..<LaneMailbox.fullRateCapacity { _ = try mail.put(delivery(.full, isKey: false)) }
    let outcome = try mail.put(delivery(.full, isKey: false))
    #expect(outcome == LaneMailbox.Outcome(mustSchedule: false, overrun: LaneMailbox.fullRateCapacity, hasLostKey: true))
    #expect(try mail.put(delivery(.full, isKey: false)) == LaneMailbox.Outcome())
    _ = try mail.put(delivery(.full, isKey: true))
    #expect(taken(&mail).map(\.picture.isKey) == [true])
}

@Test func aPictureThatIsMissingOrANewConnectionWaitsForAKeyPicture() throws {
    var mail = LaneMailbox()
    _ = try mail.put(delivery(.full, isKey: true))
    mail.missed()
    _ = try mail.put(delivery(.full, isKey: false))
    #expect(taken(&mail).count == 1, "what came before the hole is whole")
    _ = try mail.put(delivery(.full, isKey: true))
    mail.restart()
    _ = try mail.put(delivery(.full, isKey: false))
    var pictures: [LookDelivery] = []
    let contents = mail.take(&pictures)
    #expect(contents.isRestarted && pictures.isEmpty)
}

@Test(arguments: [true, false]) func nothingComesAfterTheEnd(expiring: Bool) throws {
    var mail = LaneMailbox()
    let isCalled = mail.close(expiring: expiring)
    #expect(isCalled == expiring && mail.isExpiring == expiring)
    #expect(try mail.put(delivery(.key, isKey: true)) == LaneMailbox.Outcome())
    let piece = mail.put(MetadataMail(bytes: [1], form: .packet, arrival: .zero))
    let isHeard = mail.put(delivered: motion, .two)
    #expect(piece == (false, 0) && !isHeard)
    #expect(taken(&mail).isEmpty)
}
