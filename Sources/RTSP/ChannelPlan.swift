// Which interleaved channel carries what: what was asked for, what the camera answered, and what it then sends.
// **camera ─RTSP─▶** packets ─▶ looks

/// The channels of one session.
struct ChannelPlan: Sendable {
    private(set) var video: MediaChannel?
    private(set) var metadata: MediaChannel?
    /// The media whose SETUP is on its way, or was answered last.
    private var isAskingForMetadata = false
    /// PLAY is on its way: what came before belongs to nobody here.
    private var isOpen = false
    /// An even channel taken for the video because nothing came on the agreed one.
    private var adopted: UInt8?
    private var hasVideoCome = false
    private var strangers = 0
    /// Frames on other channels after which nothing is adopted any more: the first of a stream come together.
    private static let mostStrangers = 64

    /// Nil as long as data may still come on other channels than agreed.
    var expected: Set<UInt8>? {
        guard isOpen, metadata != nil || hasVideoCome || adopted != nil else { return nil }
        var result: Set<UInt8> = []
        if !hasVideoCome, let adopted { result = [adopted, adopted | 1] }
        for channel in [video, metadata] {
            if let channel { result.formUnion([channel.rtpChannel, channel.rtcpChannel]) }
        }
        return result
    }

    /// Plans the next media and says which channels to ask for: 0 and 1 for the video, then the first even pair that is free.
    mutating func ask(_ media: SessionDescription.Media, url: String) -> (rtp: UInt8, rtcp: UInt8) {
        isAskingForMetadata = video != nil
        var rtp: UInt8 = 0
        if let video {
            while [video.rtpChannel, video.rtcpChannel].contains(where: { $0 | 1 == rtp | 1 }) { rtp += 2 }
        }
        let channel = MediaChannel(media: media, url: url, rtpChannel: rtp, rtcpChannel: rtp + 1)
        if isAskingForMetadata { metadata = channel } else { video = channel }
        return (rtp, rtp + 1)
    }

    /// Takes the camera's channels, unless they are those of the other media.
    mutating func agree(_ transport: Transport) {
        guard case .interleaved(let rtp, let rtcp) = transport, rtp != rtcp else { return }
        if isAskingForMetadata {
            guard let video, ![video.rtpChannel, video.rtcpChannel].contains(where: { $0 == rtp || $0 == rtcp }) else { return }
            metadata?.rtpChannel = rtp
            metadata?.rtcpChannel = rtcp
        } else {
            video?.rtpChannel = rtp
            video?.rtcpChannel = rtcp
        }
    }

    /// The media whose SETUP was refused is not played.
    mutating func abandonAsked() { if isAskingForMetadata { metadata = nil } }

    /// PLAY is sent: data may come.
    mutating func open() { isOpen = true }

    mutating func kind(_ channel: UInt8) -> ChannelKind? {
        guard isOpen, let video else { return nil }
        if channel == video.rtpChannel {
            hasVideoCome = true
            return .video
        }
        if channel == video.rtcpChannel { return .videoControl }
        if let metadata {
            if channel == metadata.rtpChannel { return .metadata }
            return channel == metadata.rtcpChannel ? .metadataControl : nil
        }
        // Data on the agreed channel ends the exception: then the other is a foreign session's (old live555 servers).
        if hasVideoCome { return nil }
        if let adopted { return channel == adopted ? .video : channel == adopted | 1 ? .videoControl : nil }
        strangers += 1
        guard channel & 1 == 0, strangers <= Self.mostStrangers else { return nil }
        adopted = channel
        return .video
    }
}

/// Limits how often a camera's requests are answered: each answer takes room until the camera reads it.
struct Politeness: Sendable {
    private static let mostPerSecond = 10
    private var windowStart = Duration.zero
    private var answered = 0

    mutating func mayAnswer(_ now: Duration) -> Bool {
        if now - windowStart >= .seconds(1) || now < windowStart {
            windowStart = now
            answered = 0
        }
        answered += 1
        return answered <= Self.mostPerSecond
    }
}
