// Suppressions on disk: found by what they are asked for, bounded in every direction, and no reason for a process to end.

import Base
import Domain
import Foundation
import Storage
import TestKit
import Testing

private let start = WallTime("2026-11-23T02:00:00.000Z")!  // A literal in the form it parses.
private let week = Duration.seconds(7 * 86_400)

private func path() throws -> String { try temporaryFolder() + "/suppressions.sqlite" }

private func camera(_ number: Int) -> CameraID { CameraID("5110110000132000000\(number)")! }  // 20 digits for 0…9.

private func evidence(
    _ second: Double, camera number: Int = 1, _ reason: SuppressionReason = .lighting, bytes: Int? = nil
) -> SuppressedEvidence {
    var generator = SystemRandomNumberGenerator()
    let at = start.adding(seconds: second)
    let record = SuppressionRecord(
        id: SuppressionID(at: at, using: &generator), camera: camera(number), zone: "lane", rule: "", category: "motion", priority: .four,
        reason: reason, facts: ["12 cells, 3.4 levels"], box: RelativeBox(x: 0.1, y: 0.2, width: 0.3, height: 0.4), at: at)
    return SuppressedEvidence(record: record, jpeg: bytes.map { [UInt8](repeating: 0xAB, count: $0) })
}

private func query(_ change: (inout SuppressionQuery) -> Void) -> SuppressionQuery {
    var query = SuppressionQuery()
    change(&query)
    return query
}

@Test func suppressionsAreFoundByWhatIsAskedAndSurviveAReopening() async throws {
    let (path, time) = (try path(), SimulatedTime(wall: start))
    var store = try SuppressionStore.open(path: path, time: time)
    let all = (0..<30).map { evidence(Double($0), camera: $0 % 3, $0 % 2 == 0 ? .lighting : .ghost, bytes: $0 == 29 ? 500 : nil) }
    #expect(try store.keep(Array(all.prefix(20))) == (0, 0))
    try store.keep(Array(all.dropFirst(20)))
    try store.close()
    store = try SuppressionStore.open(path: path, time: time)
    #expect(!store.wasDamaged && store.figures == (30, 500))

    let newest = all.map(\.record).reversed()
    let everything = try await store.page(SuppressionQuery())
    #expect(everything.items == Array(newest) && everything.next == nil && everything.rows == 30 && everything.oldest == start)
    for (ask, fits) in [
        (query { $0.camera = camera(2) }, { $0.camera == camera(2) }), (query { $0.reason = .ghost }, { $0.reason == .ghost }),
        (query { $0.reason = .warmup }, { _ in false }),
        (query { $0.from = start.adding(seconds: 10) }, { $0.at >= start.adding(seconds: 10) }),
        (query { $0.to = start.adding(seconds: 10) }, { $0.at < start.adding(seconds: 10) }),
        (
            query { ($0.camera, $0.reason, $0.from, $0.to) = (camera(1), .lighting, start.adding(seconds: 4), start.adding(seconds: 23)) },
            { $0.camera == camera(1) && $0.reason == .lighting && $0.at >= start.adding(seconds: 4) && $0.at < start.adding(seconds: 23) }
        ),
    ] as [(SuppressionQuery, (SuppressionRecord) -> Bool)] {
        #expect(try await store.page(ask).items == newest.filter(fits), "\(ask)")
    }
    // Pages of any size join to the whole.
    for size in [1, 7, 29, 30, 200] {
        var (found, after): ([SuppressionRecord], SuppressionID?) = ([], nil)
        repeat {
            let page = try await store.page(query { ($0.after, $0.limit) = (after, size) })
            found += page.items
            after = page.next
        } while after != nil && found.count <= 30
        #expect(found == Array(newest), "pages of \(size)")
    }
    let last = all[29]
    #expect(try await store.record(last.record.id) == last.record && last.record.picture == .kept)
    #expect(try await store.picture(of: last.record.id) == last.jpeg)
    #expect(try await store.picture(of: all[0].record.id) == nil && all[0].record.picture == .none)
    #expect(try await store.record(evidence(99).record.id) == nil)
    try store.close()
}

@Test func theRingEndsByRowsOfACameraAndOfAll() async throws {
    var limits = SuppressionStore.Limits.standard
    (limits.rowsPerCamera, limits.rows) = (5, 12)
    let store = try SuppressionStore.open(path: try path(), limits: limits, time: SimulatedTime(wall: start))
    defer { try? store.close() }
    var deleted = 0
    for second in 0..<20 { deleted += try store.keep([evidence(Double(second), camera: 1)]).rows }
    #expect(deleted == 15 && store.figures.rows == 5)
    #expect(try await store.page(SuppressionQuery()).oldest == start.adding(seconds: 15))
    // Others take the room of the oldest, whosever they are.
    try store.keep((20..<24).map { evidence(Double($0), camera: 2) } + (24..<30).map { evidence(Double($0), camera: 3) })
    let page = try await store.page(SuppressionQuery())
    #expect(page.items.count == 12 && store.figures.rows == 12)
    #expect(page.items.count { $0.camera == camera(1) } == 3 && page.items.count { $0.camera == camera(3) } == 5)
}

@Test func picturesGoBeforeTheirRowsAndTheRowsSaySo() async throws {
    var limits = SuppressionStore.Limits.standard
    (limits.pictureBytesPerCamera, limits.pictureBytes) = (3000, 5000)
    let store = try SuppressionStore.open(path: try path(), limits: limits, time: SimulatedTime(wall: start))
    defer { try? store.close() }
    for second in 0..<6 { try store.keep([evidence(Double(second), camera: 1, bytes: 1000)]) }
    #expect(store.figures == (6, 3000))
    var pictures = try await store.page(SuppressionQuery()).items.map(\.picture)
    #expect(pictures == [.kept, .kept, .kept, .deleted, .deleted, .deleted])
    let deleted = try store.keep((6..<9).map { evidence(Double($0), camera: 2, bytes: 1000) })
    #expect(deleted == (0, 1) && store.figures == (9, 5000))
    pictures = try await store.page(query { $0.camera = camera(1) }).items.map(\.picture)
    #expect(pictures == [.kept, .kept, .deleted, .deleted, .deleted, .deleted])
    let oldest = try await store.page(SuppressionQuery()).items.last
    #expect(try await store.picture(of: #require(oldest?.id)) == nil)
}

@Test func ageDeletesAlsoWhenNothingComes() async throws {
    let time = SimulatedTime(wall: start)
    let store = try SuppressionStore.open(path: try path(), time: time)
    defer { try? store.close() }
    try store.keep([evidence(0, bytes: 700), evidence(3600)])
    time.advance(by: week)
    #expect(try store.keep([]) == (0, 0))
    time.advance(by: .seconds(1))
    #expect(try store.keep([]) == (1, 0) && store.figures == (1, 0))
    time.advance(by: .seconds(3600))
    #expect(try store.keep([]) == (1, 0))
    let page = try await store.page(SuppressionQuery())
    #expect(page.items.isEmpty && page.rows == 0 && page.oldest == nil)
}

/// Whatever comes in whatever order, no bound is passed, and what is counted is what is there after a reopening.
@Test(arguments: [UInt64(1), 2, 3]) func theSumsAreThoseOfTheFile(seed: UInt64) async throws {
    var generator = SeededGenerator(seed: seed)
    var limits = SuppressionStore.Limits.standard
    (limits.rows, limits.rowsPerCamera, limits.pictureBytes, limits.pictureBytesPerCamera) = (60, 20, 9000, 4000)
    limits.age = .seconds(500)
    let (path, time) = (try path(), SimulatedTime(wall: start))
    var store = try SuppressionStore.open(path: path, limits: limits, time: time)
    for _ in 0..<120 {
        let now = time.wallNow.seconds(since: start)
        let batch = (0..<Int.random(in: 0...8, using: &generator)).map { _ in
            evidence(
                now - Double.random(in: 0...20, using: &generator), camera: Int.random(in: 0...9, using: &generator),
                SuppressionReason.allCases.randomElement(using: &generator) ?? .ghost,
                bytes: Bool.random(using: &generator) ? Int.random(in: 1...900, using: &generator) : nil)
        }
        try store.keep(batch)
        time.advance(by: .seconds(Int.random(in: 0...20, using: &generator)))
        #expect(store.figures.rows <= 60 && store.figures.pictureBytes <= 9000, "seed \(seed)")
    }
    let before = store.figures
    try store.close()
    store = try SuppressionStore.open(path: path, limits: limits, time: time)
    #expect(store.figures == before, "seed \(seed)")
    let page = try await store.page(query { $0.limit = 200 })
    let cameras = Dictionary(grouping: page.items, by: \.camera)
    #expect(page.items.count == before.rows && cameras.values.allSatisfy { $0.count <= 20 }, "seed \(seed)")
    try store.close()
}

@Test func theFirstWordStandsAndItsRecordStaysUntilItIsAnIncident() async throws {
    var limits = SuppressionStore.Limits.standard
    limits.rowsPerCamera = 2
    let (path, time) = (try path(), SimulatedTime(wall: start))
    var store = try SuppressionStore.open(path: path, limits: limits, time: time)
    let one = evidence(0, bytes: 300)
    try store.keep([one])
    #expect(try store.beginRestoring(evidence(1).record.id, by: "duty", name: "值班员", note: "x") == nil)
    let first = try #require(try store.beginRestoring(one.record.id, by: "duty", name: "值班员", note: "有人翻越"))
    #expect(first.record.restoration == Restoration(suppressed: .lighting, by: "duty", name: "值班员", note: "有人翻越", at: start))
    #expect(first.jpeg == one.jpeg && !first.isHandedOver)
    time.advance(by: .seconds(9))
    let second = try store.beginRestoring(one.record.id, by: "other", name: "他", note: "later")
    #expect(second?.record == first.record)
    // A crash: the next process finds it, and neither the ring nor time has taken it.
    try store.keep((1..<9).map { evidence(Double($0)) })
    time.advance(by: week + .seconds(100))
    try store.keep([])
    try store.close()
    store = try SuppressionStore.open(path: path, limits: limits, time: time)
    #expect(try store.interruptedRestorations() == [first])
    try store.finishRestoring(one.record.id)
    #expect(try store.interruptedRestorations().isEmpty)
    #expect(try store.beginRestoring(one.record.id, by: "third", name: "", note: "again")?.isHandedOver == true)
    try store.keep([])
    #expect(try await store.record(one.record.id) == nil)
    try store.close()
}

@Test func aSecondProcessIsRefused() throws {
    let path = try path()
    let store = try SuppressionStore.open(path: path)
    let refusal = #expect(throws: Failure.self) { try SuppressionStore.open(path: path) }
    #expect(refusal?.kind == .conflict)
    try store.close()
    try SuppressionStore.open(path: path).close()
}

@Test(arguments: ["no database", "torn", "garbled"]) func aDamagedFileIsDeletedAndBegunAnew(kind: String) async throws {
    let path = try path()
    let store = try SuppressionStore.open(path: path, time: SimulatedTime(wall: start))
    try store.keep((0..<200).map { evidence(Double($0), bytes: 2000) })
    try store.close()
    let url = URL(fileURLWithPath: path)
    var bytes = try Data(contentsOf: url)
    switch kind {
    case "no database": bytes = Data(repeating: 0x41, count: 8192)
    case "torn": bytes = bytes.prefix(bytes.count / 2)
    default:
        for page in stride(from: 4096 * 2, to: bytes.count, by: 4096) {
            bytes.replaceSubrange(page..<page + 64, with: Data(repeating: 0x7F, count: 64))
        }
    }
    try bytes.write(to: url)
    let next = try SuppressionStore.open(path: path, time: SimulatedTime(wall: start))
    #expect(next.wasDamaged && next.figures == (0, 0))
    try next.keep([evidence(1)])
    #expect(try await next.page(SuppressionQuery()).items.count == 1)
    try next.close()
}

@Test func aFullFileRefusesAndWhatWasKeptIsStillThere() async throws {
    var limits = SuppressionStore.Limits.standard
    limits.fileBytes = 300 << 10
    let store = try SuppressionStore.open(path: try path(), limits: limits, time: SimulatedTime(wall: start))
    defer { try? store.close() }
    var kept = 0
    let refusal = #expect(throws: Failure.self) {
        while kept < 100 {
            try store.keep([evidence(Double(kept), bytes: 20_000)])
            kept += 1
        }
    }
    #expect(refusal?.kind == .resourceExhausted && kept > 5)
    #expect(store.figures == (kept, kept * 20_000))
    #expect(try await store.page(SuppressionQuery()).items.count == kept)
}

@Test func deletedPicturesLeaveNoTraceInTheFile() throws {
    let (path, time) = (try path(), SimulatedTime(wall: start))
    let store = try SuppressionStore.open(path: path, time: time)
    let secret = Array("a face behind a window".utf8)
    var one = evidence(0, bytes: 1)
    one.jpeg = (0..<100).flatMap { _ in secret }
    try store.keep([one])
    time.advance(by: week + .seconds(1))
    #expect(try store.keep([]).rows == 1)
    try store.close()  // Closing writes the log into the file.
    let left = try Data(contentsOf: URL(fileURLWithPath: path))
    #expect(left.range(of: Data(secret)) == nil)
}

@Test func longTextsAreShortenedAndWordsOfANewerReleaseAreLeftOut() async throws {
    let path = try path()
    let store = try SuppressionStore.open(path: path, time: SimulatedTime(wall: start))
    var long = evidence(0)
    long.record.facts = (0..<50).map { _ in String(repeating: "风", count: 5000) }
    long.record.zone = String(repeating: "a\0b", count: 100)
    try store.keep([long, evidence(1)])
    let kept = try await store.record(long.record.id)
    #expect(kept?.facts.count == 8 && kept?.facts.first?.utf8.count == 510 && kept?.zone.utf8.count == 64)
    try store.close()
    let file = try SQLiteFile.open(path: path, migrations: [])
    _ = try await file.write { try $0.run("UPDATE suppression SET reason = 'telepathy' WHERE zone = 'lane'") }
    try file.close()
    let next = try SuppressionStore.open(path: path, time: SimulatedTime(wall: start))
    #expect(try await next.page(SuppressionQuery()).items.map(\.id) == [long.record.id])
    try next.close()
}
