// Cameras that misbehave on purpose, for a while after the start.
// scene ─▶ pictures ─▶ encodings ─▶ packets ─▶ **clients**

import Base
import Foundation

/// What can be wrong with a camera.
package enum FaultKind: String, Sendable, CaseIterable {
    /// Says nothing more once it knows that it is meant.
    case silent
    /// Answers with one byte every four seconds.
    case drip
    /// Refuses every password.
    case refuse
    /// Hangs up.
    case drop
    /// Does not know its own path (404).
    case missing
    /// Sends pictures with wrong bits in them, now and then also where a packet says how long it is.
    case corrupt
    /// Describes itself in words that are no session description.
    case garble
    /// Answers with a header of hundreds of kilobytes.
    case swell
    /// Announces a description of two gigabytes and sends its beginning.
    case endless

    /// What such a camera says instead of its answer to DESCRIBE; nil for all other faults.
    func description(_ sequence: String) -> [UInt8]? {
        let head = "RTSP/1.0 200 OK\r\nCSeq: \(sequence)\r\nContent-Type: application/sdp\r\n"
        let body = "v=0\r\no=- 0 0 IN IP4 0.0.0.0\r\n"
        switch self {
        case .garble:
            let text = "<html><body>Welcome to IPCAM</body></html>"
            return Array("\(head)Content-Length: \(text.utf8.count)\r\n\r\n\(text)".utf8)
        case .swell: return Array("\(head)X-Filler: \(String(repeating: "a", count: 300_000))\r\n\r\n".utf8)
        case .endless: return Array("\(head)Content-Length: 2000000000\r\n\r\n\(body)".utf8)
        case .silent, .drip, .refuse, .drop, .missing, .corrupt: return nil
        }
    }

    /// Wrong bits for a run of packets: one byte in 701, a prime, so that they wander through headers and pictures alike.
    package static func corrupted(_ bytes: some Collection<UInt8>) -> [UInt8] {
        var wrong = Array(bytes)
        for index in stride(from: 350, to: wrong.count, by: 701) { wrong[index] ^= 0x55 }
        return wrong
    }
}

/// One camera's fault and when it shows.
package struct Fault: Sendable, Hashable {
    package var kind: FaultKind
    package var camera: Int
    /// Seconds since the fleet's start; the end does not belong to it.
    package var seconds: Range<Double>
}

/// All faults of a fleet.
package struct Faults: Sendable, Equatable {
    package private(set) var list: [Fault] = []

    package init() {}

    /// Reads e.g. `silent=3@..30s;drip=4,7-9@10s..20s;refuse=5`; without `@` a fault lasts for ever.
    ///
    /// - Throws: `Failure` of kind `invalidInput` that names the part that cannot be read.
    package init(parsing text: String, cameras: Int) throws {
        for part in text.split(separator: ";", omittingEmptySubsequences: true) {
            let entry = part.trimmingCharacters(in: .whitespaces)
            guard !entry.isEmpty else { continue }
            let sides = entry.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            guard let kind = FaultKind(rawValue: String(sides[0])), sides.count == 2 else {
                let known = FaultKind.allCases.map(\.rawValue).joined(separator: ", ")
                throw Failure(.invalidInput, "'\(entry)' is no fault: write KIND=CAMERAS[@FROM..TO] with a kind of \(known)")
            }
            let halves = sides[1].split(separator: "@", maxSplits: 1, omittingEmptySubsequences: false)
            let seconds = try halves.count == 2 ? Self.window(String(halves[1]), in: entry) : 0..<Double.infinity
            for number in try Self.numbers(String(halves[0]), cameras, in: entry) {
                list.append(Fault(kind: kind, camera: number, seconds: seconds))
            }
        }
    }

    private static func window(_ text: String, in entry: String) throws -> Range<Double> {
        func refuse() -> Failure {
            Failure(.invalidInput, "'\(entry)': '\(text)' is no span of time: write ..30s, 10s..20s or 5m..")
        }
        guard let dots = text.range(of: "..") else { throw refuse() }
        func seconds(_ part: Substring, otherwise: Double) throws -> Double {
            if part.isEmpty { return otherwise }
            guard let value = Duration(parsing: part) else { throw refuse() }
            return value.seconds
        }
        let from = try seconds(text[..<dots.lowerBound], otherwise: 0)
        let to = try seconds(text[dots.upperBound...], otherwise: .infinity)
        guard from < to else { throw refuse() }
        return from..<to
    }

    private static func numbers(_ text: String, _ cameras: Int, in entry: String) throws -> [Int] {
        try text.split(separator: ",", omittingEmptySubsequences: false).flatMap { part -> [Int] in
            let ends = part.split(separator: "-", omittingEmptySubsequences: false).map { Int($0) }
            guard let first = ends.first ?? nil, let last = ends.last ?? nil, ends.count <= 2, first >= 1, first <= last, last <= cameras
            else {
                throw Failure(
                    .invalidInput, "'\(entry)': '\(part)' is no camera: write numbers from 1 to \(cameras), or a range such as 2-5")
            }
            return Array(first...last)
        }
    }

    /// What is wrong with a camera at a moment; the first entry wins.
    package func kind(of camera: Int, atSeconds seconds: Double) -> FaultKind? {
        list.first { $0.camera == camera && $0.seconds.contains(seconds) }?.kind
    }

    /// Numbers of the cameras that have a fault at any time.
    package var cameras: Set<Int> { Set(list.map(\.camera)) }
}
