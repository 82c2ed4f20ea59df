// How many pictures of suppressed evidence may be coded: explaining must not cost what looking needs.
// frames → **pictures of suppressions**

/// Two pictures a second over all cameras, up to eight at once, and one a minute of each camera.
///
/// A picture 640 wide costs 2 ms of a core from 640×360 and 5 ms from 1920×1080, so that this is 1 % of one core.
struct PictureAllowance: Sendable {
    static let perSecond = 2.0
    static let atOnce = 8.0
    static let cameraSeconds = 60.0

    private var left = Self.atOnce
    private var lastSeconds = -Double.infinity

    /// True when one may be coded now; it is taken then.
    mutating func take(atSeconds now: Double) -> Bool {
        if now > lastSeconds {
            left = min(Self.atOnce, lastSeconds.isFinite ? left + (now - lastSeconds) * Self.perSecond : Self.atOnce)
            lastSeconds = now
        }
        guard left >= 1 else { return false }
        left -= 1
        return true
    }
}
