// `snowlight ingest` and `snowlight dispatch`: the halves of `serve`, each in a process of its own, on one machine or on many.

import ArgumentParser
import Base
import Media

struct IngestCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "ingest", abstract: "Reads the cameras that the dispatcher gives it, and sends it what they see.",
        discussion: """
            Needs `bus`, `pipelines` and `data` of the configuration, neither the district nor a database. Any number of nodes share the \
            cameras. SIGHUP reads the rules again; SIGTERM and Ctrl-C stop gracefully.
            """)

    @Option(help: "The configuration file.") var config: String
    @Option(help: "The folder for the outbox and pictures; outranks the file.") var data: String?

    func run() async throws {
        FFmpegLibrary.prepare()
        let (config, data) = (config, data)
        let (read, diagnostics) = try await onOwnThread("check") { Preparation.readNode(configPath: config, data: data) }
        for diagnostic in diagnostics { complain("\(diagnostic)") }
        guard let node = read else { throw ExitStatus.badData.exitCode }
        try await runRole(node.configuration) {
            try await SnowlightProcess.ingest(node, configPath: config, data: data, log: $0)
        }
    }
}

struct DispatchCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "dispatch", abstract: "Gives cameras to ingest nodes, makes cases of what they report, and serves the console.",
        discussion: """
            Checks what `serve` checks. SIGHUP reads the district again and tells the nodes the difference within a second; the list of \
            keys is read again by itself. SIGTERM and Ctrl-C stop gracefully.
            """)

    @Option(help: "The configuration file.") var config: String
    @Option(help: "The folder for databases and pictures; outranks the file.") var data: String?
    @Option(help: "The console's port, 0 for any free one; outranks the file.") var port: Int?

    func validate() throws {
        if let port, !(0...65_535).contains(port) { throw ValidationError("--port must be a number from 0 to 65535.") }
    }

    func run() async throws {
        let (config, data, port) = (config, data, port)
        let (read, diagnostics) = try await onOwnThread("check") { Preparation.read(configPath: config, data: data, role: .dispatch) }
        for diagnostic in diagnostics { complain("\(diagnostic)") }
        guard var preparation = read else { throw ExitStatus.badData.exitCode }
        if let port { preparation.configuration.port = port }
        let ready = preparation
        try await runRole(preparation.configuration) {
            try await SnowlightProcess.dispatch(ready, configPath: config, data: data, log: $0)
        }
    }
}
