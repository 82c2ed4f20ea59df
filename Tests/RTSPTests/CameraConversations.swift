// What cameras say, by brand and behaviour, up to the first packets. A brand stands for its quirk alone: every path, name, number,
// realm, nonce and order of lines is made up here, and the parameter sets come from pictures that x264 and x265 coded for our tests.

import Domain
import RTSP
import Testing

/// One camera's side of a conversation.
struct CameraConversation: Sendable, CustomTestStringConvertible {
    /// What comes of it.
    enum Outcome: Sendable {
        /// Path of SETUP, its channel, and how many packets of video arrive.
        case plays(_ path: String, channel: UInt8, packets: Int)
        case fails(_ kind: String, containing: String)
    }

    let name: String
    var path = "/live"
    var credentials: Credentials?
    var wantsMetadata = false
    /// Everything the camera sends, in order; an answer may arrive before its request is due, and waits for it.
    let bytes: [UInt8]
    /// `METHOD path` of all requests.
    let requests: [String]
    let outcome: Outcome

    var testDescription: String { name }
    var url: String { "rtsp://192.0.2.10:554" + path }

    func replay() throws -> Replay { try Replay(url, credentials, .init(wantsMetadata: wantsMetadata)) }
}

private let admin = Credentials(user: "admin", password: "s3cret:%40 \"市\"")
private func ok(_ sequence: Int, _ headers: String = "") -> [UInt8] {
    wire("RTSP/1.0 200 OK\nCSeq: \(sequence)" + (headers.isEmpty ? "" : "\n" + headers))
}
private let publicMethods = "Public: TEARDOWN, PLAY, SETUP, DESCRIBE, GET_PARAMETER, OPTIONS"
private func described(_ sequence: Int, _ headers: String, _ body: String, lineEnd: String = "\r\n") -> [UInt8] {
    wire(
        "RTSP/1.0 200 OK\nCSeq: \(sequence)\n" + (headers.isEmpty ? "" : headers + "\n")
            + "Content-Type: application/sdp\nContent-Length: {length}\n\n" + body, lineEnd: lineEnd)
}
/// SPS and PPS of 64×48.
private let h264Sets = "Z0LACtoR6EAAAAMAQAAAB6PEiag=,aM4DHIA="
private let h265SPS = "QgEBAWAAAAMAkAAAAwAAAwAeoCCDFlukpMLmgIAAAAMAgAAAB4Q="
private let h264 = """
    v=0
    o=house 20 3 IN IP4 192.0.2.10
    s=Somewhere in the house
    a=control:*
    t=0 0
    m=video 0 RTP/AVP 96
    a=control:picture
    a=fmtp:96 sprop-parameter-sets=\(h264Sets);profile-level-id=42C00A;packetization-mode=1
    a=rtpmap:96 H264/90000

    """
private func setUp(_ sequence: Int, _ transport: String = "Transport: RTP/AVP/TCP;unicast;interleaved=0-1") -> [UInt8] {
    ok(sequence, "Session: 4711;timeout=60\n" + transport)
}
private func packets(_ channel: UInt8 = 0, _ numbers: ClosedRange<UInt8> = 1...3, payloadType: UInt8 = 96) -> [UInt8] {
    numbers.flatMap { interleavedFrame(channel, numberedPacket($0, payloadType: payloadType)) }
}

let conversations: [CameraConversation] = [
    // A control is a whole URL and keeps the query of ours; a sequence of 0 is one, and the blank in ssrc hides no channels.
    CameraConversation(
        name: "hikvision: absolute controls with a query, digest before basic, RTP-Info with seq=0, ssrc behind a blank",
        path: "/gate/2?cast=one", credentials: admin, wantsMetadata: true,
        bytes: ok(1, publicMethods)
            + wire(
                """
                RTSP/1.0 401 Unauthorized
                CSeq: 2
                WWW-Authenticate: Digest realm="Gate (north, 2)", nonce="b0a7-0017", stale="FALSE"
                WWW-Authenticate: Basic realm="Gate (north, 2)"
                """)
            + described(
                3, "Content-Base: rtsp://192.0.2.10:554/gate/2/",
                """
                v=0
                o=gate 8 2 IN IP4 192.0.2.10
                s=North gate
                t=0 0
                a=control:rtsp://192.0.2.10:554/gate/2/?cast=one
                m=application 0 RTP/AVP 111
                a=rtpmap:111 vnd.onvif.metadata/90000
                a=control:rtsp://192.0.2.10:554/gate/2/events?cast=one
                m=video 0 RTP/AVP 96
                a=rtpmap:96 H264/90000
                a=fmtp:96 packetization-mode=1; sprop-parameter-sets=\(h264Sets); profile-level-id=42C00A
                a=x-dimensions:480,272
                a=control:rtsp://192.0.2.10:554/gate/2/picture?cast=one

                """)
            + setUp(4, "Transport: RTP/AVP/TCP;unicast;ssrc= 7e11;interleaved=0-1")
            + setUp(5, "Transport: RTP/AVP/TCP;unicast;ssrc= 7e12;interleaved=2-3")
            + ok(6, "RTP-Info: url=rtsp://192.0.2.10:554/gate/2/picture?cast=one;seq=0;rtptime=5150\nSession: 4711") + packets()
            + interleavedFrame(2, numberedPacket(9, payloadType: 111)),
        requests: [
            "OPTIONS /gate/2?cast=one", "DESCRIBE /gate/2?cast=one", "DESCRIBE /gate/2?cast=one", "SETUP /gate/2/picture?cast=one",
            "SETUP /gate/2/events?cast=one", "PLAY /gate/2/?cast=one",
        ], outcome: .plays("/gate/2/picture?cast=one", channel: 0, packets: 3)),
    // A control is appended behind the query of the base; nobody asked for the answer amid the data.
    CameraConversation(
        name: "dahua: OPTIONS is challenged, the base ends in a query with a slash, answers and stray CRLF amid the data",
        path: "/door?view=4&size=small", credentials: admin, wantsMetadata: true,
        bytes: wire(
            "RTSP/1.0 401 Unauthorized\nCSeq: 1\nWWW-Authenticate: Digest realm=\"Door bell, ground floor\", nonce=\"k3y5\", algorithm=\"MD5\", qop=\"auth\""
        )
            + ok(2, publicMethods)
            + described(
                3, "Content-Base: rtsp://192.0.2.10:554/door?view=4&size=small&list=yes/",
                h264 + "m=application 0 RTP/AVP 112\na=rtpmap:112 vnd.onvif.metadata/90000\na=control:events\n"
                    + "m=audio 0 RTP/AVP 99\na=rtpmap:99 MPEG4-GENERIC/32000\na=control:sound\n")
            + setUp(4) + setUp(5, "Transport: RTP/AVP/TCP;unicast;interleaved=2-3;ssrc=0000002B") + packets(0, 1...1) + [13, 10]
            + ok(6, "Session: 4711\nRTP-Info: url=events;seq=12;rtptime=31,url=picture;seq=906;rtptime=44") + [13, 10, 13, 10]
            + packets(0, 2...2) + ok(7) + packets(0, 3...3),
        requests: [
            "OPTIONS /door?view=4&size=small", "OPTIONS /door?view=4&size=small", "DESCRIBE /door?view=4&size=small",
            "SETUP /door?view=4&size=small&list=yes/picture", "SETUP /door?view=4&size=small&list=yes/events",
            "PLAY /door?view=4&size=small&list=yes/",
        ], outcome: .plays("/door?view=4&size=small&list=yes/picture", channel: 0, packets: 3)),
    // The pair behind the agreed one carries the video.
    CameraConversation(
        name: "reolink: data comes on other channels than SETUP said", path: "/porch_small",
        bytes: ok(1, "Public: PLAY, TEARDOWN, OPTIONS, SETUP, DESCRIBE")
            + described(2, "Content-Base: rtsp://192.0.2.10/porch_small/", h264)
            + setUp(3, "Transport: RTP/AVP/TCP;unicast;source=192.0.2.10;interleaved=0-1;destination=192.0.2.9")
            + ok(4, "RTP-Info: url=picture;ssrc=0badcafe;seq=301;rtptime=77000\nSession: 4711") + packets(2)
            + interleavedFrame(3, numberedPacket(8, payloadType: 200)),
        requests: ["OPTIONS /porch_small", "DESCRIBE /porch_small", "SETUP /porch_small/picture", "PLAY /porch_small/"],
        outcome: .plays("/porch_small/picture", channel: 0, packets: 3)),
    // The media in front of the video has a kind with a slash and words for formats; the o line has a number too many.
    CameraConversation(
        name: "tp-link: a media of its own with formats that are no numbers", path: "/pantry",
        bytes: ok(1, publicMethods)
            + described(
                2, "",
                """
                v=0
                o=pantry 5 8 13 IN IP4 192.0.2.10
                s=Pantry, "upper" shelf
                m=application/chime 0 RTP/AVP ding/dong/2000
                a=control:chime
                a=rtpmap:120 chime/2000
                m=audio 0 RTP/AVP 8
                a=control:sound
                m=video 0 RTP/AVP 96
                a=fmtp:96 sprop-pps=RAHAcYES;sprop-sps=\(h265SPS);sprop-vps=QAEMAf//AWAAAAMAkAAAAwAAAwAeugJA
                a=rtpmap:96 H265/90000
                a=control:picture

                """) + setUp(3) + ok(4) + packets(),
        requests: ["OPTIONS /pantry", "DESCRIBE /pantry", "SETUP /pantry/picture", "PLAY /pantry"],
        outcome: .plays("/pantry/picture", channel: 0, packets: 3)),
    // A comma too many, too; a static payload type is given another encoding, and the line of the video's encoding is never ended.
    CameraConversation(
        name: "anpviz: a parameter too many in fmtp, dimensions with a blank, no line end at the end", path: "/yard",
        bytes: ok(1, publicMethods)
            + described(
                2, "Content-Base: rtsp://192.0.2.10/yard/",
                """
                v=0
                s=Yard behind the house
                a=control:*
                t=0 0
                m=audio 0 RTP/AVP 0
                a=control:sound
                a=rtpmap:0 MPEG4-GENERIC/22050
                m=video 0 RTP/AVP 96
                a=x-dimensions: 352, 288
                a=fmtp:96 sprop-parameter-sets=\(h264Sets),;config=0000000168ce031c80;packetization-mode=0
                a=control:picture
                a=rtpmap:96 H264/90000
                """) + setUp(3) + ok(4) + packets(),
        requests: ["OPTIONS /yard", "DESCRIBE /yard", "SETUP /yard/picture", "PLAY /yard/"],
        outcome: .plays("/yard/picture", channel: 0, packets: 3)),
    // Frames of a payload type nobody described come on the video's channel and are handed on like the others.
    CameraConversation(
        name: "geovision: no t line, controls that name no track, parameters divided by blanks, payload type 61 amid the data",
        path: "/hall/east", wantsMetadata: true,
        bytes: ok(1, publicMethods)
            + described(
                2, "",
                """
                v=0
                o=hall 77 4 IN IP4 192.0.2.10
                s=Hall, looking east
                m=application 0 RTP/AVP 119
                a=fmtp:119 Reader=plain Reports=none
                a=rtpmap:119 vnd.onvif.metadata/90000
                a=control:rtsp://192.0.2.10/hall/east/events
                m=video 0 RTP/AVP 117
                a=rtpmap:117 H264/90000
                a=fmtp:117 packetization-mode=1; profile-level-id=42C00A; sprop-parameter-sets=\(h264Sets)
                a=control:rtsp://192.0.2.10/hall/east/pictures

                """) + setUp(3) + setUp(4, "Transport: RTP/AVP/TCP;interleaved=2-3;unicast") + ok(5)
            + packets(0, 1...1, payloadType: 61) + packets(0, 2...3, payloadType: 117),
        requests: [
            "OPTIONS /hall/east", "DESCRIBE /hall/east", "SETUP /hall/east/pictures", "SETUP /hall/east/events", "PLAY /hall/east",
        ], outcome: .plays("/hall/east/pictures", channel: 0, packets: 3)),
    // The profile is base64 and no hexadecimal number; the rubbish holds a channel nobody uses and a frame too short.
    CameraConversation(
        name: "v380: LF alone, no o line, line ends amid the data, rubbish between two frames", path: "/nursery",
        bytes: wire("RTSP/1.0 200 OK\nCSeq: 1\nPublic: DESCRIBE, SETUP, TEARDOWN, PLAY, OPTIONS", lineEnd: "\n")
            + described(
                2, "",
                """
                v=0
                t=0 0
                s=Nursery
                a=control:*
                m=video 0 RTP/AVP 96
                a=control:picture
                a=rtpmap:96 H264/90000
                a=fmtp:96 sprop-parameter-sets=J0LACtoR6EAAAAMAQAAAB6PEiag=,KM4DHIA=;profile-level-id=QsAK;packetization-mode=1

                """, lineEnd: "\n") + setUp(3) + [10, 10] + ok(4) + packets(0, 1...1) + [13, 10] + packets(0, 2...2)
            + [0xEE, 0x24, 0x0B, 0x51, 0x24, 0x01, 0x00, 0x02, 0x7F] + packets(0, 3...4),
        requests: ["OPTIONS /nursery", "DESCRIBE /nursery", "SETUP /nursery/picture", "PLAY /nursery"],
        outcome: .plays("/nursery/picture", channel: 0, packets: 4)),
    // Neither qop nor algorithm is offered.
    CameraConversation(
        name: "longse: digest of RFC 2069 and a blank behind CSeq", credentials: admin,
        bytes: wire(
            "RTSP/1.0 401 Unauthorized\nCSeq: 1 \nWWW-Authenticate: Digest realm=\"Barn\", nonce=\"hay-and-straw\"\nServer: Loft 3*5*7")
            + ok(2, publicMethods) + described(3, "", h264) + setUp(4) + ok(5) + packets(),
        requests: ["OPTIONS /live", "OPTIONS /live", "DESCRIBE /live", "SETUP /live/picture", "PLAY /live"],
        outcome: .plays("/live/picture", channel: 0, packets: 3)),
    // A slash is put between the query of the base and the control; the start codes belong to no parameter set.
    CameraConversation(
        name: "gw4089ip: a base with a query and without a slash, start codes behind the parameter sets", path: "/shed?view=1&size=big",
        bytes: ok(1, "Public: SET_PARAMETER, SETUP, PLAY, TEARDOWN, DESCRIBE, OPTIONS")
            + described(
                2, "Content-Base: rtsp://192.0.2.10:8091/shed?view=1&size=big&list=yes",
                h264.replacing(h264Sets, with: "Z0LACtoR6EAAAAMAQAAAB6PEiagAAAAB,aM4DHIAAAAAB")) + setUp(3) + ok(4) + packets(),
        requests: [
            "OPTIONS /shed?view=1&size=big", "DESCRIBE /shed?view=1&size=big", "SETUP /shed?view=1&size=big&list=yes/picture",
            "PLAY /shed?view=1&size=big&list=yes",
        ], outcome: .plays("/shed?view=1&size=big&list=yes/picture", channel: 0, packets: 3)),
    // The host of the base is nobody's but the camera's own.
    CameraConversation(
        name: "h264dvr: Cseq in another case, a base on the loopback address, no RTP-Info, no timeout", path: "/attic",
        bytes: wire("RTSP/1.0 200 OK\nCseq: 1\nServer: Attic 2.3\nPublic: PAUSE,PLAY,SETUP,DESCRIBE,TEARDOWN,OPTIONS")
            + wire(
                "RTSP/1.0 200 OK\nCseq: 2\nContent-Length: {length}\nContent-Base: rtsp://127.0.0.1:8551/attic\nContent-Type: application/sdp\n\n"
                    + h264 + "m=audio 0 RTP/AVP 8\na=control:sound\n")
            + wire("RTSP/1.0 200 OK\nCseq: 3\nTransport: RTP/AVP/TCP;unicast;source=127.0.0.1;interleaved=0-1;mode=play\nSession: attic-9")
            + wire("RTSP/1.0 200 OK\nCseq: 4\nSession: attic-9\nServer: Attic 2.3\nRange: npt=now-") + packets(),
        requests: ["OPTIONS /attic", "DESCRIBE /attic", "SETUP /attic/picture", "PLAY /attic"],
        outcome: .plays("/attic/picture", channel: 0, packets: 3)),
    // The URL that was asked for is the base of everything.
    CameraConversation(
        name: "vstarcam: neither base nor control of the session, a tab in the m line", path: "/cot/0",
        bytes: ok(1, "Public: SETUP, PLAY, TEARDOWN, OPTIONS, DESCRIBE")
            + described(2, "", h264.replacing("a=control:*\n", with: "").replacing("RTP/AVP 96", with: "RTP/AVP 96\t "))
            + setUp(3) + ok(4) + packets(),
        requests: ["OPTIONS /cot/0", "DESCRIBE /cot/0", "SETUP /cot/0/picture", "PLAY /cot/0"],
        outcome: .plays("/cot/0/picture", channel: 0, packets: 3)),
    // We go on asking where we asked first.
    CameraConversation(
        name: "foscam: the base names an address and a port from inside", path: "/patio",
        bytes: ok(1, publicMethods) + described(2, "Content-Base: rtsp://10.20.30.40:9077/patio/", h264) + setUp(3) + ok(4) + packets(),
        requests: ["OPTIONS /patio", "DESCRIBE /patio", "SETUP /patio/picture", "PLAY /patio/"],
        outcome: .plays("/patio/picture", channel: 0, packets: 3)),
    // Frames come before the first answer, and on channels nobody set up.
    CameraConversation(
        name: "live555 before 2017: data of a dead session before and amid our own", path: "/old",
        bytes: packets(4, 7...7) + ok(1, publicMethods) + packets(4, 7...7) + described(2, "Content-Base: rtsp://192.0.2.10/old/", h264)
            + packets(4, 8...8) + setUp(3) + ok(4) + packets(0, 1...2) + packets(4, 9...9) + packets(0, 3...3),
        requests: ["OPTIONS /old", "DESCRIBE /old", "SETUP /old/picture", "PLAY /old/"],
        outcome: .plays("/old/picture", channel: 0, packets: 3)),
    // The static payload type says all.
    CameraConversation(
        name: "axis: JPEG without rtpmap, size in a=framesize", path: "/mast/top?coded=jpeg",
        bytes: ok(1, publicMethods)
            + described(
                2, "Content-Base: rtsp://192.0.2.10/mast/top/",
                """
                v=0
                a=control:rtsp://192.0.2.10/mast/top?coded=jpeg
                t=0 0
                s=Top of the mast
                m=video 0 RTP/AVP 26
                a=control:rtsp://192.0.2.10/mast/top/picture?coded=jpeg
                a=framesize:26 320-240

                """) + setUp(3) + ok(4) + packets(payloadType: 26),
        requests: [
            "OPTIONS /mast/top?coded=jpeg", "DESCRIBE /mast/top?coded=jpeg", "SETUP /mast/top/picture?coded=jpeg",
            "PLAY /mast/top?coded=jpeg",
        ], outcome: .plays("/mast/top/picture?coded=jpeg", channel: 0, packets: 3)),
    // The channels are found wherever they stand.
    CameraConversation(
        name: "luckfox: a transport without unicast, ssrc before the channels", path: "/stairs",
        bytes: ok(1, publicMethods) + described(2, "", h264) + setUp(3, "Transport: RTP/AVP/TCP;ssrc=7F00A11C;interleaved=0-1") + ok(4)
            + packets(),
        requests: ["OPTIONS /stairs", "DESCRIBE /stairs", "SETUP /stairs/picture", "PLAY /stairs"],
        outcome: .plays("/stairs/picture", channel: 0, packets: 3)),
    // Without a number an answer belongs to the request that waits, and without Transport the channels are those asked for.
    CameraConversation(
        name: "a clone: 200OK, no reason, no CSeq, folded and oddly spaced headers, no Transport", path: "/cellar",
        bytes: wire("RTSP/1.0 200OK\npublic : OPTIONS,\n DESCRIBE,\n\tGET_PARAMETER")
            + wire("RTSP/1.0 200\nCONTENT-TYPE:application/sdp\nContent-length:   {length}  \n\n" + h264)
            + wire("RTSP/1.0  200  OK\nSession:  4711 ; timeout = 20 ") + wire("RTSP/1.0 200 OK") + packets(),
        requests: ["OPTIONS /cellar", "DESCRIBE /cellar", "SETUP /cellar/picture", "PLAY /cellar"],
        outcome: .plays("/cellar/picture", channel: 0, packets: 3)),
    // A time below zero is none; the sequence beside it holds.
    CameraConversation(
        name: "wowza: rtptime=-1 and other channels than asked for", path: "/film",
        bytes: ok(1, publicMethods) + described(2, "", h264) + setUp(3, "Transport: RTP/AVP/TCP;interleaved=6-7")
            + ok(4, "RTP-Info: url=rtsp://192.0.2.10/film/sound;rtptime=-1;seq=44,url=picture;rtptime=-1;seq=5") + packets(6),
        requests: ["OPTIONS /film", "DESCRIBE /film", "SETUP /film/picture", "PLAY /film"],
        outcome: .plays("/film/picture", channel: 6, packets: 3)),
]
