// How large a stream's pictures are, read from its SPS, so that nobody opens a decoder for a forged size.
// camera ─RTSP─▶ **packets** ─▶ looks

extension PictureSize {
    /// Reads an SPS without start code; nil when it ends early or its size is none a camera has.
    package init?(parameterSet unit: [UInt8], isH265: Bool) {
        guard let size = isH265 ? Self.h265(unit) : Self.h264(unit) else { return nil }
        // 16 bits hold every size a decoder of ours would take.
        guard (1...65_535).contains(size.width), (1...65_535).contains(size.height) else { return nil }
        self = size
    }

    /// ITU-T H.264 §7.3.2.1.1.
    private static func h264(_ unit: [UInt8]) -> PictureSize? {
        guard unit.count > 4 else { return nil }
        var bits = UnitBits(unit.dropFirst())
        guard let profile = bits.take(8), bits.skip(16), bits.exponential() != nil else { return nil }
        var chroma: UInt32 = 1
        // The profiles whose SPS say something about chroma and scaling.
        if [100, 110, 122, 244, 44, 83, 86, 118, 128, 138, 139, 134, 135].contains(profile) {
            guard let format = bits.exponential(), format <= 3 else { return nil }
            chroma = format
            if format == 3, !bits.skip(1) { return nil }
            guard bits.exponential() != nil, bits.exponential() != nil, bits.skip(1), let hasLists = bits.take(1) else { return nil }
            if hasLists == 1 {
                for list in 0..<(format == 3 ? 12 : 8) {
                    guard let isPresent = bits.take(1) else { return nil }
                    if isPresent == 1, !skipScalingList(&bits, list < 6 ? 16 : 64) { return nil }
                }
            }
        }
        guard bits.exponential() != nil, let order = bits.exponential() else { return nil }
        if order == 0 {
            guard bits.exponential() != nil else { return nil }
        } else if order == 1 {
            guard bits.skip(1), bits.exponential() != nil, bits.exponential() != nil, let cycle = bits.exponential(), cycle < 256
            else { return nil }
            for _ in 0..<cycle where bits.exponential() == nil { return nil }
        }
        guard bits.exponential() != nil, bits.skip(1), let columns = bits.exponential(), let rows = bits.exponential(),
            let framesOnly = bits.take(1), columns < 4096, rows < 4096
        else { return nil }
        if framesOnly == 0, !bits.skip(1) { return nil }
        guard bits.skip(1), let isCropped = bits.take(1) else { return nil }
        let fields = 2 - Int(framesOnly)
        var size = PictureSize(width: (Int(columns) + 1) * 16, height: (Int(rows) + 1) * 16 * fields)
        if isCropped == 1 {
            guard let edges = edges(&bits) else { return nil }
            let unitX = chroma == 1 || chroma == 2 ? 2 : 1
            let unitY = (chroma == 1 ? 2 : 1) * fields
            size.width -= unitX * (edges.left + edges.right)
            size.height -= unitY * (edges.top + edges.bottom)
        }
        return size
    }

    /// ITU-T H.264 §7.3.2.1.1.1.
    private static func skipScalingList(_ bits: inout UnitBits, _ count: Int) -> Bool {
        var last: Int32 = 8
        var next: Int32 = 8
        for _ in 0..<count {
            if next != 0 {
                guard let step = bits.signedExponential() else { return false }
                next = (last &+ step &+ 256) & 255
            }
            if next != 0 { last = next }
        }
        return true
    }

    /// ITU-T H.265 §7.3.2.2.1.
    private static func h265(_ unit: [UInt8]) -> PictureSize? {
        guard unit.count > 4 else { return nil }
        var bits = UnitBits(unit.dropFirst(2))
        guard bits.skipProfileOfSPS(), bits.exponential() != nil, let chroma = bits.exponential(), chroma <= 3 else { return nil }
        if chroma == 3, !bits.skip(1) { return nil }
        guard let width = bits.exponential(), let height = bits.exponential(), let isCropped = bits.take(1), width < 65_536, height < 65_536
        else { return nil }
        var size = PictureSize(width: Int(width), height: Int(height))
        if isCropped == 1 {
            guard let edges = edges(&bits) else { return nil }
            size.width -= (chroma == 1 || chroma == 2 ? 2 : 1) * (edges.left + edges.right)
            size.height -= (chroma == 1 ? 2 : 1) * (edges.top + edges.bottom)
        }
        return size
    }

    private static func edges(_ bits: inout UnitBits) -> (left: Int, right: Int, top: Int, bottom: Int)? {
        guard let left = bits.exponential(), let right = bits.exponential(), let top = bits.exponential(), let bottom = bits.exponential(),
            max(left, right, top, bottom) < 65_536
        else { return nil }
        return (Int(left), Int(right), Int(top), Int(bottom))
    }
}
