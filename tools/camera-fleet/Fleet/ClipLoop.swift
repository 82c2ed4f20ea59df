// Real files as cameras: their own coded pictures where RTSP can carry them, else decoded and coded anew.
// **file ─▶ encodings** ─▶ packets ─▶ clients

import Base
import Domain
import Foundation
import Media

/// Reads a video file into a loop.
enum ClipLoop {
    /// A loop lives in memory; a clip of more bytes is refused.
    static let largestBytes = 512 << 20

    /// Blocks; own threads only.
    static func read(path: String, fallback: EncodingOptions, codec: VideoCodec, goOn: () -> Bool) throws -> CodedLoop {
        let source = try PacketSource.openFile(path: path, interrupt: Interrupt())
        defer { source.close() }
        let parameters = source.parameters
        let pictures = try readAll(source, path: path, goOn: goOn)
        let rate = try framesPerSecond(of: pictures, parameters, path: path)
        guard parameters.codec != .other, let direct = try loop(of: pictures, parameters, rate, path: path) else {
            return try recode(pictures, parameters, rate, fallback, codec, path: path, goOn: goOn)
        }
        return direct
    }

    private static func readAll(_ source: PacketSource, path: String, goOn: () -> Bool) throws -> [CodedPicture] {
        var pictures: [CodedPicture] = []
        var bytes = 0
        while case .picture(let picture) = try source.read(timeout: .seconds(30), keepPredicted: true) {
            pictures.append(picture)
            bytes += picture.sizeBytes
            guard bytes <= largestBytes else {
                throw Failure(.resourceExhausted, "the clip holds more than \(largestBytes >> 20) MiB: cut it", context: [("file", path)])
            }
            guard goOn() else { throw Failure(.cancelled, "stopped while reading a clip") }
        }
        guard let firstKey = pictures.firstIndex(where: \.isKey) else {
            throw Failure(.invalidInput, "the clip holds no key picture", context: [("file", path)])
        }
        return Array(pictures[firstKey...])
    }

    private static func framesPerSecond(of pictures: [CodedPicture], _ parameters: StreamParameters, path: String) throws -> Double {
        let times = pictures.compactMap(\.ptsSeconds)
        if let first = times.min(), let last = times.max(), last > first, times.count > 1 {
            return Double(times.count - 1) / (last - first)
        }
        return parameters.framesPerSecond ?? 25
    }

    /// The file's own pictures, or nil when RTP cannot carry them.
    private static func loop(of pictures: [CodedPicture], _ parameters: StreamParameters, _ rate: Double, path: String) throws -> CodedLoop?
    {
        let times = pictures.map(\.ptsSeconds)
        let start = times.compactMap(\.self).min() ?? 0
        let ready = pictures.enumerated().map { index, picture in
            let seconds = times[index].map { $0 - start } ?? Double(index) / rate
            return LoopPicture(bytes: picture.bytesAnnexB(), isKey: picture.isKey, ticks: Int((seconds * 90_000).rounded()))
        }
        if parameters.codec == .mjpeg {
            do {
                for picture in ready { _ = try JPEGPackets(picture.bytes) }
            } catch let failure as Failure where failure.kind == .unsupported || failure.kind == .invalidInput {
                return nil
            }
        }
        return CodedLoop(
            name: (path as NSString).lastPathComponent, codec: parameters.codec, width: parameters.width, height: parameters.height,
            framesPerSecond: rate, pictures: ready, events: [])
    }

    /// Decodes and codes anew in the clip's own size, in grey: that is all a detector reads.
    private static func recode(
        _ pictures: [CodedPicture], _ parameters: StreamParameters, _ rate: Double, _ options: EncodingOptions, _ codec: VideoCodec,
        path: String, goOn: () -> Bool
    ) throws -> CodedLoop {
        let decoder = try Decoder(parameters, skipLoopFilter: false)
        let (width, height) = (parameters.width & ~1, parameters.height & ~1)
        guard width >= 16, height >= 16 else { throw Failure(.unsupported, "the clip's pictures are too small", context: [("file", path)]) }
        var settings = options.settings(codec)
        (settings.width, settings.height) = (width, height)
        settings.framesPerSecond = min(max(Int(rate.rounded()), 1), 120)
        let encoder = try VideoEncoder(settings)
        let chroma = [UInt8](repeating: 128, count: width * height / 4)
        var coded: [EncodedPicture] = []
        let take: (borrowing Frame) throws -> Void = { frame in
            guard frame.width >= width, frame.height >= height else { return }
            let luma = frame.withLuma { span, shape in
                var plane: [UInt8] = []
                plane.reserveCapacity(width * height)
                for row in 0..<height { for column in 0..<width { plane.append(span[row * shape.stride + column]) } }
                return plane
            }
            coded += try encoder.encode(y: luma, u: chroma, v: chroma)
        }
        for picture in pictures {
            // A damaged picture is left out, as a camera would not have sent it.
            _ = try decoder.decode(picture, take)
            guard goOn() else { throw Failure(.cancelled, "stopped while encoding a clip") }
        }
        try decoder.drain(take)
        coded += try encoder.finish()
        guard coded.first?.isKey == true else {
            throw Failure(.invalidInput, "nothing in the clip can be decoded", context: [("file", path)])
        }
        return CodedLoop(
            name: (path as NSString).lastPathComponent, codec: codec, width: width, height: height, framesPerSecond: rate,
            pictures: coded.map { LoopPicture(bytes: $0.bytes, isKey: $0.isKey, ticks: Int((Double($0.index) / rate * 90_000).rounded())) },
            events: [])
    }
}
