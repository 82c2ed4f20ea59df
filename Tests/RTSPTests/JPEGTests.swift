// JPEG packets become JPEGs that any decoder opens.

import RTSP
import Testing

/// A JPEG taken apart into its segments.
private struct Segments: Equatable {
    var tables: [[UInt8]] = []
    var frame: [UInt8] = []
    var huffman: [UInt8: [UInt8]] = [:]
    var restart: [UInt8] = []
    var scan: [UInt8] = []
    var markers: [UInt8] = []

    init(_ jpeg: [UInt8]) {
        guard jpeg.starts(with: [0xFF, 0xD8]) else { return }
        var at = 2
        while at + 4 <= jpeg.count, jpeg[at] == 0xFF {
            let marker = jpeg[at + 1]
            let length = Int(jpeg[at + 2]) << 8 | Int(jpeg[at + 3])
            guard at + 2 + length <= jpeg.count else { return }
            let segment = Array(jpeg[at + 4..<at + 2 + length])
            at += 2 + length
            markers.append(marker)
            switch marker {
            case 0xDB:
                var from = 0
                while from < segment.count {
                    let size = segment[from] >> 4 == 0 ? 65 : 129
                    tables.append(Array(segment[from..<min(from + size, segment.count)]))
                    from += size
                }
            case 0xC0, 0xC1: frame = segment
            case 0xC4:
                var from = 0
                while from + 17 <= segment.count {
                    let count = segment[from + 1...from + 16].reduce(0) { $0 + Int($1) }
                    huffman[segment[from]] = Array(segment[from + 1..<from + 17 + count])
                    from += 17 + count
                }
            case 0xDD: restart = segment
            case 0xDA:
                scan = Array(jpeg[at...])
                return
            default: break
            }
        }
    }

    /// Without the end marker.
    var data: [UInt8] { scan.suffix(2) == [0xFF, 0xD9] ? Array(scan.dropLast(2)) : scan }
}

/// Packets of a JPEG's scan.
private struct JPEGPacker {
    var type: UInt8 = 1
    var quality: UInt8 = 255
    var width: UInt8 = 6
    var height: UInt8 = 4
    var restartInterval: UInt16?
    var precision: UInt8 = 0
    var tables: [UInt8]? = []
    var maxBytes = 300

    func payloads(_ scan: [UInt8], _ timestamp: UInt32) -> [Payload] {
        var result: [Payload] = []
        var offset = 0
        while offset < scan.count {
            var bytes: [UInt8] = [
                0, UInt8(offset >> 16), UInt8(offset >> 8 & 255), UInt8(offset & 255), type | (restartInterval == nil ? 0 : 64), quality,
                width, height,
            ]
            if let restartInterval { bytes += [UInt8(restartInterval >> 8), UInt8(restartInterval & 255), 0xFF, 0xFF] }
            if offset == 0, quality >= 128, let tables {
                bytes += [0, precision, UInt8(tables.count >> 8), UInt8(tables.count & 255)] + tables
            }
            let count = min(maxBytes, scan.count - offset)
            bytes += scan[offset..<offset + count]
            result.append(Payload(bytes, timestamp))
            offset += count
        }
        result[result.count - 1].marker = true
        return result
    }
}

private let original = Segments(Coded.jpeg420[0])
private let luma = Array(original.tables[0].dropFirst())

@Suite struct JPEGPictures {
    /// Real JPEGs in, JPEGs out: same frame, same tables, same scan; only the segment layout differs.
    @Test func picturesSurvive() throws {
        let sent = Segments(Coded.jpeg420[0])
        let table = Array(sent.tables[0].dropFirst())
        for maxBytes in [1, 7, 100, 1400] {
            var reception = try Reception(.jpeg)
            let packer = JPEGPacker(tables: table + table, maxBytes: maxBytes)
            for timestamp in UInt32(0)..<3 { reception.send(packer.payloads(sent.data, timestamp &* 6000)) }
            #expect(reception.completions == [.complete, .complete, .complete] && reception.depacketiser.problems.total == 0)
            #expect(reception.facts.allSatisfy { $0.kind == .key && $0.sizeBytes == sent.data.count && $0.nalCount == 1 })
            for picture in reception.sink.pictures {
                let came = Segments(picture.bytes)
                #expect(came.data == sent.data && came.scan.suffix(2) == [0xFF, 0xD9])
                #expect(Array(came.frame.prefix(8)) == Array(sent.frame.prefix(8)))
                #expect(came.frame[10] == sent.frame[10] && came.frame[13] == sent.frame[13])
                #expect(came.tables.map { Array($0.dropFirst()) } == [table, table] && came.tables.map(\.[0]) == [0, 1])
                // FFmpeg writes the standard tables of ITU-T T.81 annex K.
                #expect(came.huffman == sent.huffman && came.huffman.count == 4)
                #expect(came.markers == [0xE0, 0xDB, 0xDB, 0xC0, 0xC4, 0xC4, 0xC4, 0xC4, 0xDA] && came.restart == [])
            }
            #expect(reception.sink.violations == [])
        }
    }

    @Test func headerGoldenBytes() throws {
        var reception = try Reception(.jpeg)
        reception.send(Payload([0, 0, 0, 0, 1, 50, 2, 1, 0x12, 0x34], 0, marker: true))
        let bytes = try #require(reception.sink.pictures.first?.bytes)
        #expect(Array(bytes.prefix(20)) == [0xFF, 0xD8, 0xFF, 0xE0, 0, 16, 0x4A, 0x46, 0x49, 0x46, 0, 1, 1, 0, 0, 1, 0, 1, 0, 0])
        // Quality 50 are the tables of RFC 2435 themselves.
        #expect(Array(bytes[20..<33]) == [0xFF, 0xDB, 0, 67, 0, 16, 11, 12, 14, 12, 10, 16, 14])
        #expect(Array(bytes[89..<102]) == [0xFF, 0xDB, 0, 67, 1, 17, 18, 18, 24, 21, 24, 47, 26])
        #expect(Array(bytes[158..<177]) == [0xFF, 0xC0, 0, 17, 8, 0, 8, 0, 16, 3, 1, 0x22, 0, 2, 0x11, 1, 3, 0x11, 1])
        #expect(Array(bytes.suffix(18)) == [0xFF, 0xDA, 0, 12, 3, 1, 0, 2, 0x11, 3, 0x11, 0, 63, 0, 0x12, 0x34, 0xFF, 0xD9])
        #expect(bytes.count == 177 + 33 + 33 + 183 + 183 + 18)
    }

    @Test(arguments: [(UInt8(1), UInt8(255), UInt8(255)), (25, 32, 22), (75, 8, 6), (99, 1, 1), (0, 255, 255), (100, 1, 1), (127, 1, 1)])
    func tablesFollowFromTheQuality(quality: UInt8, first: UInt8, second: UInt8) throws {
        var reception = try Reception(.jpeg)
        reception.send(JPEGPacker(quality: quality).payloads([1, 2, 3], 0))
        let tables = Segments(reception.sink.pictures[0].bytes).tables
        #expect(tables.count == 2 && tables[0][1] == first && tables[0][2] == second)
    }

    @Test func samplingFollowsFromTheType() throws {
        for (type, sampling) in [(UInt8(0), UInt8(0x21)), (1, 0x22)] {
            var reception = try Reception(.jpeg)
            reception.send(JPEGPacker(type: type, quality: 50).payloads([1], 0))
            #expect(Segments(reception.sink.pictures[0].bytes).frame[7] == sampling)
        }
    }

    @Test func restartIntervals() throws {
        var reception = try Reception(.jpeg)
        let scan: [UInt8] = [1, 2, 0xFF, 0xD0, 3, 4, 0xFF, 0xD1, 5, 6]
        reception.send(JPEGPacker(quality: 60, restartInterval: 3, maxBytes: 4).payloads(scan, 0))
        reception.send(JPEGPacker(quality: 60, restartInterval: 0).payloads(scan, 1))
        let came = reception.sink.pictures.map { Segments($0.bytes) }
        #expect(came[0].restart == [0, 3] && came[0].data == scan && came[1].restart == [] && came[1].data == scan)
        var short = try Reception(.jpeg)
        short.send(Payload([0, 0, 0, 0, 65, 50, 2, 1, 0, 3, 0xFF], 0, marker: true))
        #expect(short.sink.begun == 0 && short.depacketiser.problems[.shortPacket] == 1)
    }

    @Test func dynamicTables() throws {
        var reception = try Reception(.jpeg)
        let other = [UInt8](repeating: 7, count: 64)
        let scan: [UInt8] = [9, 8, 7]
        // Sent once, then recalled by their number; another number has its own; 255 must bring them along.
        reception.send(JPEGPacker(quality: 128, tables: luma + other).payloads(scan, 0))
        reception.send(JPEGPacker(quality: 128, tables: []).payloads(scan, 1))
        reception.send(JPEGPacker(quality: 129, tables: other + luma).payloads(scan, 2))
        reception.send(JPEGPacker(quality: 128, tables: []).payloads(scan, 3))
        reception.send(JPEGPacker(quality: 129, tables: []).payloads(scan, 4))
        reception.send(JPEGPacker(quality: 128, tables: other + other).payloads(scan, 5))
        reception.send(JPEGPacker(quality: 128, tables: []).payloads(scan, 6))
        let tables = reception.sink.pictures.map { Segments($0.bytes).tables.map { Array($0.dropFirst()) } }
        #expect(
            tables == [[luma, other], [luma, other], [other, luma], [luma, other], [other, luma], [other, other], [other, other]])
        reception.send(JPEGPacker(quality: 255, tables: []).payloads(scan, 7))
        reception.send(JPEGPacker(quality: 200, tables: []).payloads(scan, 8))
        reception.send(JPEGPacker(quality: 201, tables: Array(luma.prefix(63))).payloads(scan, 9))
        reception.send(Payload([0, 0, 0, 0, 1, 255, 6, 4, 0, 0, 0, 128] + luma, 10, marker: true))
        reception.send(Payload([0, 0, 0, 0, 1, 255, 6, 4, 0, 0], 11, marker: true))
        #expect(reception.depacketiser.problems[.missingTables] == 5 && reception.sink.begun == 7)
    }

    @Test func tablesOf16BitsAndSingleTables() throws {
        var reception = try Reception(.jpeg)
        let wide = [UInt8](repeating: 1, count: 128)
        reception.send(JPEGPacker(precision: 1, tables: wide + luma).payloads([1], 0))
        reception.send(JPEGPacker(precision: 2, tables: luma + wide).payloads([1], 1))
        reception.send(JPEGPacker(precision: 3, tables: wide + wide).payloads([1], 2))
        reception.send(JPEGPacker(tables: luma).payloads([1], 3))
        let came = reception.sink.pictures.map { Segments($0.bytes) }
        #expect(came.map { $0.tables.map(\.count) } == [[129, 65], [65, 129], [129, 129], [65, 65]])
        #expect(came.map { $0.tables.map(\.[0]) } == [[0x10, 1], [0, 0x11], [0x10, 0x11], [0, 1]])
        #expect(came.map { $0.markers.contains(0xC1) } == [true, true, true, false])
    }

    @Test func sizesFromTheDescription() throws {
        let cases: [(described: (Int, Int), told: (UInt8, UInt8), size: (Int, Int)?)] = [
            ((0, 0), (6, 4), (48, 32)), ((50, 30), (6, 4), (48, 32)), ((2592, 1944), (0, 0), (2592, 1944)),
            // 324 blocks are 68 in eight bits.
            ((2592, 1944), (68, 243), (2592, 1944)), ((2592, 1944), (80, 60), (640, 480)), ((0, 0), (0, 4), nil),
            ((-1, 70_000), (0, 0), nil), ((70_000, 5), (0, 0), nil),
        ]
        for item in cases {
            var reception = try Reception(.jpeg, width: item.described.0, height: item.described.1)
            reception.send(JPEGPacker(quality: 50, width: item.told.0, height: item.told.1).payloads([1, 2], 0))
            let size = reception.depacketiser.pictureSize
            #expect(size == item.size.map { PictureSize(width: $0.0, height: $0.1) }, "\(item)")
            #expect(reception.sink.begun == (item.size == nil ? 0 : 1))
        }
    }

    @Test func sizesThatChange() throws {
        var reception = try Reception(.jpeg)
        for (time, width) in [UInt8(6), 6, 8, 6].enumerated() {
            reception.send(JPEGPacker(quality: 50, width: width).payloads([1, 2], UInt32(time)))
        }
        #expect(reception.depacketiser.parameterSetChanges == 3)
        #expect(reception.sink.pictures.map { Segments($0.bytes).frame[4] } == [48, 48, 64, 48])
    }

    @Test func everyLostPacketIsNoticed() throws {
        let packer = JPEGPacker(tables: luma + luma, maxBytes: 60)
        let all = (UInt32(0)..<3).flatMap { packer.payloads(original.data, $0 * 6000) }
        for missing in all.indices {
            var reception = try Reception(.jpeg)
            for (index, payload) in all.enumerated() {
                if index == missing { reception.lose() } else { reception.send(payload) }
            }
            reception.flush()
            let whole = reception.sink.pictures.filter { $0.facts.completion == .complete && !$0.facts.isDamaged }
            // A camera whose marker was not seen yet ends its picture with the next one: called damaged.
            #expect(whole.map { Segments($0.bytes).data } == [original.data, original.data], "packet \(missing)")
            #expect(reception.sink.violations == [])
        }
    }

    @Test func noMarkers() throws {
        var reception = try Reception(.jpeg)
        let packer = JPEGPacker(tables: luma + luma, maxBytes: 100)
        for time in UInt32(0)..<3 { reception.send(packer.payloads(original.data, time).map { Payload($0.bytes, $0.timestamp) }) }
        reception.flush()
        #expect(reception.sink.pictures.map { Segments($0.bytes).data } == Array(repeating: original.data, count: 3))
        // Nothing says that the last one was whole when the connection ended.
        #expect(reception.completions == [.complete, .complete, .lost] && reception.facts.map(\.isDamaged) == [false, false, true])
    }

    @Test func fragmentsOutOfPlace() throws {
        var reception = try Reception(.jpeg)
        reception.send(Payload([0, 0, 0, 0, 1, 50, 6, 4, 1, 2, 3, 4], 0))
        reception.send(Payload([0, 0, 0, 5, 1, 50, 6, 4, 1, 2, 3, 4], 0, marker: true))
        #expect(reception.completions == [.malformed] && reception.depacketiser.problems[.offsetMismatch] == 1)
        reception.send(Payload([0, 0, 0, 9, 1, 50, 6, 4, 1], 1, marker: true))
        #expect(reception.depacketiser.problems[.headlessPicture] == 1)
        // An end marker that came along is not doubled, also when it is split.
        for scan in [[[5, 0xFF, 0xD9]], [[5, 0xFF], [0xD9]], [[5], [0xFF], [0xD9]]] as [[[UInt8]]] {
            var offset = 0
            var other = try Reception(.jpeg)
            for (index, part) in scan.enumerated() {
                other.send(Payload([0, 0, 0, UInt8(offset), 1, 50, 6, 4] + part, 2, marker: index == scan.count - 1))
                offset += part.count
            }
            #expect(other.sink.pictures.last?.bytes.suffix(4) == [0, 5, 0xFF, 0xD9])
        }
    }

    @Test func picturesWithoutScanAndTimestampsThatStandStill() throws {
        var reception = try Reception(.jpeg)
        for part in [[], [], [1, 2], [3, 4]] as [[UInt8]] { reception.send(Payload([0, 0, 0, 0, 1, 50, 6, 4] + part, 0)) }
        reception.send(Payload([0, 0, 0, 2, 1, 50, 6, 4, 5], 0, marker: true))
        #expect(reception.completions == [.malformed, .malformed, .complete, .complete])
        #expect(reception.facts.map(\.sizeBytes) == [0, 0, 2, 3] && reception.sink.violations == [])
    }

    @Test func kindsThatAreNotDescribed() throws {
        var reception = try Reception(.jpeg)
        for type in UInt8(0)...255 where type & 63 > 1 || type > 127 {
            reception.send(Payload([0, 0, 0, 0, type, 50, 6, 4, 0, 0, 0, 0, 1, 2, 3, 4], UInt32(type), marker: true))
        }
        #expect(reception.sink.begun == 0 && reception.depacketiser.problems[.unsupportedJPEG] == 252)
    }

    @Test func everyTruncationIsSafe() throws {
        let packet = JPEGPacker(type: 1, restartInterval: 4, tables: luma + luma).payloads([1, 2, 3], 0)[0]
        for length in 0...packet.bytes.count {
            var reception = try Reception(.jpeg)
            reception.send(Payload(Array(packet.bytes.prefix(length)), 0, marker: true))
            #expect(reception.sink.violations == [] && reception.sink.begun == reception.sink.ended)
            #expect(reception.sink.begun == (length >= 12 + 4 + 128 ? 1 : 0))
        }
    }

    @Test func unwantedPicturesAreOnlyCounted() throws {
        var reception = try Reception(.jpeg, sink: RecordingSink(wantsKey: false))
        reception.send(JPEGPacker(tables: luma + luma).payloads(original.data, 0))
        #expect(reception.facts.map(\.sizeBytes) == [original.data.count] && reception.sink.violations == [])
    }
}
