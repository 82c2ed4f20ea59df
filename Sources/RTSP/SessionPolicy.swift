// What an RTSP session may do, what it tells its reader to do, and where it can stand.
// **camera ─RTSP─▶** packets ─▶ looks

package import Base

extension RTSPSession {
    /// What the session may do and how long it waits.
    package struct Policy: Sendable {
        /// From `start` to the answer of PLAY, whatever the camera drips in between.
        package var openTimeout: Duration
        package var answerTimeout: Duration
        package var wantsMetadata: Bool
        package var userAgent: String
        /// A few cameras want a sign of life every 5 s whatever they announce; for them this is set to 4 s.
        package var longestKeepAliveInterval: Duration

        package init(
            openTimeout: Duration = .seconds(10), answerTimeout: Duration = .seconds(5), wantsMetadata: Bool = false,
            userAgent: String = "Snowlight", longestKeepAliveInterval: Duration = .seconds(30)
        ) {
            self.openTimeout = openTimeout
            self.answerTimeout = answerTimeout
            self.wantsMetadata = wantsMetadata
            self.userAgent = userAgent
            self.longestKeepAliveInterval = longestKeepAliveInterval
        }
    }

    /// What the reader does, in this order.
    package enum Action: Sendable {
        case send([UInt8])
        /// Comes once.
        case playing(Playing)
        /// Comes once and last: close the socket when what was sent before is out or a moment has passed.
        case closed(Failure)
    }

    /// Where the session stands.
    package enum State: Sendable, Equatable {
        case idle, options, describe, setUpVideo, setUpMetadata, play, playing, closed
    }
}
