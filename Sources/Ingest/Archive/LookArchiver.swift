// From lanes to the look archive: a bounded queue and one thread that may wait for the disk.
// **looks** ══▶ archive ─▶ replay

import Base
package import Domain
import Logging
import Media

/// Where looks are kept. Called on the archiver's own thread; may block.
package protocol LookSink: Sendable {
    /// Keeps one record.
    ///
    /// - Throws: It is lost and counted as such.
    func keep(_ record: LookRecord, of camera: CameraID) throws
    /// Deletes what is too old; called about once an hour.
    func sweep(now: WallTime)
}

/// Takes looks from workers without making them wait. They are for tuning: what finds the queue full is dropped and counted.
///
/// A camera with privacy masks has no archive: its pictures as coded are not masked.
final class LookArchiver: Sendable {
    private struct Item: Sendable {
        var camera: CameraID
        var entry: Entry
    }

    private enum Entry: Sendable {
        case look(CodedPicture, StreamParameters, at: WallTime)
        case record(LookRecord)
    }

    /// About 13 MB of pictures of 50 KB.
    private static let capacity = 256

    private let queue = BoundedQueue<Item>(capacity: capacity)
    private let metrics: IngestMetrics
    private let stopping = StopSignal()
    private let thread: OwnThread

    /// Starts the thread.
    init(sink: any LookSink, time: any TimeSource, metrics: IngestMetrics, log: Logger) {
        self.metrics = metrics
        let loop = Loop(queue: queue, sink: sink, time: time, metrics: metrics, log: log, stopping: stopping)
        thread = OwnThread(name: "looks") { loop.run() }
    }

    /// Queues a key picture that was looked at. Never blocks.
    func keep(_ picture: CodedPicture, _ parameters: StreamParameters, of camera: CameraID, at: WallTime) {
        offer(Item(camera: camera, entry: .look(picture, parameters, at: at)))
    }

    /// Queues what was said or told. Never blocks.
    func keep(_ record: LookRecord, of camera: CameraID) { offer(Item(camera: camera, entry: .record(record))) }

    private func offer(_ item: Item) {
        if !queue.offer(item) { metrics.archiveDropped(.queue).increment() }
    }

    /// Writes what is queued and ends the thread. Blocks.
    func stop() {
        queue.close()
        stopping.raise()
        thread.join()
    }

    private struct Loop: Sendable {
        let queue: BoundedQueue<Item>
        let sink: any LookSink
        let time: any TimeSource
        let metrics: IngestMetrics
        let log: Logger
        let stopping: StopSignal

        func run() {
            var (nextSweep, isFailing) = (Duration.zero, false)
            while true {
                if time.now >= nextSweep {
                    sink.sweep(now: time.wallNow)
                    nextSweep = time.now + .seconds(3600)
                }
                guard let item = queue.take(timeout: .seconds(60)) else {
                    if stopping.isRaised { return }
                    continue
                }
                keep(item, &isFailing)
            }
        }

        private func keep(_ item: Item, _ isFailing: inout Bool) {
            let record: LookRecord =
                switch item.entry {
                case .record(let record): record
                case .look(let picture, let parameters, let at):
                    .look(
                        StoredLook(
                            at: at, codec: parameters.codec.rawValue, width: parameters.width, height: parameters.height,
                            bytes: picture.bytesAnnexB()))
                }
            do {
                try sink.keep(record, of: item.camera)
                if case .look = record { metrics.archived.increment() }
                if isFailing { log.notice("looks are being kept again") }
                isFailing = false
            } catch {
                metrics.archiveDropped(.disk).increment()
                if !isFailing { log.error("looks are not being kept", metadata: ["failure": "\(error)"]) }
                isFailing = true
            }
        }
    }
}

/// What one lane hands to the archive. On one worker at a time.
struct LaneArchive: Sendable {
    private let archiver: LookArchiver
    private let camera: CameraID
    private var tags: [LiveTag] = []

    /// Nil without an archive, and for a camera with privacy masks.
    init?(_ archiver: LookArchiver?, _ camera: Camera) {
        guard let archiver, camera.areas.privacyMasks.isEmpty else { return nil }
        self.archiver = archiver
        self.camera = camera.id
    }

    /// A key picture was examined; the camera's tags go before it when they have changed.
    mutating func note(_ picture: CodedPicture, _ parameters: StreamParameters, tags: [LiveTag], atSeconds: Double, wall: WallTime) {
        if tags != self.tags {
            self.tags = tags
            let dated = tags.map { tag in
                var tag = tag
                tag.sinceSeconds = Double(wall.millisecondsSince1970) / 1000 - (atSeconds - tag.sinceSeconds)
                return tag
            }
            archiver.keep(.tags(at: wall, dated), of: camera)
        }
        archiver.keep(picture, parameters, of: camera, at: wall)
    }

    /// An incident opened or is over.
    func note(_ incident: ToldIncident, wall: WallTime) { archiver.keep(.incident(at: wall, incident), of: camera) }
}
