// Chinese map services' degrees to WGS-84.

import Domain
import Testing

@testable import Grids

@Test func theOffsetAtTheDistrictIsTheKnownOne() {
    let here = Degrees(lon: 105.08, lat: 29.59)
    let shifted = CoordinateSystem.gcj02.converted(fromWGS84: here)
    let scale = LocalMetres(at: place(here.lon, here.lat))
    let north = (shifted.lat - here.lat) * 1e7 * scale.perLatUnit
    let east = (shifted.lon - here.lon) * 1e7 * scale.perLonUnit
    #expect(abs(north + 282) < 1.5, "\(north)")
    #expect(abs(east - 317) < 1.5, "\(east)")
}

@Test func theInverseReturnsToTheCentimetre() {
    var random = SampleRandom(seed: 8)
    for _ in 0..<2000 {
        let here = Degrees(lon: 75 + 55 * random.unit(), lat: 18 + 34 * random.unit())
        for system in CoordinateSystem.allCases {
            let back = system.wgs84(from: system.converted(fromWGS84: here))
            #expect(abs(back.lon - here.lon) < 1e-8 && abs(back.lat - here.lat) < 1e-8, "\(system) at \(here): \(back)")
        }
    }
}

/// The published example of Baidu's converter: WGS-84 116.404, 39.915 is GCJ-02 116.41024449916938, 39.91640428150164.
@Test func publishedVectors() {
    let gcj = CoordinateSystem.gcj02.converted(fromWGS84: Degrees(lon: 116.404, lat: 39.915))
    #expect(abs(gcj.lon - 116.410_244_499_169_38) < 1e-9 && abs(gcj.lat - 39.916_404_281_501_64) < 1e-9)
    // GCJ-02 116.404, 39.915 is BD-09 116.41036949371029, 39.92133699351021.
    let wgs = CoordinateSystem.gcj02.wgs84(from: Degrees(lon: 116.404, lat: 39.915))
    let bd = CoordinateSystem.bd09.converted(fromWGS84: wgs)
    #expect(abs(bd.lon - 116.410_369_493_710_29) < 1e-8 && abs(bd.lat - 39.921_336_993_510_21) < 1e-8)
}
