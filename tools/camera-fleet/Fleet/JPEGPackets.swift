// A JPEG as RFC 2435 carries it: frame header and Huffman tables stay at home, quantisation tables travel in front of the data.
// scene ─▶ pictures ─▶ encodings ─▶ **packets** ─▶ clients

import Base

/// One baseline JPEG taken apart for RTP.
struct JPEGPackets {
    private var width = 0
    private var height = 0
    /// 0 for 4:2:2, 1 for 4:2:0 (RFC 2435 §4.1).
    private var kind: UInt8 = 1
    private var restartInterval = 0
    /// Tables by their number, 64 bytes each in zigzag order.
    private var quantisers: [[UInt8]] = [[], []]
    private var chromaTable = 1
    private var scan: ArraySlice<UInt8> = []

    /// - Throws: `Failure` of kind `unsupported` for what RFC 2435 cannot carry, `invalidInput` for what is no JPEG.
    init(_ bytes: [UInt8]) throws {
        guard bytes.count > 4, bytes[0] == 0xFF, bytes[1] == 0xD8 else { throw Failure(.invalidInput, "this is not a JPEG") }
        var index = 2
        while index + 4 <= bytes.count {
            guard bytes[index] == 0xFF else { throw Failure(.invalidInput, "this JPEG is damaged") }
            let marker = bytes[index + 1]
            if marker == 0xFF {
                index += 1
                continue
            }
            let length = Int(bytes[index + 2]) << 8 | Int(bytes[index + 3])
            guard length >= 2, index + 2 + length <= bytes.count else { throw Failure(.invalidInput, "this JPEG is cut off") }
            let segment = bytes[index + 4..<index + 2 + length]
            index += 2 + length
            switch marker {
            case 0xC0, 0xC1: try readFrame(Array(segment))
            case 0xC2...0xC3, 0xC5...0xC7, 0xC9...0xCB, 0xCD...0xCF:
                throw Failure(.unsupported, "only baseline JPEG can be sent over RTP, and this is another kind")
            case 0xC4: try checkHuffman(Array(segment))
            case 0xDB: try readQuantisers(Array(segment))
            case 0xDD:
                restartInterval = segment.count >= 2 ? Int(segment[segment.startIndex]) << 8 | Int(segment[segment.startIndex + 1]) : 0
            case 0xDA:
                scan = bytes[index...]
                // The end marker is implied by the RTP marker bit.
                if scan.count >= 2, scan.suffix(2) == [0xFF, 0xD9] { scan = scan.dropLast(2) }
                guard width > 0, !quantisers[0].isEmpty, !scan.isEmpty else { throw Failure(.invalidInput, "this JPEG lacks its tables") }
                return
            default: break
            }
        }
        throw Failure(.invalidInput, "this JPEG holds no picture")
    }

    private mutating func readFrame(_ s: [UInt8]) throws {
        guard s.count >= 15, s[0] == 8, s[5] == 3 else { throw Failure(.unsupported, "RTP carries JPEG of 8 bits and three components") }
        height = Int(s[1]) << 8 | Int(s[2])
        width = Int(s[3]) << 8 | Int(s[4])
        // The header counts blocks of 8 samples in one byte.
        guard (1...2040).contains(width), (1...2040).contains(height) else {
            throw Failure(.unsupported, "RTP carries JPEG of at most 2040×2040, and this is \(width)×\(height)")
        }
        switch (s[7], s[10], s[13]) {
        case (0x21, 0x11, 0x11): kind = 0
        case (0x22, 0x11, 0x11): kind = 1
        default: throw Failure(.unsupported, "RTP carries JPEG of 4:2:0 or 4:2:2 only")
        }
        chromaTable = Int(s[11])
        guard s[8] == 0, chromaTable < 2, s[14] == s[11] else { throw Failure(.unsupported, "this JPEG's tables cannot be sent over RTP") }
    }

    private mutating func readQuantisers(_ s: [UInt8]) throws {
        var at = 0
        while at + 65 <= s.count {
            guard s[at] < 2 else { throw Failure(.unsupported, "RTP carries JPEG tables of 8 bits numbered 0 and 1") }
            quantisers[Int(s[at])] = Array(s[at + 1..<at + 65])
            at += 65
        }
    }

    /// A client builds the Huffman tables of ITU-T T.81 annex K by itself; any other table would be lost.
    private func checkHuffman(_ s: [UInt8]) throws {
        var at = 0
        while at + 17 <= s.count {
            let count = s[at + 1...at + 16].reduce(0) { $0 + Int($1) }
            guard at + 17 + count <= s.count else { break }
            guard Self.standardTables[s[at]] == MD5.hex(of: Array(s[at + 1..<at + 17 + count])) else {
                throw Failure(.unsupported, "this JPEG has Huffman tables of its own, which RTP does not carry")
            }
            at += 17 + count
        }
    }

    /// MD5 of the counts and values of each standard table (ITU-T T.81 tables K.3 to K.6), by class and number.
    private static let standardTables: [UInt8: String] = [
        0x00: "f1a74efb2a5392c92566ae83254801ea", 0x01: "f98d8ec27887b6f6133f8cdc1215e074",
        0x10: "1d9e194fd499e70e57dec680dc4edbe4", 0x11: "7f394bbf281ecffc67f5e2f4b72fe577",
    ]

    /// The payloads of this picture, each at most `maxBytes`.
    func payloads(_ maxBytes: Int) -> [[UInt8]] {
        var result: [[UInt8]] = []
        var offset = 0
        while offset < scan.count {
            var payload: [UInt8] = [
                0, UInt8(offset >> 16 & 255), UInt8(offset >> 8 & 255), UInt8(offset & 255), kind | (restartInterval > 0 ? 64 : 0),
                // 255: the tables stand in the picture's first packet and may change with each picture.
                255, UInt8((width + 7) / 8), UInt8((height + 7) / 8),
            ]
            if restartInterval > 0 { payload += [UInt8(restartInterval >> 8), UInt8(restartInterval & 255), 0xFF, 0xFF] }
            if offset == 0 {
                let chroma = quantisers[chromaTable].isEmpty ? quantisers[0] : quantisers[chromaTable]
                payload += [0, 0, 0, 128] + quantisers[0] + chroma
            }
            let count = min(maxBytes - payload.count, scan.count - offset)
            payload += scan[scan.startIndex + offset..<scan.startIndex + offset + count]
            result.append(payload)
            offset += count
        }
        return result
    }
}
