// One sentence for each way a camera can refuse, in the words the FFmpeg transport uses, so that operators see one language.
// **camera ─RTSP─▶** packets ─▶ looks

import Base

extension Failure {
    /// Maps the status of a refused request to a failure whose sentence says what happened and who must act.
    ///
    /// - Parameter message: The camera's answer; its text enters no failure.
    static func refused(
        _ status: Int, _ verb: String, by address: RTSPAddress, message: RTSPMessage, hasCredentials: Bool
    ) -> Failure {
        var context = [(name: "camera", value: address.place), (name: "request", value: "\(verb) \(status)")]
        let (kind, sentence): (Kind, String) =
            switch status {
            case 300...399:
                (.unsupported, "the camera redirects to another address, which is not followed: enter that address in the settings")
            case 401 where hasCredentials: (.unauthorised, "the camera refused user and password (401): correct them in the settings")
            case 401: (.unauthorised, "the camera asks for user and password (401) and the settings hold none: add them")
            case 403: (.unauthorised, "the camera forbids this stream to this user (403): correct the settings")
            case 404: (.notFound, "the camera knows no stream under this path (404): correct the URL in the settings")
            case 453: (.unavailable, "the camera has not enough bandwidth or sessions left (453): close other viewers")
            case 454: (.unavailable, "the camera has forgotten the session (454)")
            case 461:
                (.unsupported, "the camera offers no RTSP over TCP (461): set transport to auto or ffmpeg, or allow TCP at the camera")
            case 406, 415, 551:
                (.unsupported, "the camera does not offer this stream in a way understood here (\(status)): look at the camera's settings")
            case 505: (.unsupported, "the answer is not RTSP as understood here: is this a camera?")
            case 500...599: (.unavailable, "the camera reports an error of its own (5xx): look at the camera")
            default: (.unavailable, "the camera refused the request (4xx): it may be out of sessions")
            }
        if (300...399).contains(status), let host = redirectHost(message["Location"]) { context.append((name: "redirect", value: host)) }
        return Failure(kind, sentence, context: context)
    }

    /// Host and port of a URL; user information, path and query, which may hold secrets, fall away.
    private static func redirectHost(_ location: String?) -> String? {
        guard let location, let mark = location.firstRange(of: "://") else { return nil }
        let authority = location[mark.upperBound...].prefix { $0 != "/" && $0 != "?" && $0 != "#" }
        guard let host = authority.split(separator: "@", omittingEmptySubsequences: false).last, !host.isEmpty else { return nil }
        return host.printable(limit: 80)
    }
}
