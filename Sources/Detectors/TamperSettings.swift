// Every number of tamper detection; the shipped values stand in pipelines/motion.yaml under `tamper`.
// frames → cells → **tamper** → health

/// When a camera counts as hindered; brightness in levels of 8-bit luma, times in seconds of media time.
package struct TamperSettings: Sendable, Hashable {
    /// A picture in which nearly everything is darker than this, or has less contrast than that, where the view has more.
    package var blackLevels = 24.0
    package var flatLevels = 8.0
    package var blackSeconds = 3.0
    /// Share of the picture that is as bright as can be.
    package var blindedShare = 0.6
    package var blindedSeconds = 3.0
    /// Correlation with the learnt view below which it may be hidden; its edges then say whether it is.
    package var coveredCorrelation = 0.85
    package var coveredLevels = 24.0
    package var coveredShare = 0.6
    package var coveredSeconds = 5.0
    /// Sharpness that is left, of what it was.
    package var defocusedRatio = 0.45
    package var defocusedSeconds = 10.0
    /// Correlation with the edges of the learnt view below which the camera looks elsewhere.
    package var movedCorrelation = 0.4
    package var movedSeconds = 10.0
    /// A moved camera that holds still for this long has a new view, which is learnt.
    package var movedAcceptSeconds = 60.0
    /// Key pictures in a row that are the same to the last bit.
    package var frozenPictures = 4
    /// How long the cause must be gone.
    package var clearSeconds = 3.0

    package init() {}
}
