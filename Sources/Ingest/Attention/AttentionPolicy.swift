// What a deployment may change about the attention scheduler; each number says where it comes from.
// camera → packets → **looks** → frames → detections → incidents

import Domain

extension AttentionScheduler {
    /// Floors, budget, scores and stays; the defaults are for 640×360 sub-streams with a key picture every 2 s.
    package struct Policy: Sendable, Equatable {
        // MARK: floors

        /// Longest time between two looks for priority 1, 2, 3, 4. "At least every 5 s" (DESIGN.md, decision 3); half of that for the
        /// two lower priorities, because 4,100 looks of 2 ms every 4 s are more than two cores may give.
        package var floorSecondsByPriority = [5.0, 5.0, 10.0, 10.0]
        /// A floor is met when it is exceeded by no more than this share: encoders round the distance of key pictures (`LookRhythm`),
        /// the paced reader sees them up to 0.1 s late. Half of it is used when planning, all of it when judging.
        package var floorTolerance = 0.1
        /// Distance of key pictures until it is learned: the setting most cameras leave the factory with.
        package var groupPriorSeconds = 2.0
        /// Under overload a priority's floors stretch this far before the next higher priority's begin to.
        package var stretchStage = 4.0

        // MARK: budget

        /// Processor cores that the budget is a share of.
        package var cores = 2.0
        /// Share of the cores for decoding and examining; the rest reads (0.16–0.26 core, DESIGN.md), records and serves.
        package var share = 0.7
        /// What the budget saves up while idle, and what floors may borrow in a burst. Short, so that the worker queue is short.
        package var horizonSeconds = 1.0
        /// Cost of a look until measured: 1–3 ms (DESIGN.md, decision 2).
        package var lookPriorSeconds = 0.002
        /// Share of the saved budget that attention may not touch: it waits for floors.
        package var floorReserve = 0.25
        /// Attention is worth less the longer the workers' queue is; from this length on only floors are added, from twice of it nothing.
        /// Half a GOP of 2 s: a later answer is older than the next picture.
        package var backlogLimitSeconds = 1.0
        /// A look that was never reported back is forgotten after this.
        package var lookTimeoutSeconds = 10.0

        // MARK: attention; a camera without any of these scores 0

        /// The price of a look when the budget is full; a score below it never buys one.
        package var minimumPrice = 0.5
        package var candidateScore = 4.0
        package var requestScore = 3.0
        package var wakeUpScore = 3.0
        /// The largest score of change that is no candidate.
        package var changeScore = 2.0
        /// What priorities 1, 2, 3, 4 multiply a score with: a preference among equals, not a bar.
        package var weightByPriority = [1.5, 1.25, 1.0, 0.9]
        /// Candidates and change lose half their score in this time: two key pictures and a half.
        package var heatHalfLifeSeconds = 5.0
        /// Looks beyond the floor are at least this far apart, so that an all-intra camera costs no more than others.
        package var pacedSeconds = 0.9
        /// Share of foreground cells from which a look counts as changed: 6 cells, the smallest blob, of 160×90 (DETECTION.md).
        package var changeThreshold = 6.0 / (160 * 90)

        /// Whether key pictures that nothing asks for are looked at while the budget is nearly unused: what a small fleet wants, and
        /// what a district on one small machine does not.
        package var usesSpare = false

        // MARK: tier 0

        /// Switches tier 0 off and on.
        package var usesCodedSize = true
        /// Below this trust a deviation of coded sizes adds no look.
        package var trustThreshold = 0.4
        /// Trust of a camera about which nothing is known, worth one observation. Below the threshold: trust is earned on floor looks.
        package var trustPrior = 0.25
        /// Each observation leaves this much of the earlier ones: about 33 count.
        package var trustMemory = 0.97
        /// Observations lose half their weight in this time: the other half of a day.
        package var trustHalfLifeSeconds = 43_200.0

        // MARK: full rate

        /// Share of what floors leave over that full-rate cameras may cost together.
        package var fullRateShare = 0.6
        /// Most places, whatever the budget says: a bound for the work of one tick.
        package var fullRatePlaces = 128
        /// CPU of one picture at full rate until measured: 8–11 ms a second at 25 fps (DESIGN.md, decision 2).
        package var fullRatePicturePriorSeconds = 0.00038
        /// A promoted camera keeps its place this long: confirmation takes 0.6 s and four hits (DETECTION.md) after a key picture.
        package var minimumStaySeconds = 4.0
        /// After this long a camera makes room for one that waits.
        package var maximumStaySeconds = 30.0
        /// Without a candidate for this long a camera returns to key pictures.
        package var quietStaySeconds = 6.0
        /// A waiting camera displaces one that is this many times cooler.
        package var displacement = 1.5

        // MARK: figures

        /// Over what the floor reached ratio is taken.
        package var windowSeconds = 60.0

        package init() {}

        /// The defaults with one floor for all priorities.
        package init(floorSeconds: Double, cores: Double, share: Double = 0.7) {
            floorSecondsByPriority = Array(repeating: floorSeconds, count: 4)
            self.cores = cores
            self.share = share
        }

        /// Decode CPU seconds per second.
        package var budget: Double { cores * share }

        func floorSeconds(_ priority: Priority) -> Double { floorSecondsByPriority[priority.rawValue - 1] }
        func weight(_ priority: Priority) -> Double { weightByPriority[priority.rawValue - 1] }
    }
}
