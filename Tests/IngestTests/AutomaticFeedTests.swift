// `transport: auto`: which of the two reads, and when that changes.

import Base
import Synchronization
import Testing

@testable import Ingest

/// A feed that notes what is asked of it; `ends` is what it would call.
private final class FakeFeed: CameraFeed {
    let name: String
    let calls: Calls
    let ends: @Sendable () -> Bool

    init(_ name: String, _ calls: Calls, ends: @escaping @Sendable () -> Bool) {
        (self.name, self.calls, self.ends) = (name, calls, ends)
        calls.made(self)
    }

    func start() { calls.note("\(name) starts") }
    func requestStop() { calls.note("\(name) stops") }
    func join(timeout: Duration) -> Bool { true }
}

private final class Calls: Sendable {
    private let state = Mutex<(notes: [String], newest: FakeFeed?)>(([], nil))
    var notes: [String] { state.withLock { $0.notes } }
    var newest: FakeFeed? { state.withLock { $0.newest } }
    func note(_ text: String) { state.withLock { $0.notes.append(text) } }
    func made(_ feed: FakeFeed) { state.withLock { $0.newest = feed } }
}

private func feed(_ calls: Calls, _ time: SimulatedTime) -> AutomaticFeed {
    AutomaticFeed(
        time: time,
        makeNative: { giveUp in FakeFeed("ours", calls) { giveUp(Failure(.unsupported, "it speaks UDP only")) } },
        makeFallback: { why, giveBack in
            calls.note(why)
            return FakeFeed("FFmpeg", calls, ends: giveBack)
        })
}

@Test func aCameraThatOursCannotReadIsReadByFFmpegAndTriedAgainAfterAnHour() {
    let (calls, time) = (Calls(), SimulatedTime())
    let feed = feed(calls, time)
    feed.start()
    #expect(calls.newest?.ends() == true)
    #expect(calls.notes == ["ours starts", "our own RTSP cannot read it: it speaks UDP only", "FFmpeg starts"])
    time.advance(by: .seconds(3599))
    #expect(calls.newest?.ends() == false, "FFmpeg connects again by itself")
    time.advance(by: .seconds(1))
    #expect(calls.newest?.ends() == true)
    #expect(calls.notes.last == "ours starts")
    feed.requestStop()
    #expect(calls.notes.last == "ours stops")
}

@Test func nothingTakesOverOnceItIsToStop() {
    let (calls, time) = (Calls(), SimulatedTime())
    let feed = feed(calls, time)
    feed.start()
    feed.requestStop()
    #expect(calls.newest?.ends() == false)
    #expect(calls.notes == ["ours starts", "ours stops"])
}
