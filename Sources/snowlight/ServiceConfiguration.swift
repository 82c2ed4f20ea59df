// The file given with --config: every key has a default or a clear sentence when it is missing.

import Base
import Domain
import Foundation
import IncidentBus
import Ingest
import Pipelines
import Pushes

/// Where the pipelines stand.
enum PipelineSource: Sendable, Hashable {
    case folder(String)
    case file(String)
}

/// How much of its looks a camera keeps for `snowlight replay`.
struct ArchiveSettings: Sendable, Hashable {
    var bytesPerCamera = 64 << 20
    var kept = Duration.seconds(7 * 86_400)

    init?(_ node: StrictYAML) {
        if let value = node.child("per_camera")?.bytes(in: 1 << 20...64 << 30) { bytesPerCamera = value }
        if let value = node.child("keep")?.duration(in: .seconds(60) ... .seconds(366 * 86_400)) { kept = value }
        node.finish()
    }
}

/// What a process is, as far as its configuration has to know: each needs other keys, and all may share one file.
enum ServiceRole: Sendable {
    case serve, dispatch, ingest
}

/// A validated configuration. Paths are absolute or relative to the working directory, resolved against the file's folder.
struct ServiceConfiguration: Sendable {
    var districtDirectory: String
    var cataloguePath: String
    /// A folder of pipelines, or one file.
    var pipelines: PipelineSource
    var credentialsPath: String?
    var dataDirectory: String
    var store = StoreConfiguration.sqlite
    /// Copies of the database files while they are in use; nil makes none.
    var backups: BackupSettings?
    /// For how long what was given is kept.
    var retention = RetentionSettings()
    var look = LookMode.key
    /// How cameras whose row says `auto` are read.
    var transport = Transport.native
    /// One floor for all priorities; nil keeps the ones by priority.
    var floor: Duration?
    /// Share of the cores that looks may take.
    var budgetShare = 0.6
    var spareLooks = true
    var workers: Int
    var stallAfter = Duration.seconds(15)
    var refusedRetry = Duration.seconds(300)
    /// Off: a district's last ten seconds are 2.7 GB, and clips fill a disk as fast as the streets are busy.
    var recording = RecordingSettings()
    /// Off: a camera that is looked at every 5 s codes 400 MB of key pictures a day.
    var archive: ArchiveSettings?
    var host = "127.0.0.1"
    var port = 8080
    var assetsDirectory: String
    var leafletDirectory = "/usr/share/javascript/leaflet"
    /// Creates one sample login per role and writes them to `sample-logins.txt` in the data directory.
    var sampleAccounts = false
    /// Without a section: everyone is told on the console, and nowhere else.
    var pushes = PushSettings()
    var logLevel = "info"
    var bus = BusConfiguration()
    /// Where the feed is published; nil for nowhere.
    var feedEndpoint: String?
    /// Where sensors and readers of tags are heard; nil for nowhere.
    var sensorEndpoint: String?
    /// The keys of two-wheeler tags; nil turns theft reports off.
    var tagKeysPath: String?
    /// The pictures of incidents, when they are not below `data`: where both halves see the same folder, the pages show them.
    var picturesDirectory: String?
    /// The working calendar of an ingest node; the others have the district's.
    var calendarPath: String?

    /// Reads `path`; the configuration is nil when a finding is an error.
    /// - Parameter data: `--data`, which outranks the file's `data`.
    static func read(path: String, data: String?, role: ServiceRole = .serve) -> (
        configuration: ServiceConfiguration?, diagnostics: [Diagnostic]
    ) {
        guard let bytes = FileManager.default.contents(atPath: path) else {
            return (nil, [Diagnostic(file: path, line: nil, message: "cannot read the configuration file")])
        }
        guard let text = String(validating: bytes, as: UTF8.self) else {
            return (nil, [Diagnostic(file: path, line: nil, message: "the configuration file is not UTF-8")])
        }
        let (root, findings) = StrictYAML.parse(text, file: path)
        guard let root else { return (nil, findings.diagnostics) }
        let folder = (path as NSString).deletingLastPathComponent
        func resolved(_ value: String) -> String {
            value.hasPrefix("/") || folder.isEmpty
                ? value : ((folder as NSString).appendingPathComponent(value) as NSString).standardizingPath
        }
        func required(_ key: String, _ what: String) -> String? {
            guard let node = root.child(key) else {
                if role != .ingest { root.report("'\(key)' is missing: \(what)") }
                return nil
            }
            return node.string().map(resolved)
        }

        let district = required("district", "the folder with grids.geojson, cameras.csv and workers.csv")
        let catalogue = required("catalogue", "the file that says which categories become cases")
        let pipelines = readPipelines(root, resolved)
        let dataNode = root.child("data")
        let dataDirectory = data ?? dataNode?.string().map(resolved)
        if dataDirectory == nil { root.report("'data' is missing: the folder for databases and pictures (or give --data)") }
        var configuration = ServiceConfiguration(
            districtDirectory: district ?? "", cataloguePath: catalogue ?? "", pipelines: pipelines ?? .file(""),
            credentialsPath: root.child("credentials")?.string().map(resolved), dataDirectory: dataDirectory ?? "",
            workers: ProcessInfo.processInfo.activeProcessorCount, assetsDirectory: "")

        configuration.store = StoreConfiguration.read(root, resolved)
        configuration.backups = BackupSettings.read(root, resolved, configuration.store)
        configuration.retention = RetentionSettings.read(root)
        if let ingest = root.child("ingest") {
            if let node = ingest.child("look"), let text = node.string() {
                if let look = LookMode(rawValue: text) {
                    configuration.look = look
                } else {
                    node.report("look must be \(LookMode.allCases.map(\.rawValue).joined(separator: " or ")), not '\(text)'")
                }
            }
            if let node = ingest.child("transport"), let text = node.string() {
                if let transport = Transport(rawValue: text), transport != .auto {
                    configuration.transport = transport
                } else {
                    node.report("transport must be native or ffmpeg, not '\(text)'")
                }
            }
            configuration.floor = ingest.child("floor")?.duration(in: .seconds(1) ... .seconds(600))
            if let value = ingest.child("budget_percent")?.int(in: 5...95) { configuration.budgetShare = Double(value) / 100 }
            if let value = ingest.child("spare_looks")?.bool() { configuration.spareLooks = value }
            if let value = ingest.child("workers")?.int(in: 1...256) { configuration.workers = value }
            if let value = ingest.child("stall_after")?.duration(in: .seconds(2) ... .seconds(120)) { configuration.stallAfter = value }
            if let value = ingest.child("refused_retry")?.duration(in: .seconds(1) ... .seconds(86_400)) {
                configuration.refusedRetry = value
            }
            readRecording(ingest, into: &configuration.recording)
            configuration.archive = ingest.child("archive").flatMap(ArchiveSettings.init)
            ingest.finish()
        }
        if let console = root.child("console") {
            if let value = console.child("host")?.string() { configuration.host = value }
            if let value = console.child("port")?.int(in: 0...65_535) { configuration.port = value }
            if let value = console.child("assets")?.string() { configuration.assetsDirectory = resolved(value) }
            if let value = console.child("leaflet")?.string() { configuration.leafletDirectory = resolved(value) }
            if let value = console.child("sample_accounts")?.bool() { configuration.sampleAccounts = value }
            console.finish()
        }
        if configuration.assetsDirectory.isEmpty, role != .ingest {
            root.report("'console.assets' is missing: the folder with the web pages")
        }
        if let pushes = root.child("pushes") { configuration.pushes = PushSettings.read(pushes, resolved) }
        if let log = root.child("log") {
            if let node = log.child("level"), let level = node.string() {
                if ["trace", "debug", "info", "notice", "warning", "error", "critical"].contains(level) {
                    configuration.logLevel = level
                } else {
                    node.report("level must be trace, debug, info, notice, warning, error or critical, not '\(level)'")
                }
            }
            log.finish()
        }
        configuration.bus = BusConfiguration.read(root, resolved)
        if let feed = root.child("feed") {
            configuration.feedEndpoint = feed.child("endpoint")?.string()
            feed.finish()
        }
        configuration.sensorEndpoint = readSensors(root, configuration.bus)
        if let thefts = root.child("thefts") {
            configuration.tagKeysPath = thefts.child("keys")?.string().map(resolved)
            thefts.finish()
        }
        configuration.picturesDirectory = root.child("pictures")?.string().map(resolved)
        configuration.calendarPath = root.child("calendar")?.string().map(resolved)
        root.finish()
        for (key, directory) in [
            ("district", configuration.districtDirectory), ("console.assets", configuration.assetsDirectory),
            ("console.leaflet", configuration.leafletDirectory),
        ] where role != .ingest && !directory.isEmpty && !isDirectory(directory) {
            root.report("\(key) names a folder that does not exist: \(directory)")
        }
        return (findings.diagnostics.hasErrors ? nil : configuration, findings.diagnostics)
    }

    private static func readSensors(_ root: StrictYAML, _ bus: BusConfiguration) -> String? {
        guard let sensors = root.child("sensors") else { return nil }
        defer { sensors.finish() }
        guard let endpoint = sensors.child("endpoint")?.string() else {
            sensors.report("'sensors.endpoint' is missing: where sensors and readers of tags are heard")
            return nil
        }
        do { _ = try Endpoint.binding(endpoint, encrypted: bus.keyPath != nil) } catch {
            sensors.report((error as? Failure)?.message ?? "\(error)")
        }
        return endpoint
    }

    private static func readRecording(_ ingest: StrictYAML, into recording: inout RecordingSettings) {
        if let node = ingest.child("pre_roll"), let value = node.duration(in: .zero ... .seconds(60)) {
            recording.preRoll = value == .zero ? nil : value
        }
        if let value = ingest.child("pre_roll_memory")?.bytes(in: 1 << 20...64 << 30) { recording.preRollBytes = value }
        if let clip = ingest.child("clip") {
            let before = clip.child("before")?.duration(in: .zero ... .seconds(60))
            let after = clip.child("after")?.duration(in: .seconds(1) ... .seconds(60))
            clip.finish()
            recording.clip = ClipWish(before: before ?? .seconds(5), after: after ?? .seconds(10))
            if let before, before > recording.preRoll ?? .zero {
                clip.report("clip.before is longer than pre_roll: what is not kept cannot be shown", severity: .warning)
            }
        }
    }

    /// Where looks are kept for `snowlight replay`.
    var lookDirectory: String { dataDirectory + "/looks" }

    /// What the attention scheduler may spend.
    var attention: AttentionScheduler.Policy {
        var policy = AttentionScheduler.Policy()
        if let floor { policy.floorSecondsByPriority = Array(repeating: floor.seconds, count: 4) }
        policy.cores = Double(workers)
        policy.share = budgetShare
        policy.usesSpare = spareLooks
        return policy
    }

    private static func readPipelines(_ root: StrictYAML, _ resolved: (String) -> String) -> PipelineSource? {
        let (folder, file) = (root.child("pipelines"), root.child("pipeline"))
        switch (folder, file) {
        case (let folder?, nil): return folder.string().map { .folder(resolved($0)) }
        case (nil, let file?): return file.string().map { .file(resolved($0)) }
        case (_?, let file?): file.report("'pipeline' names one file and 'pipelines' a folder: give one of them")
        case (nil, nil): root.report("'pipelines' is missing: the folder with the files that say what is detected")
        }
        return nil
    }

    private static func isDirectory(_ path: String) -> Bool {
        var directory: ObjCBool = false
        return FileManager.default.fileExists(atPath: path, isDirectory: &directory) && directory.boolValue
    }
}
