// swift-tools-version: 6.2
// Snowlight: camera → packets → looks → frames → detections → incidents → cases → pushes.
// Targets stand in flow order; imports point up the list only (Tests/HouseRuleTests holds them to it).

import PackageDescription

/// Settings of every Swift target of ours, each with its reason.
let house: [SwiftSetting] = [
    // SE-0335: an existential costs an allocation and a witness call; `any` makes that visible.
    .enableUpcomingFeature("ExistentialAny"),
    // SE-0444: a file names every module whose members it uses, so that the import rules can be checked.
    .enableUpcomingFeature("MemberImportVisibility"),
    // SE-0409: C types and library types stay inside the module that owns them.
    .enableUpcomingFeature("InternalImportsByDefault"),
    // SE-0461: an async function runs where its caller runs; no hidden hop off an actor.
    .enableUpcomingFeature("NonisolatedNonsendingByDefault"),
    // Our own targets compile without a warning or not at all; dependencies are not touched by this.
    .treatAllWarnings(as: .error),
]

let package = Package(
    name: "snowlight",
    products: [
        .executable(name: "snowlight", targets: ["snowlight"]),
        .executable(name: "camera-fleet", targets: ["camera-fleet"]),
        .executable(name: "make-district", targets: ["make-district"]),
        .executable(name: "locate-bench", targets: ["locate-bench"]),
        .executable(name: "detector-cost", targets: ["detector-cost"]),
        .executable(name: "bus-bench", targets: ["bus-bench"]),
    ],
    dependencies: [
        // Command lines with --help, exit 64 on unknown options, no dependencies of its own.
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
        // Structured log front end; the JSON handler behind it is ours (Base/JSONLogHandler.swift).
        .package(url: "https://github.com/apple/swift-log", from: "1.16.2"),
        // HTTP/1.1 server on SwiftNIO with streaming bodies for SSE. No traits: none of its optional parts are used.
        .package(url: "https://github.com/hummingbird-project/hummingbird", from: "2.28.1", traits: []),
        // The event loops below the HTTP server, and NIOThreadPool for password hashing (blocking work off the loops).
        .package(url: "https://github.com/apple/swift-nio", from: "2.101.2"),
        // The types of HTTP messages that Hummingbird hands over, and their NIO counterparts; both come with it anyway.
        .package(url: "https://github.com/apple/swift-http-types", from: "1.8.0"),
        // As above: `NIOHTTPTypes`, for the handler that guards connections.
        .package(url: "https://github.com/apple/swift-nio-extras", from: "1.35.2"),
        // HTTP client for pushes on the same event loops: TLS, deadlines and no redirects. FoundationNetworking would bring libcurl, follow
        // redirects before it asks, and could not be told which address a checked name has.
        .package(url: "https://github.com/swift-server/async-http-client", from: "1.37.0"),
        // Ordered start and graceful stop of the parts of one process, and its signals.
        .package(url: "https://github.com/swift-server/swift-service-lifecycle", from: "2.13.0"),
        // SQLite with WAL, prepared statements and one writer queue per file.
        .package(url: "https://github.com/groue/GRDB.swift", from: "7.10.0"),
        // SHA-256 for the content-addressed store and the hash chain, HMAC for the tokens of two-wheeler tags, scrypt for passwords.
        .package(url: "https://github.com/apple/swift-crypto", from: "4.5.2"),
        // YAML with line numbers, so that a wrong key is reported as file:line.
        .package(url: "https://github.com/jpsim/Yams", from: "6.2.2"),
    ],
    targets: [
        // MARK: C libraries, each visible to exactly one Swift module
        .systemLibrary(
            name: "CFFmpeg", pkgConfig: "libavformat libavcodec libavutil libswscale",
            providers: [.apt(["libavformat-dev", "libavcodec-dev", "libavutil-dev", "libswscale-dev"])]),
        // No pkgConfig: Debian's libzmq.pc pulls in flags that SwiftPM refuses; the module map links `zmq` itself.
        .systemLibrary(name: "CZeroMQ", providers: [.apt(["libzmq3-dev"])]),
        // The client library of PostgreSQL, the database for more than one node.
        .systemLibrary(name: "CPostgres", pkgConfig: "libpq", providers: [.apt(["libpq-dev"])]),
        // The push parser for ONVIF metadata; a hand-written one would meet hostile cameras first.
        .systemLibrary(name: "CXML2", pkgConfig: "libxml-2.0", providers: [.apt(["libxml2-dev"])]),
        // Cameras may send their metadata as gzip.
        .systemLibrary(name: "CZlib", pkgConfig: "zlib", providers: [.apt(["zlib1g-dev"])]),

        // MARK: nouns and mechanisms
        .target(name: "Domain", swiftSettings: house),
        .target(
            name: "Base",
            dependencies: ["Domain", .product(name: "Logging", package: "swift-log"), .product(name: "Yams", package: "Yams")],
            swiftSettings: house),

        // MARK: camera → packets → looks → frames → detections → incidents
        .target(name: "RTSP", dependencies: ["Domain", "Base", .product(name: "Crypto", package: "swift-crypto")], swiftSettings: house),
        .target(name: "Media", dependencies: ["CFFmpeg", "Domain", "Base", "RTSP"], swiftSettings: house),
        .target(name: "Detectors", dependencies: ["Domain"], swiftSettings: house),
        .target(
            name: "Tagging", dependencies: ["CXML2", "CZlib", "Domain", .product(name: "Crypto", package: "swift-crypto")],
            swiftSettings: house),
        .target(name: "Pipelines", dependencies: ["Domain", "Base", "Detectors"], swiftSettings: house),
        .target(
            name: "Ingest",
            dependencies: [
                "Domain", "Base", "RTSP", "Media", "Detectors", "Tagging", "Pipelines", .product(name: "Logging", package: "swift-log"),
            ],
            swiftSettings: house),

        // MARK: incidents ══ZeroMQ══▶ dispatcher → cases
        .target(
            name: "Storage",
            dependencies: [
                "CPostgres", "Domain", "Base", .product(name: "GRDB", package: "GRDB.swift"),
                .product(name: "GRDBSQLite", package: "GRDB.swift"), .product(name: "Crypto", package: "swift-crypto"),
            ],
            swiftSettings: house),
        .target(
            name: "IncidentBus",
            dependencies: [
                "CZeroMQ", "Domain", "Base", "Storage", .product(name: "Logging", package: "swift-log"),
                .product(name: "Crypto", package: "swift-crypto"),
            ],
            swiftSettings: house),
        .target(name: "Grids", dependencies: ["Domain", "Base"], swiftSettings: house),
        .target(
            name: "Cases",
            dependencies: [
                "Domain", "Base", "Storage", "IncidentBus", "Grids", .product(name: "Logging", package: "swift-log"),
                .product(name: "Crypto", package: "swift-crypto"),
            ],
            swiftSettings: house),

        // MARK: cases → pushes
        .target(
            name: "Pushes",
            dependencies: [
                "Domain", "Base", "Storage", "Grids", "Cases", .product(name: "AsyncHTTPClient", package: "async-http-client"),
                .product(name: "NIOCore", package: "swift-nio"), .product(name: "NIOPosix", package: "swift-nio"),
                .product(name: "NIOHTTP1", package: "swift-nio"),
                .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
                .product(name: "Logging", package: "swift-log"), .product(name: "Crypto", package: "swift-crypto"),
            ],
            swiftSettings: house),

        // MARK: feed → pages
        .target(
            name: "Console",
            dependencies: [
                "Domain", "Base", "Tagging", "Storage", "Grids", "Cases", "Pushes", .product(name: "Hummingbird", package: "hummingbird"),
                .product(name: "HummingbirdCore", package: "hummingbird"), .product(name: "HTTPTypes", package: "swift-http-types"),
                .product(name: "NIOHTTPTypes", package: "swift-nio-extras"),
                .product(name: "NIOCore", package: "swift-nio"), .product(name: "NIOPosix", package: "swift-nio"),
                .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
                .product(name: "Logging", package: "swift-log"),
                .product(name: "Crypto", package: "swift-crypto"), .product(name: "CryptoExtras", package: "swift-crypto"),
            ],
            exclude: ["Assets"],
            swiftSettings: house),

        // MARK: commands
        .executableTarget(
            name: "snowlight",
            dependencies: [
                "Domain", "Base", "RTSP", "Media", "Detectors", "Tagging", "Pipelines", "Ingest", "Storage", "IncidentBus", "Grids",
                "Cases", "Pushes", "Console", .product(name: "Crypto", package: "swift-crypto"),
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
                .product(name: "Logging", package: "swift-log"),
                .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
                .product(name: "UnixSignals", package: "swift-service-lifecycle"),
            ],
            swiftSettings: house),
        // A simulated RTSP fleet with ground truth.
        .executableTarget(
            name: "camera-fleet",
            dependencies: ["CameraFleet", .product(name: "ArgumentParser", package: "swift-argument-parser")],
            path: "tools/camera-fleet/Command", swiftSettings: house),
        .target(name: "CameraFleet", dependencies: ["Domain", "Base", "Media"], path: "tools/camera-fleet/Fleet", swiftSettings: house),
        // Writes the sample district, clearly labelled as invented.
        .executableTarget(
            name: "make-district",
            dependencies: ["Domain", "Base", "Grids", .product(name: "ArgumentParser", package: "swift-argument-parser")],
            path: "tools/make-district", swiftSettings: house),
        // Points in grids, timed: the Swift part of `tools/bench locate`.
        .executableTarget(
            name: "locate-bench",
            dependencies: ["Domain", "Base", "Grids", .product(name: "ArgumentParser", package: "swift-argument-parser")],
            path: "tools/locate-bench", swiftSettings: house),
        // Times the detector alone; tools/ci/vectors counts the packed instructions in it.
        .executableTarget(
            name: "detector-cost",
            dependencies: ["Domain", "Detectors", .product(name: "ArgumentParser", package: "swift-argument-parser")],
            path: "tools/detector-cost", swiftSettings: house),
        // The bus under seeded misfortunes, and its throughput: the Swift parts of `tools/bench bus`.
        .target(
            name: "BusSimulation", dependencies: ["Base", "Storage", "IncidentBus", .product(name: "Logging", package: "swift-log")],
            path: "tools/bus-bench/Simulation", swiftSettings: house),
        .executableTarget(
            name: "bus-bench",
            dependencies: [
                "BusSimulation", "Domain", "Base", "Storage", "IncidentBus", "Grids", "Cases",
                .product(name: "ArgumentParser", package: "swift-argument-parser"), .product(name: "Logging", package: "swift-log"),
            ],
            path: "tools/bus-bench/Command", swiftSettings: house),

        // MARK: tests
        // Counts what the Swift runtime allocates, for tests that say "nothing": only C may stand in the allocator's place.
        .target(name: "CAllocations", path: "Tests/CAllocations"),
        .target(name: "TestKit", dependencies: ["CAllocations", "Domain", "Base"], path: "Tests/TestKit", swiftSettings: house),
        // A PostgreSQL server for each test run, and empty databases of both kinds.
        .target(
            name: "StorageKit", dependencies: ["Domain", "Base", "Storage", "TestKit"], path: "Tests/StorageKit", swiftSettings: house),
    ]
        + [
            ("Domain", []), ("Base", []), ("RTSP", []), ("Media", ["RTSP"]), ("Detectors", []), ("Tagging", []),
            ("Pipelines", ["Detectors"]),
            ("Ingest", ["RTSP", "Media", "Detectors", "Tagging", "Pipelines", "CameraFleet"]), ("Storage", ["StorageKit"]),
            ("IncidentBus", ["Storage", "BusSimulation"]),
            ("Grids", []),
            ("Cases", ["Storage", "StorageKit", "IncidentBus", "Grids"]),
            ("Pushes", ["Storage", "StorageKit", "IncidentBus", "Grids", "Cases"]),
            ("Console", ["Tagging", "Storage", "StorageKit", "IncidentBus", "Grids", "Cases", "Pushes"]),
            ("CameraFleet", ["RTSP", "Media", "Tagging"]),
        ].map { (name: String, others: [String]) in
            .testTarget(
                name: "\(name)Tests",
                dependencies: Set(["Domain", "Base", "TestKit", name] + others).sorted().map { .init(stringLiteral: $0) }
                    + [.product(name: "Logging", package: "swift-log")],
                swiftSettings: house)
        }
        + [
            // The rules of the house: import direction, one importer per C module, where `unsafe` may stand, docstrings.
            .testTarget(name: "HouseRuleTests", swiftSettings: house)
        ]
)
