// The parameter sets of a stream: those of its description first, then the last ones it sent.
// camera ─RTSP─▶ **packets** ─▶ looks

/// The latest SPS and PPS, and VPS of H.265, each by its number.
struct ParameterSets: Sendable {
    /// Streams of cameras have 2 to 4; descriptions are capped alike.
    static let mostSets = 32
    /// An SPS with usability information and scaling lists has about 1 KiB.
    static let mostBytes = 8 * 1024

    private struct Entry {
        var type: UInt8
        var number: UInt32
        var unit: [UInt8]
    }

    let isH265: Bool
    /// All of them with start codes, in the order a decoder needs.
    private(set) var annexB: [UInt8] = []
    /// How often a set was new or not what it was before.
    private(set) var changes = 0
    private var entries: [Entry] = []

    init(isH265: Bool) { self.isH265 = isH265 }

    /// Width and height of the first SPS that can be read.
    var pictureSize: PictureSize? {
        for entry in entries where entry.type == (isH265 ? 33 : 7) {
            if let size = PictureSize(parameterSet: entry.unit, isH265: isH265) { return size }
        }
        return nil
    }

    /// Keeps a unit if it is a parameter set, is not known yet, and fits.
    mutating func record(_ unit: ArraySlice<UInt8>) {
        let headerBytes = isH265 ? 2 : 1
        // Zero bytes behind a unit belong to the byte stream it came from.
        let end = (unit.lastIndex { $0 != 0 } ?? unit.startIndex - 1) + 1
        let unit = unit[unit.startIndex..<end]
        guard unit.count > headerBytes, let first = unit.first else { return }
        let header = UnitHeader(isH265: isH265, first: first, second: isH265 ? unit[unit.startIndex + 1] : 0)
        guard header.role == .parameterSet else { return }
        // The usual case by far: a camera repeats its sets in front of each key picture.
        if entries.contains(where: { $0.type == header.type && $0.unit[...] == unit }) { return }
        guard let number = Self.number(header, unit.dropFirst(headerBytes)) else { return }
        let known = entries.firstIndex { $0.type == header.type && $0.number == number }
        let others = annexB.count - (known.map { entries[$0].unit.count + 4 } ?? 0)
        guard others + unit.count + 4 <= Self.mostBytes, known != nil || entries.count < Self.mostSets else { return }
        if let known {
            entries[known].unit = Array(unit)
        } else {
            // VPS before SPS before PPS: their types are numbered that way.
            let place = entries.firstIndex { ($0.type, $0.number) > (header.type, number) } ?? entries.endIndex
            entries.insert(Entry(type: header.type, number: number, unit: Array(unit)), at: place)
        }
        annexB.removeAll(keepingCapacity: true)
        for entry in entries { annexB += [0, 0, 0, 1] + entry.unit }
        changes += 1
    }

    /// The number a set goes by; nil when it is too short to have one.
    private static func number(_ header: UnitHeader, _ body: ArraySlice<UInt8>) -> UInt32? {
        var bits = UnitBits(body)
        switch (header.isH265, header.type) {
        case (false, 7): return bits.skip(24) ? bits.exponential() : nil
        case (false, _), (true, 34): return bits.exponential()
        case (true, 32): return bits.take(4)
        default: return bits.skipProfileOfSPS() ? bits.exponential() : nil
        }
    }
}

/// Width and height of the pictures a stream announces, in samples.
package struct PictureSize: Sendable, Hashable {
    package var width: Int
    package var height: Int

    package init(width: Int, height: Int) {
        self.width = width
        self.height = height
    }
}

extension UnitBits {
    /// Passes over everything in an SPS of H.265 up to its number (H.265 §7.3.2.2.1, §7.3.3).
    mutating func skipProfileOfSPS() -> Bool {
        guard skip(4), let layers = take(3), skip(1 + 88 + 8) else { return false }
        guard layers > 0 else { return true }
        var bitsOfLayers = 0
        for layer in 0..<8 {
            guard let flags = take(2) else { return false }
            if layer < layers { bitsOfLayers += Int(flags >> 1) * 88 + Int(flags & 1) * 8 }
        }
        return skip(bitsOfLayers)
    }
}
