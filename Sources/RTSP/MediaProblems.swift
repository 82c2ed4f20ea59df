// What was wrong with a stream's packets, counted by reason.
// camera ─RTSP─▶ **packets** ─▶ looks

/// Why a packet or unit was not used as it came. `label` is log text and metric label at once.
package enum MediaProblem: Int, Sendable, CaseIterable {
    /// A packet without payload or with less than its own headers.
    case shortPacket
    /// Another payload type than the description's, such as Geovision's 50.
    case foreignPayload
    /// STAP-B, MTAP, FU-B, PACI or a reserved type.
    case refusedPacking
    /// An aggregated unit that is longer than its packet.
    case overlongUnit
    /// A unit of no bytes within an aggregation.
    case emptyUnit
    /// The bit that says "damaged on the way".
    case forbiddenBit
    /// A fragment whose unit never began.
    case orphanFragment
    /// A unit whose last fragment never came.
    case unendedFragment
    /// Start codes within a packet, which RTP does not need.
    case startCode
    /// A unit of another layer or view.
    case foreignLayer
    /// Units in front of a picture beyond the cap.
    case overlongPrefix
    /// A marker within a picture; markers of this stream are not believed any more.
    case earlyMarker
    /// A picture whose first packets are missing, so that it never began.
    case headlessPicture
    /// A JPEG of a kind that RFC 2435 does not describe.
    case unsupportedJPEG
    /// JPEG tables that were never sent or do not fit.
    case missingTables
    /// A fragment that does not lie where the one before ended.
    case offsetMismatch
    /// A document beyond its cap.
    case overlongDocument

    /// As words.
    package var label: String {
        switch self {
        case .shortPacket: "short packet"
        case .foreignPayload: "foreign payload type"
        case .refusedPacking: "refused packing"
        case .overlongUnit: "overlong unit"
        case .emptyUnit: "empty unit"
        case .forbiddenBit: "forbidden bit"
        case .orphanFragment: "orphan fragment"
        case .unendedFragment: "unended fragment"
        case .startCode: "start code in packet"
        case .foreignLayer: "foreign layer"
        case .overlongPrefix: "overlong prefix"
        case .earlyMarker: "early marker"
        case .headlessPicture: "headless picture"
        case .unsupportedJPEG: "unsupported JPEG"
        case .missingTables: "missing JPEG tables"
        case .offsetMismatch: "JPEG fragment out of place"
        case .overlongDocument: "overlong document"
        }
    }
}

/// Counts of problems by reason, to be reported now and then with the last one.
package struct MediaProblems: Sendable {
    private var counts = InlineArray<17, UInt32>(repeating: 0)
    package private(set) var last: MediaProblem?

    package init() {}

    package subscript(_ problem: MediaProblem) -> Int { Int(counts[problem.rawValue]) }

    /// All of them.
    package var total: Int {
        var sum = 0
        for index in counts.indices { sum += Int(counts[index]) }
        return sum
    }

    mutating func note(_ problem: MediaProblem) {
        counts[problem.rawValue] &+= 1
        last = problem
    }
}
