// The client's side of one RTSP session as a pure state machine; socket, clock and bytes are the reader's.
// **camera ─RTSP─▶** packets ─▶ looks

package import Base
package import Domain

//            start            answer             answer           video ok          metadata ok, refused
//   idle ─────────▶ options ─────────▶ describe ─────────▶ setUp(video) ────▶ setUp(metadata) ────▶ play ────▶ playing
//     │                │                  │                    │    └──── no metadata ───────────────▲            │
//     └── stop ────────┴──────────────────┴────────────────────┴──── refused, late, stop ────────────┴────────────┴──▶ closed
//
//   event                 options            describe        setUp(video)      setUp(metadata)  play         playing
//   2xx                   → describe         → setUp         → next            → play           → playing    nothing
//   401, answerable       same request again with an answer, as long as `Authenticator` sees a reason           once more
//   401, not answerable   closed; without    closed          closed            closed           closed       keep-alive ends
//                         credentials → describe
//   3xx                   closed             closed          closed            closed           closed       nothing
//   405, 404, 501, other  → describe         closed          closed            → play           closed       OPTIONS from now on
//   454                   → describe         closed          closed            → play           closed       closed
//   answerTimeout         closed             closed          closed            closed           closed       never
//   openTimeout           closed             closed          closed            closed           closed       never
//   nextKeepAlive         -                  -               -                 -                -            keep-alive is sent
//   stop                  closed             closed          TEARDOWN (once a session exists), closed
// Requests of the camera are answered in every state and change none, except TEARDOWN, which closes. `closed` answers nothing.

/// One RTSP session from the first request to the last. Any thread, one at a time; every event is cheap and allocates little.
package struct RTSPSession: Sendable {
    package private(set) var state = State.idle
    /// What was agreed; nil until PLAY is answered.
    package private(set) var agreement: Playing?
    package let address: RTSPAddress
    private let policy: Policy

    private var authenticator: Authenticator?
    /// What the last 401 meant.
    private var verdict: Authenticator.Verdict?
    /// The request whose answer is awaited; in `playing` the last keep-alive.
    private var exchange: Exchange?
    private var sequence = 0
    private var openDeadline = Duration.zero
    private var answerDeadline = Duration.zero
    private var nextKeepAlive = Duration.zero
    private var keepAliveVerb: String? = "OPTIONS"
    /// 0.75…1: after a power cut thousands of sessions begin together, and their signs of life shall not come together for ever.
    private var keepAlivePhase = 1.0
    private var session: SessionHeader?
    private var sessionTimeout = SessionHeader.defaultTimeout
    private var urls: ControlURL
    private var description: SessionDescription?
    private var channels = ChannelPlan()
    private var server: String?
    private var politeness = Politeness()

    /// A request on its way.
    private struct Exchange {
        var sequence: Int
        var verb: String
        var url: String
        var headers: [RTSPMessage.Header]
        var hasAuthorisation: Bool
        /// Answered challenges of this request.
        var attempts = 0
    }

    /// Challenges one request answers: the first, and two nonces that expired.
    private static let mostAttempts = 3

    package init(address: RTSPAddress, credentials: Credentials?, policy: Policy = .init()) {
        self.address = address
        self.policy = policy
        authenticator = credentials.map(Authenticator.init)
        urls = ControlURL(address)
    }

    /// True once nothing more can come.
    package var isClosed: Bool { state == .closed }

    /// When `tick` has something to do at the latest; nil when it has not.
    package var nextDeadline: Duration? {
        switch state {
        case .idle, .closed: nil
        case .playing: keepAliveVerb == nil ? nil : nextKeepAlive
        default: min(openDeadline, answerDeadline)
        }
    }

    /// For `InterleavedFramer.expectedChannels`: nil until it is certain which channels carry data. Makes a set at each call; to be
    /// read after `.playing` and after the first frame of video, or never.
    package var expectedChannels: Set<UInt8>? { channels.expected }

    /// What the data of a channel is; nil for a channel nobody asked for. Called for each frame.
    ///
    /// When the video is the only media and its channel stays silent, another even channel at the start is taken for it: some Reolink
    /// cameras number their channels otherwise than they say.
    package mutating func channelKind(_ channel: UInt8) -> ChannelKind? { channels.kind(channel) }

    // MARK: Events

    /// The connection stands.
    package mutating func start(now: Duration, using generator: inout some RandomNumberGenerator) -> [Action] {
        precondition(state == .idle, "a session starts once")
        if address.isTLS {
            return close(Failure(.unsupported, "rtsps is not spoken by this transport", context: context()), now)
        }
        keepAlivePhase = Double.random(in: 0.75...1, using: &generator)
        openDeadline = now + policy.openTimeout
        state = .options
        return request("OPTIONS", urls.base, now: now)
    }

    /// A message of the camera arrived.
    package mutating func receive(
        _ message: RTSPMessage, now: Duration, using generator: inout some RandomNumberGenerator
    ) -> [Action] {
        guard state != .idle, state != .closed else { return [] }
        switch message.kind {
        case .request(let method, _): return answer(message, method, now)
        case .response(let status, _):
            if server == nil, let text = message["Server"]?.printable(limit: 128), !text.isEmpty { server = text }
            if let methods = message["Public"] { keepAliveVerb = advertisedKeepAlive(methods) }
            if state == .playing { return receiveWhilePlaying(status, message, now, &generator) }
            // 1xx: the answer follows.
            guard status >= 200, isAwaited(message) else { return [] }
            return receiveWhileOpening(status, message, now, &generator)
        }
    }

    /// Time has passed: deadlines and signs of life. Cheap; called every 100 ms to 1 s, or at `nextDeadline`.
    package mutating func tick(now: Duration) -> [Action] {
        switch state {
        case .idle, .closed: return []
        case .playing:
            guard keepAliveVerb != nil, now >= nextKeepAlive else { return [] }
            return keepAlive(now)
        default:
            guard now >= openDeadline || now >= answerDeadline else { return [] }
            return close(
                Failure(
                    .deadlineExceeded,
                    "the camera accepted the connection but did not finish the RTSP exchange in time: look at the camera",
                    context: context()), now)
        }
    }

    /// The reader gives up the connection; TEARDOWN goes out when a session exists, and nothing is waited for.
    ///
    /// - Parameter because: What `closed` reports.
    package mutating func stop(now: Duration, because: Failure? = nil) -> [Action] {
        if state == .closed { return [] }
        return close(because ?? Failure(.cancelled, "stopped while reading", context: context()), now)
    }

    /// The connection is gone: nothing can be sent any more.
    package mutating func disconnected() -> [Action] {
        if state == .closed { return [] }
        let failure = Failure(.unavailable, "the camera closed the connection", context: context())
        state = .closed
        return [.closed(failure)]
    }

    // MARK: Requests

    private mutating func request(
        _ verb: String, _ url: String, _ headers: [RTSPMessage.Header] = [], attempts: Int = 0, now: Duration
    ) -> [Action] {
        sequence += 1
        var all = [RTSPMessage.Header("CSeq", String(sequence)), .init("User-Agent", policy.userAgent)]
        let authorisation = authenticator?.authorisation(method: verb, url: url)
        if let authorisation { all.append(.init("Authorization", authorisation)) }
        if let session, verb != "DESCRIBE", verb != "OPTIONS" || state == .playing { all.append(.init("Session", session.name)) }
        exchange = Exchange(
            sequence: sequence, verb: verb, url: url, headers: headers, hasAuthorisation: authorisation != nil, attempts: attempts)
        answerDeadline = now + policy.answerTimeout
        return [.send(RTSPMessage(.request(method: verb, url: url), headers: all + headers).encoded())]
    }

    private mutating func close(_ failure: Failure, _ now: Duration, forgotten: Bool = false) -> [Action] {
        var actions: [Action] = []
        if session != nil, !forgotten { actions += request("TEARDOWN", urls.aggregate(description?.sessionControl), now: now) }
        state = .closed
        exchange = nil
        return actions + [.closed(failure)]
    }

    private func context() -> [(name: String, value: String)] {
        var result = [(name: "camera", value: address.place)]
        if let exchange, state != .playing { result.append((name: "request", value: exchange.verb)) }
        return result
    }

    private func failure(_ status: Int, _ message: RTSPMessage) -> Failure {
        .refused(status, exchange?.verb ?? "", by: address, message: message, hasCredentials: authenticator != nil)
    }

    /// Some cameras leave CSeq out or write nonsense; only an answer to an earlier request is not awaited.
    private func isAwaited(_ message: RTSPMessage) -> Bool {
        guard let exchange else { return false }
        guard let number = message["CSeq"]?.leadingNumber() else { return true }
        return number == 0 || number >= exchange.sequence
    }

    // MARK: Opening

    private mutating func receiveWhileOpening(
        _ status: Int, _ message: RTSPMessage, _ now: Duration, _ generator: inout some RandomNumberGenerator
    ) -> [Action] {
        guard let exchange else { return [] }
        switch status {
        case 200...299:
            if exchange.hasAuthorisation { authenticator?.accepted() }
        case 401:
            if let again = answerChallenge(message, now, &generator) { return again }
            if state != .options || authenticator != nil { return close(challengeFailure(message), now) }
        case 300...399: return close(failure(status, message), now)
        default:
            // OPTIONS is a courtesy and metadata an extra; whoever refuses them may still play.
            if state != .options && state != .setUpMetadata { return close(failure(status, message), now, forgotten: status == 454) }
        }
        let isAccepted = (200...299).contains(status)
        switch state {
        case .options:
            state = .describe
            return request("DESCRIBE", urls.base, [.init("Accept", "application/sdp")], now: now)
        case .describe: return described(message, now)
        case .setUpVideo, .setUpMetadata: return setUp(message, isAccepted: isAccepted, now)
        case .play: return played(message, now)
        case .idle, .playing, .closed: return []
        }
    }

    /// The request once more, with an answer to the challenge; nil when there is none.
    private mutating func answerChallenge(
        _ message: RTSPMessage, _ now: Duration, _ generator: inout some RandomNumberGenerator
    ) -> [Action]? {
        guard let exchange, exchange.attempts < Self.mostAttempts, authenticator != nil else { return nil }
        verdict = authenticator?.take(message.all("WWW-Authenticate"), wasAnswered: exchange.hasAuthorisation, using: &generator)
        guard verdict == .answer else { return nil }
        return request(exchange.verb, exchange.url, exchange.headers, attempts: exchange.attempts + 1, now: now)
    }

    private func challengeFailure(_ message: RTSPMessage) -> Failure {
        switch verdict {
        case .notSpoken:
            Failure(
                .unsupported,
                "the camera asks for the password in a way not spoken here (401): allow digest with MD5 or SHA-256 in its settings",
                context: context())
        case .unusable:
            Failure(
                .invalidInput, "the camera's user name holds a colon or a control character, which RTSP cannot carry: rename the user",
                context: context())
        case .answer, .refused, nil: failure(401, message)
        }
    }

    private mutating func described(_ message: RTSPMessage, _ now: Duration) -> [Action] {
        let found: SessionDescription
        do {
            found = try SessionDescription(parsing: message.body)
        } catch let problem as Failure {
            return close(Failure(problem.kind, problem.message, context: context()), now)
        } catch {
            return close(Failure(.internal, "the description could not be read", context: context(), cause: error), now)
        }
        guard let video = found.video else {
            let names = found.medias.filter { $0.kind == .video }.map { $0.encodingName.printable(limit: 32) }.joined(separator: ", ")
            return close(
                Failure(
                    .unsupported,
                    names.isEmpty
                        ? "the camera offers no video under this path: correct the URL in the settings"
                        : "the camera sends a video format that is not read here: set it to H.264, H.265 or JPEG",
                    context: context() + (names.isEmpty ? [] : [(name: "format", value: names)])), now)
        }
        description = found
        urls = ControlURL(address, contentBase: message["Content-Base"], contentLocation: message["Content-Location"])
        state = .setUpVideo
        return requestSetUp(video, now)
    }

    private mutating func requestSetUp(_ media: SessionDescription.Media, _ now: Duration) -> [Action] {
        let url = urls.media(media.control, sessionControl: description?.sessionControl)
        let (rtp, rtcp) = channels.ask(media, url: url)
        return request("SETUP", url, [.init("Transport", "RTP/AVP/TCP;unicast;interleaved=\(rtp)-\(rtcp)")], now: now)
    }

    private mutating func setUp(_ message: RTSPMessage, isAccepted: Bool, _ now: Duration) -> [Action] {
        var isAgreed = isAccepted
        if isAccepted {
            // The last answer counts: some cameras name the session anew with each media.
            if let given = SessionHeader(message["Session"]) {
                session = given
                if let timeout = given.timeout { sessionTimeout = timeout }
            }
            let transport = Transport(message["Transport"])
            isAgreed = transport != .datagrams
            if isAgreed { channels.agree(transport) }
        }
        if state == .setUpVideo {
            guard isAgreed else {
                return close(
                    Failure(.unsupported, "the camera offers no RTSP over TCP: allow it in the camera's settings", context: context()), now)
            }
            if policy.wantsMetadata, let metadata = description?.metadata {
                state = .setUpMetadata
                return requestSetUp(metadata, now)
            }
        } else if !isAgreed {
            channels.abandonAsked()
        }
        state = .play
        channels.open()
        return request("PLAY", urls.aggregate(description?.sessionControl), [.init("Range", "npt=0.000-")], now: now)
    }

    private mutating func played(_ message: RTSPMessage, _ now: Duration) -> [Action] {
        guard let video = channels.video else { return [] }
        if let timeout = SessionHeader(message["Session"])?.timeout { sessionTimeout = timeout }
        let start = StreamStart.of(url: video.url, control: video.media.control, in: StreamStart.read(message["RTP-Info"]))
        let agreed = Playing(
            video: video, metadata: channels.metadata, sessionTimeout: sessionTimeout, firstSequence: start?.sequence,
            firstTimestamp: start?.timestamp, server: server)
        agreement = agreed
        state = .playing
        exchange = nil
        nextKeepAlive = now + keepAliveInterval * keepAlivePhase
        return [.playing(agreed)]
    }

    // MARK: Playing

    /// Half of what the camera announces, and of 60 s at most: one sign of life may be lost.
    private var keepAliveInterval: Duration { min(min(sessionTimeout, .seconds(60)) / 2, policy.longestKeepAliveInterval) }

    /// GET_PARAMETER only where it is advertised: some servers hang up at a method they do not know.
    private func advertisedKeepAlive(_ methods: String) -> String? {
        guard keepAliveVerb != nil, state != .playing else { return keepAliveVerb }
        return methods.split { $0 == "," || $0 == " " }.contains { $0.isSame(as: "GET_PARAMETER") } ? "GET_PARAMETER" : "OPTIONS"
    }

    private mutating func keepAlive(_ now: Duration) -> [Action] {
        guard let verb = keepAliveVerb else { return [] }
        nextKeepAlive = now + keepAliveInterval
        return request(verb, urls.aggregate(description?.sessionControl), now: now)
    }

    private mutating func receiveWhilePlaying(
        _ status: Int, _ message: RTSPMessage, _ now: Duration, _ generator: inout some RandomNumberGenerator
    ) -> [Action] {
        if status == 454 {
            return close(
                Failure(.unavailable, "the camera has forgotten the session (454)", context: context()), now, forgotten: true)
        }
        guard let answered = exchange, isAwaited(message), status >= 200 else { return [] }
        switch status {
        case 200...299:
            if answered.hasAuthorisation { authenticator?.accepted() }
        case 401:
            if let again = answerChallenge(message, now, &generator) { return again }
            // The stream goes on as long as the camera lets it; asking again would count as one more bad login.
            keepAliveVerb = nil
        case 400...599:
            if answered.verb != "OPTIONS" { keepAliveVerb = "OPTIONS" }
        default: break
        }
        exchange = nil
        return []
    }

    // MARK: Requests of the camera

    private mutating func answer(_ message: RTSPMessage, _ method: String, _ now: Duration) -> [Action] {
        guard politeness.mayAnswer(now) else { return [] }
        let isKnown = ["OPTIONS", "GET_PARAMETER", "TEARDOWN"].contains(method)
        var headers = [RTSPMessage.Header("User-Agent", policy.userAgent)]
        if let number = message["CSeq"]?.printable(limit: 32) { headers.insert(.init("CSeq", number), at: 0) }
        if isKnown { headers.append(.init("Public", "OPTIONS, GET_PARAMETER, TEARDOWN")) }
        let kind = RTSPMessage.Kind.response(status: isKnown ? 200 : 501, reason: isKnown ? "OK" : "Not Implemented")
        let reply = Action.send(RTSPMessage(kind, headers: headers).encoded())
        guard method == "TEARDOWN" else { return [reply] }
        return [reply] + close(Failure(.unavailable, "the camera ended the session", context: context()), now, forgotten: true)
    }
}
