// The session as a timeline: deadlines, signs of life, channels, and what each status means in each state.

import Base
import Domain
import RTSP
import Testing

/// A session and a camera that answers as told.
private struct Desk {
    var session: RTSPSession
    var generator = SeededGenerator(seed: 3)
    var now = Duration.zero
    var actions: [RTSPSession.Action] = []

    init(_ policy: RTSPSession.Policy = .init(), credentials: Credentials? = nil) throws {
        session = RTSPSession(address: try RTSPAddress("rtsp://192.0.2.10/live"), credentials: credentials, policy: policy)
        actions = session.start(now: now, using: &generator)
    }

    mutating func answer(_ status: Int = 200, _ headers: [(String, String)] = [], body: String = "") {
        let message = RTSPMessage(
            .response(status: status, reason: ""), headers: headers.map { .init($0.0, $0.1) }, body: Array(body.utf8))
        actions = session.receive(message, now: now, using: &generator)
    }

    mutating func pass(_ time: Duration) {
        now += time
        actions = session.tick(now: now)
    }

    /// Takes the session up to PLAY's answer.
    mutating func open(
        methods: String = "OPTIONS, GET_PARAMETER", sessionHeader: String = "7;timeout=60",
        transport: String = "RTP/AVP/TCP;interleaved=0-1"
    ) {
        answer(200, [("Public", methods)])
        answer(body: description)
        answer(200, [("Session", sessionHeader), ("Transport", transport)])
        if session.state == .setUpMetadata { answer(200, [("Session", sessionHeader), ("Transport", "RTP/AVP/TCP;interleaved=2-3")]) }
        answer()
    }

    /// The verb of the request in the last actions.
    var verb: String? {
        for action in actions { if case .send(let bytes) = action { return String(decoding: bytes.prefix { $0 != 0x20 }, as: UTF8.self) } }
        return nil
    }

    var text: String {
        for action in actions { if case .send(let bytes) = action { return String(decoding: bytes, as: UTF8.self) } }
        return ""
    }

    var failure: Failure? {
        for action in actions { if case .closed(let failure) = action { return failure } }
        return nil
    }
}

private let description = """
    v=0
    m=video 0 RTP/AVP 96
    a=rtpmap:96 H264/90000
    a=control:v
    m=application 0 RTP/AVP 107
    a=rtpmap:107 vnd.onvif.metadata/90000
    a=control:m
    """

@Test func theFirstRequestIsGolden() throws {
    let desk = try Desk()
    #expect(desk.text == "OPTIONS rtsp://192.0.2.10:554/live RTSP/1.0\r\nCSeq: 1\r\nUser-Agent: Snowlight\r\n\r\n")
}

@Test func theRequestsCarryWhatTheyNeed() throws {
    var desk = try Desk()
    desk.answer()
    #expect(desk.text.contains("\r\nAccept: application/sdp\r\n"))
    desk.answer(body: description)
    #expect(desk.text.contains("\r\nTransport: RTP/AVP/TCP;unicast;interleaved=0-1\r\n") && !desk.text.contains("Session:"))
    desk.answer(200, [("Session", "ab 12 ; timeout = 30")])
    #expect(desk.text.hasPrefix("PLAY ") && desk.text.contains("\r\nSession: ab 12\r\n") && desk.text.contains("\r\nRange: npt=0.000-\r\n"))
    desk.answer()
    #expect(desk.session.agreement?.sessionTimeout == .seconds(30))
}

@Test func everyAnswerHasADeadlineAndTheWholeAnAbsoluteOne() throws {
    var desk = try Desk()
    #expect(desk.session.nextDeadline == .seconds(5))
    desk.pass(.milliseconds(4_999))
    #expect(desk.actions.isEmpty)
    desk.answer()
    desk.pass(.milliseconds(4_000))
    desk.answer(body: description)
    // Everything is answered in time, and still 10 s are over.
    #expect(desk.session.nextDeadline == .seconds(10))
    desk.pass(.milliseconds(1_001))
    #expect(desk.failure?.kind == .deadlineExceeded && desk.session.nextDeadline == nil)
    var late = try Desk()
    late.pass(.seconds(5))
    #expect(late.failure?.kind == .deadlineExceeded && late.failure?.description.contains("request=OPTIONS") == true)
}

@Test func aLateAnswerOfPlayStillTearsDown() throws {
    var desk = try Desk()
    desk.answer()
    desk.answer(body: description)
    desk.answer(200, [("Session", "7")])
    desk.pass(.seconds(5))
    #expect(desk.verb == "TEARDOWN" && desk.failure?.kind == .deadlineExceeded)
}

@Test(arguments: [
    ("7;timeout=60", 30.0), ("7;timeout=20", 10), ("7", 30), ("7;timeout=0", 30), ("7;timeout=1", 2.5), ("7;timeout=99999", 30),
    ("7;timeout=-5", 30), ("7;timeout=99999999999999999999", 30), ("7; Timeout = 12 ", 6),
])
func signsOfLifeComeInHalfTheTimeout(_ header: String, _ seconds: Double) throws {
    var desk = try Desk()
    desk.open(sessionHeader: header)
    let start = desk.now
    let first = try #require(desk.session.nextDeadline) - start
    #expect(first <= .seconds(seconds) && first >= .seconds(seconds * 0.75))
    desk.pass(first)
    #expect(desk.verb == "GET_PARAMETER" && desk.text.contains("\r\nSession: 7\r\n"))
    // Nobody answers, and nothing is waited for.
    for _ in 0..<100 {
        #expect(desk.session.nextDeadline == desk.now + .seconds(seconds))
        desk.pass(.seconds(seconds))
        #expect(desk.verb == "GET_PARAMETER" && desk.failure == nil)
    }
}

@Test func thePolicyShortensTheInterval() throws {
    var desk = try Desk(.init(longestKeepAliveInterval: .seconds(4)))
    desk.open()
    desk.pass(.seconds(4))
    #expect(desk.verb == "GET_PARAMETER" && desk.session.nextDeadline == .seconds(8))
}

@Test(arguments: [405, 501, 461, 400, 500]) func aRefusedSignOfLifeBecomesOptions(_ status: Int) throws {
    var desk = try Desk()
    desk.open()
    desk.pass(.seconds(30))
    desk.answer(status)
    #expect(desk.actions.isEmpty)
    desk.pass(.seconds(30))
    #expect(desk.verb == "OPTIONS" && desk.text.contains("\r\nSession: 7\r\n"))
    desk.answer(status)
    desk.pass(.seconds(30))
    #expect(desk.verb == "OPTIONS" && desk.session.state == .playing)
}

@Test func optionsIsTheSignOfLifeUnlessGetParameterIsAdvertised() throws {
    var desk = try Desk()
    desk.open(methods: "OPTIONS, DESCRIBE, SETUP, SET_PARAMETER, PLAY")
    desk.pass(.seconds(30))
    #expect(desk.verb == "OPTIONS")
}

@Test func anExpiredNonceOfASignOfLifeIsRenewedAndARefusedOneIsNotRepeated() throws {
    var desk = try Desk(credentials: Credentials(user: "u", password: "p"))
    desk.answer(401, [("WWW-Authenticate", "Digest realm=\"r\", nonce=\"1\"")])
    desk.open()
    desk.pass(.seconds(30))
    desk.answer(401, [("WWW-Authenticate", "Digest realm=\"r\", nonce=\"2\", stale=true")])
    #expect(desk.verb == "GET_PARAMETER" && desk.text.contains("nonce=\"2\""))
    desk.answer(401, [("WWW-Authenticate", "Digest realm=\"r\", nonce=\"2\"")])
    #expect(desk.actions.isEmpty && desk.session.state == .playing && desk.session.nextDeadline == nil)
    desk.pass(.seconds(600))
    #expect(desk.actions.isEmpty)
}

@Test func stopTearsDownWhereASessionExistsAndOnlyOnce() throws {
    var early = try Desk()
    #expect(early.session.stop(now: .zero).count == 1)
    var desk = try Desk()
    desk.open()
    desk.actions = desk.session.stop(now: .zero, because: Failure(.dataLoss, "the disk is full"))
    #expect(desk.verb == "TEARDOWN" && desk.failure?.kind == .dataLoss)
    #expect(desk.session.stop(now: .zero).isEmpty && desk.session.disconnected().isEmpty)
    var gone = try Desk()
    gone.open()
    gone.actions = gone.session.disconnected()
    #expect(gone.verb == nil && gone.failure?.kind == .unavailable)
}

/// What each status means for each request, as the table above the session says.
@Test(arguments: [100, 200, 301, 400, 401, 403, 404, 405, 453, 454, 455, 461, 500, 501, 503, 551]) func everyStatusHasItsMeaning(
    _ status: Int
) throws {
    let kinds: [Int: Failure.Kind] = [
        301: .unsupported, 401: .unauthorised, 403: .unauthorised, 404: .notFound, 461: .unsupported, 551: .unsupported,
    ]
    for (depth, state) in [RTSPSession.State.options, .describe, .setUpVideo, .setUpMetadata, .play].enumerated() {
        var desk = try Desk(.init(wantsMetadata: true))
        if depth > 0 { desk.answer() }
        if depth > 1 { desk.answer(body: description) }
        if depth > 2 { desk.answer(200, [("Session", "7")]) }
        if depth > 3 { desk.answer(200, [("Session", "7")]) }
        #expect(desk.session.state == state)
        desk.answer(status, body: description)
        switch (status, state) {
        case (100, _): #expect(desk.session.state == state && desk.actions.isEmpty)
        case (200, .play): #expect(desk.session.state == .playing)
        case (200, _): #expect(desk.failure == nil && desk.verb != nil)
        case (301, _): #expect(desk.failure?.kind == .unsupported)
        case (_, .options): #expect(desk.session.state == .describe && desk.verb == "DESCRIBE")
        case (401, .setUpMetadata): #expect(desk.failure?.kind == .unauthorised)
        case (_, .setUpMetadata): #expect(desk.session.state == .play && desk.verb == "PLAY")
        default:
            #expect(desk.failure?.kind == kinds[status] ?? .unavailable, "\(status) in \(state)")
            #expect((desk.verb == "TEARDOWN") == (depth > 2 && status != 454))
        }
    }
}

@Test func refusedMetadataIsDoneWithout() throws {
    var desk = try Desk(.init(wantsMetadata: true))
    desk.answer()
    desk.answer(body: description)
    desk.answer(200, [("Session", "7")])
    #expect(desk.text.contains("interleaved=2-3"))
    desk.answer(404)
    desk.answer()
    #expect(desk.session.agreement?.metadata == nil && desk.session.expectedChannels == nil)
    #expect(desk.session.channelKind(2) == .video && desk.session.expectedChannels == [0, 1, 2, 3])
    #expect(desk.session.channelKind(0) == .video && desk.session.expectedChannels == [0, 1])
}

@Test func theChannelsOfTheAnswerHold() throws {
    func kinds(_ transport: String, _ channels: [UInt8], metadata: Bool = false) throws -> [ChannelKind?] {
        var desk = try Desk(.init(wantsMetadata: metadata))
        desk.open(transport: transport)
        return channels.map { desk.session.channelKind($0) }
    }
    #expect(try kinds("RTP/AVP/TCP;unicast;interleaved=4-5", [4, 5, 0, 1]) == [.video, .videoControl, nil, nil])
    #expect(try kinds("RTP/AVP/TCP;unicast;interleaved=8", [8, 9]) == [.video, .videoControl])
    #expect(try kinds("RTP/AVP/TCP; Interleaved = 6 - 7", [6, 7]) == [.video, .videoControl])
    for nonsense in ["", "RTP/AVP/TCP", "interleaved=", "interleaved=300-301", "interleaved=-1", "interleaved=3-3", ";;;=;"] {
        #expect(try kinds(nonsense, [0, 1]) == [.video, .videoControl], "\(nonsense)")
    }
    #expect(try kinds("interleaved=0-1", [0, 1, 2, 3, 4], metadata: true) == [.video, .videoControl, .metadata, .metadataControl, nil])
    // The camera gives the video the pair the metadata asks for next.
    #expect(try kinds("interleaved=2-3", [2, 3, 0, 1], metadata: true) == [.video, .videoControl, .metadata, .metadataControl])
    // Data on another even channel is the video until some comes on the agreed one.
    #expect(try kinds("interleaved=0-1", [3, 2, 3, 6, 2, 0, 2, 3]) == [nil, .video, .videoControl, nil, .video, .video, nil, nil])
    #expect(try kinds("interleaved=0-1", [UInt8](repeating: 3, count: 100) + [2]).allSatisfy { $0 == nil })
}

@Test func requestsOfTheCameraAreAnsweredAFewTimesASecond() throws {
    var desk = try Desk()
    desk.open()
    var answered = 0
    for number in 0..<100 {
        let request = RTSPMessage(
            .request(method: number.isMultiple(of: 2) ? "OPTIONS" : "REDIRECT", url: "*"), headers: [.init("CSeq", "\(number)")])
        desk.actions = desk.session.receive(request, now: .zero, using: &desk.generator)
        if desk.actions.isEmpty { continue }
        answered += 1
        #expect(desk.text.hasPrefix(number.isMultiple(of: 2) ? "RTSP/1.0 200 OK\r\nCSeq: \(number)\r\n" : "RTSP/1.0 501 "))
    }
    #expect(answered == 10 && desk.session.state == .playing)
}

@Test func rtspsIsRefused() throws {
    var session = RTSPSession(address: try RTSPAddress("rtsps://192.0.2.10/x"), credentials: nil)
    var generator = SeededGenerator(seed: 1)
    let actions = session.start(now: .zero, using: &generator)
    guard actions.count == 1, case .closed(let failure) = actions[0] else {
        Issue.record("one action was expected")
        return
    }
    #expect(failure.kind == .unsupported)
}
