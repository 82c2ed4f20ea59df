// User data of pictures comes out under registered identifiers only, whatever stands around it.

import RTSP
import Testing

private let ours = (UInt8(1)...16).map { $0 }
private let others = (UInt8(101)...116).map { $0 }

/// A unit with these messages of type 5, with bytes against start codes where they are needed.
private func unit(_ kind: DepacketiserKind, _ messages: [[UInt8]]) -> [UInt8] {
    var body: [UInt8] = []
    for message in messages {
        body += [5] + [UInt8](repeating: 255, count: message.count / 255) + [UInt8(message.count % 255)] + message
    }
    var escaped: [UInt8] = []
    var zeros = 0
    for byte in body + [0x80] {
        if zeros >= 2, byte <= 3 {
            escaped.append(3)
            zeros = 0
        }
        escaped.append(byte)
        zeros = byte == 0 ? zeros + 1 : 0
    }
    return (kind == .h265 ? [0x4E, 1] : [6]) + escaped
}

@Suite struct UserDataTests {
    @Test(arguments: [DepacketiserKind.h264, .h265], [24, 60, 2000])
    func registeredUserDataIsTakenFromPicturesThatNobodyWants(kind: DepacketiserKind, maxBytes: Int) throws {
        var reception = try Reception(
            kind, sink: RecordingSink(wantsKey: false, wantsPredicted: false), userDataIDs: [ours])
        let pictures = kind == .h265 ? Coded.h265 : Coded.h264
        let said = ours + [0, 0, 1, 0, 0, 0, 0, 3] + [UInt8](repeating: 7, count: 300)
        for (number, picture) in pictures.enumerated() {
            let units = units(picture)
            let information = unit(kind, [others + [9], said, ours + [UInt8(number)]])
            // In front of the slices, behind the parameter sets.
            let sets = units.prefix { kind == .h265 ? (32...34).contains($0[0] >> 1 & 63) : [7, 8].contains($0[0] & 31) }
            let packed = Packer(isH265: kind == .h265, maxBytes: maxBytes)
                .payloads(Array(sets) + [information] + units.dropFirst(sets.count), UInt32(number) * 6000)
            reception.send(packed)
            #expect(reception.depacketiser.takeUserData() == [said, ours + [UInt8(number)]], "picture \(number)")
            #expect(reception.depacketiser.takeUserData().isEmpty)
        }
        #expect(reception.sink.violations == [] && reception.depacketiser.problems.total == 0)
    }

    @Test func nothingIsKeptThatNobodyAskedForOrTakes() throws {
        let picture = [unit(.h264, [ours + [1], others + [2]])] + units(Coded.h264[1])
        var unasked = try Reception(.h264)
        unasked.send(Packer().payloads(picture, 1))
        #expect(unasked.depacketiser.takeUserData().isEmpty)
        var untaken = try Reception(.h264, userDataIDs: [ours])
        for time in 0..<100 { untaken.send(Packer().payloads(picture, UInt32(time) * 6000)) }
        #expect(untaken.depacketiser.takeUserData() == [[UInt8]](repeating: ours + [1], count: 8))
    }

    @Test func everyTruncationOfAUnitIsHarmless() throws {
        let whole = unit(.h264, [ours + [1, 2, 3], ours + [4]])
        for count in 1...whole.count {
            var reception = try Reception(.h264, userDataIDs: [ours])
            reception.send(Packer().payloads([Array(whole.prefix(count))] + units(Coded.h264[1]), 1))
            let found = reception.depacketiser.takeUserData()
            #expect(found.isEmpty || found == [ours + [1, 2, 3]] || found == [ours + [1, 2, 3], ours + [4]], "\(count) bytes")
        }
    }
}
