// A quiet look costs arithmetic and nothing else: the detector allocates no object once it knows the picture's size.

import Detectors
import Domain
import TestKit
import Testing

@Suite struct DetectorAllocationTests {
    /// Noise, and light that comes and goes: every step but the evidence itself.
    @Test(arguments: [(width: 640, height: 360), (width: 1280, height: 720), (width: 96, height: 54)])
    func quietLooksAllocateNothing(width: Int, height: Int) {
        var scene = LumaScene(width: width, height: height, seed: 7, padding: 16)
        let pictures = (0..<6).map { scene.picture(offset: Double($0 % 3) * 2) }
        let shape = scene.shape
        var detector = MotionDetector(.standard)
        var scratch = MotionScratch()
        var seconds = 0.0
        func look(_ kind: LookKind, after dt: Double) -> Examination {
            seconds += dt
            let picture = pictures[Int(seconds * 10) % 6]
            return detector.examine(picture.span, shape, atSeconds: seconds, kind: kind, scratch: &scratch)
        }
        for _ in 0..<12 { _ = look(.key, after: 2) }
        var last = Examination()
        let keyLooks = countSwiftAllocations { for _ in 0..<10 { last = look(.key, after: 2) } }
        #expect(keyLooks.count == 0, "\(keyLooks.origins)")
        #expect(last.state == .normal && last.detections.isEmpty && last.suppressions.isEmpty && !last.hasCandidate)
        let fullRate = countSwiftAllocations { for _ in 0..<10 { last = look(.full, after: 0.04) } }
        #expect(fullRate.count == 0, "\(fullRate.origins)")
    }

    /// The measure itself measures.
    @Test func whatIsAllocatedIsCounted() {
        final class Thing {}
        var kept: [Thing] = []
        kept.reserveCapacity(8)
        let counted = countSwiftAllocations { for _ in 0..<3 { kept.append(Thing()) } }
        #expect(counted.count == 3 && !counted.origins.isEmpty, "\(counted.origins)")
        #expect(countSwiftAllocations { kept.removeAll(keepingCapacity: true) }.count == 0)
    }
}
