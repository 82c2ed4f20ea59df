// Pictures into an MP4 and out of it again: the same bytes at the same times, whatever the camera does.

import Base
import Domain
import Foundation
import Media
import TestKit
import Testing

/// Pictures of the scene at the given times.
private func pictures(_ settings: EncoderSettings, at seconds: [Double]) throws -> [MP4Picture] {
    try zip(encodeScene(settings, count: seconds.count), seconds).map { MP4Picture(bytes: $0.bytes, isKey: $0.isKey, seconds: $1) }
}

/// What libavformat finds in a file of these bytes.
private func demux(_ mp4: [UInt8]) throws -> (parameters: StreamParameters, pictures: [CodedPicture]) {
    let path = try temporaryFolder() + "/film.mp4"
    try Data(mp4).write(to: URL(fileURLWithPath: path))
    let source = try PacketSource.openFile(path: path, interrupt: Interrupt())
    return (source.parameters, try readAll(source, keepPredicted: true).pictures)
}

/// The bytes between start codes: an MP4 counts lengths instead.
private func nalUnits(_ bytes: [UInt8]) -> [ArraySlice<UInt8>] {
    var found: [ArraySlice<UInt8>] = []
    var start: Int?
    var index = 0
    while index + 2 < bytes.count {
        if bytes[index] == 0, bytes[index + 1] == 0, bytes[index + 2] == 1 {
            if let start { found.append(bytes[start..<(bytes[index - 1] == 0 ? index - 1 : index)]) }
            start = index + 3
            index += 3
        } else {
            index += 1
        }
    }
    return found + (start.map { [bytes[$0...]] } ?? [])
}

private func boxes(_ bytes: [UInt8]) -> [String] {
    var found: [String] = []
    var position = 0
    while position + 8 <= bytes.count {
        let size = bytes[position..<position + 4].reduce(0) { $0 << 8 | Int($1) }
        found.append(String(decoding: bytes[position + 4..<position + 8], as: UTF8.self))
        guard size >= 8 else { break }
        position += size
    }
    return found
}

@Suite struct FragmentedMP4Tests {
    @Test(arguments: [VideoCodec.h264, .h265], [FragmentedMP4.Rhythm.group, .picture])
    func everyPictureComesBackWithItsBytesAndItsTime(codec: VideoCodec, rhythm: FragmentedMP4.Rhythm) throws {
        // Uneven, with a gap of 40 s, on a clock that began long ago.
        let times = (0..<30).map { index -> Double in
            let uneven = index % 3 == 1 ? 0.007 : 0.0
            let gap = index >= 17 ? 40.0 : 0.0
            return 86_400 + Double(index) * 0.04 + uneven + gap
        }
        let film = try pictures(settings(codec), at: times)
        let mp4 = try FragmentedMP4(codec: codec, rhythm: rhythm)
        var bytes: [UInt8] = []
        for picture in film { bytes += try mp4.append(picture) }
        bytes += try mp4.finish()
        #expect(Array(boxes(bytes).prefix(4)) == ["ftyp", "moov", "moof", "mdat"])
        #expect(boxes(bytes).count { $0 == "moof" } == (rhythm == .group ? 3 : 30))
        let found = try demux(bytes)
        #expect(found.parameters.codec == codec && found.parameters.width == 320 && found.parameters.height == 192)
        #expect(found.pictures.count == film.count)
        for (index, (coded, picture)) in zip(found.pictures, film).enumerated() {
            #expect(coded.isKey == picture.isKey)
            let isSame = nalUnits(coded.bytesAnnexB()) == nalUnits(picture.bytes)
            #expect(isSame, "picture \(index)")
            #expect(abs((coded.ptsSeconds ?? -1) - (picture.seconds - 86_400)) < 0.0001, "picture \(index)")
        }
    }

    @Test func liveFragmentsComeOnePictureLater() throws {
        let mp4 = try FragmentedMP4(codec: .h264, rhythm: .picture)
        let film = try pictures(settings(.h264), at: (0..<4).map { Double($0) * 0.04 })
        let head = try mp4.append(film[0])
        #expect(boxes(head) == ["ftyp", "moov"])
        for picture in film.dropFirst() {
            let piece = try mp4.append(picture)
            #expect(boxes(piece) == ["moof", "mdat"])
        }
    }

    @Test func theSamePicturesGiveTheSameBytes() throws {
        let film = try pictures(settings(.h264), at: (0..<12).map { Double($0) * 0.04 })
        let twice = try (0..<2).map { _ in
            let mp4 = try FragmentedMP4(codec: .h264, rhythm: .group)
            return try film.reduce(into: [UInt8]()) { $0 += try mp4.append($1) } + mp4.finish()
        }
        #expect(twice[0] == twice[1])
    }

    @Test func clocksThatStandStillOrRunBackNeverStopTheFilm() throws {
        let film = try pictures(settings(.h264), at: [5, 5, 4, .nan, -.infinity, 5.2, 5.2, 5.24])
        let mp4 = try FragmentedMP4(codec: .h264, rhythm: .group)
        let bytes = try film.reduce(into: [UInt8]()) { $0 += try mp4.append($1) } + mp4.finish()
        let times = try demux(bytes).pictures.map { $0.ptsSeconds ?? -1 }
        #expect(times.count == 8)
        for (earlier, later) in zip(times, times.dropFirst()) { #expect(earlier < later) }
        #expect(abs(times[7] - 0.24) < 0.001)
    }

    @Test func otherParameterSetsBeginAnotherHeadThatGoesOnInTime() throws {
        let small = try pictures(settings(.h264), at: (0..<10).map { Double($0) * 0.04 })
        let large = try pictures(settings(.h264, width: 640, height: 384), at: (10..<20).map { Double($0) * 0.04 })
        let mp4 = try FragmentedMP4(codec: .h264, rhythm: .picture)
        var pieces = try small.map { try mp4.append($0) }
        #expect(!mp4.isBreak(small[0]) && !mp4.isBreak(large[1]) && mp4.isBreak(large[0]))
        let second = try mp4.append(large[0])
        #expect(boxes(second).contains("moov"), "a head of its own behind the last fragment of the first")
        pieces.append(Array(second.prefix { _ in true }))
        let rest = try large.dropFirst().reduce(into: [UInt8]()) { $0 += try mp4.append($1) } + mp4.finish()
        let start = try #require(second.firstRange(of: Array("ftyp".utf8))).lowerBound - 4
        let found = try demux(Array(second[start...]) + rest)
        #expect(found.parameters.width == 640 && found.pictures.count == 10)
        // Times in a file that begins in the middle are taken from its first picture by the reader; the distance must be right.
        #expect(abs((found.pictures[9].ptsSeconds ?? 0) - (found.pictures[0].ptsSeconds ?? 0) - 0.36) < 0.001)
    }

    @Test func filmsBeginWithAKeyPictureAndNeedItsParameterSets() throws {
        let film = try pictures(settings(.h264), at: (0..<12).map { Double($0) * 0.04 })
        let mp4 = try FragmentedMP4(codec: .h264, rhythm: .group)
        #expect(try mp4.append(film[3]).isEmpty && mp4.finish().isEmpty)
        #expect(throws: Failure.self) { try mp4.append(MP4Picture(bytes: [0, 0, 0, 1, 0x65, 1, 2, 3], isKey: true, seconds: 0)) }
        #expect(throws: Failure.self) { try mp4.append(MP4Picture(bytes: [], isKey: true, seconds: 0)) }
        #expect(throws: Failure.self) { try FragmentedMP4(codec: .mjpeg, rhythm: .group) }
    }

    /// Whatever a camera sends: an error or an MP4, never a crash.
    @Test func mutatedPicturesNeverCrash() throws {
        let seed: UInt64 = 20_261_125
        var random = SeededGenerator(seed: seed)
        for codec in [VideoCodec.h264, .h265] {
            let film = try pictures(settings(codec, width: 160, height: 96), at: (0..<10).map { Double($0) * 0.04 })
            for _ in 0..<60 {
                let mp4 = try FragmentedMP4(codec: codec, rhythm: .picture)
                for var picture in film {
                    for _ in 0..<Int.random(in: 0...3, using: &random) {
                        picture.bytes[Int.random(in: 0..<picture.bytes.count, using: &random)] = UInt8.random(in: 0...255, using: &random)
                    }
                    if Int.random(in: 0..<4, using: &random) == 0 {
                        picture.bytes.removeLast(Int.random(in: 0...picture.bytes.count, using: &random))
                    }
                    _ = try? mp4.append(picture)
                }
                _ = try? mp4.finish()
            }
        }
    }
}
