// What a session has agreed with its camera when PLAY is answered.
// **camera ─RTSP─▶** packets ─▶ looks

/// Where the frames of one media come.
package struct MediaChannel: Sendable, Equatable {
    package var media: SessionDescription.Media
    /// The URL SETUP named.
    package var url: String
    package var rtpChannel: UInt8
    package var rtcpChannel: UInt8
}

/// What the data of an interleaved channel is.
package enum ChannelKind: Sendable, Equatable {
    case video, videoControl, metadata, metadataControl
}

/// A session that plays.
package struct Playing: Sendable, Equatable {
    package var video: MediaChannel
    /// Nil when not wanted, not offered or refused.
    package var metadata: MediaChannel?
    /// How long the camera keeps a session without a sign of life; 5 s…1 h.
    package var sessionTimeout: Duration
    /// Of the video, from RTP-Info. Labels only: some cameras write 0 or nonsense.
    package var firstSequence: UInt16?
    package var firstTimestamp: UInt32?
    /// The Server header: at most 128 printable bytes, for the report about quirks.
    package var server: String?
}
