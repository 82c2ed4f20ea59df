// A worker's few decoders, shared by all its cameras: key pictures need no history.
// packets ─▶ looks ─▶ **frames** ─▶ detections

/// A few decoders of one worker, keyed by codec, size and parameter sets; the longest unused one makes room.
///
/// 4,100 cameras with a decoder of 2–3 MB each would take 10 GB. Confined to one worker.
package final class DecoderPool {
    private struct Key: Hashable {
        let raw: RawCodec
        let width: Int
        let height: Int
        let extradata: [UInt8]
    }

    private let capacity: Int
    /// The most recently used last; a handful, so a search in order is fastest.
    private var decoders: [(key: Key, decoder: Decoder)] = []
    /// Decoders made so far: with too small a capacity it grows with every look.
    package private(set) var made = 0

    package init(capacity: Int) {
        precondition(capacity > 0, "a pool without room for a decoder cannot decode")
        self.capacity = capacity
    }

    /// Decoders held now.
    package var count: Int { decoders.count }

    /// Decodes one key picture on its own and lends it to `body`; the camera it came from last time does not matter.
    ///
    /// - Throws: What `body` throws, and `Failure` when no decoder can be made.
    package func decodeKey(
        _ picture: CodedPicture, _ parameters: StreamParameters, _ body: (borrowing Frame) throws -> Void
    ) throws -> DecodeOutcome {
        try decoder(for: parameters).decodeAlone(picture, body)
    }

    private func decoder(for parameters: StreamParameters) throws -> Decoder {
        let key = Key(raw: parameters.raw, width: parameters.width, height: parameters.height, extradata: parameters.extradata)
        if let last = decoders.last, last.key == key { return last.decoder }
        if let index = decoders.firstIndex(where: { $0.key == key }) {
            let entry = decoders.remove(at: index)
            decoders.append(entry)
            return entry.decoder
        }
        let decoder = try Decoder(parameters, skipLoopFilter: true)
        made += 1
        if decoders.count == capacity { decoders.removeFirst() }
        decoders.append((key, decoder))
        return decoder
    }
}
