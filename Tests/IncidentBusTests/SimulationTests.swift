// The promise of the bus under thousands of seeded schedules of misfortunes; `bus-bench simulate` runs hundreds of thousands.

import BusSimulation
import Foundation
import Testing

@Test func noScheduleLosesDoublesOrAcknowledgesTooEarly() {
    let count = ProcessInfo.processInfo.environment["SNOWLIGHT_SCHEDULES"].flatMap { Int($0) } ?? 300
    let first = UInt64.random(in: 0...UInt64.max / 2)
    var (appended, crashes, restores, replacements) = (0, 0, 0, 0)
    for offset in 0..<UInt64(count) {
        let result = BusWorld.run(seed: first + offset)
        if let complaint = result.complaint {
            Issue.record("seed \(first + offset): \(complaint)")
            return
        }
        appended += result.appended
        crashes += result.crashes
        restores += result.restores
        replacements += result.replacements
    }
    print("\(count) schedules from seed \(first): \(appended) incidents, \(crashes) crashes, \(restores + replacements) older files")
    #expect(crashes > count && restores > count / 40 && replacements > count / 40)
}

@Test func aScheduleIsItsSeed() {
    for seed in 0..<20 as Range<UInt64> { #expect(BusWorld.run(seed: seed) == BusWorld.run(seed: seed)) }
}
