// Every number of the frame-difference detector, in seconds, cells and levels of luma; the shipped values stand in pipelines/motion.yaml.
// camera → packets → looks → frames → **detections** → incidents

/// Thresholds and rates of the frame-difference detector.
///
/// Times are seconds of media time, areas and distances are cells, brightness is levels of 8-bit luma. Nothing counts pictures
/// except where a minimum number of looks keeps one odd picture from deciding alone.
package struct MotionSettings: Sendable, Hashable {
    /// How long the background is learnt before anything may be detected.
    package var warmupSeconds = 10.0
    /// A scene in which nothing has moved for this long is known well enough.
    package var warmupQuietSeconds = 1.5
    package var warmupLooks = 3
    /// A longer silence between two looks starts over, unless looks are usually this far apart.
    package var maximumGapSeconds = 10.0
    /// A camera that comes back shows pieces of pictures at first.
    package var settleSeconds = 2.0

    /// Smallest deviation from the background that counts, in levels.
    package var thresholdLevels = 10.0
    /// How many mean deviations of a cell's own noise are still noise.
    package var noiseFactor = 4.0
    /// Added threshold per level of gradient: edges differ when the camera trembles.
    package var edgeFactor = 0.25

    /// Share of changed cells, and share of the 8×6 raster they touch, above which the change is the picture's and not an object's.
    package var globalForeground = 0.30
    package var globalSpread = 0.70
    package var globalHoldSeconds = 1.5
    /// Mean deviation of chroma from grey below which a camera sees by infrared, and above which it sees colour, in levels.
    package var infraredBelowChroma = 2.0
    package var colourAboveChroma = 4.0
    /// Exposure settles for this long after the infrared filter has moved.
    package var infraredHoldSeconds = 3.0

    /// Small changes a look, in the mean of ten seconds, from which on it rains, snows or swarms, and below which it is over.
    package var precipitationBlobs = 12.0
    package var precipitationOverBlobs = 6.0
    package var precipitationAreaFactor = 3.0
    /// Nearly everything darker than this many levels is darkness, in which only larger and stronger changes count.
    package var darkLevels = 24.0
    package var darkThresholdLevels = 20.0
    package var darkAreaFactor = 2.0

    package var minimumAreaCells = 6

    package var confirmSeconds = 0.6
    package var confirmHits = 4
    package var confirmSeenRatio = 0.6
    package var displacementCells = 2.0
    /// What a track on fluttering ground (trees, water, flags) must show instead.
    package var flutterAreaFactor = 4.0
    package var flutterDisplacementCells = 6.0
    /// Looks further apart than this are treated as single pictures: so many hits in a row confirm.
    package var sparseLookSeconds = 0.7
    package var sparseHits = 2
    /// Tracks below this score are recorded as suppressed, not published.
    package var publishScore = 50

    package var backgroundSeconds = 10.0
    package var absorbAfterSeconds = 60.0
    package var deviationSeconds = 20.0
    package var flutterSeconds = 60.0

    package var tamper = TamperSettings()

    package init() {}

    /// The values of `pipelines/motion.yaml`; a test holds them equal.
    package static let standard = MotionSettings()
}
