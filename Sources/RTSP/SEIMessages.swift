// Supplemental enhancement information: the few messages in front of a picture that matter here.
// camera ─RTSP─▶ **packets** ─▶ looks, tags

/// What SEI units say. Bodies begin behind the unit's header.
enum SEIMessages {
    /// Messages of a few pictures; who takes none loses later ones.
    static let mostUserData = 8

    /// True if decoding may begin with the picture this unit belongs to (ITU-T H.264 §D.1.8, recovery_frame_cnt of 0).
    static func isRecoveryPoint(_ body: ArraySlice<UInt8>) -> Bool {
        var rest = body
        // A message takes two bytes at least, so this ends with the unit.
        while rest.count > 2 {
            guard let type = number(&rest), let size = number(&rest), size <= rest.count else { return false }
            if type == 6 { return rest.first.map { $0 & 0x80 != 0 } ?? false }
            rest = rest.dropFirst(size)
        }
        return false
    }

    /// The messages of `user_data_unregistered` (§D.1.7 of H.264, §D.2.7 of H.265) under one of these identifiers, which stay in front of
    /// them. Encoders sign their work under identifiers of their own in each key picture; those are passed over before they are copied.
    static func userData(_ body: ArraySlice<UInt8>, _ identifiers: [[UInt8]]) -> [[UInt8]] {
        var found: [[UInt8]] = []
        var rest = unescaped(body)[...]
        while rest.count > 2, found.count < mostUserData {
            guard let type = number(&rest), let size = number(&rest), size <= rest.count else { return found }
            let message = rest.prefix(size)
            if type == 5, identifiers.contains(where: { message.starts(with: $0) }) { found.append(Array(message)) }
            rest = rest.dropFirst(size)
        }
        return found
    }

    /// Without the bytes that keep start codes out of units (§7.4.1.1): the 3 of each `00 00 03`.
    private static func unescaped(_ body: ArraySlice<UInt8>) -> [UInt8] {
        var result: [UInt8] = []
        result.reserveCapacity(body.count)
        var zeros = 0
        for byte in body {
            if zeros >= 2, byte == 3 {
                zeros = 0
                continue
            }
            zeros = byte == 0 ? zeros + 1 : 0
            result.append(byte)
        }
        return result
    }

    private static func number(_ bytes: inout ArraySlice<UInt8>) -> Int? {
        var value = 0
        while let byte = bytes.popFirst() {
            value += Int(byte)
            if byte != 255 { return value }
        }
        return nil
    }
}
