// What a decoder must know before the first picture.
// camera ─RTSP─▶ **packets** ─▶ looks ─▶ frames

import CFFmpeg

/// The codecs cameras speak, and everything else that only files hold.
package enum VideoCodec: String, Sendable, CaseIterable {
    case h264, h265, mjpeg
    /// A codec that FFmpeg decodes and cameras of ours do not send, such as MPEG-4 or GIF; from files only.
    case other

    var id: AVCodecID {
        switch self {
        case .h264: AV_CODEC_ID_H264
        case .h265: AV_CODEC_ID_HEVC
        case .mjpeg: AV_CODEC_ID_MJPEG
        case .other: AV_CODEC_ID_NONE
        }
    }

    init(_ id: AVCodecID) {
        switch id {
        case AV_CODEC_ID_H264: self = .h264
        case AV_CODEC_ID_HEVC: self = .h265
        case AV_CODEC_ID_MJPEG: self = .mjpeg
        default: self = .other
        }
    }
}

/// FFmpeg's own description of a codec, carried along unread.
package struct RawCodec: Sendable, Hashable {
    let id: UInt32
    var tag: UInt32 = 0
    var bitsPerSample: Int32 = 0
    var pixelFormat: Int32 = -1
}

/// Codec, size and parameter sets of one video stream.
package struct StreamParameters: Sendable, Hashable {
    package var codec: VideoCodec
    /// 0 while unknown: a camera that names no size in its description tells it with the first key picture.
    package var width: Int
    package var height: Int
    /// Parameter sets as FFmpeg keeps them: Annex B from cameras, avcC or hvcC from MP4, empty when they only come in-band.
    package var extradata: [UInt8]
    package var framesPerSecond: Double?
    /// Exact codec for decoders of this module; follows `codec` unless the stream came from a file.
    package var raw: RawCodec

    package init(codec: VideoCodec, width: Int, height: Int, extradata: [UInt8], framesPerSecond: Double? = nil) {
        self.codec = codec
        self.width = width
        self.height = height
        self.extradata = extradata
        self.framesPerSecond = framesPerSecond
        raw = RawCodec(id: codec.id.rawValue)
    }

    /// Copies what libavformat knows about `stream`.
    init(_ stream: UnsafeMutablePointer<AVStream>) {
        let source = stream.pointee.codecpar.pointee
        codec = VideoCodec(source.codec_id)
        width = Int(source.width)
        height = Int(source.height)
        extradata = source.extradata.map { Array(UnsafeBufferPointer(start: $0, count: Int(source.extradata_size))) } ?? []
        raw = RawCodec(
            id: source.codec_id.rawValue, tag: source.codec_tag, bitsPerSample: source.bits_per_coded_sample,
            pixelFormat: source.format)
        let rate = stream.pointee.avg_frame_rate
        if rate.num > 0, rate.den > 0 {
            let value = Double(rate.num) / Double(rate.den)
            // Below and above, containers carry nonsense such as a rate of 90,000.
            if (0.01...1000).contains(value) { framesPerSecond = value }
        }
    }

    /// FFmpeg's name of the codec, for messages.
    package var codecName: String { String(cString: avcodec_get_name(AVCodecID(rawValue: raw.id))) }
}
