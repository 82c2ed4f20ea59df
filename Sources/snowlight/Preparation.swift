// Everything that is read and checked before anything starts; `check` prints it and `serve` refuses to start without it.

import Base
import Cases
import Domain
import Foundation
import Grids
import Media
import Pipelines
import Pushes

/// Configuration and district data that have been found good.
struct Preparation: Sendable {
    var configuration: ServiceConfiguration
    let district: District
    let catalogue: Catalogue
    let pipelines: PipelineSet
    let calendar: WorkingCalendar
    let credentials: [CameraID: Credentials]
    let pushPlan: PushPlan

    /// What an ingest node reads: its rules and the calendar they look at. Cameras come over the bus.
    struct Node: Sendable {
        var configuration: ServiceConfiguration
        var detection: Detection
    }

    /// How the cameras of this process detect.
    var detection: Detection { Detection(pipelines: pipelines, calendar: calendar) }

    /// Reads and checks what an ingest node needs. Nil when any finding is an error.
    static func readNode(configPath: String, data: String?) -> (node: Node?, diagnostics: [Diagnostic]) {
        var (configuration, diagnostics) = ServiceConfiguration.read(path: configPath, data: data, role: .ingest)
        guard let configuration else { return (nil, diagnostics) }
        let pipelines = readPipelines(configuration.pipelines, &diagnostics)
        let calendar = configuration.calendarPath.map { file($0, &diagnostics) { WorkingCalendar.read(yaml: $0, file: $1) } }
        guard let pipelines, let calendar = calendar ?? WorkingCalendar(), !diagnostics.hasErrors else { return (nil, diagnostics) }
        return (Node(configuration: configuration, detection: Detection(pipelines: pipelines, calendar: calendar)), diagnostics)
    }

    /// Reads and checks all files. Nil when any finding is an error; every finding is reported, not only the first.
    static func read(
        configPath: String, data: String?, role: ServiceRole = .serve
    ) -> (preparation: Preparation?, diagnostics: [Diagnostic]) {
        let (configuration, configFindings) = ServiceConfiguration.read(path: configPath, data: data, role: role)
        var diagnostics = configFindings
        guard let configuration else { return (nil, diagnostics) }
        let (district, districtFindings) = DistrictReader.read(directory: configuration.districtDirectory)
        diagnostics += districtFindings
        let catalogue = file(configuration.cataloguePath, &diagnostics) { Catalogue.read(yaml: $0, file: $1) }
        let pipelines = readPipelines(configuration.pipelines, &diagnostics)
        let calendar = readCalendar(configuration.districtDirectory, &diagnostics)
        var credentials: [CameraID: Credentials] = [:]
        if let path = configuration.credentialsPath {
            let (found, findings) = CredentialsReader.read(path: path)
            diagnostics += findings
            credentials = found
        }
        if let path = configuration.tagKeysPath {
            do { _ = try TagKeyFile.read(path) } catch {
                diagnostics.append(Diagnostic(file: path, line: nil, message: (error as? Failure)?.message ?? "cannot be read"))
            }
        }
        guard let district, let catalogue, let pipelines, let calendar, !diagnostics.hasErrors else { return (nil, diagnostics) }
        // What is drawn at one of its presets only is drawn all the same.
        let positions = district.cameras.flatMap { camera in [camera] + camera.presets.keys.sorted().map(camera.standing) }
        diagnostics += pipelines.findings(positions, filing: { catalogue[$0]?.filing })
        let destinations = readDestinations(configuration.pushes, Registry(district, catalogue: catalogue), &diagnostics)
        guard let destinations, !diagnostics.hasErrors else { return (nil, diagnostics) }
        var pushPolicy = configuration.pushes.policy
        pushPolicy.ladder.duty.calendar = calendar
        return (
            Preparation(
                configuration: configuration, district: district, catalogue: catalogue, pipelines: pipelines, calendar: calendar,
                credentials: credentials, pushPlan: PushPlan(policy: pushPolicy, book: destinations)),
            diagnostics
        )
    }

    private static func readDestinations(
        _ settings: PushSettings, _ registry: Registry, _ diagnostics: inout [Diagnostic]
    ) -> DestinationBook? {
        guard let path = settings.channelsPath else { return DestinationBook(console: settings.console) }
        let (book, findings) = ChannelsFile.read(path: path, district: registry.districtCode, console: settings.console)
        diagnostics += findings
        diagnostics += book?.findings(registry, file: path) ?? []
        return book
    }

    private static func readPipelines(_ source: PipelineSource, _ diagnostics: inout [Diagnostic]) -> PipelineSet? {
        switch source {
        case .folder(let path):
            let (set, findings) = PipelineSet.read(folder: path)
            diagnostics += findings
            return set
        case .file(let path):
            let (file, findings) = PipelineFile.read(path: path)
            diagnostics += findings
            return file.map { PipelineSet([$0]) }
        }
    }

    /// The working calendar of the district; without a file Monday to Friday are worked.
    private static func readCalendar(_ directory: String, _ diagnostics: inout [Diagnostic]) -> WorkingCalendar? {
        let path = (directory as NSString).appendingPathComponent("calendar.yaml")
        guard FileManager.default.fileExists(atPath: path) else { return WorkingCalendar() }
        return file(path, &diagnostics) { WorkingCalendar.read(yaml: $0, file: $1) }
    }

    private static func file<T>(
        _ path: String, _ diagnostics: inout [Diagnostic], _ read: (String, String) -> (T?, [Diagnostic])
    ) -> T? {
        guard let bytes = FileManager.default.contents(atPath: path), let text = String(validating: bytes, as: UTF8.self) else {
            diagnostics.append(Diagnostic(file: path, line: nil, message: "cannot be read as UTF-8 text"))
            return nil
        }
        let (value, findings) = read(text, path)
        diagnostics += findings
        return value
    }
}
