// Writes the sample district, clearly labelled as invented.
// **seed → files of a district** → `snowlight check`, `snowlight serve`

import ArgumentParser
import Base
import Foundation
import Grids

/// The command line of the generator.
@main
struct MakeDistrict: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "make-district",
        abstract: "Writes a generated sample district: map, cameras and gridworkers. The same options give the same bytes.",
        discussion:
            "Codes and names below district 511011 are invented. The map is written only when it is proven to cover the district once.")

    @Option(help: "Seed of everything that is random.")
    var seed: UInt64 = 511_011

    @Option(help: "Directory to write into; made when missing. Files of the sample in it are replaced, others are left alone.")
    var out: String

    @Option(help: "Number of cameras over the whole district.")
    var cameras = 4100

    @Option(help: "Write only this many cameras, in a few neighbouring grids; all grids and gridworkers are kept.")
    var slice: Int?

    @Option(help: "Number of neighbouring grids that a slice uses.")
    var sliceGrids = 6

    @Option(help: "A camera's URL is this and its number, from 1.")
    var rtspBase = "rtsp://127.0.0.1:8554/cam/"

    func run() throws {
        var options = SampleOptions()
        options.seed = seed
        options.cameras = slice ?? cameras
        options.cameraGrids = slice == nil ? nil : sliceGrids
        options.rtspBase = rtspBase
        do {
            let files = try SampleDistrict.files(options)
            try FileManager.default.createDirectory(atPath: out, withIntermediateDirectories: true)
            for file in files {
                try Data(file.text.utf8).write(to: URL(fileURLWithPath: out).appendingPathComponent(file.name), options: .atomic)
            }
        } catch let failure as Failure {
            try stop("\(failure)", failure.kind == .invalidInput ? .usage : .internalError)
        } catch {
            try stop("cannot write into \(out): \(error.localizedDescription)", .inputOutput)
        }
        print("\(out): sample district 511011 with 465 grids and \(options.cameras) cameras (generated, seed \(seed))")
    }

    private func stop(_ message: String, _ status: ExitStatus) throws -> Never {
        FileHandle.standardError.write(Data("make-district: \(message)\n".utf8))
        throw ExitCode(status.rawValue)
    }
}
