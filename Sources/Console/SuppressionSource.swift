// What the console asks about suppressions; declared here, implemented where they are kept.

package import Domain
package import Storage

/// The suppressions of the ingest side. Every call suspends instead of blocking; safe from any task.
package protocol SuppressionSource: Sendable {
    /// For how long they are kept at most.
    var keptFor: Duration { get }
    /// One page, newest first.
    func page(_ query: SuppressionQuery) async throws -> SuppressionPage
    /// One suppression; nil when it is not there, or not any more.
    func record(_ id: SuppressionID) async throws -> SuppressionRecord?
    /// The picture of one; nil when there is none, or none any more.
    func picture(of id: SuppressionID) async throws -> [UInt8]?
    /// Makes an incident of it, under the same identity, and sends it the way of all incidents; done once however often it is asked.
    ///
    /// - Returns: The suppression with the restoration that stands, which may be an earlier one; nil when it is not there.
    func restore(_ id: SuppressionID, by: String, name: String, note: String) async throws -> SuppressionRecord?
}
