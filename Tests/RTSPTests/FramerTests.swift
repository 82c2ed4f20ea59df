// Where items begin and end: caps, rubbish, and what is taken for a frame when the stream has to be searched.

import RTSP
import Testing

/// Everything the framer says about bytes that arrive at once, and where it stops.
private func items(_ bytes: [UInt8], _ framer: inout InterleavedFramer) -> (items: [InterleavedFramer.Item], position: Int) {
    var position = 0
    var result: [InterleavedFramer.Item] = []
    while true {
        let item = framer.next(bytes.span, position: &position)
        if item == .needsMore { return (result, position) }
        result.append(item)
        if case .broken = item { return (result, position) }
    }
}

private func items(_ bytes: [UInt8]) -> [InterleavedFramer.Item] {
    var framer = InterleavedFramer()
    return items(bytes, &framer).items
}

private func isBroken(_ bytes: [UInt8]) -> Bool {
    if case .broken = items(bytes).last { true } else { false }
}

@Test func framesAndMessagesFollowEachOther() {
    let message = RTSPMessage(.response(status: 200, reason: "OK"), headers: [.init("CSeq", "1")], body: [1, 2, 3])
    var expected = message
    expected.headers.append(.init("Content-Length", "3"))
    let bytes = interleavedFrame(0, [9]) + message.encoded() + interleavedFrame(255, [])
    #expect(
        items(bytes) == [
            .data(channel: 0, payload: 4..<5), .message(expected), .data(channel: 255, payload: bytes.count..<bytes.count),
        ])
}

@Test func theLongestFrameIsTaken() {
    let bytes = interleavedFrame(1, [UInt8](repeating: 0x24, count: 65_535))
    #expect(items(bytes) == [.data(channel: 1, payload: 4..<65_539)])
}

@Test(arguments: [
    ("RTSP/1.0 200 OK", 200, "OK"), ("RTSP/1.0 200OK", 200, "OK"), ("RTSP/1.0 404", 404, ""),
    ("RTSP/1.0   454   No  session ", 454, "No  session"),
    ("RTSP/2.0 200 OK", 200, "OK"),
])
func startLinesAreForgiven(_ line: String, _ status: Int, _ reason: String) {
    #expect(items(wire(line)) == [.message(RTSPMessage(.response(status: status, reason: reason)))])
}

@Test(arguments: [
    "RTSP/1.0 20", "RTSP/1.0 2000 OK", "RTSP/1.0 OK", "RTSP/1.0", "RTSP/1.0 099 X", "RTSP/ 1", "HELLO world", "GET / HTTP/1.1",
])
func whatIsNoMessageIsSkipped(_ line: String) {
    var framer = InterleavedFramer()
    let good = wire("RTSP/1.0 200 OK")
    let found = items(wire(line) + good, &framer)
    #expect(found.items.last == .message(RTSPMessage(.response(status: 200, reason: "OK"))))
    #expect(framer.resynchronisations == 1)
    #expect(framer.skippedBytes == wire(line).count)
}

@Test func headersAreReadInAnyCaseAndFolded() {
    let message = items(wire("RTSP/1.0 200 OK\nX-A :  1 \nnonsense\nwww-authenticate: a,\n  b\nWWW-Authenticate: c\n: empty\nB:\u{1}x"))
    guard case .message(let read) = message.first else {
        Issue.record("no message")
        return
    }
    #expect(read["x-a"] == "1" && read.all("WWW-AUTHENTICATE") == ["a, b", "c"] && read["b"] == "x" && read["none"] == nil)
}

@Test func capsHold() {
    #expect(isBroken(Array("RTSP/1.0 200 OK\r\nA: ".utf8) + [UInt8](repeating: 0x61, count: InterleavedFramer.longestHead)))
    let many = (0...InterleavedFramer.mostHeaders).map { "A: \($0)\n" }.joined()
    #expect(isBroken(wire("RTSP/1.0 200 OK\n" + many)))
    #expect(isBroken(wire("RTSP/1.0 200 OK\nContent-Length: \(InterleavedFramer.longestBody + 1)")))
    #expect(isBroken(wire("RTSP/1.0 200 OK\nContent-Length: 99999999999999999999999")))
    #expect(!isBroken(wire("RTSP/1.0 200 OK\nContent-Length: \(InterleavedFramer.longestBody)")))
    #expect(!isBroken(wire("RTSP/1.0 200 OK\nContent-Length: -7")))
    #expect(isBroken([UInt8](repeating: 0xFF, count: InterleavedFramer.longestSkip + 1)))
    #expect(isBroken([UInt8](repeating: 0x0A, count: InterleavedFramer.longestSkip + 1)))
    // An upper-case word is no promise of a message.
    let word = Array("HELLO ".utf8) + [UInt8](repeating: 0x61, count: InterleavedFramer.longestHead)
    #expect(items(word + wire("RTSP/1.0 200 OK")).last == .message(RTSPMessage(.response(status: 200, reason: "OK"))))
}

@Test func oneSentenceIsTheLastOne() {
    var framer = InterleavedFramer()
    let bytes = [UInt8](repeating: 0xFF, count: InterleavedFramer.longestSkip + 1)
    let first = items(bytes, &framer).items.last
    var position = 0
    let good = interleavedFrame(0, [1])
    #expect(framer.next(good.span, position: &position) == first && position == 0)
}

@Test func aFrameFoundInRubbishIsPlausible() {
    func found(_ bytes: [UInt8], channels: Set<UInt8>? = nil) -> Int? {
        var framer = InterleavedFramer()
        framer.expectedChannels = channels
        return items([0xFF] + bytes, &framer).items.lazy.compactMap {
            if case .data(_, let payload) = $0 { payload.lowerBound - 5 } else { nil }
        }
        .first
    }
    let plain = [UInt8](repeating: 0x80, count: 15)
    let good = interleavedFrame(0, plain) + interleavedFrame(1, plain)
    #expect(found(good) == 0)
    // A channel nobody uses, a length no packet has, a frame that nothing plausible follows: the next one is taken.
    #expect(found(interleavedFrame(200, plain) + good) == interleavedFrame(200, plain).count)
    #expect(found(interleavedFrame(0, [1, 2]) + good) == 6)
    #expect(found([0x24, 0, 0, 9] + good) == 4)
    #expect(found(interleavedFrame(0, plain) + [0x24, 99, 0, 8] + good) == interleavedFrame(0, plain).count + 4)
    #expect(found(interleavedFrame(4, plain) + good, channels: [0, 1]) == interleavedFrame(4, plain).count)
    // It may be a frame: the bytes that tell are waited for, and some KiB later the good one is found.
    let doubt: [UInt8] = [0x24, 1, 0x24, 0] + plain
    #expect(found(doubt + good) == nil)
    #expect(found(doubt + (0..<2_000).flatMap { _ in interleavedFrame(0, plain) }) == doubt.count)
    // A response inside the claimed payload is not waited away.
    var framer = InterleavedFramer()
    let response = wire("RTSP/1.0 200 OK")
    #expect(
        items([0xFF, 0x24, 0, 0xFF, 0xFF] + response, &framer).items == [
            .skipped(bytes: 5), .message(RTSPMessage(.response(status: 200, reason: "OK"))),
        ])
}

/// A drip of one byte must not cost the square of the length.
@Test func nothingIsSearchedTwice() {
    let head = Array("RTSP/1.0 200 OK\r\nA: ".utf8) + [UInt8](repeating: 0x61, count: 15_000) + Array("\r\n\r\n".utf8)
    let dollars: [UInt8] = [0xFF] + [[UInt8]](repeating: [0x24, 0, 0xFF, 0xFF], count: 16_000).joined()
    for bytes in [head, dollars] {
        let duration = ContinuousClock().measure {
            var framer = InterleavedFramer()
            var consumed = 0
            for end in 1...bytes.count {
                var position = 0
                while framer.next(bytes.span.extracting(consumed..<end), position: &position) != .needsMore {}
                consumed += position
            }
        }
        #expect(duration < .seconds(60))
    }
}
