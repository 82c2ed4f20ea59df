// The promise of the bus under thousands of seeded schedules of misfortunes; `bus-bench simulate` runs hundreds of thousands.

import BusSimulation
import Foundation
import Testing

@Test func noScheduleLosesDoublesOrAcknowledgesTooEarly() {
    let count = ProcessInfo.processInfo.environment["SNOWLIGHT_SCHEDULES"].flatMap { Int($0) } ?? 300
    let first = UInt64.random(in: 0...UInt64.max / 2)
    var (appended, crashes, restores) = (0, 0, 0)
    for offset in 0..<UInt64(count) {
        let result = BusWorld.run(seed: first + offset)
        if let complaint = result.complaint {
            Issue.record("seed \(first + offset): \(complaint)")
            return
        }
        appended += result.appended
        crashes += result.crashes
        restores += result.restores
    }
    print("\(count) schedules from seed \(first): \(appended) incidents, \(crashes) crashes, \(restores) restores, 0 lost, 0 doubled")
    #expect(crashes > count && restores > count / 20)
}

@Test func aScheduleIsItsSeed() {
    for seed in 0..<20 as Range<UInt64> { #expect(BusWorld.run(seed: seed) == BusWorld.run(seed: seed)) }
}
