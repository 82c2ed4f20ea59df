// What clients say and what cameras answer, without sockets.

import Base
import CameraFleet
import Media
import Testing

private let url = "rtsp://127.0.0.1:554/cam/1"
private let tcp = ("Transport", "RTP/AVP/TCP;unicast;interleaved=2-3")

/// A conversation with a fleet of two cameras and a memory for its session.
private struct Client {
    var conversation: Conversation
    var session = ""
    var sequence = 0
    var hasMetadata = false

    init(_ gate: Gate = Gate(scheme: .none)) {
        var generator = SeededGenerator(seed: 1)
        conversation = Conversation(gate: gate, using: &generator)
    }

    mutating func ask(
        _ method: String, _ url: String = url, _ headers: [(String, String)] = [], refusesAll: Bool = false
    ) -> (response: RTSPResponse, action: ConversationAction) {
        sequence += 1
        let filled = headers.map { (name: $0.0, value: $0.1 == "$" ? session : $0.1) }
        let request = RTSPRequest(method: method, url: url, headers: [("CSeq", String(sequence))] + filled)
        let answer = conversation.answer(request, refusesAll: refusesAll) { number in
            (1...2).contains(number)
                ? CameraFace(description: { "v=0 \($0)" }, nextSequence: 77, nextTimestamp: 88, hasMetadata: hasMetadata) : nil
        }
        #expect(answer.response.headers.first { $0.name == "CSeq" }?.value == String(sequence))
        if let given = answer.response.headers.first(where: { $0.name == "Session" })?.value {
            #expect(given.hasSuffix(";timeout=60"))
            session = String(given.prefix { $0 != ";" })
        }
        return answer
    }
}

@Test func aClientIsTakenThroughTheWholeConversation() {
    var client = Client()
    #expect(client.ask("OPTIONS", "*").response.status == 200)
    let described = client.ask("DESCRIBE", url, [("Accept", "application/sdp")]).response
    #expect(described.status == 200 && described.body == "v=0 127.0.0.1")
    #expect(
        described.headers.contains { $0 == ("Content-Base", url + "/") }
            && described.headers.contains { $0 == ("Content-Type", "application/sdp") })
    let setUp = client.ask("SETUP", url + "/track1", [tcp]).response
    #expect(setUp.status == 200 && setUp.headers.contains { $0 == ("Transport", "RTP/AVP/TCP;unicast;interleaved=2-3") })
    let played = client.ask("PLAY", url + "/", [("Session", "$"), ("Range", "npt=0.000-")])
    #expect(played.action == .play(camera: 1, channel: 2))
    #expect(played.response.headers.contains { $0 == ("RTP-Info", "url=\(url)/track1;seq=77;rtptime=88") })
    #expect(client.ask("PLAY", url, [("Session", "$")]).action == .nothing)
    #expect(client.ask("GET_PARAMETER", url, [("Session", "$;timeout=60".replacing("$", with: client.session))]).response.status == 200)
    #expect(client.ask("PAUSE", url, [("Session", "$")]).action == .stop)
    #expect(client.ask("PLAY", url, [("Session", "$")]).action == .play(camera: 1, channel: 2))
    #expect(client.ask("TEARDOWN", url, [("Session", "$")]).action == .stop)
    #expect(client.conversation.state == .idle)
}

@Test func everyRequestHasItsStatusInEveryState() {
    // Method, URL, headers, then the status while idle, ready and playing.
    let mine = ("Session", "$"), wrong = ("Session", "12345")
    let table: [(String, String, [(String, String)], [Int])] = [
        ("OPTIONS", url, [], [200, 200, 200]),
        ("OPTIONS", "rtsp://h/cam/9", [], [404, 404, 404]),
        ("OPTIONS", "rtsp://h/other", [], [404, 404, 404]),
        ("DESCRIBE", url, [], [200, 200, 200]),
        ("DESCRIBE", "rtsp://h/cam/3", [], [404, 404, 404]),
        ("DESCRIBE", "rtsp://h/cam/0", [], [404, 404, 404]),
        ("DESCRIBE", "rtsp://h/cam/x", [], [404, 404, 404]),
        ("DESCRIBE", "rtsp://h/cam/1/track2", [], [404, 404, 404]),
        ("DESCRIBE", url, [("Accept", "text/plain")], [406, 406, 406]),
        ("DESCRIBE", url, [("Require", "funky")], [551, 551, 551]),
        ("SETUP", url, [("Transport", "RTP/AVP;unicast;client_port=5000-5001")], [461, 461, 455]),
        ("SETUP", url, [], [461, 461, 455]),
        ("SETUP", url, [tcp, wrong], [454, 454, 454]),
        ("PLAY", url, [], [455, 454, 454]),
        ("PLAY", url, [wrong], [454, 454, 454]),
        ("PAUSE", url, [wrong], [454, 454, 454]),
        ("GET_PARAMETER", url, [], [200, 200, 200]),
        ("GET_PARAMETER", url, [wrong], [454, 454, 454]),
        ("SET_PARAMETER", url, [], [200, 200, 200]),
        ("TEARDOWN", url, [], [454, 454, 454]),
        ("TEARDOWN", url, [wrong], [454, 454, 454]),
        ("PLAY", "rtsp://h/cam/2", [mine], [454, 454, 454]),
        ("RECORD", url, [], [501, 501, 501]),
        ("ANNOUNCE", url, [], [501, 501, 501]),
    ]
    for (method, address, headers, statuses) in table {
        for (state, status) in statuses.enumerated() {
            var client = Client()
            if state >= 1 { _ = client.ask("SETUP", url, [tcp]) }
            if state >= 2 { _ = client.ask("PLAY", url, [mine]) }
            let before = client.conversation.state
            let answer = client.ask(method, address, headers)
            #expect(answer.response.status == status, "\(method) \(address) \(headers) in state \(state)")
            if status >= 400 { #expect(client.conversation.state == before && answer.action == .nothing) }
        }
    }
}

@Test func oldVersionsAndMissingSequenceNumbersAreRefused() {
    var client = Client()
    let none: (Int) -> CameraFace? = { _ in nil }
    #expect(client.conversation.answer(RTSPRequest(method: "OPTIONS", url: url, version: "RTSP/2.0"), camera: none).response.status == 505)
    #expect(client.conversation.answer(RTSPRequest(method: "OPTIONS", url: url), camera: none).response.status == 400)
}

@Test func metadataIsPlayedBesideTheVideoAndNotWithoutIt() {
    var client = Client()
    #expect(client.ask("SETUP", url + "/track2", [tcp]).response.status == 404, "this camera has none")
    client.hasMetadata = true
    #expect(client.ask("SETUP", url + "/track2", [tcp]).response.status == 455)
    #expect(client.ask("SETUP", url + "/track1", [tcp]).response.status == 200)
    let clash = client.ask("SETUP", url + "/track2", [("Session", "$"), tcp]).response
    #expect(clash.status == 461, "the channel is the video's")
    let setUp = client.ask("SETUP", url + "/track2", [("Session", "$"), ("Transport", "RTP/AVP/TCP;interleaved=4-5")]).response
    #expect(setUp.status == 200 && setUp.headers.contains { $0 == ("Transport", "RTP/AVP/TCP;unicast;interleaved=4-5") })
    #expect(client.ask("PLAY", url, [("Session", "$")]).action == .play(camera: 1, channel: 2, metadata: 4))
    #expect(client.ask("SETUP", url + "/track2", [("Session", "$"), tcp]).response.status == 455)
    #expect(client.ask("TEARDOWN", url, [("Session", "$")]).action == .stop)
    #expect(client.ask("SETUP", url + "/track1", [tcp]).response.status == 200)
    #expect(client.ask("PLAY", url, [("Session", "$")]).action == .play(camera: 1, channel: 2), "a new session begins without it")
}

@Test func addressesAreReadTolerantly() {
    for text in [
        "rtsp://h/cam/7", "rtsp://h:1/cam/7/", "RTSP://u:p%40@h:1/cam/7/track1", "rtsp://a@b@h/cam/7?x=1", "rtsp://h/cam/7/track1/",
    ] {
        #expect(CameraAddress(text)?.camera == 7 && CameraAddress(text)?.host == "h", "\(text)")
    }
    #expect(CameraAddress("rtsp://h/cam/7/track2")?.isMetadata == true && CameraAddress("rtsp://h/cam/7/track1")?.isMetadata == false)
    #expect(CameraAddress("rtsp://u:p@h:1/cam/7/")?.base == "rtsp://h:1/cam/7")
    for text in [
        "*", "rtsp://h", "rtsp://h/", "http://h/cam/7", "rtsp:///cam/7", "rtsp://h/cam/-7", "rtsp://h/cam", "rtsp://h/cam/7/a/b", "",
    ] {
        #expect(CameraAddress(text) == nil, "\(text)")
    }
}

@Test func theParserGivesTheSameForEverySplit() throws {
    let text =
        "\r\nOPTIONS * RTSP/1.0\r\nCSeq: 1\r\n\r\n" + "SET_PARAMETER rtsp://h/cam/1 RTSP/1.0\nCSeq:2\ncontent-length: 3\nX: a\n  b\n\nabc"
        + "$\u{1}\0\u{2}hi" + "PLAY rtsp://h/cam/1 RTSP/1.0\r\ncseq: 3\r\nSession: x\r\n\r\n"
    let bytes = Array(text.utf8)
    let expected: [RTSPParser.Item] = [
        .request(RTSPRequest(method: "OPTIONS", url: "*", headers: [("CSeq", "1")])),
        .request(
            RTSPRequest(
                method: "SET_PARAMETER", url: "rtsp://h/cam/1", headers: [("CSeq", "2"), ("content-length", "3"), ("X", "a b")],
                body: Array("abc".utf8))),
        .interleaved(channel: 1, bytes: 2),
        .request(RTSPRequest(method: "PLAY", url: "rtsp://h/cam/1", headers: [("cseq", "3"), ("Session", "x")])),
    ]
    for split in 0...bytes.count {
        var parser = RTSPParser()
        var items: [RTSPParser.Item] = []
        for part in [bytes[..<split], bytes[split...]] {
            parser.append(part)
            while let item = parser.next() { items.append(item) }
        }
        #expect(items == expected, "split at \(split)")
    }
}

@Test func whatIsNoRequestEndsTheConversation() {
    func outcome(_ text: String) -> RTSPParser.Item? {
        var parser = RTSPParser()
        parser.append(Array(text.utf8))
        return parser.next()
    }
    let bad = [
        "GET / HTTP/1.1\r\n\r\n", "hello\r\n\r\n", "PLAY  RTSP/1.0\r\n\r\n", "play rtsp://h/cam/1 RTSP/1.0\r\n\r\n",
        "PLAY u RTSP/1.0\r\nContent-Length: -1\r\n\r\n", "PLAY u RTSP/1.0\r\nContent-Length: 99999999\r\n\r\n",
        String(repeating: "A", count: 17_000), "PLAY u RTSP/1.0\r\nX: " + String(repeating: "A", count: 17_000) + "\r\n\r\n",
    ]
    for text in bad {
        guard case .malformed = outcome(text) else {
            Issue.record("accepted: \(text.prefix(60))")
            continue
        }
    }
    var parser = RTSPParser()
    parser.append(Array("x\r\n\r\nOPTIONS * RTSP/1.0\r\nCSeq: 1\r\n\r\n".utf8))
    _ = parser.next()
    #expect(parser.next() == nil, "nothing is believed after nonsense")
}

@Test func theDigestIsThatOfRFC2617() {
    let nonce = "dcd98b7102dd2f0e8b11d0f600bfb0c093"
    func response(_ qop: String?) -> String {
        Gate.response(
            user: "Mufasa", realm: "testrealm@host.com", password: "Circle Of Life", method: "GET", uri: "/dir/index.html", nonce: nonce,
            qop: qop, count: "00000001", clientNonce: "0a4f113b")
    }
    #expect(response("auth") == "6629fae49393a05397450978507c4ef1")
    #expect(response(nil) == "670fd8c2df070c60b045671b8b24ff02")
    // RFC 1321, appendix A.5.
    #expect(MD5.hex(of: "") == "d41d8cd98f00b204e9800998ecf8427e")
    #expect(MD5.hex(of: "message digest") == "f96b697d7cb7938d525a2f31aaf161d0")
    #expect(MD5.hex(of: String(repeating: "1234567890", count: 8)) == "57edf4a22be3c955ac49da2e2107b67a")
}

@Test(arguments: [Gate.Scheme.basic, .digest]) func passwordsAreAskedForAndChecked(_ scheme: Gate.Scheme) throws {
    let gate = Gate(scheme: scheme, user: "admin", password: "se:cret \"x")
    #expect(!"\(gate)".contains("se:cret"))
    var client = Client(gate)
    #expect(client.ask("OPTIONS").response.status == 200)
    let refused = client.ask("DESCRIBE").response
    #expect(refused.status == 401)
    let challenge = try #require(refused.headers.first { $0.name == "WWW-Authenticate" }?.value)
    func header(_ password: String) -> (String, String) {
        guard scheme == .digest else {
            return ("Authorization", "Basic " + (password == "wrong" ? "YWRtaW46d3Jvbmc=" : "YWRtaW46c2U6Y3JldCAieA=="))
        }
        let nonce = challenge.split(separator: "nonce=\"")[1].prefix { $0 != "\"" }
        let digest = Gate.response(user: "admin", realm: Gate.realm, password: password, method: "DESCRIBE", uri: url, nonce: String(nonce))
        return (
            "Authorization",
            "Digest username=\"admin\", realm=\"\(Gate.realm)\", nonce=\"\(nonce)\", uri=\"\(url)\", response=\"\(digest)\""
        )
    }
    #expect(client.ask("DESCRIBE", url, [header("wrong")]).response.status == 401)
    #expect(client.ask("DESCRIBE", url, [header("se:cret \"x")]).response.status == 200)
    #expect(client.ask("DESCRIBE", url, [header("se:cret \"x")], refusesAll: true).response.status == 401)
    #expect(client.ask("DESCRIBE", url, [("Authorization", "nonsense")]).response.status == 401)
}

@Test func descriptionsAreGolden() {
    var loop = madeUpLoop(pictures: 10)
    #expect(
        SessionDescription.text(loop, camera: 5, host: "10.0.0.1")
            == [
                "v=0", "o=- 5 1 IN IP4 10.0.0.1", "s=Simulated camera 5", "i=made-up", "c=IN IP4 0.0.0.0", "t=0 0", "a=tool:camera-fleet",
                "a=type:broadcast", "a=control:*", "a=range:npt=now-", "m=video 0 RTP/AVP 96", "a=rtpmap:96 H264/90000",
                "a=fmtp:96 packetization-mode=1;profile-level-id=4D401E;sprop-parameter-sets=Z01AHgk=,aO48gA==", "a=framesize:96 64-64",
                "a=framerate:25", "a=control:track1", "",
            ].joined(separator: "\r\n"))
    loop.codec = .h265
    loop.framesPerSecond = 12.5
    loop.parameterSets = [[0x40, 1, 2], [0x42, 1, 3], [0x44, 1, 4]]
    let h265 = SessionDescription.text(loop, camera: 1, host: "h")
    #expect(h265.contains("a=rtpmap:96 H265/90000\r\na=fmtp:96 sprop-vps=QAEC;sprop-sps=QgED;sprop-pps=RAEE\r\n"))
    #expect(h265.contains("a=framerate:12.5\r\n"))
    loop.codec = .mjpeg
    #expect(SessionDescription.text(loop, camera: 1, host: "h").contains("m=video 0 RTP/AVP 26\r\na=rtpmap:26 JPEG/90000\r\na=framerate"))
}

@Test func faultsAreReadAndWrongOnesNamed() throws {
    let faults = try Faults(parsing: "silent=3@..30s; drip=4,7-9@10s..20s;refuse=5;drop=6@1m..;missing=1@500ms..2s", cameras: 10)
    #expect(faults.kind(of: 3, atSeconds: 29.9) == .silent && faults.kind(of: 3, atSeconds: 30) == nil)
    #expect(faults.kind(of: 8, atSeconds: 9) == nil && faults.kind(of: 8, atSeconds: 10) == .drip)
    #expect(
        faults.kind(of: 5, atSeconds: 1e6) == .refuse && faults.kind(of: 6, atSeconds: 59) == nil
            && faults.kind(of: 6, atSeconds: 61) == .drop)
    #expect(faults.kind(of: 1, atSeconds: 1) == .missing && faults.cameras == [1, 3, 4, 5, 6, 7, 8, 9])
    #expect(try Faults(parsing: "", cameras: 1).list.isEmpty)
    for bad in [
        "silent", "silent=", "silent=0", "silent=11", "silent=x", "silent=5-3", "silent=1-2-3", "loud=1", "silent=1@", "silent=1@5s",
        "silent=1@5s..2s",
        "silent=1@..x", "silent=1,@..5s",
    ] {
        let failure = #expect(throws: Failure.self) { try Faults(parsing: bad, cameras: 10) }
        #expect(failure?.kind == .invalidInput && failure?.message.contains(bad) == true, "\(bad): \(failure?.message ?? "")")
    }
}

@Test func corruptedPacketsDifferHereAndThereAndKeepTheirLength() {
    let bytes = (0..<5000).map { UInt8(truncatingIfNeeded: $0) }
    let wrong = FaultKind.corrupted(bytes[100...])
    #expect(wrong.count == 4900)
    #expect(zip(wrong, bytes[100...]).count { $0 != $1 } == 7)
}
