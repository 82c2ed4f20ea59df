// One camera's coded pictures for those who want every one of them: its pre-roll, clips in the making, viewers.
// camera → **packets** → clips, live pictures

import Base
import Domain
import Media
import Synchronization

/// A coded picture with what its stream was when it came, on the process clock.
struct TapedPicture: Sendable {
    var picture: CodedPicture
    var parameters: StreamParameters
    /// Its own timestamp mapped to the process clock: runs on over a reconnection and shows the gap.
    var seconds: Double
}

/// Somebody who wants every picture of a camera for a while. Called on the thread that reads the camera; must not wait.
protocol PictureTaker: AnyObject, Sendable {
    /// Takes the next picture, the first one a key picture; false when no more are wanted.
    func take(_ taped: TapedPicture) -> Bool
}

/// The fleet's pre-roll behind a lock. Any thread.
final class SharedPreRoll: Sendable {
    private let ring: Mutex<PreRoll<TapedPicture>>

    init(keptSeconds: Double, budgetBytes: Int) { ring = Mutex(PreRoll(keptSeconds: keptSeconds, budgetBytes: budgetBytes)) }

    var bytes: Int { ring.withLock { $0.bytes } }

    fileprivate func append(_ taped: TapedPicture, slot: Int) {
        _ = ring.withLock {
            $0.append(taped, isKey: taped.picture.isKey, seconds: taped.seconds, bytes: taped.picture.heldBytes, slot: slot)
        }
    }

    fileprivate func interrupt(_ slot: Int) { ring.withLock { $0.interrupt(slot) } }
    fileprivate func clear(_ slot: Int) { ring.withLock { $0.clear(slot) } }
    fileprivate func isOpen(_ slot: Int) -> Bool { ring.withLock { $0.isOpen(slot) } }

    fileprivate func pictures(_ slot: Int, sinceSeconds: Double) -> [TapedPicture] {
        ring.withLock { $0.entries(slot, sinceSeconds: sinceSeconds).map(\.picture) }
    }
}

/// The place where one camera's pictures are passed on. Written by the thread that reads the camera, joined from any other.
final class CameraTape: Sendable {
    private struct State {
        var keepsPreRoll = false
        var takers: [(taker: any PictureTaker, needsKey: Bool)] = []
        var clock = LookClock()
        var codec = VideoCodec.h264
    }

    private let slot: Int
    private let preRoll: SharedPreRoll?
    private let state = Mutex(State())
    private let wanted = Atomic<Bool>(false)

    /// - Parameter preRoll: Nil when no camera keeps one.
    init(slot: Int, preRoll: SharedPreRoll?) {
        self.slot = slot
        self.preRoll = preRoll
    }

    /// Whether predicted pictures shall be copied and every picture appended. Read for each picture, without a lock.
    var isWanted: Bool { wanted.load(ordering: .relaxed) }

    /// Whether this camera's last seconds are kept.
    var keepsPreRoll: Bool { state.withLock { $0.keepsPreRoll } }

    /// Begins or ceases to keep the last seconds.
    func keepPreRoll(_ keeps: Bool) {
        change { $0.keepsPreRoll = keeps }
        if !keeps { preRoll?.clear(slot) }
    }

    /// The next whole picture; predicted ones only behind the key picture they need.
    func append(_ picture: CodedPicture, _ parameters: StreamParameters) {
        change { state in
            let seconds = state.clock.seconds(ptsSeconds: picture.ptsSeconds, arrivalSeconds: picture.arrival.seconds)
            let taped = TapedPicture(picture: picture, parameters: parameters, seconds: seconds)
            if state.keepsPreRoll { preRoll?.append(taped, slot: slot) }
            for index in state.takers.indices.reversed() {
                if state.takers[index].needsKey && !picture.isKey { continue }
                state.takers[index].needsKey = false
                if !state.takers[index].taker.take(taped) { state.takers.remove(at: index) }
            }
        }
    }

    /// A picture is missing: the next one that makes sense is a key picture.
    func interrupt() {
        change { state in
            for index in state.takers.indices { state.takers[index].needsKey = true }
        }
        preRoll?.interrupt(slot)
    }

    /// What the camera sends, as far as it has said so.
    var codec: VideoCodec { state.withLock { $0.codec } }

    /// A new connection: timestamps begin anew.
    func restart(_ codec: VideoCodec) {
        change {
            $0.clock = LookClock()
            $0.codec = codec
        }
        interrupt()
    }

    /// Hands over what is kept from the last key picture at or before `sinceSeconds`, and then every picture as it comes.
    func join(_ taker: any PictureTaker, sinceSeconds: Double) {
        change { state in
            let kept = state.keepsPreRoll ? preRoll?.pictures(slot, sinceSeconds: sinceSeconds) ?? [] : []
            for taped in kept where !taker.take(taped) { return }
            state.takers.append((taker, kept.isEmpty || preRoll?.isOpen(slot) != true))
        }
    }

    /// No further pictures for this one.
    func leave(_ taker: any PictureTaker) { change { $0.takers.removeAll { $0.taker === taker } } }

    private func change(_ body: (inout State) -> Void) {
        state.withLock {
            body(&$0)
            wanted.store($0.keepsPreRoll || !$0.takers.isEmpty, ordering: .relaxed)
        }
    }
}
