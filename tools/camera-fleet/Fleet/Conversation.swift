// One client's RTSP conversation as a pure state machine; sockets, clocks and media are the server's.
// scene ─▶ pictures ─▶ encodings ─▶ packets ─▶ **clients**

//            SETUP              PLAY
//   idle ───────────▶ ready ───────────▶ playing
//     ▲                │ ▲      PAUSE       │
//     └── TEARDOWN ────┘ └──────────────────┘      TEARDOWN leads from every state to idle.
//
//   request   idle                     ready                        playing
//   SETUP     → ready, 461, 454        → ready (new channels), 461  455
//     of the metadata: 455             → ready                      455
//   PLAY      455, 454                 → playing                    200 (goes on)
//   PAUSE     455, 454                 200                          → ready
//   TEARDOWN  454                      → idle                       → idle
// OPTIONS, DESCRIBE, GET_PARAMETER and SET_PARAMETER change nothing. A session that is not this one's is 454 everywhere.

import Foundation

/// What a conversation has to know about one camera at this moment.
package struct CameraFace: Sendable {
    /// The session description, for a client that reached the fleet under this host name.
    package var description: @Sendable (_ host: String) -> String
    /// Sequence number and timestamp of the packet that is sent next.
    package var nextSequence: UInt16
    package var nextTimestamp: UInt32
    /// The camera has a second track.
    package var hasMetadata: Bool

    package init(
        description: @escaping @Sendable (_ host: String) -> String, nextSequence: UInt16, nextTimestamp: UInt32, hasMetadata: Bool = false
    ) {
        self.hasMetadata = hasMetadata
        self.description = description
        self.nextSequence = nextSequence
        self.nextTimestamp = nextTimestamp
    }
}

/// What the server does after the answer is on its way.
package enum ConversationAction: Sendable, Equatable {
    case nothing
    /// Begin to send this camera's packets on this channel; reports go to the next one. The metadata has a channel if it was asked for.
    case play(camera: Int, channel: UInt8, metadata: UInt8? = nil)
    case stop
}

/// The state of one connection's conversation.
package struct Conversation: Sendable {
    /// Where the conversation stands.
    package enum State: Sendable, Equatable {
        case idle
        case ready(camera: Int, channel: UInt8)
        case playing(camera: Int, channel: UInt8)
    }

    package private(set) var state = State.idle
    private let gate: Gate
    private let nonce: String
    private let session: String
    /// Agreed beside that of the video, and with the same end.
    private var metadataChannel: UInt8?
    private static let methods = "OPTIONS, DESCRIBE, SETUP, PLAY, PAUSE, GET_PARAMETER, SET_PARAMETER, TEARDOWN"

    /// - Parameter generator: Source of nonce and session name; unpredictable in service, seeded in tests.
    package init(gate: Gate, using generator: inout some RandomNumberGenerator) {
        self.gate = gate
        nonce = String(UInt64.random(in: .min ... .max, using: &generator), radix: 16)
        session = String(UInt64.random(in: 1 << 60 ... .max, using: &generator), radix: 16)
    }

    /// Answers one request.
    ///
    /// - Parameters:
    ///   - refusesAll: The camera's fault is that no password is good enough.
    ///   - camera: Looks a camera up by its number; nil when there is none.
    package mutating func answer(
        _ request: RTSPRequest, refusesAll: Bool = false, camera: (Int) -> CameraFace?
    ) -> (response: RTSPResponse, action: ConversationAction) {
        var (response, action) = decide(request, refusesAll, camera)
        var headers: [(name: String, value: String)] = []
        if let sequence = request["CSeq"] { headers.append(("CSeq", sequence)) }
        headers.append(("Server", "Snowlight camera-fleet"))
        response.headers = headers + response.headers
        return (response, action)
    }

    private mutating func decide(
        _ request: RTSPRequest, _ refusesAll: Bool, _ camera: (Int) -> CameraFace?
    ) -> (RTSPResponse, ConversationAction) {
        func only(_ status: Int, _ headers: [(name: String, value: String)] = []) -> (RTSPResponse, ConversationAction) {
            (RTSPResponse(status, headers: headers), .nothing)
        }
        guard request.version == "RTSP/1.0" else { return only(505) }
        guard request["CSeq"] != nil else { return only(400) }
        if let required = request["Require"] { return only(551, [("Unsupported", required)]) }
        let address = CameraAddress(request.url)
        // A query about the server itself names no camera.
        if request.method == "OPTIONS", address == nil { return only(request.url == "*" ? 200 : 404, [("Public", Self.methods)]) }
        guard let address, let face = camera(address.camera), face.hasMetadata || !address.isMetadata else { return only(404) }
        if request.method == "OPTIONS" { return only(200, [("Public", Self.methods)]) }
        guard !refusesAll, gate.admits(request, nonce: nonce) else {
            return only(401, [("WWW-Authenticate", gate.challenge(nonce: nonce))])
        }
        // `Session: id;timeout=60` is sent back by some clients as it came.
        if let given = request["Session"] {
            let isMine = given.prefix { $0 != ";" } == session && sessionCamera == address.camera
            guard isMine else { return only(454) }
        }
        switch request.method {
        case "DESCRIBE": return describe(request, address, face)
        case "SETUP": return setUp(request, address)
        case "PLAY": return play(request, address, face)
        case "PAUSE":
            guard case .playing(let camera, let channel) = state else { return only(isIdle ? 455 : 200, sessionHeader) }
            guard request["Session"] != nil else { return only(454) }
            state = .ready(camera: camera, channel: channel)
            return (RTSPResponse(200, headers: sessionHeader), .stop)
        case "GET_PARAMETER", "SET_PARAMETER": return only(200, isIdle ? [] : sessionHeader)
        case "TEARDOWN":
            guard !isIdle, request["Session"] != nil else { return only(454) }
            state = .idle
            metadataChannel = nil
            return (RTSPResponse(200), .stop)
        default: return only(501)
        }
    }

    private var isIdle: Bool { state == .idle }

    private var sessionCamera: Int? {
        switch state {
        case .idle: nil
        case .ready(let camera, _), .playing(let camera, _): camera
        }
    }

    private var sessionHeader: [(name: String, value: String)] { [("Session", "\(session);timeout=60")] }

    private func describe(_ request: RTSPRequest, _ address: CameraAddress, _ face: CameraFace) -> (RTSPResponse, ConversationAction) {
        if let accepted = request["Accept"], !accepted.contains("application/sdp"), !accepted.contains("*/*") {
            return (RTSPResponse(406), .nothing)
        }
        let headers = [("Content-Base", address.base + "/"), ("Content-Type", "application/sdp")]
        return (RTSPResponse(200, headers: headers, body: face.description(address.host)), .nothing)
    }

    private mutating func setUp(_ request: RTSPRequest, _ address: CameraAddress) -> (RTSPResponse, ConversationAction) {
        if case .playing = state { return (RTSPResponse(455, headers: sessionHeader), .nothing) }
        // A second SETUP of the same session has to name it.
        if !isIdle, request["Session"] == nil, sessionCamera != address.camera { return (RTSPResponse(454), .nothing) }
        guard let channel = Self.channel(request["Transport"] ?? "") else { return (RTSPResponse(461), .nothing) }
        if address.isMetadata {
            // It comes beside the pictures, never alone.
            guard case .ready(_, let video) = state else { return (RTSPResponse(455, headers: sessionHeader), .nothing) }
            guard channel | 1 != video | 1 else { return (RTSPResponse(461, headers: sessionHeader), .nothing) }
            metadataChannel = channel
        } else {
            state = .ready(camera: address.camera, channel: channel)
        }
        let transport = "RTP/AVP/TCP;unicast;interleaved=\(channel)-\(channel + 1)"
        return (RTSPResponse(200, headers: [("Transport", transport)] + sessionHeader), .nothing)
    }

    /// The RTP channel of the first offer that is interleaved; nil when there is none.
    private static func channel(_ transport: String) -> UInt8? {
        for offer in transport.split(separator: ",") {
            let parts = offer.split(separator: ";").map { $0.filter { $0 != " " } }
            guard let profile = parts.first, profile.uppercased() == "RTP/AVP/TCP", !parts.contains("multicast") else { continue }
            guard let range = parts.first(where: { $0.lowercased().hasPrefix("interleaved=") }) else { return 0 }
            let first = range.dropFirst("interleaved=".count).prefix { $0 != "-" }
            if let channel = UInt8(first), channel < 255 { return channel }
        }
        return nil
    }

    private mutating func play(
        _ request: RTSPRequest, _ address: CameraAddress, _ face: CameraFace
    ) -> (RTSPResponse, ConversationAction) {
        guard !isIdle else { return (RTSPResponse(455), .nothing) }
        guard request["Session"] != nil else { return (RTSPResponse(454), .nothing) }
        let info = "url=\(address.base)/\(SessionDescription.track);seq=\(face.nextSequence);rtptime=\(face.nextTimestamp)"
        let response = RTSPResponse(200, headers: sessionHeader + [("Range", "npt=now-"), ("RTP-Info", info)])
        guard case .ready(let camera, let channel) = state else { return (response, .nothing) }
        state = .playing(camera: camera, channel: channel)
        return (response, .play(camera: camera, channel: channel, metadata: metadataChannel))
    }
}

/// `rtsp://host[:port]/cam/N[/track1 | /track2]`, with or without slash or query at the end.
package struct CameraAddress: Sendable, Equatable {
    package var camera: Int
    /// The host as the client wrote it, without port and user.
    package var host: String
    /// The camera's own URL without a slash at the end and without user and password.
    package var base: String
    /// The track of the metadata is meant.
    package var isMetadata: Bool

    package init?(_ url: String) {
        guard let scheme = url.range(of: "://"), url[..<scheme.lowerBound].lowercased() == "rtsp" else { return nil }
        let rest = url[scheme.upperBound...]
        guard let slash = rest.firstIndex(of: "/") else { return nil }
        // The last @ ends the user information, which may hold others.
        let place = rest[..<slash].split(separator: "@", omittingEmptySubsequences: false).last ?? ""
        let path = rest[slash...].prefix { $0 != "?" && $0 != "#" }
        let parts = path.split(separator: "/")
        guard !place.isEmpty, parts.count == 2 || parts.count == 3, parts[0] == "cam", let number = Int(parts[1]), number >= 1,
            parts.count == 2 || parts[2] == SessionDescription.track || parts[2] == SessionDescription.metadataTrack
        else { return nil }
        camera = number
        isMetadata = parts.last.map { $0 == SessionDescription.metadataTrack } ?? false
        if place.hasPrefix("["), let end = place.firstIndex(of: "]") {
            host = String(place[place.index(after: place.startIndex)..<end])
        } else {
            host = String(place.prefix { $0 != ":" })
        }
        base = "rtsp://\(place)/cam/\(number)"
    }
}
