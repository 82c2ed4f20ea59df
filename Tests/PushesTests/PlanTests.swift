// Files that are read again while notices wait: what is untouched goes on, and each destination has one lane.

import Base
import Cases
@testable import Pushes
import Storage
import Testing

private func book(_ names: some Sequence<String>) -> DestinationBook {
    let channels = names.map { name in
        (name, WebhookChannel(address: PushAddress("http://127.0.0.1:9/\(name)")!, secret: Secret("SECcafe1"), source: "/snowlight/511011"))
    }
    return DestinationBook(
        channels: Dictionary(uniqueKeysWithValues: channels), offices: ["511011": channels.map(\.0)],
        guardian: HostGuard(privateHosts: ["127.0.0.1"]))
}

/// Any order of exchanges, starts and steps of lanes: never two lanes for one name, and in the end one for each that stands in the book.
@Test(arguments: 1...20) func eachDestinationHasOneLane(seed: UInt64) {
    var generator = SeededGenerator(seed: seed)
    let names = ["a", "b", "c", "d"]
    var current: Set<String> = []
    let plans = PushPlans(PushPlan(policy: PushPolicy(), book: book(current)))
    var running: Set<String> = []
    func start() {
        for lane in plans.startLanes() { #expect(running.insert(lane.name).inserted, "two lanes for \(lane.name), seed \(seed)") }
    }
    for _ in 0..<300 {
        switch UInt8.random(in: 0..<3, using: &generator) {
        case 0:
            let next = Set(names.filter { _ in Bool.random(using: &generator) })
            let change = plans.replace(PushPlan(policy: PushPolicy(), book: book(next)))
            #expect(Set(change.added) == next.subtracting(current) && Set(change.removed) == current.subtracting(next))
            current = next
        case 1: start()
        default: if let name = running.randomElement(using: &generator), !plans.keepsLane(name) { running.remove(name) }
        }
    }
    running = running.filter { plans.keepsLane($0) }
    start()
    #expect(running == current, "seed \(seed)")
}

@Test func whatWaitsForADestinationOutlivesTheReadingOfTheFiles() async throws {
    let district = try PushDistrict()
    let service = district.service
    try district.incidents([1], "flood", seed: 1)
    _ = try await service.follow()
    // Taken out: nothing is sent, and what waits stays. Put back under another address: it goes there, under the key it had.
    let key = try district.rows("SELECT push_key FROM push WHERE destination = 'hook'").first?.text("push_key")
    let policy = district.policy
    #expect(service.replace(PushPlan(policy: policy, book: book(["other"]))).removed == ["hook"])
    #expect(try await service.send(to: "hook") == nil)
    #expect(try district.count("push WHERE destination = 'hook' AND state = 'waiting'") == 1)
    let change = service.replace(PushPlan(policy: policy, book: book(["hook", "other"])))
    #expect(change == PushPlanChange(added: ["hook"], removed: [], changesPolicy: false))
    try await district.settle(service)
    #expect(district.post.keys == [key] && district.post.requests.map(\.address.url) == ["http://127.0.0.1:9/hook"])
}

@Test func anotherLadderCountsForCasesThatWait() async throws {
    let district = try PushDistrict()
    let service = district.service
    try district.incidents([1], "flood", seed: 2)
    try await district.settle(service)
    try await district.run(service, for: 60, every: 60)
    #expect(try district.post.recipients() == ["worker:w1"])
    var policy = district.policy
    policy.ladder.waits[0].steps = [30, 4000, 5000, 6000].map { ClockSpan(milliseconds: Int64($0 * 1000)) }
    #expect(service.replace(PushPlan(policy: policy, book: district.book)).changesPolicy)
    try await district.settle(service)
    #expect(try district.post.recipients() == ["worker:w1", "worker:s1"], "the substitute's step lies behind by the new ladder")
}
