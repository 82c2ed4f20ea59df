// Encode → write → open → decode, for every codec a camera speaks.

import Base
import Domain
import Foundation
import Media
import TestKit
import Testing

@Suite struct ClipTests {
    static let cases: [(VideoCodec, String)] = [(.h264, "mp4"), (.h264, "mkv"), (.h265, "mp4"), (.h265, "mkv"), (.mjpeg, "mkv")]

    @Test(arguments: cases) func everyPictureComesBack(codec: VideoCodec, format: String) throws {
        let path = try temporaryFolder() + "/clip." + format
        let settings = settings(codec)
        try writeClip(path, settings, count: 30)
        let source = try PacketSource.openFile(path: path, interrupt: Interrupt())
        #expect(source.parameters.codec == codec)
        #expect(source.parameters.width == 320 && source.parameters.height == 192)
        #expect(abs((source.parameters.framesPerSecond ?? 0) - 25) < 0.1)
        let (pictures, skipped) = try readAll(source, keepPredicted: true)
        #expect(pictures.count == 30 && skipped == 0)
        #expect(pictures.filter(\.isKey).count == (codec == .mjpeg ? 30 : 3))
        let decoder = try Decoder(source.parameters, skipLoopFilter: false)
        var index = 0
        let examine: (borrowing Frame) throws -> Void = { frame in
            #expect(!frame.isDamaged && frame.width == 320 && frame.height == 192)
            #expect(abs((frame.ptsSeconds ?? -1) - Double(index) / 25) < 0.002)
            let difference = frame.withLuma { meanDifference($0, $1, scene(index, width: 320, height: 192).y) }
            #expect(difference < 4, "picture \(index) differs by \(difference)")
            index += 1
        }
        for picture in pictures {
            if case .damaged(let why) = try decoder.decode(picture, examine) { Issue.record("damaged: \(why)") }
        }
        try decoder.drain(examine)
        #expect(index == 30)
    }

    @Test(arguments: [VideoCodec.h264, .h265]) func keyPicturesDecodeAloneInAPool(codec: VideoCodec) throws {
        let path = try temporaryFolder() + "/clip.mp4"
        try writeClip(path, settings(codec), count: 40)
        let source = try PacketSource.openFile(path: path, interrupt: Interrupt())
        let (pictures, skipped) = try readAll(source, keepPredicted: false)
        #expect(pictures.count == 4 && skipped == 36)
        let pool = DecoderPool(capacity: 2)
        // Backwards, so that any history would show.
        for (place, picture) in pictures.enumerated().reversed() {
            let outcome = try pool.decodeKey(picture, source.parameters) { frame in
                let isDamaged = frame.isDamaged
                #expect(!isDamaged)
                #expect(abs((frame.ptsSeconds ?? -1) - Double(place) * 0.4) < 0.002)
                let difference = frame.withLuma { meanDifference($0, $1, scene(place * 10, width: 320, height: 192).y) }
                #expect(difference < 5)
            }
            #expect(outcome == .frames(1))
        }
        #expect(pool.made == 1)
    }

    @Test func poolEvictsTheLongestUnused() throws {
        let pool = DecoderPool(capacity: 2)
        var streams: [(CodedPicture, StreamParameters)] = []
        for width in [160, 192, 224] {
            let coded = try encodeScene(settings(.h264, width: width, height: 96), count: 1)
            let parameters = StreamParameters(codec: .h264, width: width, height: 96, extradata: [])
            streams.append((try CodedPicture(bytes: coded[0].bytes, isKey: true, ptsSeconds: 0, parameters: parameters), parameters))
        }
        for index in [0, 1, 0, 2, 0, 1] {
            var seen = 0
            let outcome = try pool.decodeKey(streams[index].0, streams[index].1) { seen = $0.width }
            #expect(outcome == .frames(1) && seen == streams[index].1.width)
        }
        // 0, 1 made; 2 evicts 1; 1 made again.
        #expect(pool.made == 4 && pool.count == 2)
    }

    @Test func poolServesStreamsThatDifferOnlyInBandWithoutMixingThemUp() throws {
        // Same codec, size and (empty) extradata, other parameter sets inside the pictures.
        let pool = DecoderPool(capacity: 1)
        let parameters = StreamParameters(codec: .h264, width: 320, height: 192, extradata: [])
        var fast = settings(.h264)
        fast.preset = .ultrafast
        let streams = [try encodeScene(settings(.h264), count: 1), try encodeScene(fast, count: 1)]
        for round in 0..<6 {
            let picture = try CodedPicture(
                bytes: streams[round % 2][0].bytes, isKey: true, ptsSeconds: nil, parameters: parameters)
            let outcome = try pool.decodeKey(picture, parameters) { frame in
                let isDamaged = frame.isDamaged
                #expect(!isDamaged)
                #expect(frame.withLuma { meanDifference($0, $1, scene(0, width: 320, height: 192).y) } < 5)
            }
            #expect(outcome == .frames(1))
        }
        #expect(pool.made == 1)
    }

    @Test func whatADecoderSawBeforeChangesNoKeyPicture() throws {
        let parameters = StreamParameters(codec: .h264, width: 320, height: 192, extradata: [])
        func key(_ bytes: [UInt8]) throws -> CodedPicture {
            try CodedPicture(bytes: bytes, isKey: true, ptsSeconds: nil, parameters: parameters)
        }
        func luma(_ picture: CodedPicture, _ pool: DecoderPool) throws -> (outcome: DecodeOutcome, damaged: Bool, bytes: [UInt8]) {
            var (damaged, bytes) = (true, [UInt8]())
            let outcome = try pool.decodeKey(picture, parameters) { frame in
                damaged = frame.isDamaged
                bytes = frame.withLuma { luma, _ in luma.withUnsafeBufferPointer { Array($0) } }
            }
            return (outcome, damaged, bytes)
        }
        let coded = try encodeScene(settings(.h264), count: 21)
        let keys = try coded.filter(\.isKey).map { try key($0.bytes) }
        // A picture cut short, one that is no key picture although it is said to be, and nothing but parameter sets.
        let first = coded[0].bytes
        let odd = try [key(Array(first.prefix(first.count / 2))), key(coded[3].bytes), key(Array(first.prefix(30)))]
        let alone = try keys.map { try luma($0, DecoderPool(capacity: 1)) }
        let pool = DecoderPool(capacity: 1)
        for round in 0..<12 {
            let place = round % keys.count
            let seen = try luma(keys[place], pool)
            #expect(seen.outcome == .frames(1) && !seen.damaged && seen.bytes == alone[place].bytes, "round \(round)")
            if round % 2 == 1 { _ = try? luma(odd[round / 2 % odd.count], pool) }
        }
        #expect(pool.made == 1)
    }

    @Test(arguments: [VideoCodec.h264, .h265]) func annexBOfAFileEqualsWhatTheEncoderWrote(codec: VideoCodec) throws {
        let path = try temporaryFolder() + "/clip.mp4"
        let coded = try encodeScene(settings(codec), count: 12)
        let writer = try ClipWriter(path: path, settings: settings(codec))
        for picture in coded { try writer.append(picture) }
        try writer.finish()
        let source = try PacketSource.openFile(path: path, interrupt: Interrupt())
        let (pictures, _) = try readAll(source, keepPredicted: true)
        let pool = DecoderPool(capacity: 1)
        let bare = StreamParameters(codec: codec, width: 320, height: 192, extradata: [])
        for (picture, original) in zip(pictures, coded) {
            #expect(picture.isKey == original.isKey)
            let bytes = picture.bytesAnnexB()
            // Start codes may be three or four bytes long; the NAL units are what must agree, parameter sets included.
            #expect(units(bytes) == units(original.bytes))
            if picture.isKey {
                let alone = try CodedPicture(bytes: bytes, isKey: true, ptsSeconds: nil, parameters: bare)
                var isSound = false
                let outcome = try pool.decodeKey(alone, bare) { isSound = !$0.isDamaged }
                #expect(outcome == .frames(1) && isSound)
            }
        }
    }

    @Test func groupsAreClosedAndRegularAndTheRateIsHeld() throws {
        for codec in [VideoCodec.h264, .h265] {
            let coded = try encodeScene(settings(codec, gop: 25, bitrate: 400_000), count: 150)
            #expect(coded.map(\.index) == Array(0..<150))
            #expect(coded.filter(\.isKey).map(\.index) == [0, 25, 50, 75, 100, 125])
            let bitsPerSecond = coded.reduce(0) { $0 + $1.bytes.count } * 8 / 6
            #expect(bitsPerSecond < 480_000, "\(codec): \(bitsPerSecond)")
            let headers = coded.filter(\.isKey).allSatisfy { units($0.bytes).count >= (codec == .h264 ? 3 : 4) }
            #expect(headers, "each key picture brings its parameter sets")
        }
    }

    @Test func jpegOfAFrameIsAPictureAgain() throws {
        let parameters = StreamParameters(codec: .h264, width: 320, height: 192, extradata: [])
        let coded = try encodeScene(settings(.h264), count: 1)
        let picture = try CodedPicture(bytes: coded[0].bytes, isKey: true, ptsSeconds: nil, parameters: parameters)
        var jpegs: [Int: [UInt8]] = [:]
        _ = try DecoderPool(capacity: 1).decodeKey(picture, parameters) { frame in
            for width in [1920, 320, 201, 64] { jpegs[width] = try frame.jpeg(maxWidth: width, quality: 85, masking: []) }
            let small = try frame.jpeg(maxWidth: 320, quality: 20, masking: [])
            #expect(small.count < (jpegs[320] ?? []).count)
        }
        for (width, expected) in [(1920, (320, 192)), (320, (320, 192)), (201, (200, 120)), (64, (64, 38))] {
            let jpeg = try #require(jpegs[width])
            #expect(jpeg.prefix(2) == [0xFF, 0xD8] && jpeg.suffix(2) == [0xFF, 0xD9])
            let format = StreamParameters(codec: .mjpeg, width: 0, height: 0, extradata: [])
            let still = try CodedPicture(bytes: jpeg, isKey: true, ptsSeconds: nil, parameters: format)
            let outcome = try DecoderPool(capacity: 1).decodeKey(still, format) { frame in
                #expect(!frame.isDamaged && frame.width == expected.0 && frame.height == expected.1)
                guard frame.width == 320 else { return }
                // Full range now: 16…235 became 0…255.
                let wanted = scene(0, width: 320, height: 192).y.map { UInt8(clamping: (Int($0) - 16) * 255 / 219) }
                #expect(frame.withLuma { meanDifference($0, $1, wanted) } < 6)
            }
            #expect(outcome == .frames(1))
        }
    }

    @Test func impossibleSettingsAndFilesAreRefused() throws {
        var odd = settings(.h264)
        odd.width = 321
        #expect(kind { _ = try VideoEncoder(odd) } == .invalidInput)
        #expect(kind { _ = try VideoEncoder(settings(.other)) } == .unsupported)
        let encoder = try VideoEncoder(settings(.h264))
        #expect(kind { _ = try encoder.encode(y: [1, 2, 3], u: [], v: []) } == .invalidInput)
        let directory = try temporaryFolder()
        #expect(kind { _ = try ClipWriter(path: directory + "/clip.unknown", settings: settings(.h264)) } == .invalidInput)
        #expect(kind { _ = try ClipWriter(path: directory + "/no/such/dir/clip.mp4", settings: settings(.h264)) } == .notFound)
        #expect(kind { _ = try PacketSource.openFile(path: directory + "/absent.mp4", interrupt: Interrupt()) } == .notFound)
        for path in ["http://127.0.0.1:1/x.mp4", "concat:a|b", "rtsp://127.0.0.1:1/x"] {
            #expect(kind { _ = try PacketSource.openFile(path: path, interrupt: Interrupt()) } == .notFound, "\(path) is a file name")
        }
        for (name, text) in [
            ("text.mp4", "this is no video at all, however long one looks at it"), ("empty.mp4", ""),
            ("list.m3u8", "#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\n/etc/passwd\n#EXT-X-ENDLIST\n"),
        ] {
            try Data(text.utf8).write(to: URL(fileURLWithPath: "\(directory)/\(name)"))
            let refused = kind { _ = try PacketSource.openFile(path: "\(directory)/\(name)", interrupt: Interrupt()) }
            #expect(refused == .invalidInput, "\(name): \(String(describing: refused))")
        }
    }

    @Test func openingAndClosingLeavesNothingBehind() throws {
        let path = try temporaryFolder() + "/clip.mp4"
        try writeClip(path, settings(.h264), count: 3)
        let before = openDescriptors()
        for _ in 0..<200 {
            let source = try PacketSource.openFile(path: path, interrupt: Interrupt())
            _ = try source.read(timeout: .seconds(1), keepPredicted: false)
            source.close()
            source.close()
            #expect(kind { _ = try source.read(timeout: .seconds(1), keepPredicted: false) } == .cancelled)
        }
        // Other tests of this process run at the same time and hold a few of their own.
        #expect(openDescriptors() < before + 50)
    }
}

/// The kind of failure that `body` throws, or nil.
func kind(_ body: () throws -> Void) -> Failure.Kind? {
    do {
        try body()
        return nil
    } catch let failure as Failure {
        return failure.kind
    } catch {
        return nil
    }
}

/// The NAL units of Annex B bytes, split the slow and obvious way.
func units(_ bytes: [UInt8]) -> [[UInt8]] {
    var starts: [(code: Int, unit: Int)] = []
    var index = 0
    while index + 2 < bytes.count {
        if bytes[index] == 0, bytes[index + 1] == 0, bytes[index + 2] == 1 {
            starts.append((index, index + 3))
            index += 3
        } else {
            index += 1
        }
    }
    return starts.indices.map { place in
        var unit = Array(bytes[starts[place].unit..<(place + 1 < starts.count ? starts[place + 1].code : bytes.count)])
        while unit.last == 0 { unit.removeLast() }
        return unit
    }
}
