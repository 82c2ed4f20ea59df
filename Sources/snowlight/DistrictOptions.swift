// Where a command finds the district.

import ArgumentParser
import Base

/// The folder with a district's files, named itself or by the configuration.
struct DistrictOptions: ParsableArguments {
    @Option(help: ArgumentHelp("The configuration that names the district's folder.", valueName: "file")) var config: String?
    @Option(help: ArgumentHelp("The district's folder itself.", valueName: "dir")) var district: String?

    func validate() throws {
        if (config == nil) == (district == nil) { throw ValidationError("Give either --config or --district.") }
    }

    /// The folder; ends the command with 65 when the configuration has errors.
    func folder() throws -> String { try district ?? Self.folder(config: config ?? "") }

    /// The folder that a configuration names. What else is wrong in it is said too.
    static func folder(config: String) throws -> String {
        // The data folder plays no part here, so a configuration without one will do.
        let (configuration, findings) = ServiceConfiguration.read(path: config, data: ".")
        for finding in findings { complain("\(finding)") }
        guard let configuration else { throw ExitStatus.badData.exitCode }
        return configuration.districtDirectory
    }
}
