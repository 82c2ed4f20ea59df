// Process-wide settings of FFmpeg, made once before its first use, and the words for its error codes.
// camera ─RTSP─▶ **packets** ─▶ looks ─▶ **frames** ─▶ detections

import Base
import CFFmpeg
import Glibc

/// Settings that hold for the whole process. Every entry point of this module calls `prepare()` first.
package enum FFmpegLibrary {
    /// No single allocation of FFmpeg exceeds this: a forged Content-Length or picture size asks for up to 2 GiB.
    static let largestAllocationBytes = 128 << 20
    /// 16 Mpx, above every camera of the field; a forged SPS asks for far more.
    static let largestPicturePixels: Int64 = 16_777_216

    private static let prepared: Void = {
        cff_limit_arenas()
        cff_take_over_log()
        av_max_alloc(largestAllocationBytes)
        avformat_network_init()
    }()

    /// Takes over the log and sets the limits; costs nothing after the first call.
    ///
    /// A process that starts many threads calls it before the first of them: glibc fixes its number of arenas when the ninth thread
    /// allocates, and 16 arenas instead of two kept 40 MB more for 200 cameras.
    package static func prepare() { _ = prepared }

    /// Gives memory that lies free between blocks in use back to the system; some milliseconds, for an own thread now and then.
    package static func returnFreeMemory() { cff_return_free_memory() }

    /// What is thrown when FFmpeg cannot allocate.
    static var outOfMemory: Failure { Failure(.resourceExhausted, "out of memory, or a picture larger than is accepted") }

    /// FFmpeg's own words for an error code.
    static func words(for code: Int32) -> String {
        withUnsafeTemporaryAllocation(of: CChar.self, capacity: 128) { buffer in
            guard let start = buffer.baseAddress else { return "error \(code)" }
            buffer.initialize(repeating: 0)
            av_strerror(code, start, buffer.count)
            return String(cString: start)
        }
    }
}

/// What was being done when FFmpeg reported an error.
enum MediaPhase {
    case openingCamera, readingCamera, openingFile, readingFile
}

extension Failure {
    /// Maps an FFmpeg error code to a failure whose sentence says what happened and who must act.
    ///
    /// - Parameter place: `host:port` or a file path; never a URL with credentials.
    static func media(
        _ code: Int32, _ phase: MediaPhase, place: String, interrupt: Interrupt? = nil, hasCredentials: Bool = false
    ) -> Failure {
        let context = [(name: phase == .openingFile || phase == .readingFile ? "file" : "camera", value: place)]
        if let interrupt {
            // The flags decide and not the code: an interrupted call reports EXIT, EIO or EOF, depending on where it stood.
            if interrupt.isStopped { return Failure(.cancelled, "stopped while reading", context: context) }
            if phase == .openingCamera, interrupt.wasRedirected {
                return Failure(
                    .unsupported, "the camera redirects to another address, which is not followed: enter that address in the settings",
                    context: context)
            }
            if interrupt.isLate { return late(phase, context) }
        }
        switch phase {
        case .openingFile, .readingFile: return file(code, context)
        case .openingCamera, .readingCamera: return camera(code, phase, context, hasCredentials: hasCredentials)
        }
    }

    private static func late(_ phase: MediaPhase, _ context: [(name: String, value: String)]) -> Failure {
        let message =
            switch phase {
            case .openingCamera: "the camera accepted the connection but did not finish the RTSP exchange in time: look at the camera"
            case .readingCamera: "the camera sent no complete picture in time: look at the camera or the network"
            case .openingFile, .readingFile: "the file could not be read in time: look at the disk"
            }
        return Failure(.deadlineExceeded, message, context: context)
    }

    private static func file(_ code: Int32, _ context: [(name: String, value: String)]) -> Failure {
        switch code {
        case -ENOENT: Failure(.notFound, "the file does not exist", context: context)
        case -EACCES, -EPERM: Failure(.invalidInput, "the file may not be read: check its rights", context: context)
        case -EISDIR: Failure(.invalidInput, "this is a directory and not a video file", context: context)
        case cff_AVERROR_INVALIDDATA, -EINVAL: Failure(.invalidInput, "the file is not a video that can be read", context: context)
        default: Failure(.unavailable, "the file cannot be read: \(FFmpegLibrary.words(for: code))", context: context)
        }
    }

    private static func camera(
        _ code: Int32, _ phase: MediaPhase, _ context: [(name: String, value: String)], hasCredentials: Bool
    ) -> Failure {
        if let known = Failure.connection(-code, context: context) { return known }
        switch code {
        case cff_AVERROR_HTTP_UNAUTHORIZED:
            return Failure(
                .unauthorised,
                hasCredentials
                    ? "the camera refused user and password (401): correct them in the settings"
                    : "the camera asks for user and password (401) and the settings hold none: add them", context: context)
        case cff_AVERROR_HTTP_FORBIDDEN:
            return Failure(.unauthorised, "the camera forbids this stream to this user (403): correct the settings", context: context)
        case cff_AVERROR_HTTP_NOT_FOUND:
            return Failure(.notFound, "the camera knows no stream under this path (404): correct the URL in the settings", context: context)
        case cff_AVERROR_HTTP_BAD_REQUEST, cff_AVERROR_HTTP_OTHER_4XX:
            return Failure(.unavailable, "the camera refused the request (4xx): it may be out of sessions", context: context)
        case cff_AVERROR_HTTP_SERVER_ERROR:
            return Failure(.unavailable, "the camera reports an error of its own (5xx): look at the camera", context: context)
        case -EIO, cff_AVERROR_EOF:
            return Failure(.unavailable, "the camera closed the connection", context: context)
        case -ETIMEDOUT:
            let message =
                phase == .openingCamera
                ? "the camera does not answer: look at camera and network"
                : "the camera has gone silent: look at camera and network"
            return Failure(.deadlineExceeded, message, context: context)
        case -ENOMEM:
            return Failure(.unsupported, "the camera announces more data than is accepted: look at the camera", context: context)
        case cff_AVERROR_INVALIDDATA, cff_AVERROR_PROTOCOL_NOT_FOUND, cff_AVERROR_DEMUXER_NOT_FOUND, cff_AVERROR_OPTION_NOT_FOUND,
            cff_AVERROR_PATCHWELCOME, -EINVAL, -ENOSYS, -EPROTONOSUPPORT:
            return Failure(.unsupported, "the answer is not RTSP as understood here: is this a camera?", context: context)
        default:
            return Failure(.unavailable, "the camera cannot be read: \(FFmpegLibrary.words(for: code))", context: context)
        }
    }
}
