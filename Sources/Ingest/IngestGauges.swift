// What the ingest side shows at scrape time: how old the looks are, whether the floor is kept, where the budget goes.
// camera → **packets → looks** → frames → detections → incidents

import Base

/// Gauges that are read off the scheduler and the reactor when somebody asks.
enum IngestGauges {
    static func register(_ attention: SharedAttention, _ reactor: Reactor, _ recording: Recording, in metrics: MetricsRegistry) {
        metrics.distribution(
            "snowlight_look_age_seconds", "Age of the last look, over the cameras that stream.", bounds: AttentionFigures.lookAgeBounds
        ) {
            let figures = attention.figures()
            return (figures.lookAgeCounts, figures.lookAgeSumSeconds)
        }
        metrics.gauge("snowlight_floor_reached_ratio", "Share of cameras that were looked at as often as promised, over a minute.") {
            [([], attention.figures().floorReachedRatio)]
        }
        metrics.gauge("snowlight_key_pictures_granted", "Key pictures chosen to be looked at, since the start, by reason.") {
            zip(LookReason.allCases, attention.figures().granted).map { ([("reason", "\($0)")], Double($1)) }
        }
        metrics.gauge("snowlight_key_pictures_refused", "Key pictures not looked at, since the start, by reason.") {
            zip(RefusalReason.allCases, attention.figures().refused).map { ([("reason", "\($0)")], Double($1)) }
        }
        metrics.gauge("snowlight_full_rate_cameras", "Cameras of which every picture is decoded.") {
            [([], Double(attention.figures().promoted))]
        }
        metrics.gauge("snowlight_long_group_cameras", "Cameras whose key pictures come too rarely for their floor.") {
            [([], Double(attention.figures().longGroups.count))]
        }
        metrics.gauge("snowlight_decode_budget_seconds", "CPU seconds a second that looks may take.") {
            [([], attention.figures().budget)]
        }
        metrics.gauge("snowlight_decode_spent_seconds", "CPU seconds that looks have taken since the start.") {
            [([], attention.figures().spentSeconds)]
        }
        metrics.gauge("snowlight_pre_roll_bytes", "Coded pictures kept of the last seconds of cameras.") {
            [([], Double(recording.preRollBytes))]
        }
        metrics.gauge("snowlight_live_views", "Open live views of cameras.") { [([], Double(recording.viewers))] }
        metrics.gauge("snowlight_sweep_period_seconds", "How long a round over all cameras of our own RTSP takes.") {
            [([], reactor.period.seconds)]
        }
    }
}
