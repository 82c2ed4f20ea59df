// `snowlight serve`: ingest, dispatcher and console in one process, from cameras to pages in one straight line.

import ArgumentParser
import Base
import Domain
import Foundation
import Ingest
import Logging
import Media

struct Serve: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Reads the cameras, dispatches cases and serves the console, in one process.",
        discussion: """
            Checks everything `snowlight check` checks and refuses to start on an error (65). SIGHUP reads the district and the \
            channels again and applies the difference; SIGTERM and Ctrl-C stop gracefully.
            """)

    @Option(help: "The configuration file.") var config: String
    @Option(help: "The folder for databases and pictures; outranks the file.") var data: String?
    @Option(help: "The console's port, 0 for any free one; outranks the file.") var port: Int?
    @Flag(help: "Decode every picture instead of key pictures only.") var fullRate = false

    func validate() throws {
        if let port, !(0...65_535).contains(port) { throw ValidationError("--port must be a number from 0 to 65535.") }
    }

    func run() async throws {
        FFmpegLibrary.prepare()
        let (config, data, port, fullRate) = (config, data, port, fullRate)
        let (read, diagnostics) = try await onOwnThread("check") { Preparation.read(configPath: config, data: data) }
        for diagnostic in diagnostics { complain("\(diagnostic)") }
        guard var preparation = read else { throw ExitStatus.badData.exitCode }
        if let port { preparation.configuration.port = port }
        if fullRate { preparation.configuration.look = .full }
        let ready = preparation
        try await runRole(preparation.configuration) {
            try await SnowlightProcess.serve(ready, configPath: config, data: data, log: $0)
        }
    }
}

/// Runs a process of any role until it is told to stop.
func runRole(
    _ configuration: ServiceConfiguration, make: @Sendable (Logger) async throws -> SnowlightProcess
) async throws {
    // What this process writes is nobody else's business: pictures, databases, the socket of the bus.
    umask(0o077)
    let level = Logger.Level(rawValue: configuration.logLevel) ?? .info  // Checked while reading.
    LoggingSystem.bootstrap { JSONLogHandler(label: $0, level: level) }
    let log = Logger(label: "snowlight")
    do { try await make(log).run() } catch let failure as Failure {
        log.critical("ended", metadata: ["failure": "\(failure)"])
        complain("snowlight: \(failure)")
        throw failure.exitStatus.exitCode
    }
    log.notice("stopped")
}

extension Failure {
    /// The exit code of a command that this failure ends.
    var exitStatus: ExitStatus {
        switch kind {
        case .invalidInput, .unsupported: .badData
        case .unavailable, .deadlineExceeded, .conflict, .unauthorised, .notFound: .unavailable
        case .dataLoss, .resourceExhausted: .inputOutput
        case .cancelled, .internal: .internalError
        }
    }
}
