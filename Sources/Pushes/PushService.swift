// Follows the feed and sends what the stages let through: one task that decides, and one for each destination, so that a service
// that hangs holds up nobody else.
// cases → **feed → decisions → push outbox → sender** → channels

package import Base
package import Cases
import Domain
package import Logging
import ServiceLifecycle
package import Storage

/// Sends one request to a host that the guard lets pass and returns what came back, or throws why nothing did. Must not follow redirects.
package typealias PushSending = @Sendable (PushRequest, HostGuard) async throws -> PushAnswer

/// The pushes of one dispatcher as a service: runs until graceful shutdown; what is on its way then is tried again at the next start.
package struct PushService: Service {
    private let file: any SQLDatabase
    private let registry: RegistryBox
    private let signal: FeedSignal
    private let plans: PushPlans
    private let time: any TimeSource
    private let log: Logger
    private let sending: PushSending
    private let onFatal: @Sendable (Failure) -> Void
    private let counters: PushCounters
    private let follower = Bell()
    /// Rings when there may be lanes to start.
    private let change = Bell()

    /// - Parameters:
    ///   - file: The dispatcher's, opened with `PushesSchema.migrations` beside those of the cases.
    ///   - sending: `PushClient.send` outside tests.
    ///   - onFatal: Hears that the file can no longer be trusted.
    package init(
        file: any SQLDatabase, registry: RegistryBox, signal: FeedSignal, plan: PushPlan, time: any TimeSource, log: Logger,
        metrics: MetricsRegistry, sending: @escaping PushSending, onFatal: @escaping @Sendable (Failure) -> Void
    ) {
        self.file = file
        self.registry = registry
        self.signal = signal
        plans = PushPlans(plan)
        self.time = time
        self.log = log
        self.sending = sending
        self.onFatal = onFatal
        counters = PushCounters(metrics)
    }

    /// Works by another plan from the next step on: lanes of new destinations begin, those of absent ones end, and the others keep what
    /// waits in them. Any thread.
    package func replace(_ plan: PushPlan) -> PushPlanChange {
        let changed = plans.replace(plan)
        change.ring()
        follower.ring()
        return changed
    }

    /// Runs until shutdown.
    package func run() async throws {
        await withTaskGroup(of: Void.self) { group in
            group.addTask { try? await gracefulShutdown() }
            group.addTask { for await _ in signal.subscribe() { follower.ring() } }
            group.addTask { await repeating("follower", follower) { try await follow() } }
            group.addTask { await keepLanes() }
            // The first to end is the one that waits for shutdown.
            await group.next()
            group.cancelAll()
        }
    }

    /// A lane for each destination for as long as it stands in the book.
    private func keepLanes() async {
        await withDiscardingTaskGroup { group in
            while !Task.isCancelled {
                for (name, bell) in plans.startLanes() {
                    group.addTask {
                        await repeating(name, bell, while: { plans.keepsLane(name) }) { try await send(to: name) }
                    }
                }
                await change.wait(atMost: .seconds(3600))
            }
        }
    }

    /// Does `step` again and again, waiting in between for as long as it says; a failure costs a wait and no more.
    private func repeating(
        _ name: String, _ bell: Bell, while isWanted: () -> Bool = { true }, _ step: () async throws -> WallTime?
    ) async {
        var backoff = Backoff(base: .milliseconds(200), cap: .seconds(10))
        var generator = SystemRandomNumberGenerator()
        while !Task.isCancelled, isWanted() {
            // Wall clocks jump; nothing sleeps through more than a minute of that.
            var wait = 60.0
            do {
                let due = try await step()
                backoff.reset()
                if let due { wait = min(max(due.seconds(since: time.wallNow), 0), wait) }
            } catch let failure as Failure where failure.kind == .dataLoss { return onFatal(failure) } catch {
                if Task.isCancelled { return }
                log.error("pushes wait", metadata: ["part": "\(name)", "failure": "\(error)"])
                wait = backoff.next(using: &generator).seconds
            }
            if wait > 0 { await bell.wait(atMost: .seconds(wait)) }
        }
    }

    /// Looks at once for what is due; any thread.
    package func wake() { follower.ring() }

    // MARK: deciding

    /// One transaction of the follower, when there is something to do. Returns when to look again; nil when only the feed can bring something new.
    func follow() async throws -> WallTime? {
        let (registry, plan, now) = (registry.current, plans.current, time.wallNow)
        if plans.takeReview() {
            do { try await file.write { try PushDesk(sql: $0, registry: registry, plan: plan, now: now).review() } } catch {
                plans.giveBackReview()
                throw error
            }
        }
        let next = try await file.read { try PushDesk.nextWork($0, now: now) }
        guard let next, next <= now else { return next }
        let effects = try await file.write { sql in
            var desk = PushDesk(sql: sql, registry: registry, plan: plan, now: now)
            try desk.work()
            return desk.effects
        }
        for reason in effects.decisions { counters.decided(reason) }
        counters.count(.console, .accepted, effects.shown)
        if let newest = effects.newestFeed { signal.announce(newest) }
        for name in effects.destinations { plans.ring(name) }
        return effects.more ? now : effects.wake
    }

    // MARK: sending

    /// One try for the destination of that name. Returns when to come again.
    func send(to name: String) async throws -> WallTime? {
        let book = plans.current.book
        guard let channel = book.channels[name] else { return nil }
        let destination = Destination(name: name, channel: channel.kind, perMinute: channel.perMinute)
        let now = time.wallNow
        let claim = try await file.write { try PushOutbox(sql: $0).claim(destination, now: now) }
        guard case .send(let one) = claim else {
            if case .wait(let until) = claim { return until }
            return nil
        }
        let verdict = await attempt(one, channel, book.guardian)
        let ended = time.wallNow
        var wait = 0.0
        if case .retry(let asked, let why) = verdict {
            var generator = SystemRandomNumberGenerator()
            wait = max(asked ?? 0, Self.jitter(one.number, using: &generator))
            log.warning("a push will be tried again", metadata: ["destination": "\(destination.name)", "reason": "\(why)"])
        }
        if case .refused(let why) = verdict {
            log.error("a push was refused", metadata: ["destination": "\(destination.name)", "reason": "\(why)"])
        }
        let (registry, pause) = (registry.current, wait)
        let newest = try await file.write { sql in
            var newest: Int64?
            for number in try PushOutbox(sql: sql).settle(one, verdict, retryAfter: pause, now: ended) {
                newest = try CaseFollowing(sql).markPushed(number, at: ended, by: registry) ?? newest
            }
            return newest
        }
        if let newest { signal.announce(newest) }
        counters.count(channel.kind, verdict)
        return ended
    }

    private func attempt(_ one: PushOutbox.Try, _ channel: any Channel, _ guardian: HostGuard) async -> PushVerdict {
        do {
            return channel.verdict(try await sending(channel.request(one.notice, key: one.key, at: time.wallNow), guardian))
        } catch let failure as Failure {
            // A host that is not allowed today is not allowed in a minute.
            return failure.kind == .unauthorised ? .refused("\(failure)") : .retry(afterSeconds: nil, "\(failure)")
        } catch { return .retry(afterSeconds: nil, "\(type(of: error))") }
    }

    /// Full jitter that grows with each try, 2 s to 5 min.
    static func jitter(_ attempt: Int, using generator: inout some RandomNumberGenerator) -> Double {
        var backoff = Backoff(base: .seconds(2), cap: .seconds(300))
        for _ in 1..<max(1, min(attempt, 20)) { _ = backoff.next(using: &generator) }
        return backoff.next(using: &generator).seconds
    }
}

/// The counters of the pushes.
struct PushCounters: Sendable {
    private let results: [String: Counter]
    private let reasons: [DecisionReason: Counter]

    init(_ metrics: MetricsRegistry) {
        var results: [String: Counter] = [:]
        for channel in ChannelKind.allCases {
            for result in ["accepted", "retried", "refused"] {
                results["\(channel)|\(result)"] = metrics.counter(
                    "snowlight_pushes_total", "Tries at pushes by channel and what the service said.",
                    labels: [("channel", channel.rawValue), ("result", result)])
            }
        }
        self.results = results
        reasons = Dictionary(
            uniqueKeysWithValues: DecisionReason.allCases.map {
                (
                    $0,
                    metrics.counter(
                        "snowlight_push_decisions_total", "What became of steps of the ladder.", labels: [("reason", $0.rawValue)])
                )
            })
    }

    func decided(_ reason: DecisionReason) { reasons[reason]?.increment() }

    func count(_ channel: ChannelKind, _ state: PushState, _ amount: Int) {
        results["\(channel)|\(state)"]?.increment(by: UInt64(amount))
    }

    func count(_ channel: ChannelKind, _ verdict: PushVerdict) {
        let word =
            switch verdict {
            case .accepted: "accepted"
            case .retry: "retried"
            case .refused: "refused"
            }
        results["\(channel)|\(word)"]?.increment()
    }
}
