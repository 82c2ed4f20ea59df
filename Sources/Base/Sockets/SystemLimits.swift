// How many descriptors this process and how many threads its user may have.
// **camera ─RTSP─▶** packets

import Glibc

/// Raises this process's limit of open descriptors to `wanted`, or as far as the hard limit allows; never lowers it.
///
/// - Returns: What is allowed now; nil when there is no limit.
package func raiseDescriptorLimit(to wanted: Int) -> Int? {
    let which = __rlimit_resource_t(RLIMIT_NOFILE.rawValue)
    var limit = rlimit()
    guard getrlimit(which, &limit) == 0 else { return nil }
    if limit.rlim_cur < rlim_t(wanted) {
        var raised = limit
        raised.rlim_cur = min(rlim_t(wanted), limit.rlim_max)
        if setrlimit(which, &raised) == 0 { limit = raised }
    }
    return limited(limit.rlim_cur)
}

/// Threads that the user of this process may have in all its processes; nil when there is no limit.
package func threadLimit() -> Int? {
    var limit = rlimit()
    guard getrlimit(__rlimit_resource_t(__RLIMIT_NPROC.rawValue), &limit) == 0 else { return nil }
    return limited(limit.rlim_cur)
}

/// A limit as a number; RLIM_INFINITY is all ones and no number of anything.
private func limited(_ value: rlim_t) -> Int? { value > rlim_t(Int32.max) ? nil : Int(value) }
