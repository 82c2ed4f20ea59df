// The look archive on disk: what is written is read, a camera keeps to its share, and damage hides nothing behind it but itself.

import Base
import Domain
import Foundation
import Storage
import TestKit
import Testing

private let start = WallTime("2026-11-23T02:00:00.000Z")!  // A literal in the form it parses.
private let camera = CameraID("51101100001320000001")!  // 20 digits.

private func look(_ second: Double, bytes: Int = 1000, codec: String = "h264") -> LookRecord {
    .look(
        StoredLook(
            at: start.adding(seconds: second), codec: codec, width: 640, height: 360,
            bytes: [UInt8](repeating: UInt8(truncatingIfNeeded: Int(second)), count: bytes)))
}

private func read(_ directory: String, from: Double = -1e6, to: Double = 1e6) -> (records: [LookRecord], isWhole: Bool) {
    var records: [LookRecord] = []
    let isWhole = LookArchive.read(camera, in: directory, from: start.adding(seconds: from), to: start.adding(seconds: to)) {
        records.append($0)
    }
    return (records, isWhole)
}

private func segments(_ directory: String) -> [String] {
    ((try? FileManager.default.contentsOfDirectory(atPath: "\(directory)/\(camera.digits)")) ?? []).sorted()
}

@Test func whatIsKeptIsReadInOrder() throws {
    let directory = try temporaryFolder()
    let archive = try LookArchive(directory: directory, bytesPerCamera: 1 << 20, kept: .seconds(3600))
    let tag = LiveTag(name: "io:door/open", source: "7", state: .on, sinceSeconds: 1_763_863_200.5, isPulse: true)
    let told = ToldIncident(
        category: "motion", zone: "门口 \"gate\"", rule: "r", firstSeen: start, lastSeen: start.adding(seconds: 3), isOver: true)
    let records = [
        look(0), .tags(at: start.adding(seconds: 1), [tag]), look(2, codec: "mjpeg"), .incident(at: start.adding(seconds: 3), told),
        look(4, bytes: 0, codec: "h265"),
    ]
    for record in records { try archive.append(record, of: camera) }
    #expect(read(directory).records == records)
    #expect(read(directory, from: 1, to: 4).records == Array(records[1...3]), "from is in, to is out")
    #expect(LookArchive.cameras(in: directory) == [camera])
    #expect(LookArchive.cameras(in: directory + "/nothing").isEmpty)
}

@Test func aCameraKeepsToItsShareAndLosesTheOldest() throws {
    let directory = try temporaryFolder()
    let archive = try LookArchive(directory: directory, bytesPerCamera: 16_000, kept: .seconds(3600))
    var deleted = 0
    for second in 0..<100 { deleted += try archive.append(look(Double(second)), of: camera) }
    #expect(deleted > 0)
    let kept = read(directory).records
    let bytes = try segments(directory).reduce(0) { sum, name in
        sum + (try FileManager.default.attributesOfItem(atPath: "\(directory)/\(camera.digits)/\(name)")[.size] as? Int ?? 0)
    }
    #expect(bytes <= 16_000)
    #expect((12...16).contains(kept.count), "most of the share is in use: \(kept.count)")
    #expect(kept.last == look(99))
    #expect(kept == kept.sorted { $0.at < $1.at })
}

@Test func aPictureLargerThanTheShareAndAnUnknownCodecAreLeftOut() throws {
    let directory = try temporaryFolder()
    let archive = try LookArchive(directory: directory, bytesPerCamera: 4000, kept: .seconds(3600))
    try archive.append(look(0, bytes: 5000), of: camera)
    try archive.append(look(1, codec: "av1"), of: camera)
    #expect(read(directory).records.isEmpty)
}

@Test func aRestartBeginsASegmentAndATornRecordIsNotRead() throws {
    let directory = try temporaryFolder()
    try LookArchive(directory: directory, bytesPerCamera: 1 << 20, kept: .seconds(3600)).append(look(0), of: camera)
    let first = "\(directory)/\(camera.digits)/\(segments(directory)[0])"
    let whole = try Data(contentsOf: URL(fileURLWithPath: first))
    for cut in [1, 23, 24, 25, whole.count - 1] {
        // A process that died in the middle of its second record.
        try (whole + whole.prefix(cut)).write(to: URL(fileURLWithPath: first))
        let (records, isWhole) = read(directory)
        #expect(records == [look(0)], "cut after \(cut) bytes")
        #expect(isWhole, "a torn end is no damage")
    }
    let again = try LookArchive(directory: directory, bytesPerCamera: 1 << 20, kept: .seconds(3600))
    // The clock was set back meanwhile: what is new still comes behind what is old.
    try again.append(look(-5), of: camera)
    try again.append(look(9), of: camera)
    #expect(segments(directory).count == 2)
    #expect(read(directory).records == [look(0), look(-5), look(9)])
}

@Test func damageEndsOneSegmentOnly() throws {
    let directory = try temporaryFolder()
    for second in [0.0, 10.0] {
        try LookArchive(directory: directory, bytesPerCamera: 1 << 20, kept: .seconds(3600)).append(look(second), of: camera)
    }
    let path = "\(directory)/\(camera.digits)/\(segments(directory)[0])"
    try Data(repeating: 0x7F, count: 500).write(to: URL(fileURLWithPath: path))
    let (records, isWhole) = read(directory)
    #expect(records == [look(10)])
    #expect(!isWhole)
}

@Test func whatIsTooOldIsSweptAlsoOfCamerasThatAreGone() throws {
    let directory = try temporaryFolder()
    let archive = try LookArchive(directory: directory, bytesPerCamera: 16_000, kept: .seconds(60))
    for second in stride(from: 0.0, to: 100, by: 10) { try archive.append(look(second, bytes: 2000), of: camera) }
    let before = segments(directory).count
    let deleted = archive.sweep(now: start.adding(seconds: 120))
    #expect(deleted > 0 && segments(directory).count == before - deleted)
    // A segment is deleted when all of it is older than a minute, here 60 s after the start.
    #expect(read(directory).records.allSatisfy { $0.at > start.adding(seconds: 45) })
    // Nothing more is written; the file's own time counts then.
    let later = WallTime(millisecondsSince1970: Int64(Date().timeIntervalSince1970 * 1000) + 3_600_000)
    _ = archive.sweep(now: later)
    #expect(segments(directory).isEmpty)
    try archive.append(look(200), of: camera)
    #expect(read(directory).records == [look(200)])
}
