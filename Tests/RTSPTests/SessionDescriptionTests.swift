// Descriptions as cameras write them, and the URLs that come of them.

import RTSP
import Testing

private func read(_ text: String) throws -> SessionDescription { try SessionDescription(parsing: Array(text.utf8)) }

private func media(_ lines: String) throws -> SessionDescription.Media { try #require(try read("v=0\n" + lines).medias.first) }

@Test func lineEndsOfEveryKindAreRead() throws {
    for end in ["\n", "\r\n", "\r", "\0", "\r\n\0"] {
        let found = try read("v=0\(end)m=video 0 RTP/AVP 96\(end)a=rtpmap:96 H264/90000\(end)a=control:x\(end)")
        #expect(found.medias.first?.codec == .h264 && found.medias.first?.control == "x" && found.skippedLines == 0)
    }
}

@Test func whatIsMissingIsFilledIn() throws {
    #expect(try media("m=video 0 RTP/AVP 26").codec == .jpeg)
    #expect(try media("m=video 0 RTP/AVP 26").clockRate == 90_000)
    #expect(try media("m=audio 0 RTP/AVP 8").encodingName == "PCMA")
    #expect(try media("m=video 0 RTP/AVP 96\na=rtpmap:96 h264").codec == .h264)
    #expect(try media("m=video 0 RTP/AVP 96\na=rtpmap:96 hevc/90000").codec == .h265)
    #expect(try media("m=video 0 RTP/AVP 96\na=rtpmap:96 H264/0").clockRate == 90_000)
    #expect(try media("m=video 0 RTP/AVP 96\na=rtpmap:97 H264/90000").codec == .h264)
    #expect(try media("m=video 0 RTP/AVP\na=rtpmap:97 H264/90000").payloadType == 97)
    #expect(try media("m=video 0 RTP/AVP 96\na=fmtp:96 sprop-parameter-sets=Z0LACtoR6EAAAAMAQAAAB6PEiag=").codec == .h264)
    #expect(try media("m=video 0 RTP/AVP 96\na=fmtp:96 sprop-sps=QgEB").codec == .h265)
    #expect(try media("m=video 0 RTP/AVP 96 97\na=rtpmap:96 MP4V-ES/90000\na=rtpmap:97 H265/90000").payloadType == 97)
    for name in ["VND.ONVIF.METADATA.GZIP", "vnd.onvif.metadata+gzip"] {
        #expect(try media("m=application 0 RTP/AVP 98\na=rtpmap:98 \(name)/90000").codec == .gzippedONVIFMetadata)
    }
    #expect(try media("m=video 0 RTP/AVP 96\na=rtpmap:96 H264/90000\na=fmtp:packetization-mode=1").fmtp["packetization-mode"] == "1")
}

@Test func malformedLinesAreCountedAndPassedOver() throws {
    let found = try read("v=0\nrubbish\nm=video 0 RTP/AVP 96\na=rtpmap:banana\na=rtpmap:96 H264/90000\na=fmtp:96\nm=audio 0 RTP/AVP x\n=\n")
    #expect(found.medias.count == 1 && found.medias[0].codec == .h264)
    #expect(found.skippedLines == 5)
}

@Test(arguments: ["", "v=0\n", "<html></html>", "m=\n", "m=video 0 RTP/AVP 300\n"])
func aDescriptionWithoutMediaIsRefused(_ text: String) {
    #expect(throws: (any Error).self) { try read(text) }
}

@Test func capsOfDescriptionsHold() throws {
    #expect(throws: (any Error).self) { try SessionDescription(parsing: [UInt8](repeating: 0x0A, count: SessionDescription.longest + 1)) }
    let many = try read(String(repeating: "m=video 0 RTP/AVP 26\n", count: 900))
    #expect(many.medias.count == SessionDescription.mostMedias && many.skippedLines == 900 - SessionDescription.mostMedias)
    let lines = try read("m=video 0 RTP/AVP 26\n" + String(repeating: "a=x\n", count: 2 * SessionDescription.mostLines))
    #expect(lines.skippedLines == SessionDescription.mostLines + 1)
    let sets = Array(repeating: "Z" + String(repeating: "z", count: 1_399), count: 8).joined(separator: ",")
    let media = try media("m=video 0 RTP/AVP 96\na=rtpmap:96 H264/90000\na=fmtp:96 sprop-parameter-sets=\(sets)")
    #expect(media.parameterSets.joined().count <= SessionDescription.mostParameterSetBytes && media.parameterSets.count == 7)
    let rates = try read("m=video 0 RTP/AVP 26\n" + String(repeating: "a=rtpmap:96 H264/90000\n", count: 40))
    #expect(rates.skippedLines == 24)
}

private let sps: [UInt8] = [
    0x67, 0x42, 0xC0, 0x0A, 0xDA, 0x11, 0xE8, 0x40, 0x00, 0x00, 0x03, 0x00, 0x40, 0x00, 0x00, 0x07, 0xA3, 0xC4, 0x89, 0xA8,
]
private let pps: [UInt8] = [0x68, 0xCE, 0x03, 0x1C, 0x80]

@Test(arguments: [
    "Z0LACtoR6EAAAAMAQAAAB6PEiag=,aM4DHIA=", "Z0LACtoR6EAAAAMAQAAAB6PEiag=,aM4DHIA", "Z0LACtoR6EAAAAMAQAAAB6PEiag,aM4DHIA=,",
    ",Z0LACtoR6EAAAAMAQAAAB6PEiag===,,aM4DHIA====,", "Z0LACtoR6EAAAAMAQAAAB6PEiag=, aM4DHIA= ",
    // A start code before, zeros behind, a start code behind, both in one text, a unit that is no parameter set.
    "AAAAAWdCwAraEehAAAADAEAAAAejxImo,aM4DHIA=", "Z0LACtoR6EAAAAMAQAAAB6PEiagAA==,aM4DHIAA",
    "Z0LACtoR6EAAAAMAQAAAB6PEiagAAAAB,aM4DHIAAAAAB", "AAAAAWdCwAraEehAAAADAEAAAAejxImoAAAAAWjOAxyA",
    "Z0LACtoR6EAAAAMAQAAAB6PEiag=,aM4DHIA=,ZYiE", "Z0LACtoR6EAAAAMAQAAAB6PEiag=,aM4DHIA=,____",
])
func parameterSetsAreDecoded(_ text: String) throws {
    let media = try media("m=video 0 RTP/AVP 96\na=rtpmap:96 H264/90000\na=fmtp:96 sprop-parameter-sets=\(text)")
    #expect(media.parameterSets == [sps, pps])
    #expect(media.annexB == [0, 0, 0, 1] + sps + [0, 0, 0, 1] + pps)
}

@Test(arguments: [
    ("a=framesize:96 1920-1080", 1920, 1080), ("a=x-dimensions:1280,720", 1280, 720), ("a=x-dimensions: 352, 288", 352, 288),
    ("a=cliprect:0,0,576,720", 720, 576),
])
func sizesAreRead(_ line: String, _ width: Int, _ height: Int) throws {
    let media = try media("m=video 0 RTP/AVP 96\n" + line)
    #expect(media.width == width && media.height == height)
}

@Test(arguments: ["a=framesize:96 0-0", "a=x-dimensions:99999999999999,1", "a=cliprect:9,9,1,1", "a=x-dimensions:,", "a=framesize"])
func sillySizesAreNone(_ line: String) throws { #expect(try media("m=video 0 RTP/AVP 96\n" + line).width == nil) }

private let base = "rtsp://192.0.2.10:554"

@Test(arguments: [
    // Content-Base, Content-Location, control of the session, control of the media, URL of SETUP, URL of PLAY.
    ("", "", "", "", "/a/b", "/a/b"), ("", "", "*", "picture", "/a/b/picture", "/a/b"),
    ("rtsp://192.0.2.10/a/b/", "", "*", "picture", "/a/b/picture", "/a/b/"),
    ("rtsp://192.0.2.10:554/a/b", "", "*", "picture", "/a/b/picture", "/a/b"),
    ("rtsp://10.1.1.1:8554/a/b//", "", "*", "/picture", "/a/b//picture", "/a/b//"),
    ("", "rtsp://192.0.2.10/loc/", "*", "t", "/loc/t", "/loc/"), ("/only/path/", "", "*", "t", "/only/path/t", "/only/path/"),
    ("nonsense", "rtsp://h/loc", "*", "t", "/loc/t", "/loc"), ("", "", "*", "*", "/a/b", "/a/b"),
    ("", "", "*", "rtsp://u:p@10.0.0.1/x/y?q=1", "/x/y?q=1", "/a/b"), ("", "", "*", "/a/b/t1", "/a/b/t1", "/a/b"),
    ("", "", "*", "/t1", "/a/b/t1", "/a/b"), ("RTSP://h:1", "", "*", "t", "/t", "/"), ("rtsp://h?x=1", "", "*", "t", "/?x=1/t", "/?x=1"),
    ("", "", "rtsp://h/agg/?p=1", "t", "/agg/?p=1/t", "/agg/?p=1"), ("", "", "track", "t", "/a/b/t", "/a/b/track"),
    ("", "", "*", "a b\u{E9}", "/a/b/a%20b%C3%A9", "/a/b"),
])
func controlsAreJoined(
    _ contentBase: String, _ location: String, _ sessionControl: String, _ control: String, _ setUp: String, _ play: String
) throws {
    let address = try RTSPAddress("rtsp://192.0.2.10/a/b")
    let urls = ControlURL(
        address, contentBase: contentBase.isEmpty ? nil : contentBase, contentLocation: location.isEmpty ? nil : location)
    #expect(urls.media(control.isEmpty ? nil : control, sessionControl: sessionControl) == base + setUp)
    #expect(urls.aggregate(sessionControl) == base + play)
}
