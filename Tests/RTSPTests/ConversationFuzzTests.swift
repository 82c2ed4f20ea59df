// Conversations changed at random: no trap, no endless loop, caps that hold, and a stop that always works. The seed is printed.

import Base
import Domain
import Foundation
import RTSP
import Testing

/// 20,000 by default, divided among the tests of this file; `SNOWLIGHT_FUZZ_INPUTS=1000000` for the long run.
private let inputs = ProcessInfo.processInfo.environment["SNOWLIGHT_FUZZ_INPUTS"].flatMap { Int($0) } ?? 20_000

/// Changes bytes the way lines, memories and malice do.
private struct Mutation {
    var generator: SeededGenerator

    private mutating func below(_ limit: Int) -> Int { Int.random(in: 0..<max(1, limit), using: &generator) }

    private mutating func range(_ bytes: [UInt8], longest: Int = 64) -> Range<Int> {
        let start = below(bytes.count + 1)
        return start..<min(bytes.count, start + below(longest + 1))
    }

    mutating func change(_ bytes: inout [UInt8], other: [UInt8]) {
        guard !bytes.isEmpty else { return }
        switch below(10) {
        case 0, 1: bytes[below(bytes.count)] ^= UInt8(1 << below(8))
        case 2: bytes[below(bytes.count)] = UInt8.random(in: .min ... .max, using: &generator)
        case 3: bytes.removeLast(below(bytes.count))
        case 4: bytes.removeSubrange(range(bytes))
        case 5: bytes.insert(contentsOf: bytes[range(bytes)], at: below(bytes.count + 1))
        case 6: bytes.insert(contentsOf: other[range(other, longest: 400)], at: below(bytes.count + 1))
        case 7: digit(&bytes)
        case 8: bytes.insert(contentsOf: Self.spices[below(Self.spices.count)], at: below(bytes.count + 1))
        default: frameLength(&bytes)
        }
    }

    /// Numbers: lengths, timeouts, channels, payload types.
    private mutating func digit(_ bytes: inout [UInt8]) {
        let start = below(bytes.count)
        guard let index = bytes[start...].firstIndex(where: { (0x30...0x39).contains($0) }) else { return }
        bytes.insert(contentsOf: [UInt8](repeating: 0x30 + UInt8(below(10)), count: below(22)), at: index)
    }

    private mutating func frameLength(_ bytes: inout [UInt8]) {
        let start = below(bytes.count)
        guard let index = bytes[start...].firstIndex(of: 0x24), index + 3 < bytes.count else { return }
        bytes[index + 1 + below(3)] = UInt8.random(in: .min ... .max, using: &generator)
    }

    private static let spices: [[UInt8]] = [
        Array("\r\n".utf8), Array("\r\n\r\n".utf8), Array("\n ".utf8), [0], [0x24], [0x24, 0, 0xFF, 0xFF], [0x24, 0, 0, 0],
        Array("\"".utf8),
        Array("\\".utf8), Array(",".utf8), Array(";".utf8), Array("=".utf8), Array("RTSP/1.0 ".utf8), Array("RTSP/1.0 401 X\r\n".utf8),
        Array("Content-Length: 65536\r\n".utf8), Array("WWW-Authenticate: Digest nonce=\"".utf8), Array("m=video 0 RTP/AVP 96\r\n".utf8),
        Array("%".utf8), [0xC3], [0xF0, 0x9F], Array("OPTIONS * RTSP/1.0\r\n\r\n".utf8), [UInt8](repeating: 0x41, count: 300),
    ]
}

@Test func changedConversationsNeverTrapAndKeepTheirCaps() throws {
    let pool = conversations + refusingConversations
    let fresh = try pool.map { try $0.replay() }
    for input in 0..<inputs / 4 {
        let seed = UInt64(input)
        var mutation = Mutation(generator: SeededGenerator(seed: seed))
        let choice = Int.random(in: 0..<pool.count, using: &mutation.generator)
        var bytes = pool[choice].bytes
        for _ in 0..<Int.random(in: 1...6, using: &mutation.generator) {
            mutation.change(&bytes, other: pool[Int.random(in: 0..<pool.count, using: &mutation.generator)].bytes)
        }
        // `Replay` itself stops the run when a position moves backwards or more is carried over than the longest item.
        var whole = fresh[choice]
        whole.deliver(bytes)
        var cut = fresh[choice]
        var rest = bytes[...]
        while !rest.isEmpty {
            let piece = rest.prefix(Int.random(in: 1...700, using: &mutation.generator))
            cut.deliver(piece)
            rest = rest.dropFirst(piece.count)
        }
        let isSame = whole.happenings == cut.happenings && (whole.isOver || whole.framer.skippedBytes == cut.framer.skippedBytes)
        let isAccounted = whole.isOver || whole.understood + whole.framer.skippedBytes == whole.consumed
        // The shortest answer has 14 bytes; the first request and TEARDOWN need none.
        let isBounded =
            whole.sent.count <= bytes.count / 14 + 2 && whole.sent.allSatisfy { $0.utf8.count < 16 << 10 && isLines(Array($0.utf8)) }
        var stopped = cut
        stopped.tick(.seconds(11))
        stopped.stop()
        guard isSame, isAccounted, isBounded, stopped.isOver else {
            Issue.record("seed \(seed): same \(isSame), accounted \(isAccounted), bounded \(isBounded), stopped \(stopped.isOver)")
            return
        }
    }
}

/// What we send is lines without any control character in them, and ends with one empty line.
private func isLines(_ bytes: [UInt8]) -> Bool {
    let lines = bytes.split(separator: 0x0A, omittingEmptySubsequences: false)
    return lines.count >= 3 && lines.suffix(2).elementsEqual([[0x0D], []])
        && lines.dropLast(2).allSatisfy { $0.count > 1 && $0.last == 0x0D && $0.dropLast().allSatisfy { $0 >= 0x20 && $0 != 0x7F } }
}

@Test func changedDescriptionsAndChallengesNeverTrap() throws {
    let seeds = [
        Array(
            "v=0\nm=video 0 RTP/AVP 96\na=rtpmap:96 H264/90000\na=fmtp:96 sprop-parameter-sets=Z0LACtoR6EAAAAMAQAAAB6PEiag=,aM4DHIA=\na=cliprect:0,0,5,7"
                .utf8),
        Array("Digest realm=\"a, b\", nonce=\"x\\\"y\", qop=\"auth,auth-int\", algorithm=SHA-256, stale=true, Basic realm=z".utf8),
    ]
    for input in 0..<inputs / 2 {
        var mutation = Mutation(generator: SeededGenerator(seed: UInt64(input)))
        var bytes = seeds[input % 2]
        for _ in 0..<8 { mutation.change(&bytes, other: seeds[Int.random(in: 0...1, using: &mutation.generator)]) }
        if let found = try? SessionDescription(parsing: bytes) {
            let isBounded = found.medias.allSatisfy {
                $0.payloadType < 128 && $0.clockRate > 0 && $0.annexB.count < 64 << 10 && ($0.width ?? 1) > 0 && ($0.height ?? 1) > 0
            }
            #expect(isBounded && found.medias.count <= SessionDescription.mostMedias, "seed \(input)")
        }
        var authenticator = Authenticator(Credentials(user: "u", password: "p"))
        let text = String(decoding: bytes, as: UTF8.self)
        if authenticator.take([text, text], wasAnswered: false, using: &mutation.generator) == .answer {
            #expect(authenticator.authorisation(method: "PLAY", url: "rtsp://h/")?.isEmpty == false, "seed \(input)")
        }
    }
}

/// What a framer made of bytes: its items with the bytes themselves, and its counters.
private struct Framed: Equatable {
    var items: [[UInt8]] = []
    var isBroken = false
    var skipped = 0
    var resynchronisations = 0
    var consumed = 0

    /// - Parameter pieces: Lengths of what arrives at once; the last is followed by all that is left.
    init(_ bytes: [UInt8], pieces: [Int]) {
        var framer = InterleavedFramer()
        var end = 0
        for piece in pieces + [bytes.count] where end < bytes.count && !isBroken {
            end = min(bytes.count, end + piece)
            var position = 0
            let window = bytes.span.extracting(consumed..<end)
            loop: while true {
                let before = position
                switch framer.next(window, position: &position) {
                case .needsMore: break loop
                case .broken:
                    isBroken = true
                    break loop
                case .skipped: break
                case .data, .message: items.append(Array(bytes[consumed + before..<consumed + position]))
                }
                precondition(position > before, "every item has a length")
            }
            consumed += position
        }
        skipped = framer.skippedBytes
        resynchronisations = framer.resynchronisations
        precondition(isBroken || items.joined().count + skipped == consumed, "every byte is accounted for")
    }
}

@Test func rubbishIsFramedTheSameHoweverItIsCut() {
    let words: [[UInt8]] = [
        [0x24], [0x24, 0, 0, 8], [0x24, 1, 0, 12], [0x24, 0, 0, 30], [0x24, 0, 2, 0], [0x24, 99], [0], [1], [0xFF, 0x80],
        Array("\r\n".utf8),
        Array("\n".utf8), Array("\r".utf8), Array("RTSP/1.0 200 OK\r\n\r\n".utf8), Array("RTSP/1.0 ".utf8), Array("RTSP".utf8),
        Array("R".utf8),
        Array("200 OK\r\n".utf8), Array("Content-Length: 9\r\n".utf8), Array("OPTIONS * RTSP/1.0\n\n".utf8), Array("PLAY ".utf8),
        Array("ABC".utf8),
        interleavedFrame(0, numberedPacket(1)), interleavedFrame(1, numberedPacket(2)), [UInt8](repeating: 0x80, count: 40),
    ]
    for input in 0..<inputs / 4 {
        var generator = SeededGenerator(seed: UInt64(input))
        var bytes: [UInt8] = []
        for _ in 0..<Int.random(in: 1...60, using: &generator) { bytes += words[Int.random(in: words.indices, using: &generator)] }
        let longest = [1, 7, 60, 400][input % 4]
        let pieces = (0..<bytes.count).map { _ in Int.random(in: 1...longest, using: &generator) }
        #expect(Framed(bytes, pieces: pieces) == Framed(bytes, pieces: []), "seed \(input)")
    }
}
