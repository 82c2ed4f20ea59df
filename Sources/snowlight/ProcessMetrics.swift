// What the kernel says about this process, under the names Prometheus clients use everywhere.

import Base
import Foundation

enum ProcessMetrics {
    /// Registers `process_*`; each is read from /proc at scrape time.
    static func register(in registry: MetricsRegistry) {
        let started = Date().timeIntervalSince1970
        registry.gauge("process_start_time_seconds", "Start of the process, seconds since 1970.") { [([], started)] }
        registry.gauge("process_resident_memory_bytes", "Resident memory.") { [([], status("VmRSS").map { $0 * 1024 } ?? 0)] }
        registry.gauge("process_threads", "Threads of the process.") { [([], status("Threads") ?? 0)] }
        registry.gauge("process_open_fds", "Open file descriptors.") {
            [([], Double((try? FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd").count) ?? 0))]
        }
        registry.gauge("process_cpu_seconds_total", "CPU time, user and system.") {
            let stat = String(decoding: FileManager.default.contents(atPath: "/proc/self/stat") ?? Data(), as: UTF8.self)
            let fields = stat.split(separator: ")").last?.split(separator: " ") ?? []
            // Fields 14 and 15 of proc(5), counted from the state that follows the name; 100 ticks a second on Linux.
            guard fields.count > 12, let user = Double(fields[11]), let system = Double(fields[12]) else { return [([], 0)] }
            return [([], (user + system) / 100)]
        }
    }

    /// The number in one line of /proc/self/status.
    private static func status(_ name: String) -> Double? {
        let text = String(decoding: FileManager.default.contents(atPath: "/proc/self/status") ?? Data(), as: UTF8.self)
        guard let line = text.split(separator: "\n").first(where: { $0.hasPrefix(name + ":") }) else { return nil }
        return line.split(whereSeparator: \.isWhitespace).dropFirst().first.flatMap { Double($0) }
    }
}
