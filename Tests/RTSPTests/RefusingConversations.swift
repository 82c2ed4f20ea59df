// Cameras that refuse, ask twice, ask back or break the rules in ways that decide how the conversation ends.

import Domain
import RTSP

private let admin = Credentials(user: "admin", password: "wrong")
private func ok(_ sequence: Int, _ headers: String = "") -> [UInt8] {
    wire("RTSP/1.0 200 OK\nCSeq: \(sequence)" + (headers.isEmpty ? "" : "\n" + headers))
}
private func challenge(_ sequence: Int, _ text: String) -> [UInt8] {
    wire("RTSP/1.0 401 Unauthorized\nCSeq: \(sequence)\nWWW-Authenticate: \(text)")
}
private func described(_ sequence: Int, _ encoding: String = "H264/90000") -> [UInt8] {
    wire(
        "RTSP/1.0 200 OK\nCSeq: \(sequence)\nContent-Length: {length}\n\nv=0\nm=video 0 RTP/AVP 96\na=rtpmap:96 \(encoding)\na=control:t\n")
}
private func setUp(_ sequence: Int) -> [UInt8] { ok(sequence, "Session: 9\nTransport: RTP/AVP/TCP;unicast;interleaved=0-1") }
private let sha = "Digest realm=\"r\", nonce=\"n1\", algorithm=SHA-256, qop=\"auth\""

let refusingConversations: [CameraConversation] = [
    CameraConversation(
        name: "hikvision with SHA-256 alone: plays where FFmpeg is refused for ever", credentials: admin,
        bytes: ok(1) + challenge(2, sha) + described(3) + setUp(4) + ok(5) + interleavedFrame(0, numberedPacket(1)),
        requests: ["OPTIONS /live", "DESCRIBE /live", "DESCRIBE /live", "SETUP /live/t", "PLAY /live"],
        outcome: .plays("/live/t", channel: 0, packets: 1)),
    CameraConversation(
        name: "a wrong password is tried once", credentials: admin,
        bytes: ok(1) + challenge(2, sha) + challenge(3, sha.replacing("n1", with: "n2")),
        requests: ["OPTIONS /live", "DESCRIBE /live", "DESCRIBE /live"],
        outcome: .fails("unauthorised", containing: "refused user and password (401)")),
    CameraConversation(
        name: "no password in the settings", bytes: challenge(1, sha) + challenge(2, sha), requests: ["OPTIONS /live", "DESCRIBE /live"],
        outcome: .fails("unauthorised", containing: "the settings hold none")),
    CameraConversation(
        name: "stale nonces are no refusal, twice", credentials: admin,
        bytes: ok(1) + challenge(2, sha) + challenge(3, sha.replacing("n1", with: "n2") + ", stale=true")
            + challenge(4, sha.replacing("n1", with: "n3") + ", stale=\"TRUE\"") + described(5) + setUp(6) + ok(7),
        requests: ["OPTIONS /live", "DESCRIBE /live", "DESCRIBE /live", "DESCRIBE /live", "DESCRIBE /live", "SETUP /live/t", "PLAY /live"],
        outcome: .plays("/live/t", channel: 0, packets: 0)),
    CameraConversation(
        name: "stale nonces without end are a refusal", credentials: admin,
        bytes: ok(1) + (2...6).flatMap { challenge($0, sha.replacing("n1", with: "n\($0)") + ", stale=true") },
        requests: ["OPTIONS /live", "DESCRIBE /live", "DESCRIBE /live", "DESCRIBE /live", "DESCRIBE /live"],
        outcome: .fails("unauthorised", containing: "(401)")),
    CameraConversation(
        name: "nonces that expire in silence are renewed once the password has proved right", credentials: admin,
        bytes: ok(1) + challenge(2, sha) + described(3) + challenge(4, sha.replacing("n1", with: "n2")) + setUp(5) + ok(6),
        requests: ["OPTIONS /live", "DESCRIBE /live", "DESCRIBE /live", "SETUP /live/t", "SETUP /live/t", "PLAY /live"],
        outcome: .plays("/live/t", channel: 0, packets: 0)),
    CameraConversation(
        name: "basic behind a digest does not learn the password", credentials: admin,
        bytes: challenge(1, sha) + challenge(2, "Basic realm=\"r\""), requests: ["OPTIONS /live", "OPTIONS /live"],
        outcome: .fails("unauthorised", containing: "(401)")),
    CameraConversation(
        name: "a scheme nobody speaks", credentials: admin,
        bytes: ok(1) + challenge(2, "Digest realm=\"r\", nonce=\"n\", algorithm=SHA-512-256"),
        requests: ["OPTIONS /live", "DESCRIBE /live"], outcome: .fails("unsupported", containing: "allow digest")),
    CameraConversation(
        name: "OPTIONS is not implemented", bytes: wire("RTSP/1.0 501 Not Implemented\nCSeq: 1") + described(2) + setUp(3) + ok(4),
        requests: ["OPTIONS /live", "DESCRIBE /live", "SETUP /live/t", "PLAY /live"], outcome: .plays("/live/t", channel: 0, packets: 0)),
    CameraConversation(
        name: "a redirect is not followed", credentials: admin,
        bytes: ok(1) + wire("RTSP/1.0 302 Moved Temporarily\nCSeq: 2\nLocation: rtsp://u:p@169.254.169.254/x"),
        requests: ["OPTIONS /live", "DESCRIBE /live"], outcome: .fails("unsupported", containing: "not followed")),
    CameraConversation(
        name: "no such stream", bytes: ok(1) + wire("RTSP/1.0 404 Nothing Here\nCSeq: 2"),
        requests: ["OPTIONS /live", "DESCRIBE /live"],
        outcome: .fails("notFound", containing: "(404)")),
    CameraConversation(
        name: "UDP alone, said by 461", bytes: ok(1) + described(2) + wire("RTSP/1.0 461 Unsupported transport\nCSeq: 3"),
        requests: ["OPTIONS /live", "DESCRIBE /live", "SETUP /live/t"], outcome: .fails("unsupported", containing: "no RTSP over TCP")),
    CameraConversation(
        name: "UDP alone, said by the transport",
        bytes: ok(1) + described(2) + ok(3, "Session: 9\nTransport: RTP/AVP;unicast;server_port=41000-41001;client_port=0-1"),
        requests: ["OPTIONS /live", "DESCRIBE /live", "SETUP /live/t", "TEARDOWN /live"],
        outcome: .fails("unsupported", containing: "no RTSP over TCP")),
    CameraConversation(
        name: "out of sessions", bytes: ok(1) + described(2) + wire("RTSP/1.0 453 Not Enough Bandwidth\nCSeq: 3"),
        requests: ["OPTIONS /live", "DESCRIBE /live", "SETUP /live/t"], outcome: .fails("unavailable", containing: "close other viewers")),
    CameraConversation(
        name: "a format that is not read", bytes: ok(1) + described(2, "MP4V-ES/90000"), requests: ["OPTIONS /live", "DESCRIBE /live"],
        outcome: .fails("unsupported", containing: "H.264, H.265 or JPEG")),
    CameraConversation(
        name: "an empty description", bytes: ok(1) + ok(2), requests: ["OPTIONS /live", "DESCRIBE /live"],
        outcome: .fails("unsupported", containing: "describes no stream")),
    CameraConversation(
        name: "the camera asks back while it is asked",
        bytes: ok(1) + wire("GET_PARAMETER rtsp://192.0.2.10/live RTSP/1.0\nCSeq: 71") + described(2)
            + wire("ANNOUNCE * RTSP/1.0\nCSeq: 72\nContent-Length: {length}\n\nv=0\n") + setUp(3) + ok(4)
            + interleavedFrame(0, numberedPacket(1)),
        requests: ["OPTIONS /live", "DESCRIBE /live", "SETUP /live/t", "PLAY /live"], outcome: .plays("/live/t", channel: 0, packets: 1)),
    CameraConversation(
        name: "the camera ends the session", bytes: ok(1) + described(2) + setUp(3) + ok(4) + wire("TEARDOWN * RTSP/1.0\nCSeq: 5"),
        requests: ["OPTIONS /live", "DESCRIBE /live", "SETUP /live/t", "PLAY /live"],
        outcome: .fails("unavailable", containing: "ended the session")),
    CameraConversation(
        name: "the session is forgotten while it plays",
        bytes: ok(1) + described(2) + setUp(3) + ok(4) + wire("RTSP/1.0 454 Session Not Found\nCSeq: 5"),
        requests: ["OPTIONS /live", "DESCRIBE /live", "SETUP /live/t", "PLAY /live"],
        outcome: .fails("unavailable", containing: "forgotten the session")),
    CameraConversation(
        name: "answers twice and late",
        bytes: ok(1) + ok(1) + described(2) + described(2) + ok(1) + setUp(3) + wire("RTSP/1.0 100 Continue\nCSeq: 4") + ok(4),
        requests: ["OPTIONS /live", "DESCRIBE /live", "SETUP /live/t", "PLAY /live"], outcome: .plays("/live/t", channel: 0, packets: 0)),
]
