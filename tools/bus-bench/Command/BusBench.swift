// The bus, proven, timed and loaded: `bus-bench simulate`, `measure` and `node`.
// outbox ══ZeroMQ══▶ dispatcher → cases, **timed** → `tools/bench bus`

import ArgumentParser
import Base
import BusSimulation
import Foundation

@main
struct BusBench: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "bus-bench", abstract: "Proves and times the way from outbox to case.",
        subcommands: [Simulate.self, Measure.self, Node.self])
}

/// Seeded schedules of misfortunes.
struct Simulate: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Runs seeded schedules of loss, doubling, reordering, partitions, crashes, full disks, restored backups and outboxes.",
        discussion: "Ends with 1 and the seed of the first schedule in which an incident is lost, doubled or acknowledged too early.")

    @Option(help: "How many schedules.") var schedules = 100_000
    @Option(help: "The first seed; drawn when it is not given.") var seed: UInt64?

    func validate() throws {
        guard (1...100_000_000).contains(schedules) else { throw ValidationError("--schedules is a number from 1 to 100,000,000.") }
    }

    func run() throws {
        let first = seed ?? UInt64.random(in: 0 ... .max / 2)
        var (appended, crashes, restores, replacements) = (0, 0, 0, 0)
        let began = ContinuousClock.now
        for offset in 0..<UInt64(schedules) {
            let result = BusWorld.run(seed: first &+ offset)
            if let complaint = result.complaint {
                print("seed \(first &+ offset): \(complaint)")
                throw ExitCode(1)
            }
            appended += result.appended
            crashes += result.crashes
            restores += result.restores
            replacements += result.replacements
        }
        let seconds = (ContinuousClock.now - began).seconds
        print(
            """
            {"schedules":\(schedules),"seed":\(first),"incidents":\(appended),"crashes":\(crashes),"restores":\(restores),\
            "replacements":\(replacements),"lost":0,"doubled":0,"seconds":\(seconds)}
            """)
    }
}
