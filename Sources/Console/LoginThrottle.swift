// Guessing passwords gets slower and slower; nobody is ever locked out for good.

import Base

/// Counts attempts per account and address, and per address over all accounts. A pure value; its owner brings the lock and the time.
///
/// An attempt is counted when it begins, so that many at once cannot slip through while the first is still being hashed.
/// Because a third party's attempts come from another address, they never delay the owner of the account.
struct LoginThrottle: Sendable {
    /// Attempts without any delay.
    static let freeAttempts = 5
    /// The same for one address over all accounts: a township office shares one.
    static let freeAttemptsPerAddress = 50
    static let longestDelay = Duration.seconds(300)
    /// A counter that rested this long starts again.
    static let forgetAfter = Duration.seconds(900)
    /// Bound of memory; the longest resting counters go first.
    static let capacity = 20_000

    private enum Key: Hashable {
        case pair(account: String, address: String)
        case address(String)
    }

    private struct Counter {
        var attempts: Int
        var last: Duration
    }

    private var counters: [Key: Counter] = [:]

    /// Admits and counts an attempt, or says how long to wait.
    mutating func begin(account: String, address: String, now: Duration) -> Duration? {
        let keys: [(Key, Int)] = [
            (.pair(account: account, address: address), Self.freeAttempts), (.address(address), Self.freeAttemptsPerAddress),
        ]
        let waits = keys.compactMap { wait($0.0, free: $0.1, now: now) }
        if let longest = waits.max() { return longest }
        makeRoom(now: now)
        for (key, _) in keys {
            let attempts = (current(key, now: now)?.attempts ?? 0) + 1
            counters[key] = Counter(attempts: attempts, last: now)
        }
        return nil
    }

    /// A right password clears the account's counter and takes its attempt off the address.
    mutating func succeeded(account: String, address: String) {
        counters[.pair(account: account, address: address)] = nil
        if var shared = counters[.address(address)] {
            shared.attempts -= 1
            counters[.address(address)] = shared.attempts > 0 ? shared : nil
        }
    }

    /// How many counters are held.
    var count: Int { counters.count }

    private func current(_ key: Key, now: Duration) -> Counter? {
        counters[key].flatMap { now - $0.last < Self.forgetAfter ? $0 : nil }
    }

    private func wait(_ key: Key, free: Int, now: Duration) -> Duration? {
        guard let counter = current(key, now: now), counter.attempts >= free else { return nil }
        let doublings = min(counter.attempts - free, 10)
        let until = counter.last + min(Self.longestDelay, .seconds(1 << doublings))
        return until > now ? until - now : nil
    }

    private mutating func makeRoom(now: Duration) {
        guard counters.count + 2 > Self.capacity else { return }
        counters = counters.filter { now - $0.value.last < Self.forgetAfter }
        guard counters.count + 2 > Self.capacity else { return }
        // A tenth at once, so that a flood of names does not sort the table at every attempt.
        let oldest = counters.sorted { $0.value.last < $1.value.last }.prefix(Self.capacity / 10)
        for (key, _) in oldest { counters[key] = nil }
    }
}
