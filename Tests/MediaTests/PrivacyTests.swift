// What nobody may see is black in everything that is made of a picture.

import Base
import Domain
import Foundation
import Media
import TestKit
import Testing

private let window = try! Zone(parsing: "window=0.31,0.22;0.62,0.18;0.55,0.71")  // Three corners inside the picture.
private let crossed = try! Zone(parsing: "star=0.5,0.05;0.8,0.95;0.05,0.4;0.95,0.4;0.2,0.95")  // Five corners inside the picture.

/// A decoded picture's planes as a test sees them.
private func examineJPEG(_ jpeg: [UInt8], _ body: (borrowing Frame) -> Void) throws {
    let parameters = StreamParameters(codec: .mjpeg, width: 0, height: 0, extradata: [])
    let picture = try CodedPicture(bytes: jpeg, isKey: true, ptsSeconds: nil, parameters: parameters)
    _ = try DecoderPool(capacity: 1).decodeKey(picture, parameters) { body($0) }
}

/// Brightness of every sample, row by row.
private func luma(_ frame: borrowing Frame) -> [UInt8] {
    frame.withLuma { plane, shape in
        (0..<shape.height).flatMap { y in (0..<shape.width).map { plane[y * shape.stride + $0] } }
    }
}

/// True when the polygon covers the middle of the sample.
private func isInside(_ zone: Zone, _ x: Int, _ y: Int, _ width: Int, _ height: Int) -> Bool {
    zone.contains(x: (Double(x) + 0.5) / Double(width), y: (Double(y) + 0.5) / Double(height))
}

@Suite struct PrivacyTests {
    @Test func aMaskCoversItsPolygonAndLittleMore() {
        for (width, height) in [(640, 360), (641, 359), (37, 23), (16, 16), (1, 1)] {
            let mask = BlockMask([window], width: width, height: height)
            // A block and four samples beside it.
            let far = 24.0
            let (xs, ys) = (window.corners.map { $0.x * Double(width) }, window.corners.map { $0.y * Double(height) })
            let near = (x: xs.min()! - far...xs.max()! + far, y: ys.min()! - far...ys.max()! + far)
            var (shown, hidden) = (0, 0)
            for y in 0..<height {
                for x in 0..<width {
                    let isBlack = mask.covers(x: x, y: y)
                    if !isBlack, isInside(window, x, y, width, height) { shown += 1 }
                    if isBlack, !near.x.contains(Double(x)) || !near.y.contains(Double(y)) { hidden += 1 }
                }
            }
            #expect(shown == 0 && hidden == 0, "\(width)×\(height)")
        }
        #expect(!BlockMask([], width: 640, height: 360).covers(x: 0, y: 0))
        #expect(!BlockMask([window], width: 64, height: 64).covers(x: 64, y: 0))
    }

    @Test func theMiddleOfAStarIsCoveredAsWell() {
        let mask = BlockMask([crossed], width: 640, height: 360)
        #expect(!crossed.contains(x: 0.5, y: 0.5), "even and odd leave it out")
        #expect(mask.covers(x: 320, y: 180))
    }

    @Test func masksOfAnyShapeCoverTheirPolygons() {
        let seed: UInt64 = 20_261_126
        var random = SeededGenerator(seed: seed)
        for round in 0..<60 {
            let corners = (0..<Int.random(in: 3...9, using: &random)).map { _ in
                Zone.Corner(x: Double.random(in: 0...1, using: &random), y: Double.random(in: 0...1, using: &random))
            }
            let zone = Zone(name: "any", corners: corners)
            let (width, height) = (Int.random(in: 1...200, using: &random), Int.random(in: 1...120, using: &random))
            let mask = BlockMask([zone], width: width, height: height)
            var shown = 0
            for y in 0..<height {
                for x in 0..<width where isInside(zone, x, y, width, height) && !mask.covers(x: x, y: y) { shown += 1 }
            }
            #expect(shown == 0, "seed \(seed), round \(round): \(shown) samples show")
        }
    }

    /// Every codec, odd target sizes: black inside; outside exactly what it would be without a mask.
    @Test(arguments: [VideoCodec.h264, .h265, .mjpeg]) func jpegsAreBlackInsideAndUntouchedOutside(codec: VideoCodec) throws {
        let coded = try encodeScene(settings(codec), count: 1)
        let parameters = StreamParameters(codec: codec, width: 320, height: 192, extradata: [])
        let picture = try CodedPicture(bytes: coded[0].bytes, isKey: true, ptsSeconds: 0, parameters: parameters)
        for width in [320, 201, 99, 46] {
            var (plain, masked): ([UInt8], [UInt8]) = ([], [])
            _ = try DecoderPool(capacity: 1).decodeKey(picture, parameters) { frame in
                plain = try frame.jpeg(maxWidth: width, quality: 82, masking: [])
                masked = try frame.jpeg(maxWidth: width, quality: 82, masking: [window])
            }
            var (before, after): ([UInt8], [UInt8]) = ([], [])
            var (columns, rows) = (0, 0)
            try examineJPEG(plain) { before = luma($0) }
            try examineJPEG(masked) { frame in
                after = luma(frame)
                (columns, rows) = (frame.width, frame.height)
            }
            #expect(before.count == after.count && after.count == columns * rows)
            let mask = BlockMask([window], width: columns, height: rows)
            var (brightest, touched) = (0, 0)
            for y in 0..<rows {
                for x in 0..<columns {
                    let value = after[y * columns + x]
                    if isInside(window, x, y, columns, rows) { brightest = max(brightest, Int(value)) }
                    if !mask.covers(x: x, y: y), value != before[y * columns + x] { touched += 1 }
                }
            }
            #expect(brightest == 0 && touched == 0, "\(columns)×\(rows)")
        }
    }

    @Test func recodedFilmsAreBlackInsideAndShowTheRest() throws {
        for codec in [VideoCodec.h264, .h265, .mjpeg] {
            let parameters = StreamParameters(codec: codec, width: 320, height: 192, extradata: [])
            let recoder = try Recoder(parameters, masking: [window])
            let mp4 = try FragmentedMP4(codec: .h264, rhythm: .group)
            var bytes: [UInt8] = []
            for (index, coded) in try encodeScene(settings(codec), count: 30).enumerated() {
                let picture = try CodedPicture(
                    bytes: coded.bytes, isKey: coded.isKey, ptsSeconds: Double(index) / 25, parameters: parameters)
                for out in try recoder.recode(picture, seconds: 100 + Double(index) / 25) { bytes += try mp4.append(out) }
            }
            bytes += try mp4.finish()
            let path = try temporaryFolder() + "/film.mp4"
            try Data(bytes).write(to: URL(fileURLWithPath: path))
            let source = try PacketSource.openFile(path: path, interrupt: Interrupt())
            let decoder = try Decoder(source.parameters, skipLoopFilter: false)
            var index = 0
            let examine: (borrowing Frame) throws -> Void = { frame in
                let samples = luma(frame)
                let expected = scene(index, width: 320, height: 192).y
                var (brightest, error, outside) = (0, 0, 0)
                let mask = BlockMask([window], width: 320, height: 192)
                for y in 0..<192 {
                    for x in 0..<320 {
                        let value = Int(samples[y * 320 + x])
                        if isInside(window, x, y, 320, 192) { brightest = max(brightest, value) }
                        if !mask.covers(x: x, y: y) {
                            outside += 1
                            // Motion JPEG has full range, the film limited range.
                            let wanted = Int(expected[y * 320 + x])
                            error += abs(value - (codec == .mjpeg ? 16 + wanted * 219 / 255 : wanted))
                        }
                    }
                }
                // 16 is black; the loop filter reaches three samples into a block.
                #expect(brightest <= 18, "picture \(index) of \(codec): \(brightest)")
                #expect(Double(error) / Double(outside) < 6, "picture \(index) of \(codec) differs by \(Double(error) / Double(outside))")
                #expect(abs((frame.ptsSeconds ?? -1) - Double(index) / 25) < 0.001)
                index += 1
            }
            for picture in try readAll(source, keepPredicted: true).pictures { _ = try decoder.decode(picture, examine) }
            try decoder.drain(examine)
            #expect(index == 30)
        }
    }

    @Test func keptPicturesHoldLittleMoreThanTheirBytes() throws {
        let pool = PicturePool()
        var assembly = PictureAssembly(pool: pool)
        for (size, guess) in [(2_000, 1_500), (2_000, 4_000), (70_000, 100), (1, 4_096), (300_000, 290_000)] {
            assembly.begin(expectedBytes: guess, isKept: true)
            let bytes = (0..<size).map { UInt8(truncatingIfNeeded: $0 &* 31) }
            for start in stride(from: 0, to: size, by: 1400) { assembly.append(bytes[start..<min(size, start + 1400)].span) }
            let picture = try #require(
                try assembly.finish(isKey: true, isCorrupt: false, ptsSeconds: 1, codec: .h264, arrival: .zero))
            #expect(picture.heldBytes <= size + 1024)
            #expect(picture.bytesAnnexB() == bytes)
        }
        // Without the wish it is a block of the pool, for the decoder.
        assembly.begin(expectedBytes: 100)
        assembly.append(7)
        let picture = try #require(try assembly.finish(isKey: true, isCorrupt: false, ptsSeconds: 1, codec: .h264, arrival: .zero))
        #expect(picture.heldBytes > 32 << 10)
    }
}
