// Damaged pictures: never a crash, never handed on as sound when the decoder could know.

import Base
import Domain
import Media
import Testing

@Suite struct DamageTests {
    struct Tally { var inputs = 0, clean = 0, damaged = 0, nothing = 0, silentlyWrong = 0 }

    /// No checksum covers residual bits, so a few changed bits may decode to another picture; most must be noticed. FFmpeg 5.1's
    /// H.265 decoder notices nearly nothing inside a slice, so for it only survival and recovery are asked.
    @Test(arguments: [(VideoCodec.h264, 0.05), (.h265, 1), (.mjpeg, 0.10)])
    func mutatedKeyPictures(codec: VideoCodec, silentShare: Double) throws {
        let seed: UInt64 = 20_261_123
        var random = SeededGenerator(seed: seed)
        let coded = try encodeScene(settings(codec, width: 160, height: 96, gop: 1), count: 4)
        let parameters = StreamParameters(codec: codec, width: 160, height: 96, extradata: [])
        let pool = DecoderPool(capacity: 1)
        var tally = Tally()
        for round in 0..<600 {
            let original = coded[round % 4]
            var bytes = original.bytes
            switch round % 3 {
            case 0:
                for _ in 0..<Int.random(in: 1...4, using: &random) {
                    bytes[Int.random(in: 0..<bytes.count, using: &random)] ^= UInt8.random(in: 1...255, using: &random)
                }
            case 1:
                let from = Int.random(in: 0..<bytes.count, using: &random)
                let to = min(from + Int.random(in: 1...64, using: &random), bytes.count)
                for index in from..<to { bytes[index] = UInt8.random(in: 0...255, using: &random) }
            default: bytes.removeLast(Int.random(in: 1..<bytes.count, using: &random))
            }
            let picture = try CodedPicture(bytes: bytes, isKey: true, ptsSeconds: nil, parameters: parameters)
            tally.inputs += 1
            var lent = false
            _ = try pool.decodeKey(picture, parameters) { frame in
                lent = true
                if frame.isDamaged { tally.damaged += 1 } else { tally.clean += 1 }
                guard !frame.isDamaged else { return }
                let wanted = scene(original.index, width: 160, height: 96).y
                if frame.width != 160 || frame.height != 96 || frame.withLuma({ meanDifference($0, $1, wanted) }) > 8 {
                    tally.silentlyWrong += 1
                }
            }
            if !lent { tally.nothing += 1 }
            // The decoder is as good as new for the next camera.
            if round % 50 == 49 {
                let sound = try CodedPicture(bytes: original.bytes, isKey: true, ptsSeconds: nil, parameters: parameters)
                var isSound = false
                let outcome = try pool.decodeKey(sound, parameters) { isSound = !$0.isDamaged }
                #expect(outcome == .frames(1) && isSound, "seed \(seed) round \(round)")
            }
        }
        print("\(codec) seed \(seed): \(tally)")
        #expect(Double(tally.silentlyWrong) / Double(tally.inputs) < silentShare)
        if codec != .h265 { #expect(tally.damaged + tally.nothing > tally.inputs / 2) }
    }

    @Test(arguments: [VideoCodec.h264, .h265]) func aMissingReferenceIsNoticed(codec: VideoCodec) throws {
        let coded = try encodeScene(settings(codec, gop: 30), count: 12)
        let parameters = StreamParameters(codec: codec, width: 320, height: 192, extradata: [])
        let decoder = try Decoder(parameters, skipLoopFilter: false)
        var damaged: [Int] = []
        for picture in coded where picture.index != 5 {
            let taken = try CodedPicture(
                bytes: picture.bytes, isKey: picture.isKey, ptsSeconds: Double(picture.index) / 25, parameters: parameters)
            _ = try decoder.decode(taken) { frame in
                if frame.isDamaged { damaged.append(Int(((frame.ptsSeconds ?? 0) * 25).rounded())) }
            }
        }
        #expect(damaged == [6, 7, 8, 9, 10, 11], "picture 5 was lost, and damage stays until the next key picture")
    }

    @Test(arguments: [VideoCodec.h264, .h265]) func aSoundKeyPictureEndsTheDamage(codec: VideoCodec) throws {
        let coded = try encodeScene(settings(codec, gop: 6), count: 16)
        let parameters = StreamParameters(codec: codec, width: 320, height: 192, extradata: [])
        let decoder = try Decoder(parameters, skipLoopFilter: false)
        var damaged: [Int] = []
        // Picture 11 is the last before a key picture, so its loss hurts nobody.
        for picture in coded where picture.index != 3 && picture.index != 11 {
            let taken = try CodedPicture(
                bytes: picture.bytes, isKey: picture.isKey, ptsSeconds: Double(picture.index) / 25, parameters: parameters)
            _ = try decoder.decode(taken) { frame in
                if frame.isDamaged { damaged.append(Int(((frame.ptsSeconds ?? 0) * 25).rounded())) }
            }
        }
        #expect(damaged == [4, 5])
    }

    @Test(arguments: [VideoCodec.h264, .h265]) func predictedPicturesWithoutAnyKeyAreNoCleanFrames(codec: VideoCodec) throws {
        let coded = try encodeScene(settings(codec, gop: 30), count: 12)
        let parameters = StreamParameters(codec: codec, width: 320, height: 192, extradata: [])
        let decoder = try Decoder(parameters, skipLoopFilter: false)
        for picture in coded.dropFirst() {
            let taken = try CodedPicture(bytes: picture.bytes, isKey: false, ptsSeconds: nil, parameters: parameters)
            _ = try decoder.decode(taken) { if !$0.isDamaged { Issue.record("picture \(picture.index) looks sound") } }
        }
    }

    @Test(arguments: [VideoCodec.h264, .h265]) func mutatedStreamsNeverCrash(codec: VideoCodec) throws {
        let seed: UInt64 = 4100
        var random = SeededGenerator(seed: seed)
        let coded = try encodeScene(settings(codec, width: 160, height: 96), count: 20)
        let parameters = StreamParameters(codec: codec, width: 160, height: 96, extradata: [])
        let decoder = try Decoder(parameters, skipLoopFilter: false)
        var frames = 0
        for _ in 0..<15 {
            for picture in coded {
                var bytes = picture.bytes
                for _ in 0..<Int.random(in: 0...3, using: &random) {
                    bytes[Int.random(in: 0..<bytes.count, using: &random)] = UInt8.random(in: 0...255, using: &random)
                }
                let taken = try CodedPicture(bytes: bytes, isKey: picture.isKey, ptsSeconds: nil, parameters: parameters)
                _ = try decoder.decode(taken) { frame in
                    frames += 1
                    frame.withLuma { luma, shape in #expect(luma.count >= shape.stride * (shape.height - 1) + shape.width) }
                }
            }
        }
        #expect(frames > 0, "seed \(seed)")
    }

    @Test func emptyAndForgedPictures() throws {
        let parameters = StreamParameters(codec: .h264, width: 320, height: 192, extradata: [])
        let pool = DecoderPool(capacity: 1)
        for bytes: [UInt8] in [
            [], [0], [0, 0, 0, 1], [0, 0, 0, 1, 0x67], Array(repeating: 0xFF, count: 4000), Array(repeating: 0, count: 4000),
        ] {
            let picture = try CodedPicture(bytes: bytes, isKey: true, ptsSeconds: nil, parameters: parameters)
            let outcome = try pool.decodeKey(picture, parameters) { _ in Issue.record("a frame from nothing") }
            if case .damaged = outcome { continue }
            Issue.record("\(outcome)")
        }
        // A JPEG head that announces 65,500 × 65,500 pixels.
        var jpeg = try encodeScene(settings(.mjpeg), count: 1)[0].bytes
        let start = try #require((0..<jpeg.count - 1).first { jpeg[$0] == 0xFF && jpeg[$0 + 1] == 0xC0 })
        jpeg.replaceSubrange(start + 5..<start + 9, with: [0xFF, 0xDC, 0xFF, 0xDC])
        let format = StreamParameters(codec: .mjpeg, width: 0, height: 0, extradata: [])
        let picture = try CodedPicture(bytes: jpeg, isKey: true, ptsSeconds: nil, parameters: format)
        let outcome = try pool.decodeKey(picture, format) { _ in Issue.record("a picture larger than is accepted") }
        if case .damaged = outcome {} else { Issue.record("\(outcome)") }
    }
}
