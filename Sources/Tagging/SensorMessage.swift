// Messages of sensors and tag readers beside the cameras: what they may say, and nothing more.
// **messages → assertions** → tags → incidents

/// Why a message of a sensor was not used. Metric label and text at once.
package enum SensorRefusal: String, Error, Sendable, CaseIterable {
    /// Not in one of the documented forms, down to the last member.
    case malformed
    /// A later version of the form than is known here.
    case version
    /// No camera that is read here has this sensor beside it.
    case unbound
    /// The key of the connection belongs to somebody else.
    case unauthorised

    /// What the sender is told, and the log.
    package var sentence: String {
        switch self {
        case .malformed: "the message is in none of the documented forms, version 1"
        case .version: "the message is of a later version than 1"
        case .unbound: "no camera that is read here has this sensor among its tags, as sensor:NAME"
        case .unauthorised: "a key speaks for the sensor of its own name, and for those whose names begin with it and a dot"
        }
    }
}

/// Who is at the other end of a connection.
package enum SensorSpeaker: Hashable, Sendable {
    /// Somebody on this machine, where connections need no key.
    case local
    /// Whoever holds the key of this name.
    case key(String)

    /// True when a sensor of this name may be spoken for: a gateway `north` has `north.gauge-1`, `north.gauge-2` behind it.
    func maySpeak(for sender: String) -> Bool {
        switch self {
        case .local: true
        case .key(let name): sender == name || sender.hasPrefix(name + ".")
        }
    }
}

/// One message, as documented in `docs/tags.md`.
package enum SensorMessage: Sendable, Equatable {
    /// A digital input or a measuring device: `io:SENSOR/TAG` is on, off, or has happened.
    case input(sensor: String, tag: String, claim: TagAssertion.Claim, leaseSeconds: Double?, time: String)
    /// A reader has seen a tag. Only its token travels, never its number.
    case sighting(reader: String, token: TheftToken, time: String)
    /// A reader says whether a vehicle's tag passes without its owner's; whose they are it keeps to itself.
    case unaccompanied(reader: String, claim: TagAssertion.Claim, time: String)

    /// The largest message of these forms has 300 bytes.
    package static let mostBytes = 1024

    /// The sensor or reader that speaks.
    package var sender: String {
        switch self {
        case .input(let name, _, _, _, _), .sighting(let name, _, _), .unaccompanied(let name, _, _): name
        }
    }

    /// Reads a message.
    ///
    /// - Throws: `SensorRefusal.malformed` or `.version`. Names that are not known are refused: they may be what nobody wants to know.
    package init(parsing bytes: [UInt8]) throws(SensorRefusal) {
        guard var members = FlatJSON.read(bytes, most: Self.mostBytes), case .number(let version)? = members.removeValue(forKey: "v") else {
            throw .malformed
        }
        guard version == 1 else { throw .version }
        guard case .text(let kind)? = members.removeValue(forKey: "kind"), let time = members.takeText("at"),
            let message = Self.message(kind, &members, time), members.isEmpty
        else { throw .malformed }
        self = message
    }

    private static func message(_ kind: String, _ members: inout [String: FlatJSON.Value], _ time: String) -> SensorMessage? {
        switch kind {
        case "io":
            guard let sensor = members.takeName("sensor"), let tag = members.takeName("tag"), let claim = members.takeClaim("state"),
                let lease = members.takeLease("lease_s")
            else { return nil }
            return .input(sensor: sensor, tag: tag, claim: claim, leaseSeconds: lease.seconds, time: time)
        case "rfid":
            guard let reader = members.takeName("reader"), case .text(let hex)? = members.removeValue(forKey: "token"),
                let token = TheftToken(hex: hex)
            else { return nil }
            // How strong it was is for whoever adjusts the reader; here it only has to be a number.
            if let strength = members.removeValue(forKey: "rssi_dbm") { guard case .number = strength else { return nil } }
            return .sighting(reader: reader, token: token, time: time)
        case "rfid-pair":
            guard let reader = members.takeName("reader"), case .truth(let isAlone)? = members.removeValue(forKey: "unaccompanied") else {
                return nil
            }
            return .unaccompanied(reader: reader, claim: isAlone ? .on : .off, time: time)
        default: return nil
        }
    }
}
