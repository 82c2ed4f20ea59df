// Passwords, throttle and sessions without HTTP.

import Base
import Cases
import Foundation
import Storage
import StorageKit
import Testing

@testable import Console
@testable import Domain

private let cheap = PasswordCost(log2N: 10)!  // The least that is allowed.

@Test func aHashMatchesItsPasswordOnlyAndSurvivesItsText() throws {
    for password in ["open-sesame-42", "密码密码密码", String(repeating: "x", count: 256)] {
        let stored = try PasswordHash.make(password, cost: cheap).text
        #expect(!stored.contains(password))
        let hash = try #require(PasswordHash(stored))
        #expect(try hash.matches(password))
        #expect(try !hash.matches(password + "x"))
        #expect(try !hash.matches(String(password.dropLast())))
        #expect(try !hash.matches(""))
    }
    #expect(try PasswordHash.make("same-password", cost: cheap).text != PasswordHash.make("same-password", cost: cheap).text)
}

@Test func impossiblePasswordsAndTextsAreRefused() throws {
    #expect(throws: Failure.self) { try PasswordHash.make("", cost: cheap) }
    #expect(throws: Failure.self) { try PasswordHash.make("1234567", cost: cheap) }
    #expect(throws: Failure.self) { try PasswordHash.make(String(repeating: "x", count: 257), cost: cheap) }
    let good = try PasswordHash.make("open-sesame-42", cost: cheap).text
    for bad in [
        "", "$", "$$$$", good + "$", good.replacing("ln=10", with: "ln=40"), good.replacing("ln=10", with: "ln=-1"),
        good.replacing("r=8", with: "r=800"), good.replacing("scrypt-hmac", with: "scrypt"), String(good.dropLast(4)),
    ] {
        #expect(PasswordHash(bad) == nil, "\(bad)")
    }
    #expect(try !PasswordHash.decoy(cost: cheap).matches("anything"))
}

@Test func guessingGetsSlowerAndNeverLocksTheOwnerOut() {
    var throttle = LoginThrottle()
    var now = Duration.zero
    for _ in 0..<LoginThrottle.freeAttempts { #expect(throttle.begin(account: "duty", address: "a", now: now) == nil) }
    var waits: [Duration] = []
    for _ in 0..<12 {
        guard let wait = throttle.begin(account: "duty", address: "a", now: now) else {
            Issue.record("no delay")
            return
        }
        waits.append(wait)
        now += wait
        #expect(throttle.begin(account: "duty", address: "a", now: now) == nil)
    }
    #expect(waits.prefix(4) == [.seconds(1), .seconds(2), .seconds(4), .seconds(8)])
    #expect(waits.last == LoginThrottle.longestDelay)
    // Another address is the owner for all we know; another account is not guessed yet.
    #expect(throttle.begin(account: "duty", address: "b", now: now) == nil)
    #expect(throttle.begin(account: "operator", address: "a", now: now) == nil)
    now += LoginThrottle.forgetAfter
    #expect(throttle.begin(account: "duty", address: "a", now: now) == nil)
}

@Test func oneAddressCannotTryManyAccountsAndMemoryIsBounded() {
    var throttle = LoginThrottle()
    for account in 0..<LoginThrottle.freeAttemptsPerAddress {
        #expect(throttle.begin(account: "u\(account)", address: "a", now: .zero) == nil)
    }
    #expect(throttle.begin(account: "fresh", address: "a", now: .zero) != nil)
    var full = LoginThrottle()
    for address in 0..<LoginThrottle.capacity { _ = full.begin(account: "u", address: "\(address)", now: .milliseconds(address)) }
    #expect(full.count <= LoginThrottle.capacity)
    throttle = LoginThrottle()
    for _ in 0..<200 {
        #expect(throttle.begin(account: "duty", address: "a", now: .zero) == nil)
        throttle.succeeded(account: "duty", address: "a")
    }
}

/// Runs a body with accounts in a database of their own.
private func withAccounts(
    _ time: SimulatedTime, _ place: TestDatabase, _ body: (Accounts, any SQLDatabase) async throws -> Void
) async throws {
    let file = try place.open(Accounts.migrations)
    let accounts = try await Accounts.open(file: file, time: time, cost: cheap)
    defer { try? file.close() }  // A test that failed already says why.
    do { try await body(accounts, file) } catch {
        await accounts.close()
        throw error
    }
    await accounts.close()
}

@Test(arguments: DatabaseKind.allCases) func sessionsSurviveARestartAndEndAfterTwelveHours(kind: DatabaseKind) async throws {
    let time = SimulatedTime()
    let place = try TestDatabase(kind)
    var token = ""
    try await withAccounts(time, place) { accounts, file in
        _ = try await accounts.put(
            Account(user: "duty", name: "D", role: .dutyOfficer, grids: [], language: "zh"), password: "open-sesame-42")
        guard
            case .welcome(let given, let account) = try await accounts.login(
                user: "duty", password: "open-sesame-42", address: "a", replacing: nil)
        else {
            Issue.record("not welcome")
            return
        }
        token = given
        #expect(token.utf8.count == 64 && account.role == .dutyOfficer)
        // Neither the token nor the password is on disk.
        let stored = try await file.read { try $0.rows("SELECT token_sha256 FROM session").map { try $0.text("token_sha256") } }
        #expect(stored.count == 1 && stored[0] != token)
        let hash = try await file.read { try $0.row("SELECT password_hash FROM user_account")?.text("password_hash") }
        #expect(hash?.contains("sesame") == false)
    }
    try await withAccounts(time, place) { accounts, _ in
        #expect(accounts.account(token: token)?.user == "duty")
        #expect(accounts.account(token: token + "0") == nil && accounts.account(token: "") == nil)
        time.advance(by: .seconds(Accounts.sessionSeconds - 1))
        #expect(accounts.account(token: token) != nil)
        time.advance(by: .seconds(1))
        #expect(accounts.account(token: token) == nil)
    }
    try await withAccounts(time, place) { accounts, file in
        #expect(accounts.account(token: token) == nil)
        let left = try await file.read { try $0.rows("SELECT 1 AS one FROM session").count }
        #expect(left == 0)
    }
}

@Test(arguments: DatabaseKind.allCases) func aNewLoginReplacesTheBrowsersOldSessionAndTheOldestOfTooMany(kind: DatabaseKind) async throws {
    let time = SimulatedTime()
    try await withAccounts(time, TestDatabase(kind)) { accounts, _ in
        let person = Account(user: "w-1", name: "W", role: .gridworker, grids: [Desk.east], language: "zh")
        _ = try await accounts.put(person, password: "open-sesame-42")
        func login(replacing old: String? = nil) async throws -> String {
            time.advance(by: .seconds(1))
            let outcome = try await accounts.login(user: "w-1", password: "open-sesame-42", address: "a", replacing: old)
            guard case .welcome(let token, _) = outcome else { throw Failure(.internal, "\(outcome)") }
            return token
        }
        let first = try await login()
        let second = try await login(replacing: first)
        #expect(accounts.account(token: first) == nil && accounts.account(token: second) != nil)
        var tokens = [second]
        for _ in 0..<Accounts.sessionsPerUser { tokens.append(try await login()) }
        #expect(accounts.account(token: tokens[0]) == nil)
        #expect(tokens.dropFirst().allSatisfy { accounts.account(token: $0) != nil })
        // Rights that change count at once; sessions that are ended end at once.
        let moved = Account(user: "w-1", name: "W", role: .gridworker, grids: [Desk.west], language: "zh")
        #expect(try await !accounts.put(moved, password: "another-password"))
        #expect(tokens.last.flatMap { accounts.account(token: $0) }?.grids == [Desk.west])
        _ = try await login()
        try await accounts.endSessions(user: "w-1")
        #expect(tokens.allSatisfy { accounts.account(token: $0) == nil })
    }
}

@Test(arguments: DatabaseKind.allCases) func sampleAccountsAreMadeOnceWithPasswordsOfTheirOwn(kind: DatabaseKind) async throws {
    let time = SimulatedTime()
    let place = try TestDatabase(kind)
    func workers(_ grid: GridCode) -> [(id: WorkerID, name: String, grid: GridCode)] {
        // "duty" is a valid worker id, and must not become a gridworker with the duty officer's login.
        ["w-1", "w-2", "duty"].compactMap { WorkerID($0) }.map { ($0, "人", grid) }
    }
    try await withAccounts(time, place) { accounts, _ in
        let made = try await accounts.ensureSampleAccounts(workers: workers(Desk.east))
        #expect(made.map(\.user) == ["duty", "dispatcher", "inspector", "operator", "supervisor", "w-1", "w-2"])
        #expect(made.map(\.role) == [.dutyOfficer, .dispatcher, .inspector, .operator, .supervisor, .gridworker, .gridworker])
        #expect(Set(made.map(\.password)).count == 7 && made.allSatisfy { $0.password.utf8.count == 19 })
        for login in made {
            let outcome = try await accounts.login(user: login.user, password: login.password, address: "a", replacing: nil)
            guard case .welcome(_, let account) = outcome else {
                Issue.record("\(login.user) \(outcome)")
                continue
            }
            #expect(account.role == login.role && account.grids == (login.role == .gridworker ? [Desk.east] : []))
        }
    }
    try await withAccounts(time, place) { accounts, file in
        #expect(try await accounts.ensureSampleAccounts(workers: workers(Desk.west)).isEmpty)
        let grids = try await file.read { try $0.rows("SELECT DISTINCT grid_code FROM user_grid").map { try $0.text("grid_code") } }
        #expect(grids == [Desk.west.digits])
    }
}
