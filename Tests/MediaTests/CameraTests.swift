// RTSP against cameras that work and cameras that do not.

import Base
import Domain
import Media
import RTSP
import Testing

@Suite struct CameraTests {
    /// Opens, reads until the camera falls silent, closes; runs on a thread of its own.
    private func watch(
        _ server: TinyServer, credentials: Credentials? = nil, keepPredicted: Bool, expected: Int
    ) async throws -> (pictures: [CodedPicture], skipped: Int, parameters: StreamParameters) {
        try await onOwnThread { [port = server.port] in
            let source = try PacketSource.openRTSP(
                url: "rtsp://127.0.0.1:\(port)/cam/1?channel=1", credentials: credentials, interrupt: Interrupt(), openTimeout: .seconds(20)
            )
            defer { source.close() }
            var pictures: [CodedPicture] = []
            var skipped = 0
            while pictures.count + skipped < expected {
                switch try source.read(timeout: .seconds(5), keepPredicted: keepPredicted) {
                case .picture(let picture): pictures.append(picture)
                case .skipped: skipped += 1
                case .end: throw Failure(.internal, "a camera has no end")
                }
            }
            return (pictures, skipped, source.parameters)
        }
    }

    @Test(arguments: [(VideoCodec.h264, true), (.h264, false), (.h265, false)])
    func aCameraIsReadAndSaysGoodbye(codec: VideoCodec, withParameterSets: Bool) async throws {
        let pictures = try encodeScene(settings(codec), count: 32)
        let seen = Seen()
        let server = try TinyServer {
            serveCamera($0, pictures, codec: codec, seen: seen, withParameterSets: withParameterSets)
        }
        defer { server.shutDown() }
        // The last picture stays inside: its end is only known when the next one begins.
        let (keys, skipped, parameters) = try await watch(server, keepPredicted: false, expected: 31)
        #expect(keys.count == 4 && skipped == 27)
        #expect(parameters.codec == codec && parameters.width == 320 && parameters.height == 192)
        #expect(parameters.extradata.isEmpty == !withParameterSets)
        let pool = DecoderPool(capacity: 1)
        for (place, picture) in keys.enumerated() {
            #expect(abs((picture.ptsSeconds ?? -1) - Double(place) * 0.4) < 0.002, "across the wrap of the 32-bit time stamp")
            let outcome = try pool.decodeKey(picture, parameters) { frame in
                let isDamaged = frame.isDamaged
                #expect(!isDamaged)
                #expect(frame.withLuma { meanDifference($0, $1, scene(place * 10, width: 320, height: 192).y) } < 5)
            }
            #expect(outcome == .frames(1))
        }
        #expect(await saysGoodbye(seen))
        let methods = seen.all.map { $0.split(separator: " ").first ?? "" }
        #expect(methods == ["OPTIONS", "DESCRIBE", "SETUP", "PLAY", "TEARDOWN"], "one session, video only")
        let all = try await watch(server, keepPredicted: true, expected: 31)
        #expect(all.pictures.count == 31 && all.skipped == 0)
    }

    @Test func oddCharactersOfAPasswordArriveAndAreNeverShown() async throws {
        let pictures = try encodeScene(settings(.h264), count: 3)
        let (user, password) = ("op er", "a:b@c/d%e?中#\"")
        let seen = Seen()
        let server = try TinyServer {
            serveCamera($0, pictures, codec: .h264, seen: seen, basic: base64(Array((user + ":" + password).utf8)))
        }
        defer { server.shutDown() }
        let credentials = Credentials(user: user, password: password)
        #expect(try await watch(server, credentials: credentials, keepPredicted: true, expected: 2).pictures.count == 2)
        let wrong = Credentials(user: user, password: "Secret/中")
        let failure = await #expect(throws: Failure.self) {
            try await watch(server, credentials: wrong, keepPredicted: true, expected: 1)
        }
        #expect(failure?.kind == .unauthorised)
        for text in ["\(failure as Any)", "\(wrong)", String(reflecting: wrong), "\(Mirror(reflecting: wrong).children.map(\.value))"] {
            #expect(!text.contains("Secret") && !text.contains("op er") && !text.contains("%2F") && !text.contains("op%20er"))
        }
        let missing = await #expect(throws: Failure.self) { try await watch(server, keepPredicted: true, expected: 1) }
        #expect(missing?.kind == .unauthorised && missing?.message.contains("none") == true)
    }

    @Test(arguments: [(401, Failure.Kind.unauthorised), (403, .unauthorised), (404, .notFound), (453, .unavailable), (500, .unavailable)])
    func statusesBecomeKinds(status: Int, expected: Failure.Kind) async throws {
        let server = try TinyServer { connection in
            while let request = connection.request() {
                let sequence = request.split(separator: "\r\n").first { $0.hasPrefix("CSeq:") } ?? "CSeq: 0"
                connection.send("RTSP/1.0 \(status) No\r\n\(sequence)\r\nWWW-Authenticate: Digest realm=\"c\", nonce=\"1\"\r\n\r\n")
            }
        }
        defer { server.shutDown() }
        #expect(try await failure(server.port, openTimeout: .seconds(5)).kind == expected)
    }

    @Test func aRedirectIsNotFollowedAndGetsNoPassword() async throws {
        let seen = Seen()
        let other = try TinyServer { connection in
            while let request = connection.request() {
                seen.add(request)
                connection.send("RTSP/1.0 401 No\r\nCSeq: 1\r\nWWW-Authenticate: Basic realm=\"c\"\r\n\r\n")
            }
        }
        defer { other.shutDown() }
        let server = try TinyServer { [port = other.port] connection in
            while let request = connection.request() {
                let sequence = request.split(separator: "\r\n").first { $0.hasPrefix("CSeq:") } ?? "CSeq: 0"
                let redirects = request.hasPrefix("DESCRIBE")
                let head = redirects ? "302 Moved\r\nLocation: rtsp://127.0.0.1:\(port)/x" : "200 OK\r\nPublic: DESCRIBE"
                connection.send("RTSP/1.0 \(head)\r\n\(sequence)\r\n\r\n")
            }
        }
        defer { server.shutDown() }
        let failure = await #expect(throws: Failure.self) {
            try await watch(server, credentials: Credentials(user: "u", password: "p"), keepPredicted: true, expected: 1)
        }
        #expect(failure?.kind == .unsupported && failure?.message.contains("redirects") == true, "\(failure as Any)")
        #expect(seen.all.isEmpty, "nothing was said to the other address")
    }

    @Test func aCameraWithoutVideoOrWithAStrangeCodecIsUnsupported() async throws {
        for media in ["m=audio 0 RTP/AVP 8\r\na=control:a\r\n", "m=video 0 RTP/AVP 96\r\na=rtpmap:96 MP4V-ES/90000\r\na=control:v\r\n"] {
            let server = try TinyServer { connection in
                while let request = connection.request() {
                    let sequence = request.split(separator: "\r\n").first { $0.hasPrefix("CSeq:") } ?? "CSeq: 0"
                    let body = request.hasPrefix("DESCRIBE") ? "v=0\r\no=- 0 0 IN IP4 0.0.0.0\r\ns=x\r\nt=0 0\r\n" + media : ""
                    var head = "RTSP/1.0 200 OK\r\n\(sequence)\r\nSession: 1\r\nContent-Length: \(body.utf8.count)\r\n"
                    if request.hasPrefix("DESCRIBE") { head += "Content-Type: application/sdp\r\n" }
                    if request.hasPrefix("SETUP") { head += "Transport: RTP/AVP/TCP;unicast;interleaved=0-1\r\n" }
                    connection.send(head + "\r\n" + body)
                }
            }
            defer { server.shutDown() }
            let failure = try await failure(server.port, openTimeout: .seconds(5))
            #expect(failure.kind == .unsupported, "\(failure)")
        }
    }

    @Test func aClosedPortAndAnUnknownHostAreUnavailableAtOnce() async throws {
        // A port that was just free: nobody listens there any more.
        let server = try TinyServer { _ in }
        server.shutDown()
        let (refused, lasted) = try await timedFailure(server.port, openTimeout: .seconds(5))
        #expect(refused.kind == .unavailable && refused.message.contains("refused"), "\(refused)")
        #expect(lasted < .seconds(4), "\(lasted)")
        let unknown = try await failure(554, host: "no-such-camera.invalid", openTimeout: .seconds(5))
        #expect(unknown.kind == .unavailable && unknown.message.contains("host no-such-camera.invalid is not known"), "\(unknown)")
    }

    // Upper bounds lie below the 5 s of the socket timeout, so that only the absolute deadline can meet them, and leave a loaded
    // machine some time to run the thread.
    @Test func silenceEndsAtTheDeadline() async throws {
        let server = try TinyServer { $0.waitForEnd() }
        defer { server.shutDown() }
        let (failure, lasted) = try await timedFailure(server.port, openTimeout: .seconds(1))
        #expect(failure.kind == .deadlineExceeded, "\(failure)")
        #expect(lasted < .seconds(4), "\(lasted)")
    }

    @Test func aDripOfBytesEndsAtTheDeadline() async throws {
        let server = try TinyServer { connection in
            guard connection.request() != nil else { return }
            for byte in Array("RTSP/1.0 200 OK\r\nX-Slow: ".utf8) + [UInt8](repeating: 97, count: 500) {
                guard connection.send([byte]), connection.pause(.milliseconds(300)) else { return }
            }
        }
        defer { server.shutDown() }
        let (failure, lasted) = try await timedFailure(server.port, openTimeout: .seconds(2))
        #expect(failure.kind == .deadlineExceeded, "\(failure)")
        #expect(lasted > .seconds(1.9) && lasted < .seconds(4.5), "\(lasted)")
    }

    @Test func aCameraThatFallsSilentOrHangsUpWhileReading() async throws {
        let pictures = try encodeScene(settings(.h264), count: 3)
        let seen = Seen()
        let silent = try TinyServer { serveCamera($0, pictures, codec: .h264, seen: seen) }
        defer { silent.shutDown() }
        let (late, lasted) = try await onOwnThread { [port = silent.port] in try readUntilFailure(port, timeout: .seconds(1)) }
        #expect(late.kind == .deadlineExceeded, "\(late)")
        #expect(lasted < .seconds(4), "\(lasted)")
        #expect(await saysGoodbye(seen))
        let leaving = try TinyServer { connection in
            let first = Seen()
            serveCamera(connection, pictures, codec: .h264, seen: first, hangUp: true)
        }
        defer { leaving.shutDown() }
        let (gone, _) = try await onOwnThread { [port = leaving.port] in try readUntilFailure(port, timeout: .seconds(5)) }
        #expect(gone.kind == .unavailable, "\(gone)")
    }

    @Test func stopEndsABlockedReadAndStillSaysGoodbye() async throws {
        let pictures = try encodeScene(settings(.h264), count: 3)
        let seen = Seen()
        let server = try TinyServer { serveCamera($0, pictures, codec: .h264, seen: seen) }
        defer { server.shutDown() }
        let interrupt = Interrupt()
        let started = ContinuousClock.now
        async let result = onOwnThread { [port = server.port] in try readUntilFailure(port, timeout: .seconds(30), interrupt) }
        // Until PLAY was answered and the pictures were sent.
        while !seen.all.contains(where: { $0.hasPrefix("PLAY") }), ContinuousClock.now - started < .seconds(25) {
            try await Task.sleep(for: .milliseconds(20))
        }
        try await Task.sleep(for: .milliseconds(200))
        interrupt.stop()
        let stopped = ContinuousClock.now
        let (cancelled, _) = try await result
        #expect(cancelled.kind == .cancelled)
        #expect(ContinuousClock.now - stopped < .seconds(20), "the read had 30 s")
        #expect(await saysGoodbye(seen))
        let after = try await failure(server.port, openTimeout: .seconds(5), interrupt)
        #expect(after.kind == .cancelled)
    }

    @Test(arguments: [
        "http://camera/", "rtsp:/camera", "rtsp://", "rtsp://user:pass@camera/", "rtsp://camera:0/", "rtsp://camera:99999/",
        "rtsp://camera:5x4/", "rtsp://cam era/", "rtsp://[::1/", "rtsp://camera/a\nb", "",
    ])
    func badURLsAreRefusedWithoutBeingRepeated(url: String) {
        let failure = #expect(throws: Failure.self) {
            _ = try PacketSource.openRTSP(url: url, credentials: nil, interrupt: Interrupt())
        }
        #expect(failure?.kind == .invalidInput)
        #expect("\(failure as Any)".contains("pass@") == false)
    }

    @Test func refusedConnectionsLeaveNothingBehind() async throws {
        let server = try TinyServer { _ in }
        server.shutDown()
        let port = server.port
        let before = openDescriptors()
        try await onOwnThread {
            for _ in 0..<200 {
                #expect(
                    kind { _ = try PacketSource.openRTSP(url: "rtsp://127.0.0.1:\(port)/", credentials: nil, interrupt: Interrupt()) }
                        == .unavailable)
            }
        }
        #expect(openDescriptors() < before + 50)
    }
}

/// True when TEARDOWN reaches the camera within a few seconds.
private func saysGoodbye(_ seen: Seen) async -> Bool {
    let deadline = ContinuousClock.now + .seconds(10)
    while ContinuousClock.now < deadline {
        if seen.all.last?.hasPrefix("TEARDOWN") == true { return true }
        try? await Task.sleep(for: .milliseconds(20))
    }
    return false
}

/// What opening a camera at `port` throws, and after how long: measured on the thread that was blocked.
private func timedFailure(
    _ port: Int, host: String = "127.0.0.1", openTimeout: Duration, _ interrupt: Interrupt = Interrupt()
) async throws -> (Failure, Duration) {
    try await onOwnThread {
        let started = ContinuousClock.now
        do {
            _ = try PacketSource.openRTSP(url: "rtsp://\(host):\(port)/x", credentials: nil, interrupt: interrupt, openTimeout: openTimeout)
        } catch let failure as Failure { return (failure, ContinuousClock.now - started) }
        throw Failure(.internal, "the camera opened")
    }
}

private func failure(
    _ port: Int, host: String = "127.0.0.1", openTimeout: Duration, _ interrupt: Interrupt = Interrupt()
) async throws -> Failure {
    try await timedFailure(port, host: host, openTimeout: openTimeout, interrupt).0
}

/// Opens, reads until something is thrown, closes; returns it and how long the last read took. Blocks.
private func readUntilFailure(_ port: Int, timeout: Duration, _ interrupt: Interrupt = Interrupt()) throws -> (Failure, Duration) {
    let source = try PacketSource.openRTSP(url: "rtsp://127.0.0.1:\(port)/x", credentials: nil, interrupt: interrupt)
    defer { source.close() }
    var started = ContinuousClock.now
    do {
        while true {
            started = ContinuousClock.now
            _ = try source.read(timeout: timeout, keepPredicted: true)
        }
    } catch let failure as Failure { return (failure, ContinuousClock.now - started) }
}
