// The rules of the house. A rule that can be checked is checked here, not remembered.

import Foundation
import Testing

/// Our modules in flow order; a module imports only from its left.
private let flow = [
    "Domain", "Base", "RTSP", "Media", "Detectors", "Tagging", "Pipelines", "Ingest", "Storage", "IncidentBus", "Grids", "Cases",
    "Pushes", "Console", "snowlight",
]

/// Each C module and the one Swift module that sees it; the last serves tests only.
private let owners = [
    "CFFmpeg": "Media", "CZeroMQ": "IncidentBus", "CPostgres": "Storage", "CXML2": "Tagging", "CZlib": "Tagging", "CAllocations": "TestKit",
]

/// Where memory may be touched by address: one surface for each C library, and one for TCP sockets. `XML` holds libxml2 and zlib, the
/// two that take a camera's document apart.
private let unsafePlaces = [
    "Sources/Media/", "Sources/IncidentBus/ZeroMQ/", "Sources/Storage/PostgreSQL/", "Sources/Storage/SQLiteBinding.swift",
    "Sources/Base/Sockets/", "Sources/Tagging/XML/",
]

@Test func importsPointUpTheFlow() {
    for file in Project.swiftFiles(["Sources"]) {
        guard let module = file.module, let place = flow.firstIndex(of: module) else {
            Issue.record("\(file) lies in no module of the flow")
            continue
        }
        for imported in file.imports {
            if let other = flow.firstIndex(of: imported) {
                #expect(other < place, "\(file) imports \(imported), which comes later in the flow")
            }
        }
    }
}

@Test func everyModuleOfTheFlowHoldsCodeAndStandsInOrderInTheManifest() {
    let manifest = Project.file("Package.swift").lines.joined(separator: "\n")
    var last = manifest.startIndex
    for module in flow {
        #expect(Project.swiftFiles(["Sources/\(module)"]).isEmpty == false, "\(module) is empty")
        guard let position = manifest.range(of: "name: \"\(module)\"", range: last..<manifest.endIndex) else {
            Issue.record("\(module) is missing from Package.swift or out of order")
            continue
        }
        last = position.lowerBound
    }
}

@Test func eachCModuleHasOneImporter() {
    for file in Project.swiftFiles() {
        for imported in file.imports {
            if let owner = owners[imported] { #expect(file.target == owner, "\(file) imports \(imported), which only \(owner) may") }
        }
    }
}

@Test func memoryIsTouchedByAddressOnlyWhereAllowed() {
    for file in Project.swiftFiles(["Sources", "tools"]) where !unsafePlaces.contains(where: file.path.hasPrefix) {
        for (number, text) in file.code where text.contains(/\b(?:Unsafe\w*|unsafe\w*|withUnsafe\w+|Unmanaged|OpaquePointer)\b/) {
            Issue.record("\(file):\(number) touches memory by address: \(text.trimmingCharacters(in: .whitespaces))")
        }
    }
}

@Test func testsWriteOnlyIntoFoldersThatGoWithThem() {
    for file in Project.swiftFiles(["Tests"]) where file.path != "Tests/TestKit/TemporaryFolder.swift" && file.target != "HouseRuleTests" {
        for (number, text) in file.code where text.contains(/\bNSTemporaryDirectory\b|\.temporaryDirectory\b/) {
            Issue.record("\(file):\(number) makes a temporary folder of its own: TestKit's `temporaryFolder()` is removed")
        }
    }
}

@Test func filesStayReadable() {
    for file in Project.swiftFiles() {
        #expect(file.lines.count <= 800, "\(file) has \(file.lines.count) lines: split it")
    }
}

@Test func everyFileSaysWhatLivesInIt() {
    for file in Project.swiftFiles() {
        #expect(file.lines.first?.hasPrefix("//") == true, "\(file) does not open with a comment")
    }
}

@Test func nothingIsPublic() {
    for file in Project.swiftFiles(["Sources", "tools"]) {
        for (number, text) in file.code
        where text.contains(
            /^\s*(?:public|open) (?!import)(?:final |static |mutating )*(?:func|var|let|struct|class|enum|protocol|init|actor|typealias)\b/)
        {
            Issue.record("\(file):\(number) is public; the package is the only user of its modules")
        }
    }
}

/// A docstring stands above every type and function others may use; its first sentence ends with a period.
@Test func whatOthersUseIsDocumented() {
    let declaration =
        /^\s*package (?:final |static |mutating |indirect |nonisolated |consuming |borrowing )*(?:func|struct|class|enum|protocol|actor|typealias) (\w+|[^\s(]+)/
    for file in Project.swiftFiles(["Sources", "tools"]) {
        for (index, line) in file.lines.enumerated() {
            guard let match = line.firstMatch(of: declaration) else { continue }
            // `==`, `<` and `hash` mean the same everywhere.
            if ["<", "==", "hash"].contains(String(match.1)) { continue }
            var above = index - 1
            while above >= 0, file.lines[above].trimmingCharacters(in: .whitespaces).hasPrefix("@") { above -= 1 }
            var comment: [String] = []
            while above >= 0 {
                let text = file.lines[above].trimmingCharacters(in: .whitespaces)
                guard text.hasPrefix("///") else { break }
                comment.insert(String(text.dropFirst(3)).trimmingCharacters(in: .whitespaces), at: 0)
                above -= 1
            }
            guard !comment.isEmpty else {
                Issue.record("\(file):\(index + 1) \(match.1) has no docstring")
                continue
            }
            let summary = comment.prefix { !$0.isEmpty }.joined(separator: " ")
            #expect(summary.contains(/[.](?:\s|$)/), "\(file):\(index + 1) the first sentence above \(match.1) does not end with a period")
        }
    }
}

@Test func uncheckedSendabilityAndForcedTriesGiveTheirReason() {
    for file in Project.swiftFiles(["Sources", "tools"]) {
        for (number, text) in file.code where text.contains(/@unchecked Sendable|\btry!|nonisolated\(unsafe\)|@preconcurrency/) {
            let around = file.lines[max(0, number - 4)..<min(file.lines.count, number + 2)]
            #expect(around.contains { $0.contains("//") }, "\(file):\(number) gives no reason near it")
        }
    }
}

@Test func namesSayWhatThingsAre() {
    for file in Project.swiftFiles(["Sources", "tools"]) {
        for (number, text) in file.code {
            if let match = text.firstMatch(of: /\b(?:struct|class|enum|protocol|actor) (\w*(?:Manager|Helper|Util|Utils|Impl))\b/) {
                Issue.record("\(file):\(number) \(match.1) says nothing about what it is")
            }
        }
    }
}

@Test func nothingIsLeftUnfinishedOrBoundToOneMachine() {
    let places = ["work", "farm", "root", "opt/swift"].map { "/\($0)/" }
    let marks = ["TO" + "DO", "FIX" + "ME", "XX" + "X"]
    for file in Project.textFiles() where !file.path.hasPrefix("Tests/HouseRuleTests/") && file.path != "LICENSE" {
        for (index, line) in file.lines.enumerated() {
            for place in places where line.contains(place) && !line.contains("https://") {
                Issue.record("\(file.path):\(index + 1) names a place of one machine: \(place)")
            }
            for mark in marks where line.contains(mark) { Issue.record("\(file.path):\(index + 1) is unfinished: \(mark)") }
        }
    }
}

@Test func everyDependencyGivesItsReason() {
    let lines = Project.file("Package.swift").lines
    for (index, line) in lines.enumerated() where line.contains(".package(url:") {
        #expect(lines[index - 1].contains("//"), "Package.swift:\(index + 1) has no reason above it")
    }
}

@Test func noModuleTakesANameOfTheToolchain() {
    let taken: Set = ["Dispatch", "Configuration", "Logging", "Metrics", "Testing", "Crypto", "Runtime"]
    #expect(taken.isDisjoint(with: flow))
}

@Test func linksBetweenTheDocumentsResolve() {
    for file in Project.textFiles() where file.path.hasSuffix(".md") {
        let folder = (file.path as NSString).deletingLastPathComponent
        for (index, line) in file.lines.enumerated() {
            for match in line.matches(of: /\]\(([^)#\s]+)(?:#[^)]*)?\)/) where !match.1.contains("://") {
                let target = ("\(Project.root)/\(folder)/\(match.1)" as NSString).standardizingPath
                #expect(FileManager.default.fileExists(atPath: target), "\(file.path):\(index + 1) links to \(match.1), which is not there")
            }
        }
    }
}
