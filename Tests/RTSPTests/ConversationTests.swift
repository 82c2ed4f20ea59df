// Every camera's conversation plays as it should, however its bytes are cut, and ends in good order wherever they end.

import Base
import Domain
import RTSP
import Testing

private let all = conversations + refusingConversations

@Test(arguments: all) func aConversationPlays(_ conversation: CameraConversation) throws {
    var replay = try conversation.replay()
    replay.deliver(conversation.bytes)
    #expect(replay.requests == conversation.requests)
    switch conversation.outcome {
    case .plays(let path, let channel, let packets):
        #expect(replay.failure == nil)
        #expect(replay.playing?.video.url == replay.origin + path)
        #expect(replay.playing?.video.rtpChannel == channel)
        #expect(replay.playing?.metadata != nil || !conversation.wantsMetadata)
        #expect(replay.video.count == packets * numberedPacket(0).count)
        #expect(replay.consumed == conversation.bytes.count)
        #expect(replay.understood + replay.framer.skippedBytes == replay.consumed)
    case .fails(let kind, let text):
        #expect(replay.failure?.kind.rawValue == kind)
        #expect(replay.failure?.message.contains(text) == true, "\(replay.failure?.message ?? "no failure")")
    }
    // Requests of ours carry their numbers in order, and nothing shows the password.
    for (index, text) in replay.sent.filter({ !$0.hasPrefix("RTSP/") }).enumerated() {
        #expect(text.contains("\r\nCSeq: \(index + 1)\r\n"))
    }
    if let password = conversation.credentials?.password { #expect(!replay.sent.joined().contains(password)) }
}

/// Every split point and every truncation: the first piece alone must be a prefix of the whole, both together the whole.
@Test(arguments: all) func theResultIsTheSameWhereverTheBytesAreCut(_ conversation: CameraConversation) throws {
    var whole = try conversation.replay()
    whole.deliver(conversation.bytes)
    let fresh = try conversation.replay()
    var happened = -1
    for cut in 0..<conversation.bytes.count {
        var replay = fresh
        replay.deliver(conversation.bytes[..<cut])
        guard whole.happenings.starts(with: replay.happenings) else {
            Issue.record("\(conversation.name): breaks off at \(cut)")
            return
        }
        // Closing depends on the state alone.
        if replay.happenings.count != happened || cut.isMultiple(of: 16) { breakOff(replay, conversation.bytes[cut...]) }
        happened = replay.happenings.count
        replay.deliver(conversation.bytes[cut...])
        guard same(replay, whole) else {
            Issue.record("\(conversation.name): cut at \(cut)")
            return
        }
    }
    var drip = fresh
    for byte in conversation.bytes { drip.deliver(CollectionOfOne(byte)) }
    #expect(same(drip, whole))
    for seed in UInt64(1)...10 {
        var generator = SeededGenerator(seed: seed)
        var replay = fresh
        var rest = conversation.bytes[...]
        while !rest.isEmpty {
            let piece = rest.prefix(Int.random(in: 1...200, using: &generator))
            replay.deliver(piece)
            rest = rest.dropFirst(piece.count)
        }
        #expect(same(replay, whole), "seed \(seed)")
    }
}

/// Before PLAY is answered the deadline closes the session, afterwards `stop` does, with a TEARDOWN; then it is silent.
private func breakOff(_ broken: Replay, _ rest: ArraySlice<UInt8>) {
    var replay = broken
    if replay.isOver { return }
    let isPlaying = replay.playing != nil
    replay.tick(.seconds(10))
    #expect((replay.failure?.kind == .deadlineExceeded) == !isPlaying)
    replay.stop()
    #expect(replay.session.isClosed)
    if isPlaying { #expect(replay.failure?.kind == .cancelled && replay.requests.last?.hasPrefix("TEARDOWN") == true) }
    let count = replay.happenings.count
    replay.stop()
    replay.tick(.seconds(100))
    replay.deliver(rest)
    #expect(replay.happenings.count == count, "a closed session is silent")
}

private func same(_ a: Replay, _ b: Replay) -> Bool {
    a.happenings == b.happenings && a.framer.skippedBytes == b.framer.skippedBytes
        && a.framer.resynchronisations == b.framer.resynchronisations && a.consumed == b.consumed
}

@Test func quirksAreReadAsMeant() throws {
    func played(_ brand: String) throws -> Playing {
        let conversation = try #require(conversations.first { $0.name.hasPrefix(brand) })
        var replay = try conversation.replay()
        replay.deliver(conversation.bytes)
        return try #require(replay.playing)
    }
    let hikvision = try played("hikvision")
    #expect(hikvision.firstSequence == 0 && hikvision.video.media.width == 480 && hikvision.metadata?.rtpChannel == 2)
    let dahua = try played("dahua")
    #expect(dahua.firstSequence == 906 && dahua.firstTimestamp == 44)
    let anpviz = try played("anpviz").video.media
    #expect(anpviz.width == 352 && anpviz.height == 288 && anpviz.parameterSets.count == 2)
    let tplink = try played("tp-link").video.media
    #expect(tplink.codec == .h265 && tplink.parameterSets.map { $0[0] } == [0x40, 0x42, 0x44])
    #expect(try played("v380").video.media.parameterSets.map { $0[0] } == [0x27, 0x28])
    let gw = try played("gw4089ip").video.media
    #expect(gw.parameterSets.map(\.count) == [20, 5] && gw.annexB.suffix(9) == [0, 0, 0, 1, 0x68, 0xCE, 0x03, 0x1C, 0x80])
    let axis = try played("axis").video.media
    #expect(axis.codec == .jpeg && axis.clockRate == 90_000 && axis.width == 320 && axis.height == 240)
    #expect(try played("a clone").sessionTimeout == .seconds(20))
    #expect(try played("h264dvr").sessionTimeout == .seconds(60))
    #expect(try played("h264dvr").server == "Attic 2.3")
    let wowza = try played("wowza")
    #expect(wowza.firstSequence == 5 && wowza.firstTimestamp == nil)
}

@Test func aRedirectNamesTheHostAndSendsNothing() throws {
    var session = RTSPSession(address: try RTSPAddress("rtsp://192.0.2.10/x"), credentials: Credentials(user: "u", password: "p"))
    var generator = SeededGenerator(seed: 1)
    _ = session.start(now: .zero, using: &generator)
    let moved = RTSPMessage(.response(status: 301, reason: ""), headers: [.init("Location", "rtsp://u:secret@198.51.100.7:8554/y?z=1")])
    let actions = session.receive(moved, now: .zero, using: &generator)
    guard actions.count == 1, case .closed(let failure) = actions[0] else {
        Issue.record("one action was expected")
        return
    }
    #expect(failure.context.contains { $0.name == "redirect" && $0.value == "198.51.100.7:8554" })
    #expect(!failure.description.contains("secret"))
}
