// Where tests may write: folders that are gone when the test process is.

internal import Foundation

/// A new, empty folder for one test, under a path short enough for a socket in it.
///
/// Nobody removes it: a database or a service of the test may hold it open to the end. All of them lie in one folder of this process, which
/// goes with it.
package func temporaryFolder() throws -> String {
    let path = "\(folderOfThisProcess)/\(String(UInt64.random(in: 0 ... .max), radix: 36))"
    try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    return path
}

private let folderOfThisProcess: String = {
    atexit { try? FileManager.default.removeItem(atPath: folderOfThisProcess) }
    return URL(fileURLWithPath: NSTemporaryDirectory()).path + "/snowlight-tests-\(ProcessInfo.processInfo.processIdentifier)"
}()
