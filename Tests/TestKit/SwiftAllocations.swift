// Counts the objects that a piece of code makes the Swift runtime allocate: what "nothing is allocated on the hot path" is held to.

internal import CAllocations

/// What was counted, with the callers of the first few for whoever has to find them.
package struct SwiftAllocations: Sendable {
    package let count: Int
    /// Mangled names, nearest caller first, an indented line for each caller above it.
    package let origins: String
}

/// Runs `body` and counts classes, boxes, closure contexts and array buffers that were allocated meanwhile on this thread.
///
/// Memory of C libraries and `UnsafeMutablePointer.allocate` do not pass the counted function.
package func countSwiftAllocations(_ body: () throws -> Void) rethrows -> SwiftAllocations {
    allocations_begin()
    defer { _ = allocations_end() }
    try body()
    let count = allocations_end()
    var text = [CChar](repeating: 0, count: 16 << 10)
    _ = allocations_describe(&text, text.count)
    return SwiftAllocations(count: Int(count), origins: String(decoding: text.prefix { $0 != 0 }.map(UInt8.init), as: UTF8.self))
}
