// Pictures with known content, coded in the test itself.

import Base
import Domain
import Foundation
import Media

/// A picture in three planes.
struct Planes {
    var y: [UInt8]
    var u: [UInt8]
    var v: [UInt8]
}

/// A soft gradient with a bright square that wanders; every picture differs from its neighbours.
func scene(_ index: Int, width: Int, height: Int) -> Planes {
    var y = [UInt8](repeating: 0, count: width * height)
    let left = (index * 7) % (width - 32)
    let top = (index * 3) % (height - 32)
    for row in 0..<height {
        for column in 0..<width {
            let inside = (left..<left + 32).contains(column) && (top..<top + 32).contains(row)
            y[row * width + column] = inside ? 220 : UInt8(40 + (column * 80 / width) + (row * 60 / height))
        }
    }
    let chroma = width * height / 4
    return Planes(y: y, u: [UInt8](repeating: 110, count: chroma), v: [UInt8](repeating: 140, count: chroma))
}

func settings(_ codec: VideoCodec, width: Int = 320, height: Int = 192, gop: Int = 10, bitrate: Int = 800_000) -> EncoderSettings {
    EncoderSettings(
        codec: codec, width: width, height: height, framesPerSecond: 25, gopPictures: gop, bitrateBitsPerSecond: bitrate)
}

/// `count` pictures of the scene, coded.
func encodeScene(_ settings: EncoderSettings, count: Int) throws -> [EncodedPicture] {
    let encoder = try VideoEncoder(settings)
    var pictures: [EncodedPicture] = []
    for index in 0..<count {
        let planes = scene(index, width: settings.width, height: settings.height)
        pictures += try encoder.encode(y: planes.y, u: planes.u, v: planes.v)
    }
    return pictures + (try encoder.finish())
}

/// Mean absolute difference between a lent plane and a scene.
func meanDifference(_ luma: Span<UInt8>, _ shape: PlaneShape, _ expected: [UInt8]) -> Double {
    var sum = 0
    for row in 0..<shape.height {
        for column in 0..<shape.width {
            sum += abs(Int(luma[row * shape.stride + column]) - Int(expected[row * shape.width + column]))
        }
    }
    return Double(sum) / Double(shape.width * shape.height)
}

/// Codes a clip and writes it to `path`.
func writeClip(_ path: String, _ settings: EncoderSettings, count: Int) throws {
    let writer = try ClipWriter(path: path, settings: settings)
    for picture in try encodeScene(settings, count: count) { try writer.append(picture) }
    try writer.finish()
}

/// Everything a source delivers until its end.
func readAll(_ source: PacketSource, keepPredicted: Bool) throws -> (pictures: [CodedPicture], skipped: Int) {
    var pictures: [CodedPicture] = []
    var skipped = 0
    while true {
        switch try source.read(timeout: .seconds(5), keepPredicted: keepPredicted) {
        case .picture(let picture): pictures.append(picture)
        case .skipped(let sizeBytes):
            precondition(sizeBytes > 0, "a skipped picture has a size")
            skipped += 1
        case .end: return (pictures, skipped)
        }
    }
}

/// Open descriptors of this process.
func openDescriptors() -> Int {
    ((try? FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd")) ?? []).count
}
