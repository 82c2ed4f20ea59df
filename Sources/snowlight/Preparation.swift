// Everything that is read and checked before anything starts; `check` prints it and `serve` refuses to start without it.

import Base
import Cases
import Domain
import Foundation
import Grids
import Media
import RTSP
import Pipelines

/// Configuration and district data that have been found good.
struct Preparation: Sendable {
    var configuration: ServiceConfiguration
    let district: District
    let catalogue: Catalogue
    let pipeline: Pipeline
    let credentials: [CameraID: Credentials]

    /// Reads and checks all files. Nil when any finding is an error; every finding is reported, not only the first.
    static func read(configPath: String, data: String?) -> (preparation: Preparation?, diagnostics: [Diagnostic]) {
        let (configuration, configFindings) = ServiceConfiguration.read(path: configPath, data: data)
        var diagnostics = configFindings
        guard let configuration else { return (nil, diagnostics) }
        let (district, districtFindings) = DistrictReader.read(directory: configuration.districtDirectory)
        diagnostics += districtFindings
        let catalogue = file(configuration.cataloguePath, &diagnostics) { Catalogue.read(yaml: $0, file: $1) }
        let pipeline = file(configuration.pipelinePath, &diagnostics) { Pipeline.read(yaml: $0, file: $1) }
        var credentials: [CameraID: Credentials] = [:]
        if let path = configuration.credentialsPath {
            let (found, findings) = CredentialsReader.read(path: path)
            diagnostics += findings
            credentials = found.mapValues { Credentials(user: $0.user, password: $0.password) }
        }
        guard let district, let catalogue, let pipeline, !diagnostics.hasErrors else { return (nil, diagnostics) }
        if catalogue[pipeline.category] == nil {
            diagnostics.append(
                Diagnostic(
                    file: configuration.pipelinePath, line: nil,
                    message: "category '\(pipeline.category)' is not in the catalogue \(configuration.cataloguePath)"))
            return (nil, diagnostics)
        }
        return (
            Preparation(
                configuration: configuration, district: district, catalogue: catalogue, pipeline: pipeline, credentials: credentials),
            diagnostics
        )
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
