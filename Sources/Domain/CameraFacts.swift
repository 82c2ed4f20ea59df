// What is known about one camera's stream besides its state: numbers for the health page, and the changes that led here.
// **camera → packets → looks** → frames → detections → incidents

/// Measured properties of one camera's stream; nil is "not measured yet", never a guess.
package struct CameraFacts: Hashable, Sendable {
    /// Distance of key pictures: the longest of the last four, by arrival.
    package var groupSeconds: Double?
    /// Coded bits a second over the last ten seconds or more; 0 while nothing arrives.
    package var bitsPerSecond: Double?
    /// Age of the last picture that was decoded without damage.
    package var lookAgeSeconds: Double?
    /// Pictures that could not be decoded or came out damaged, since this session began.
    package var decodeErrors = 0
    /// The same since the last good picture.
    package var decodeErrorsInARow = 0
    /// The camera's clock minus ours; positive when the camera is ahead.
    package var clockOffsetSeconds: Double?
    /// Who fetches the packets.
    package var transport: Transport?
    /// Why it is this transport, in plain words; empty when nobody said.
    package var transportReason = ""

    package init() {}
}

/// One change of a camera's state.
package struct CameraChange: Hashable, Sendable {
    package var state: CameraState
    package var reason: String
    package var since: WallTime

    package init(state: CameraState, reason: String, since: WallTime) {
        self.state = state
        self.reason = reason
        self.since = since
    }
}

/// Everything a health page says about one camera besides its state.
package struct CameraDetail: Hashable, Sendable {
    package var facts: CameraFacts
    /// The last 20 changes of state, oldest first.
    package var changes: [CameraChange]

    package init(facts: CameraFacts, changes: [CameraChange]) {
        self.facts = facts
        self.changes = changes
    }
}
