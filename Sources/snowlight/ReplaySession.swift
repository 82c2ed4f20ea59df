// The shell around ReplayRun: reads the archive camera by camera, decodes, compares.
// **archive ─▶ looks** → detections → incidents

import Base
import Domain
import Foundation
import Media
import Pipelines
import Storage

/// One run of `snowlight replay`. Blocks its thread, which is the command's own.
struct ReplaySession {
    let directory: String
    let pipelines: PipelineSet
    let calendar: WorkingCalendar
    let from: WallTime
    let to: WallTime

    /// A detector has warmed up long before this; what is told in it is not counted.
    private static let warmUpSeconds = 600.0

    /// Replays every camera that has looks.
    ///
    /// - Parameter place: Where a camera belongs, for the report.
    func run(_ cameras: [Camera], place: (Camera) -> ReplayReport.Place) throws -> ReplayReport {
        let kept = Set(LookArchive.cameras(in: directory))
        let replayed = cameras.filter { kept.contains($0.id) }
        let plans = pipelines.plans(for: replayed, calendar: calendar)
        var report = ReplayReport(from: from, to: to)
        report.masked = cameras.count { !$0.areas.privacyMasks.isEmpty }
        for (index, camera) in replayed.enumerated() {
            if index % 20 == 0, replayed.count > 20 { complain("replay: \(index) of \(replayed.count) cameras") }
            guard let plan = plans[camera.id] else { continue }
            let line = try replay(camera, plan)
            if line.looks > 0 { report.lines.append(ReplayReport.Line(place: place(camera), outcome: line)) }
        }
        return report
    }

    private func replay(_ camera: Camera, _ plan: CameraPlan) throws -> ReplayReport.Outcome {
        let begin = from.adding(seconds: -Self.warmUpSeconds)
        var run = ReplayRun(plan, areas: camera.areas, origin: begin)
        var (told, outcome) = ([ToldIncident](), ReplayReport.Outcome())
        let decoders = DecoderPool(capacity: 2)
        outcome.isWhole = try LookArchive.read(camera.id, in: directory, from: begin, to: to) { record in
            switch record {
            case .tags(let at, let tags): run.note(tags: tags, at: at)
            case .incident(_, let incident): told.append(incident)
            case .look(let look):
                if look.at >= from { outcome.looks += 1 }
                if try !examine(look, decoders, &run) { outcome.damaged += 1 }
            }
        }
        let isAsked = { (incident: ToldIncident) in incident.lastSeen >= from && incident.firstSeen < to }
        outcome.difference = ReplayDifference(
            then: ReplayDifference.join(told).filter(isAsked), replayed: run.finish().filter(isAsked))
        return outcome
    }

    /// False for a picture that nothing can be made of.
    private func examine(_ look: StoredLook, _ decoders: DecoderPool, _ run: inout ReplayRun) throws -> Bool {
        guard let codec = VideoCodec(rawValue: look.codec) else { return false }
        let parameters = StreamParameters(codec: codec, width: look.width, height: look.height, extradata: [])
        let picture = try CodedPicture(bytes: look.bytes, isKey: true, ptsSeconds: nil, parameters: parameters)
        var wasSeen = false
        _ = try decoders.decodeKey(picture, parameters) { frame in
            guard !frame.isDamaged else { return }
            let chroma = frame.chromaDeviation
            frame.withLuma { luma, shape in run.look(luma, shape, chroma: chroma, at: look.at) }
            wasSeen = true
        }
        return wasSeen
    }
}
