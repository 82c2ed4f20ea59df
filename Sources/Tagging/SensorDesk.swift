// What becomes of a sensor's message: tags for the cameras that look at its place, or nothing at all.
// **messages → assertions** → tags → incidents

package import Domain

/// Where sensors and readers stand, what is looked for, and what has just been seen. A plain value; no clock, no I/O.
///
/// Of a tag that nobody looks for, nothing remains: no place, no time, no token, only that its reader has seen one more.
package struct SensorDesk: Sendable {
    /// What becomes of a message.
    package enum Outcome: Sendable, Equatable {
        /// For the boards of these cameras.
        case assert(TagAssertion, on: [CameraID])
        /// A tag that nobody looks for, or one that was just reported from here.
        case forgotten
        case refused(SensorRefusal)
    }

    /// One stolen vehicle in front of one reader is one incident in this time.
    package static let quietSeconds = 600.0

    private struct Sighting: Hashable {
        var reader: String
        var report: String
    }

    /// The list sightings are compared with.
    package var thefts = TheftList()
    private let places: [String: [CameraID]]
    private var reported: [Sighting: Double] = [:]
    private var sightings: [String: Int] = [:]

    /// - Parameter places: For each sensor and reader the cameras that look at it.
    package init(places: [String: [CameraID]]) { self.places = places }

    /// How many tags each reader has seen, whoever's they were.
    package var sightingsByReader: [String: Int] { sightings }

    /// Takes one message.
    package mutating func receive(_ bytes: [UInt8], nowSeconds: Double, wall: WallTime) -> Outcome {
        let message: SensorMessage
        do { message = try SensorMessage(parsing: bytes) } catch { return .refused(error) }
        guard let cameras = places[message.sender], !cameras.isEmpty else { return .refused(.unbound) }
        switch message {
        case .input(let sensor, let tag, let claim, let lease, let time):
            let assertion = TagAssertion(
                name: "io:\(sensor)/\(tag)", claim: claim, atSeconds: nowSeconds - DeviceTime.age(time, at: wall), leaseSeconds: lease)
            return .assert(assertion, on: cameras)
        case .unaccompanied(let reader, let claim, let time):
            let assertion = TagAssertion(
                name: "rfid:unaccompanied/\(reader)", claim: claim, atSeconds: nowSeconds - DeviceTime.age(time, at: wall))
            return .assert(assertion, on: cameras)
        case .sighting(let reader, let token, let time):
            sightings[reader, default: 0] += 1
            guard let report = thefts.report(for: token, now: wall), isNews(Sighting(reader: reader, report: report), nowSeconds) else {
                return .forgotten
            }
            let assertion = TagAssertion(
                name: "rfid:reported/\(reader)", source: report, claim: .pulse, atSeconds: nowSeconds - DeviceTime.age(time, at: wall))
            return .assert(assertion, on: cameras)
        }
    }

    private mutating func isNews(_ sighting: Sighting, _ nowSeconds: Double) -> Bool {
        // What is older tells nothing any more and is forgotten as well.
        reported = reported.filter { nowSeconds - $0.value < Self.quietSeconds }
        guard reported[sighting] == nil else { return false }
        reported[sighting] = nowSeconds
        return true
    }
}
