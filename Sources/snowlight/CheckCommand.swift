// `snowlight check`: says what is wrong with configuration and district data, and starts nothing.

import ArgumentParser
import Base
import Grids

struct Check: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Checks the configuration, pipeline, catalogue and district data without starting anything.",
        discussion: "Prints one `file:line: error|warning: message` per finding and ends with 0, or with 65 when one is an error.")

    @Option(help: "The configuration file.") var config: String
    @Option(help: "The folder for databases and pictures; outranks the file.") var data: String?

    func run() throws {
        let (preparation, diagnostics) = Preparation.read(configPath: config, data: data)
        for diagnostic in diagnostics { print(diagnostic) }
        guard let preparation else { throw ExitStatus.badData.exitCode }
        let district = preparation.district
        print(
            "ok: \(district.grids.all.count) grids, \(district.cameras.count) cameras, \(district.workers.count) gridworkers"
                + (diagnostics.isEmpty ? "" : ", \(diagnostics.count) warnings"))
    }
}
