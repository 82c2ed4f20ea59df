// The budget of connection attempts, where a camera hangs on the network, and what the machine must allow.

import Base
import Domain
import Testing

@testable import Ingest

@Test(arguments: [
    ("10.1.2.3", "10.1.2.0/24"), ("192.168.255.254", "192.168.255.0/24"), ("2001:db8:1:2:3::4", "2001:db8:1:2::/64"),
    ("::1", "0:0:0:0::/64"), ("fe80::1%eth0", "fe80:0:0:0::/64"), ("::ffff:10.1.2.3", "10.1.2.0/24"), ("NVR-7.example", "nvr-7.example"),
    ("10.1.2", "10.1.2"), ("10.1.2.300", "10.1.2.300"), ("", ""),
])
func aHostHasASubnet(host: String, subnet: String) { #expect(Subnet(host: host).text == subnet) }

@Test(arguments: [
    ("rtsp://10.1.2.3/ch1", "10.1.2.3", "10.1.2.0/24"), ("rtsp://10.1.2.3:8554/ch1?x=:1", "10.1.2.3", "10.1.2.0/24"),
    ("rtsps://[2001:db8::7]:322/a", "2001:db8::7", "2001:db8:0:0::/64"), ("rtsp://Cam.Example", "cam.example", "cam.example"),
    ("rtsp:///x", "/x", "/x"), ("rtsp://user:secret@10.1.2.3/a", "10.1.2.3", "10.1.2.0/24"), ("nonsense", "nonsense", "nonsense"),
])
func aURLHasANetwork(url: String, host: String, subnet: String) {
    let network = CameraNetwork(url: url)
    #expect(network.host == host)
    #expect(network.subnet.text == subnet)
}

@Test func aSubnetThatMustWaitHoldsUpNobodyElse() {
    var pacer = OpenPacer()
    for _ in 0..<240 { _ = pacer.reserve(Subnet(host: "10.0.0.1"), now: .seconds(1)) }
    // The 240 wait up to 24 s, ten in each second; the other 40 slots of a second are free.
    let others = (0..<40).map { pacer.reserve(Subnet(host: "10.0.\($0 % 20 + 1).1"), now: .seconds(1)) }
    #expect(others.allSatisfy { $0 <= .seconds(1) })
    #expect(pacer.reserve(Subnet(host: "10.0.0.1"), now: .seconds(1)) == .seconds(24))
}

/// Whatever is asked in whatever order: no second holds more than the budgets, and nobody waits longer than they require.
@Test(arguments: 0..<8) func budgetsHoldInEveryWindow(round: Int) {
    let seed = UInt64(500 + round)
    print("seed \(seed)")
    var generator = SeededGenerator(seed: seed)
    var pacer = OpenPacer()
    let subnets = Int.random(in: 1...40, using: &generator)
    var now = Duration.seconds(Double.random(in: 0..<100, using: &generator))
    var given: [(at: Duration, subnet: Int)] = []
    for _ in 0..<3000 {
        let subnet = Int.random(in: 0..<subnets, using: &generator)
        let wait = pacer.reserve(Subnet(host: "10.0.\(subnet).1"), now: now)
        #expect(wait >= .zero)
        let inSubnet = given.count { $0.subnet == subnet && $0.at >= now }
        let overall = given.count { $0.at >= now }
        #expect(wait.seconds <= Double(inSubnet + 1) * 0.1 + Double(overall + 2) * 0.02)
        given.append((now + wait, subnet))
        if Int.random(in: 0..<4, using: &generator) == 0 { now += .seconds(Double.random(in: 0..<0.3, using: &generator)) }
    }
    let sorted = given.sorted { $0.at < $1.at }
    for index in sorted.indices.dropFirst(50) { #expect(sorted[index].at - sorted[index - 50].at >= .seconds(1)) }
    for group in Dictionary(grouping: sorted, by: \.subnet).values {
        for index in group.indices.dropFirst(10) { #expect(group[index].at - group[index - 10].at >= .seconds(1)) }
    }
}

@Test func theCalendarStaysBoundedAndWithinItsBudgetWhenItOverflows() {
    var calendar = SlotCalendar(perSecond: 50, capacity: 64)
    var given: [Duration] = []
    var generator = SeededGenerator(seed: 3)
    for step in 0..<2000 {
        let now = Duration.milliseconds(step)
        let slot = calendar.take(earliest: now + .milliseconds(Int.random(in: 0..<5000, using: &generator)), now: now)
        given.append(slot)
        #expect(calendar.count <= 64)
    }
    #expect(Set(given).count == given.count, "no slot is given twice")
    let sorted = given.sorted()
    for index in sorted.indices.dropFirst(50) { #expect(sorted[index] - sorted[index - 50] >= .seconds(1)) }
}

@Test func attemptsInFlightAreBoundedAndOnePerCamera() {
    var pacer = OpenPacer()
    // Cameras that time out may not take the last sixteen.
    let doubtful = (0..<60).map { pacer.begin(cameraID($0), doubtful: true) }
    #expect(doubtful.count { $0 == .open } == 48)
    #expect(doubtful.last == .again(after: .seconds(5)))
    let likely = (100..<120).map { pacer.begin(cameraID($0), doubtful: false) }
    #expect(likely.count { $0 == .open } == 16)
    #expect(pacer.inFlight == 64)
    pacer.finish(cameraID(0))
    pacer.finish(cameraID(0))
    pacer.finish(cameraID(999))
    #expect(pacer.inFlight == 63)
    #expect(pacer.begin(cameraID(1), doubtful: false) == .again(after: .seconds(1)), "single flight")
    #expect(pacer.begin(cameraID(200), doubtful: false) == .open)
    #expect(pacer.begin(cameraID(201), doubtful: false) == .again(after: .zero))
}

@Test func twentyLossesInTenSecondsAreAMassLoss() {
    var pacer = OpenPacer()
    let quick = (0..<25).map { pacer.lost(now: .milliseconds($0 * 100)) }
    #expect(quick.prefix(19).allSatisfy { !$0 } && quick.suffix(6).allSatisfy { $0 })
    let longAfter = pacer.lost(now: .seconds(60))
    #expect(!longAfter)
    var slow = OpenPacer()
    let few = (0..<100).map { slow.lost(now: .seconds($0)) }
    #expect(!few.contains(true))
}

@Test func ourOwnStallIsNoticedBeforeCamerasLookStalled() {
    var watch = OwnStallWatch()
    func at(_ second: Double, age: Double? = nil, disk: Double? = nil) -> OwnStall.Cause? {
        watch.examine(now: .seconds(second), oldestLookAge: age.map { .seconds($0) }, diskWaitingSince: disk.map { .seconds($0) })?.cause
    }
    #expect(at(0) == nil)
    #expect(at(1, age: 4.9) == nil)
    #expect(at(2, age: 5) == .workers)
    #expect(at(3, age: 3) == .workers, "not yet caught up")
    #expect(at(4, age: 1) == nil)
    #expect(at(5, disk: 1) == nil)
    #expect(at(6, disk: 1) == .disk)
    #expect(at(7) == nil)
    // Stopped for a minute.
    #expect(at(67) == .machine)
    for second in 68..<82 { #expect(at(Double(second)) == .machine) }
    #expect(at(82) == nil)
}

@Test(arguments: [
    (native: 4100, ffmpeg: 0, files: 4548, threads: 66), (0, 4100, 4548, 4166), (4000, 100, 4548, 166), (0, 0, 448, 66),
])
func theNumberNeededIsNamed(native: Int, ffmpeg: Int, files: Int, threads: Int) {
    let need = ResourceNeed(nativeCameras: native, ffmpegCameras: ffmpeg, workers: 2)
    #expect(need.files == files)
    #expect(need.threads == threads)
    #expect(ResourceLimits(files: nil, threads: nil).examine(need).isEmpty)
    #expect(ResourceLimits(files: files, threads: threads).examine(need).isEmpty)
    let found = ResourceLimits(files: files - 1, threads: threads - 1).examine(need)
    #expect(found.map(\.kind) == [.resourceExhausted, .resourceExhausted])
    #expect(found[0].message.contains("\(native + ffmpeg) cameras need \(files) open files"))
    #expect(found[0].message.contains("LimitNOFILE=\(files)"))
    #expect(found[1].message.contains("need \(threads) threads"))
}

@Test func theLimitsOfThisProcessCanBeRead() {
    let limits = ResourceLimits.read()
    #expect(limits.files ?? 1 > 0)
    #expect(limits.threads ?? 1 > 0)
}
