// The shell around MediaTimeRun: opens the source, decodes what is due, prints lines, and ends cleanly on a signal.
// **packets → looks → frames** → detections → incidents

import Base
import Detectors
import Dispatch
import Domain
import Foundation
import Media
import Pipelines

/// One run of `snowlight detect`. Blocks its thread, which is the command's own.
struct DetectSession {
    let target: DetectTarget
    let request: MediaTimeRequest
    let firstWall: WallTime

    /// Reads to the end, or until a signal; prints every line as soon as it is known.
    ///
    /// - Throws: `Failure` when the source cannot be opened or breaks; the summary has been printed by then if it was ever open.
    func run() throws {
        let interrupt = Interrupt()
        let signals = [SIGINT, SIGTERM].map { number in
            signal(number, SIG_IGN)
            let source = DispatchSource.makeSignalSource(signal: number, queue: .global())
            source.setEventHandler { interrupt.stop() }
            source.resume()
            return source
        }
        defer { signals.forEach { $0.cancel() } }
        var run = MediaTimeRun(request, firstWall: firstWall)
        var wasOpen = false
        var rhythm = LookRhythm(everySeconds: request.everySeconds)
        do {
            if !target.isCamera { try learnRhythm(&rhythm, interrupt) }
            let source = try target.open(interrupt)
            defer { source.close() }
            wasOpen = true
            try read(source, &run, &rhythm, interrupt)
            printLines(run.finish(ending: interrupt.isStopped ? "interrupted" : "end"))
        } catch let failure as Failure where failure.kind == .cancelled && interrupt.isStopped {
            printLines(run.finish(ending: "interrupted"))
        } catch is OutputClosed {
            // Whoever read the lines has seen enough.
        } catch {
            if wasOpen { printLines(run.finish(ending: "failed")) }
            throw error
        }
    }

    /// Reads the whole file without decoding: the longest distance of key pictures decides what must be decoded.
    private func learnRhythm(_ rhythm: inout LookRhythm, _ interrupt: Interrupt) throws {
        guard rhythm.everySeconds != nil else { return }
        let source = try target.open(interrupt)
        defer { source.close() }
        var last = 0.0
        while !interrupt.isStopped {
            switch try source.read(timeout: .seconds(10), keepPredicted: true) {
            case .picture(let picture):
                guard let seconds = picture.ptsSeconds else { continue }
                if picture.isKey { rhythm.noteKey(atSeconds: seconds) }
                last = max(last, seconds)
            case .skipped: break
            case .end:
                rhythm.noteEnd(atSeconds: last)
                return
            }
        }
    }

    private func read(_ source: PacketSource, _ run: inout MediaTimeRun, _ rhythm: inout LookRhythm, _ interrupt: Interrupt) throws {
        var decoder: (decoder: Decoder, parameters: StreamParameters)?
        var clock = PictureClock()
        var sawKey = false
        while !interrupt.isStopped {
            switch try source.read(timeout: .seconds(10), keepPredicted: rhythm.needsPredicted) {
            case .end:
                try decoder?.decoder.drain { try examine($0, clock.seconds($0.ptsSeconds), &run, &rhythm) }
                return
            case .skipped: run.notePicture()
            case .picture(let picture):
                run.notePicture()
                let coded = clock.note(picture)
                if target.isCamera && picture.isKey { rhythm.noteKey(atSeconds: coded) }
                sawKey = sawKey || picture.isKey
                let wasPromoted = rhythm.isPromoted
                if picture.isKey { rhythm.meetKey(atSeconds: coded) } else { rhythm.meetPredicted(atSeconds: coded) }
                let keysOnly = !rhythm.needsPredicted
                if keysOnly && wasPromoted {
                    // What is still held back belongs to the promotion's last group; as single looks its pictures are not due.
                    decoder?.decoder.reset()
                }
                // Joined in the middle of a group of pictures, a camera sends some that nothing can be made of.
                guard sawKey else { continue }
                // A key picture needs no other, so one that is not due need not be decoded.
                if keysOnly && !rhythm.wouldBeDue(atSeconds: coded) { continue }
                if decoder?.parameters != source.parameters {
                    decoder = (try Decoder(source.parameters, skipLoopFilter: false), source.parameters)
                }
                guard let open = decoder?.decoder else { continue }
                let outcome = try open.decode(picture) { try examine($0, clock.seconds($0.ptsSeconds), &run, &rhythm) }
                if case .damaged(let why) = outcome { printLines(run.noteDamage(why, atSeconds: coded)) }
                if keysOnly {
                    try open.drain { try examine($0, clock.seconds($0.ptsSeconds), &run, &rhythm) }
                    open.reset()
                }
            }
        }
    }

    private func examine(_ frame: borrowing Frame, _ seconds: Double, _ run: inout MediaTimeRun, _ rhythm: inout LookRhythm) throws {
        guard rhythm.wouldBeDue(atSeconds: seconds) else { return }
        if frame.isDamaged {
            // The look is still owed: the next whole picture serves.
            try write(run.noteDamage("decoding had to guess", atSeconds: seconds))
        } else if rhythm.isDue(atSeconds: seconds) {
            let (isKey, chroma, kind) = (frame.isKey, frame.chromaDeviation, rhythm.kind)
            try write(
                frame.withLuma { luma, shape in
                    run.examine(luma, shape, atSeconds: seconds, kind: kind, isKeyPicture: isKey, chroma: chroma)
                })
            if run.wantsPromotion { rhythm.noteCandidate(atSeconds: seconds) }
        }
    }

    private func printLines(_ lines: [DetectLine]) { try? write(lines) }  // Nobody is left to tell when this fails.

    private func write(_ lines: [DetectLine]) throws {
        guard !lines.isEmpty else { return }
        let text = lines.map(\.text).joined(separator: "\n") + "\n"
        do { try FileHandle.standardOutput.write(contentsOf: Data(text.utf8)) } catch { throw OutputClosed() }
    }
}

/// Standard output takes no more lines.
private struct OutputClosed: Error {}

/// Media time of pictures, also where the stream does not say it.
private struct PictureClock {
    private var firstArrivalSeconds: Double?
    private var lastSeconds = 0.0

    /// The time of a coded picture: its own, or its arrival since the first one.
    mutating func note(_ picture: CodedPicture) -> Double {
        let arrival = picture.arrival.seconds
        let first = firstArrivalSeconds ?? arrival
        firstArrivalSeconds = first
        lastSeconds = picture.ptsSeconds ?? (arrival - first)
        return lastSeconds
    }

    /// The time of a decoded picture: its own, or that of the coded picture before it.
    func seconds(_ ptsSeconds: Double?) -> Double { ptsSeconds ?? lastSeconds }
}
