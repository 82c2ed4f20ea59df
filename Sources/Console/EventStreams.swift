// The live stream of each open page: what changed in the reader's scope, soon after its commit.
// cases → feed signal → **stream** → page

import Base
import Cases
import Domain
import Foundation
import Hummingbird
import Logging
import NIOCore
import ServiceLifecycle
import Synchronization

/// How often and how many.
struct StreamSettings: Sendable {
    /// A real event, because a comment never reaches a page.
    var heartbeat = Duration.seconds(5)
    /// Changes gather this long, so that a storm costs a page the number of objects and not of events.
    var gather = Duration.milliseconds(250)
    /// Open streams of one account, over all its browsers.
    var perAccount = 8
}

/// Runs the streams of all pages. Safe on any thread.
///
/// A stream holds no queue: it remembers one number and reads the latest state from the store when its last write has left, so a
/// page that reads nothing holds nothing. `ConnectionGuard` closes it when it stays that way.
struct EventStreams: Sendable {
    let cases: CaseStore
    let signal: FeedSignal
    let accounts: Accounts
    let time: any TimeSource
    let version: String
    let settings: StreamSettings
    let slots = StreamSlots()

    /// Answers `GET /api/events`: starts after the sequence the page has, or now.
    func open(_ call: Call) async throws -> Response {
        let account = try call.account()
        guard let token = call.token else { throw Refusal.signedOut }
        // EventSource repeats its first address for ever, so what the header says is newer.
        let after = try Self.sequence(call.request.headers[.lastEventID] ?? call.query("after"))
        guard let slot = slots.take(account.user, limit: settings.perAccount) else {
            throw Refusal(.tooManyRequests, "too_many_streams", "too many open pages of this account", retryAfterSeconds: 10)
        }
        let request = call.request
        let log = call.context.logger
        let body = ResponseBody { writer in
            defer { slot.release() }
            try await request.body.consumeWithCancellationOnInboundClose { _ in
                var stream = EventStream(streams: self, token: token, cursor: after)
                do { try await stream.run(&writer) } catch let failure as Failure {
                    log.warning("a stream ended", metadata: ["reason": "\(failure)"])
                }
            }
            try await writer.finish(nil)
        }
        return Response(
            status: .ok, headers: [.contentType: "text/event-stream", .cacheControl: "no-store", .accelBuffering: "no"], body: body)
    }

    private static func sequence(_ text: String?) throws -> Int64? {
        guard let text else { return nil }
        guard let sequence = Int64(text), sequence >= 0 else { throw Refusal.badField("after", "must be a whole number from 0") }
        return sequence
    }
}

/// One open stream. Lives in the task that answers its request.
///
/// Its methods are `@concurrent` as Hummingbird's writer is: the writer cannot be handed between the two kinds of execution.
private struct EventStream {
    let streams: EventStreams
    let token: String
    /// Up to where the store has been read for this page; nil before the first reading of a page that starts now.
    var cursor: Int64?
    /// The last sequence the page was told, the `prev` of its next event. Moves only with what the page may see: numbers in between
    /// would tell how much happens elsewhere, and a page would take them for a gap.
    var told: Int64 = 0
    private let encoder = JSONEncoder()

    init(streams: EventStreams, token: String, cursor: Int64?) {
        self.streams = streams
        self.token = token
        self.cursor = cursor
        encoder.outputFormatting = [.withoutEscapingSlashes]
    }

    /// Writes until the page leaves, the session ends, or the process stops.
    @concurrent mutating func run(_ writer: inout any ResponseBodyWriter) async throws {
        let (wakes, wake) = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1))
        let signal = streams.signal
        let heartbeat = streams.settings.heartbeat
        let start: Int64
        if let cursor { start = cursor } else { start = try await streams.cases.newestSequence() }
        cursor = start
        told = start
        try await beat(&writer)
        wake.yield()
        try await withGracefulShutdownHandler {
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask { for await _ in signal.subscribe() { wake.yield() } }
                group.addTask {
                    while true {
                        try await Task.sleep(for: heartbeat)
                        wake.yield()
                    }
                }
                try await follow(wakes, &writer)
                group.cancelAll()
            }
        } onGracefulShutdown: {
            wake.finish()
        }
    }

    @concurrent private mutating func follow(_ wakes: AsyncStream<Void>, _ writer: inout any ResponseBodyWriter) async throws {
        var nextBeat = streams.time.now + streams.settings.heartbeat
        for await _ in wakes {
            // Asked at every wake: a session that was ended, or lost its rights, is noticed within one heartbeat.
            guard let account = streams.accounts.account(token: token) else { return }
            try await flush(account.reader, &writer)
            // A wake-up may come a moment early; a beat that is due within it is sent now rather than a heartbeat later.
            if streams.time.now + .milliseconds(50) >= nextBeat {
                try await beat(&writer)
                nextBeat = streams.time.now + streams.settings.heartbeat
            }
            try await Task.sleep(for: streams.settings.gather)
        }
    }

    /// Sends everything that changed since the last time, the latest state of each object.
    @concurrent private mutating func flush(_ reader: Reader, _ writer: inout any ResponseBodyWriter) async throws {
        var more = true
        while more {
            guard let since = cursor else { return }
            switch try await streams.cases.changes(since: since, for: reader) {
            case .resync:
                let newest = try await streams.cases.newestSequence()
                try await send("resync", id: nil, "{}", &writer)
                cursor = newest
                told = newest
                more = false
            case .changes(var changes):
                cursor = changes.seq
                more = changes.seq < changes.newest
                guard !changes.items.isEmpty else { continue }
                changes.prev = told
                told = changes.seq
                try await send("changes", id: told, String(decoding: try encoder.encode(changes), as: UTF8.self), &writer)
                try await markDelivered(changes.items, to: reader)
            }
        }
    }

    /// The assignee's page has its cases now.
    private func markDelivered(_ items: [FeedChange], to reader: Reader) async throws {
        guard reader.role == .gridworker else { return }
        let numbers = items.compactMap { item in
            if case .case(let item) = item { CaseNumber(item.no) } else { nil }
        }
        try await streams.cases.markDelivered(numbers, to: reader)
    }

    /// Says that the line is alive and what the page should have.
    @concurrent private func beat(_ writer: inout any ResponseBodyWriter) async throws {
        let beat: JSON = ["seq": .int(told), "now": .string(streams.time.wallNow.description), "version": .string(streams.version)]
        try await send("hb", id: nil, beat.text, &writer)
    }

    /// JSON has no line breaks, so one `data` line is always enough.
    @concurrent private func send(_ event: String, id: Int64?, _ data: String, _ writer: inout any ResponseBodyWriter) async throws {
        let head = id.map { "id: \($0)\n" } ?? ""
        try await writer.write(ByteBuffer(string: "event: \(event)\n\(head)data: \(data)\n\n"))
    }
}

/// Counts open streams per account.
final class StreamSlots: Sendable {
    private let open = Mutex<[String: Int]>([:])

    /// A place for one more stream, or nil when the account has `limit` of them.
    func take(_ user: String, limit: Int) -> StreamSlot? {
        open.withLock { open in
            guard open[user, default: 0] < limit else { return nil }
            open[user, default: 0] += 1
            return StreamSlot(user: user, slots: self)
        }
    }

    /// How many streams are open.
    var count: Int { open.withLock { $0.values.reduce(0, +) } }

    fileprivate func release(_ user: String) {
        open.withLock { open in
            let left = open[user, default: 1] - 1
            open[user] = left > 0 ? left : nil
        }
    }
}

/// One stream's place. Given back once, at the latest when nobody holds it: an answer can be dropped before its body ever runs.
final class StreamSlot: Sendable {
    private let user: String
    private let slots: StreamSlots
    private let held = Atomic<Bool>(true)

    fileprivate init(user: String, slots: StreamSlots) {
        self.user = user
        self.slots = slots
    }

    func release() {
        if held.exchange(false, ordering: .relaxed) { slots.release(user) }
    }

    deinit { release() }
}
