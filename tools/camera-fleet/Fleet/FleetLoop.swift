// The one thread that serves every client: conversations by readiness, pictures by the clock.
// scene ─▶ pictures ─▶ encodings ─▶ packets ─▶ **clients**

import Base
import Domain
import Foundation
import Synchronization

/// Figures of a running fleet.
package struct FleetFigures: Sendable, Equatable {
    package var clients = 0
    package var playing = 0
    package var bytesSent: UInt64 = 0
    /// Connections closed because the client did not read fast enough.
    package var closedSlow = 0
    package var accepted = 0
}

/// Serves clients until told to stop. Own thread; nothing in it blocks except the wait for the next slot.
///
/// Time is cut into slots of a few milliseconds. The cameras are spread over the slots of one batch; in its slot a camera sends
/// every picture that has become due, in one write straight from the encoding's memory.
final class FleetLoop {
    private let options: FleetOptions
    private let cameras: [CameraTimeline]
    private let descriptions: [CodedLoop]
    private var loops: [PacketLoop]
    /// What there is to say about each loop.
    private let tracks: [MetadataTrack]
    private let listener: SocketListener
    private var poller = SocketPoller()
    private let time: any TimeSource
    private let start: Duration
    private let stop: StopSignal
    private let shared: FleetShared

    private var clients: [Int: FleetClient] = [:]
    private var nextKey = 1
    /// Lane 0 holds clients that talk; the others playing clients, by the slot of the batch in which their camera sends.
    private var lanes: [[FleetClient]]
    private let slotSeconds: Double
    private var lastSlot = 0
    private var figures = FleetFigures()
    private var generator = SystemRandomNumberGenerator()
    private var readBuffer = [UInt8](repeating: 0, count: 16 << 10)
    private var nextHousekeepingSeconds = 0.0
    private var refusesClientsUntilSeconds = 0.0

    private static let listenerKey = 0
    private static let reportEverySeconds = 5.0
    /// As announced with each session.
    private static let sessionTimeoutSeconds = 60.0
    private static let dripEverySeconds = 4.0
    /// Cameras repeat the state of their properties every few seconds to minutes.
    private static let synchronisationSeconds = 10.0
    static let sendBufferBytes = 256 << 10
    /// Four seconds of stream, as a camera with little memory would keep, and never less than one large key picture.
    private let largestTailBytes: Int

    init(
        _ options: FleetOptions, cameras: [CameraTimeline], encodings: [CodedLoop], packets: [PacketLoop], listener: SocketListener,
        time: any TimeSource, start: Duration, stop: StopSignal, shared: FleetShared
    ) {
        self.options = options
        self.cameras = cameras
        // Answers need the figures of an encoding and its parameter sets, not its pictures.
        descriptions = encodings.map {
            var description = $0
            description.pictures = []
            return description
        }
        loops = packets
        tracks = encodings.map { MetadataTrack(events: $0.events, loopSeconds: $0.loopSeconds) }
        self.listener = listener
        self.time = time
        self.start = start
        self.stop = stop
        self.shared = shared
        let batchSeconds = options.effectiveBatch.seconds
        let slots = max(1, Int((batchSeconds / 0.005).rounded()))
        slotSeconds = batchSeconds / Double(slots)
        lanes = Array(repeating: [], count: slots + 1)
        largestTailBytes = max(512 << 10, options.encoding.bitrateBitsPerSecond / 8 * 4)
    }

    private var nowSeconds: Double { (time.now - start).seconds }

    private var slotsPerBatch: Int { lanes.count - 1 }

    func run() {
        while !stop.isRaised {
            let now = nowSeconds
            serveSlots(until: now)
            if now >= nextHousekeepingSeconds { keepHouse(now) }
            // Without viewers there is nothing to pace.
            let wait = figures.playing == 0 ? 0.05 : max(Double(lastSlot + 1) * slotSeconds - nowSeconds, 0)
            if now >= refusesClientsUntilSeconds { poller.watch(listener.socket, key: Self.listenerKey) }
            // Who talks is heard at once, who plays once in a batch: it has little to say.
            for client in lanes[0] { poller.watch(client.socket, key: client.key, writing: client.tailBytes > 0 && !client.isHeldBack) }
            for client in lanes[lane(ofSlot: lastSlot + 1)] { poller.watch(client.socket, key: client.key) }
            for event in poller.wait(milliseconds: Int((wait * 1000).rounded(.up))) { handle(event) }
        }
        clients = [:]
        lanes = []
        figures.clients = 0
        figures.playing = 0
        shared.figures.withLock { $0 = figures }
    }

    private func lane(ofSlot slot: Int) -> Int { 1 + slot % slotsPerBatch }

    // MARK: pictures

    private func serveSlots(until now: Double) {
        let current = Int(now / slotSeconds)
        // After a long pause one batch catches up: what is due depends on the clock alone.
        lastSlot = max(lastSlot, current - slotsPerBatch)
        while lastSlot < current {
            lastSlot += 1
            serve(slot: lastSlot)
        }
    }

    private func serve(slot: Int) {
        let seconds = Double(slot) * slotSeconds
        var gone: [FleetClient] = []
        for client in lanes[lane(ofSlot: slot)] {
            guard let number = client.camera else { continue }
            if client.tailBytes > 0, !client.isHeldBack { flush(client) }
            send(to: client, cameras[number - 1], dueAtSeconds: seconds)
            if client.isGone { gone.append(client) }
        }
        for client in gone { remove(client) }
    }

    private func send(to client: FleetClient, _ camera: CameraTimeline, dueAtSeconds seconds: Double) {
        let due = camera.due(atSeconds: seconds)
        guard due > client.nextPicture else { return }
        guard !client.isHeldBack else {
            client.nextPicture = due
            return
        }
        if seconds >= client.nextReportSeconds { report(to: client, camera, seconds) }
        while client.nextPicture < due {
            let length = loops[camera.loop].pictureCount
            let count = min(due - client.nextPicture, length - client.nextPicture % length)
            let range = loops[camera.loop].stamp(from: client.nextPicture, count: count, camera.identity, channel: client.channel)
            let index = client.nextPicture % length
            let packets = loops[camera.loop].packetCount(index..<index + count)
            client.packets &+= UInt32(packets)
            client.payloadBytes &+= UInt32(truncatingIfNeeded: range.count - packets * PacketLoop.headerBytes)
            client.nextPicture += count
            if client.isCorrupt {
                let wrong = FaultKind.corrupted(loops[camera.loop].bytes[range])
                push(wrong, 0..<wrong.count, to: client)
            } else {
                push(loops[camera.loop].bytes, range, to: client)
            }
        }
        tell(client, camera, seconds)
    }

    /// What the camera's analytics have noticed since the last time, and now and then all they know.
    private func tell(_ client: FleetClient, _ camera: CameraTimeline, _ seconds: Double) {
        guard var place = client.metadata else { return }
        let position = camera.position(atSeconds: seconds)
        let cameraSeconds = position / camera.framesPerSecond
        let track = tracks[camera.loop]
        var documents: [String] = []
        let wall = time.wallNow
        func moment(_ said: Double) -> WallTime { wall.adding(seconds: said - cameraSeconds) }
        let news = track.statements(after: place.saidSeconds, through: cameraSeconds)
        if !news.isEmpty { documents.append(MetadataText.document(news, .changed, wall: moment)) }
        if seconds >= place.nextSynchronisationSeconds {
            documents.append(MetadataText.document(track.standing(atSeconds: cameraSeconds), .initialized, wall: moment))
            place.nextSynchronisationSeconds = seconds + Self.synchronisationSeconds
        }
        place.saidSeconds = cameraSeconds
        let timestamp = loops[camera.loop].timestamp(atPicture: position, camera.identity)
        for document in documents {
            let bytes = place.packetiser.packets(of: document, timestamp: timestamp, channel: place.channel)
            push(bytes, 0..<bytes.count, to: client)
        }
        client.metadata = place
    }

    private func report(to client: FleetClient, _ camera: CameraTimeline, _ seconds: Double) {
        client.nextReportSeconds = seconds + Self.reportEverySeconds
        let report = SenderReport(
            channel: client.channel &+ 1, ssrc: camera.identity.ssrc, wall: time.wallNow,
            timestamp: loops[camera.loop].timestamp(atPicture: camera.position(atSeconds: seconds), camera.identity),
            packets: client.packets,
            payloadBytes: client.payloadBytes, name: "camera-\(camera.number)")
        let bytes = report.bytes
        push(bytes, 0..<bytes.count, to: client)
    }

    private func push(_ bytes: [UInt8], _ range: Range<Int>, to client: FleetClient) {
        figures.bytesSent &+= UInt64(client.push(bytes, range))
        if client.tailBytes > largestTailBytes {
            figures.closedSlow += 1
            client.hangUp()
        }
    }

    // MARK: conversations

    private func handle(_ event: SocketPoller.Event) {
        if event.key == Self.listenerKey { return acceptClients() }
        guard let client = clients[event.key] else { return }
        if event.isWritable, !client.isHeldBack { flush(client) }
        if event.isReadable { read(client) }
        if client.isGone { remove(client) }
    }

    private func flush(_ client: FleetClient, limit: Int = .max) { figures.bytesSent &+= UInt64(client.flush(limit: limit)) }

    private func acceptClients() {
        let now = nowSeconds
        guard now >= refusesClientsUntilSeconds else { return }
        while true {
            switch listener.accept(sendBufferBytes: Self.sendBufferBytes) {
            case .client(let socket):
                let client = FleetClient(
                    key: nextKey, socket: socket, conversation: Conversation(gate: options.gate, using: &generator), nowSeconds: now)
                nextKey += 1
                clients[client.key] = client
                figures.accepted += 1
                enter(client, lane: 0)
            case .nobody: return
            case .exhausted:
                // Readiness would wake this thread again at once; the queue keeps the clients meanwhile.
                refusesClientsUntilSeconds = now + 0.5
                return
            }
        }
    }

    private func read(_ client: FleetClient) {
        let now = nowSeconds
        while !client.isGone {
            switch client.socket.receive(into: &readBuffer) {
            case .received(let count):
                client.lastHeardSeconds = now
                client.parser.append(readBuffer[0..<count])
                while !client.isGone, let item = client.parser.next() { take(item, from: client, now) }
                if count < readBuffer.count { return }
            case .nothingYet: return
            case .gone: client.hangUp()
            }
        }
    }

    private func take(_ item: RTSPParser.Item, from client: FleetClient, _ now: Double) {
        switch item {
        case .interleaved: return
        case .malformed:
            let bytes = RTSPResponse(400, headers: [("Connection", "close")]).bytes
            push(bytes, 0..<bytes.count, to: client)
            client.hangUp()
        case .request(let request): answer(request, client, now)
        }
    }

    private func answer(_ request: RTSPRequest, _ client: FleetClient, _ now: Double) {
        if let named = CameraAddress(request.url)?.camera, named <= cameras.count, !client.isPlaying { client.camera = named }
        let fault = client.camera.flatMap { options.faults.kind(of: $0, atSeconds: now) }
        show(fault, client)
        if fault == .silent { return }
        if fault == .drop { return client.hangUp() }
        if request.method == "DESCRIBE", let wrong = fault?.description(request["CSeq"] ?? "0") {
            return push(wrong, 0..<wrong.count, to: client)
        }
        let (response, action) = client.conversation.answer(request, refusesAll: fault == .refuse) { number in
            fault == .missing ? nil : face(ofCamera: number, now)
        }
        let bytes = response.bytes
        push(bytes, 0..<bytes.count, to: client)
        switch action {
        case .nothing: break
        case .play(let camera, let channel, let metadata): play(client, camera, channel, metadata: metadata, now)
        case .stop:
            client.isPlaying = false
            move(client, toLane: 0)
        }
    }

    private func face(ofCamera number: Int, _ now: Double) -> CameraFace? {
        guard (1...cameras.count).contains(number) else { return nil }
        let camera = cameras[number - 1]
        let description = descriptions[camera.loop]
        let next = camera.due(atSeconds: now)
        return CameraFace(
            description: { [options] in SessionDescription.text(description, camera: number, host: $0, metadata: options.metadata) },
            nextSequence: loops[camera.loop].sequence(ofPicture: next, camera.identity),
            nextTimestamp: loops[camera.loop].timestamp(ofPicture: next, camera.identity), hasMetadata: options.metadata != nil)
    }

    private func play(_ client: FleetClient, _ number: Int, _ channel: UInt8, metadata: UInt8?, _ now: Double) {
        let camera = cameras[number - 1]
        client.camera = number
        client.channel = channel
        client.nextPicture = camera.due(atSeconds: now)
        client.metadata = metadata.map {
            MetadataPlace(
                channel: $0, packetiser: MetadataPacketiser(ssrc: ~camera.identity.ssrc, firstSequence: ~camera.identity.firstSequence),
                saidSeconds: camera.position(atSeconds: now) / camera.framesPerSecond, nextSynchronisationSeconds: now)
        }
        client.nextReportSeconds = now
        client.isPlaying = true
        // Nobody was paced until now; slots that have passed are none of this client's.
        if figures.playing == 0 { lastSlot = max(lastSlot, Int(now / slotSeconds)) }
        move(client, toLane: lane(ofSlot: number))
    }

    private func enter(_ client: FleetClient, lane: Int) {
        client.lane = lane
        client.laneIndex = lanes[lane].count
        lanes[lane].append(client)
        if lane > 0 { figures.playing += 1 }
    }

    private func leave(_ client: FleetClient) {
        if client.lane > 0 { figures.playing -= 1 }
        guard let last = lanes[client.lane].popLast(), last !== client else { return }
        lanes[client.lane][client.laneIndex] = last
        last.laneIndex = client.laneIndex
    }

    private func move(_ client: FleetClient, toLane lane: Int) {
        leave(client)
        enter(client, lane: lane)
    }

    private func remove(_ client: FleetClient) {
        guard clients.removeValue(forKey: client.key) != nil else { return }
        leave(client)
    }

    // MARK: what happens now and then

    private func keepHouse(_ now: Double) {
        nextHousekeepingSeconds = now + 0.25
        let faulty = options.faults.cameras
        for client in Array(clients.values) {
            if let number = client.camera, faulty.contains(number) { applyFault(client, number, now) }
            // Silence is one-sided while playing: TCP itself tells when the client is gone.
            let isIdle = !client.isPlaying && !client.isHeldBack && now - client.lastHeardSeconds > Self.sessionTimeoutSeconds
            if isIdle { client.hangUp() }
            if client.isGone { remove(client) }
        }
        figures.clients = clients.count
        shared.figures.withLock { $0 = figures }
    }

    private func applyFault(_ client: FleetClient, _ number: Int, _ now: Double) {
        let fault = options.faults.kind(of: number, atSeconds: now)
        show(fault, client)
        switch fault {
        case .drop: client.hangUp()
        case .drip where now - client.lastDripSeconds >= Self.dripEverySeconds:
            client.lastDripSeconds = now
            flush(client, limit: 1)
        case .silent, .drip: break
        // What was held back may leave now.
        case .refuse, .missing, .corrupt, .garble, .swell, .endless, nil: if client.tailBytes > 0 { flush(client) }
        }
    }

    private func show(_ fault: FaultKind?, _ client: FleetClient) {
        client.isHeldBack = fault == .silent || fault == .drip
        client.isCorrupt = fault == .corrupt
    }
}

/// What the serving thread shows to others.
final class FleetShared: Sendable {
    let figures = Mutex(FleetFigures())
}
