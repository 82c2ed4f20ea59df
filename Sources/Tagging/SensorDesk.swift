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

        /// What the sender is told. Whether a tag is looked for is nothing that can be asked here, so it is the same for both.
        package var answer: String {
            switch self {
            case .assert, .forgotten: #"{"v":1,"result":"taken"}"#
            case .refused(let why): #"{"v":1,"result":"refused","reason":"\#(why.rawValue)","message":"\#(why.sentence)"}"#
            }
        }
    }

    /// One stolen vehicle in front of one reader is one incident in this time.
    package static let quietSeconds = 600.0

    private struct Sighting: Hashable {
        var reader: String
        var report: String
    }

    /// The list sightings are compared with.
    package var thefts = TheftList()
    /// For each sensor and reader the cameras that look at it.
    package var places: [String: [CameraID]]
    private var reported: [Sighting: Double] = [:]
    private var sightings: [String: Int] = [:]

    package init(places: [String: [CameraID]] = [:]) { self.places = places }

    /// The static tag of a camera that names a sensor or reader beside it.
    private static let prefix = "sensor:"

    /// The places of these cameras' sensors, by their static tags `sensor:NAME`.
    package static func places(of cameras: some Sequence<Camera>) -> [String: [CameraID]] {
        var places: [String: [CameraID]] = [:]
        for camera in cameras {
            for tag in camera.tags where tag.hasPrefix(prefix) {
                places[String(tag.dropFirst(prefix.count)), default: []].append(camera.id)
            }
        }
        return places.mapValues { $0.sorted() }
    }

    /// How many tags each reader has seen, whoever's they were.
    package var sightingsByReader: [String: Int] { sightings }

    /// Takes one message.
    package mutating func receive(
        _ bytes: [UInt8], from speaker: SensorSpeaker = .local, nowSeconds: Double, wall: WallTime
    ) -> Outcome {
        let message: SensorMessage
        do { message = try SensorMessage(parsing: bytes) } catch { return .refused(error) }
        guard speaker.maySpeak(for: message.sender) else { return .refused(.unauthorised) }
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
