// Challenges and their answers: the examples of RFC 2617 and RFC 7616, and what cameras write instead of what they say.

import Base
import Domain
import Testing

@testable import RTSP

private func answer(
    _ challenges: [String], user: String = "admin", password: String = "pw", method: String = "DESCRIBE", url: String = "rtsp://h/x"
) -> String? {
    var authenticator = Authenticator(Credentials(user: user, password: password))
    var generator = SeededGenerator(seed: 1)
    guard authenticator.take(challenges, wasAnswered: false, using: &generator) == .answer else { return nil }
    return authenticator.authorisation(method: method, url: url)
}

private func field(_ name: String, _ answer: String?) -> String? {
    answer.flatMap { Challenge.read([$0]).first?[name] }
}

private struct Vector: Sendable {
    let method: Authenticator.Method
    let password: String
    let realm: String
    let nonce: String
    let clientNonce: String
    let response: String
}

@Test(arguments: [
    Vector(
        method: .md5, password: "Circle Of Life", realm: "testrealm@host.com", nonce: "dcd98b7102dd2f0e8b11d0f600bfb0c093",
        clientNonce: "0a4f113b", response: "6629fae49393a05397450978507c4ef1"),
    Vector(
        method: .md5, password: "Circle of Life", realm: "http-auth@example.org", nonce: "7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v",
        clientNonce: "f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ", response: "8ca523f5e9506fed4657c9700eebdbec"),
    Vector(
        method: .sha256, password: "Circle of Life", realm: "http-auth@example.org", nonce: "7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v",
        clientNonce: "f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ",
        response: "753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1"),
])
private func theExamplesOfTheStandardsHold(_ vector: Vector) {
    #expect(
        Authenticator.response(
            vector.method, user: "Mufasa", realm: vector.realm, password: vector.password, nonce: vector.nonce,
            quality: ("00000001", vector.clientNonce), clientNonce: vector.clientNonce, verb: "GET", url: "/dir/index.html")
            == vector.response)
}

/// Computed with Python's hashlib.
@Test func otherFormsOfTheDigestHold() {
    func response(_ method: Authenticator.Method, quality: Bool, user: String = "admin", password: String = "pw") -> String {
        Authenticator.response(
            method, user: user, realm: "r", password: password, nonce: "n", quality: quality ? ("00000001", "c") : nil, clientNonce: "c",
            verb: "DESCRIBE", url: "rtsp://h/x")
    }
    #expect(response(.md5, quality: false) == "9bfa0291c1b93be551b0c3baddc3527c")
    #expect(response(.md5Session, quality: true) == "a523ab23c62d93342d51ea4977a5fc2a")
    #expect(response(.sha256Session, quality: true) == "7b69c1a18ba6238fcc0556b17f8b25270a77d13bd54812755c835150ea961d91")
    #expect(response(.md5, quality: true, user: "ad%6Dmin", password: "a:b\"\\%20市") == "1a56819724a608d53164d71e9b12aea7")
}

@Test func theStrongestOfferIsTaken() {
    let basic = "Basic realm=\"r\""
    let md5 = "Digest realm=\"r\", nonce=\"m\", qop=\"auth\", algorithm=MD5"
    let session = "Digest realm=\"r\", nonce=\"s\", qop=\"auth\", algorithm=MD5-sess"
    let sha = "Digest realm=\"r\", nonce=\"h\", qop=\"auth-int, auth\", algorithm=SHA-256"
    #expect(field("nonce", answer([basic, md5, session, sha])) == "h")
    #expect(field("nonce", answer([sha + ", " + session + ", " + md5 + ", " + basic])) == "h")
    #expect(field("nonce", answer([md5, basic + ", " + session])) == "s")
    #expect(field("nonce", answer([basic + "," + md5])) == "m")
    #expect(field("nonce", answer([md5.replacing("\"m\"", with: "\"first\""), md5])) == "first")
    #expect(answer([basic], password: "pw:ü") == "Basic YWRtaW46cHc6w7w=")
    #expect(answer(["Negotiate, NTLM"]) == nil)
    #expect(answer([]) == nil)
    #expect(answer(["Digest realm=\"r\", nonce=\"n\", qop=\"auth-int\""]) == nil)
    #expect(answer(["Digest realm=\"r\", nonce=\"n\", algorithm=SHA-512-256, Basic realm=\"r\""])?.hasPrefix("Basic ") == true)
    #expect(answer(["Digest realm=\"r\", nonce=\"\(String(repeating: "n", count: 2000))\""]) == nil)
}

@Test(arguments: [
    ("Digest realm=\"Gate (north)\", nonce=\"a\"", "Gate (north)", "a"), ("digest REALM=\"r\",NONCE=\"a\"", "r", "a"),
    ("Digest realm=\"a, b\", nonce=\"a\"", "a, b", "a"), ("Digest realm=Gate House, nonce=a", "Gate House", "a"),
    ("Digest realm=\"r, nonce=\"a\"", "r", "a"), ("Digest realm=\"r\", nonce=\"a", "r", "a"), ("Digest realm=r\", nonce=\"a\"", "r", "a"),
    ("Digest realm=\"say \\\"hi\\\"\", nonce=\"a\"", "say \"hi\"", "a"),
    ("Digest realm=\"CORP\\camera\", nonce=\"a\"", "CORP\\camera", "a"),
    ("Digest  realm = \"r\" ,  nonce = \"a\" ", "r", "a"), ("Digest qop=auth,auth-int, realm=\"r\", nonce=\"a\"", "r", "a"),
    ("Digest realm=\"r\" nonce=\"a\" stale=FALSE", "r", "a"), ("Digest ,, realm=\"r\",,nonce=\"a\",", "r", "a"),
    ("Digest realm=\"\", nonce=\"a==/+\"", "", "a==/+"),
])
func challengesAreReadAsMeant(_ text: String, _ realm: String, _ nonce: String) {
    let challenge = Challenge.read([text]).first { $0.scheme.lowercased() == "digest" }
    #expect(challenge?["realm"] == realm && challenge?["nonce"] == nonce)
    let answered = answer([text])
    #expect(field("realm", answered) == realm && field("nonce", answered) == nonce)
}

@Test func theAnswerHoldsWhatWasAsked() {
    let old = answer(["Digest realm=\"r\", nonce=\"n\""])
    #expect(old == "Digest username=\"admin\", realm=\"r\", nonce=\"n\", uri=\"rtsp://h/x\", response=\"9bfa0291c1b93be551b0c3baddc3527c\"")
    let full = answer(["Digest realm=\"r\", nonce=\"n\", opaque=\"o/1\", qop=\"auth\", algorithm=md5"], user: "a\"b\\c")
    #expect(full?.contains("username=\"a\\\"b\\\\c\"") == true)
    #expect(full?.contains(", algorithm=md5, opaque=\"o/1\", qop=auth, nc=00000001, cnonce=\"") == true)
    #expect(field("cnonce", answer(["Digest realm=\"r\", nonce=\"n\", algorithm=MD5-sess"]))?.utf8.count == 32)
}

@Test func theCounterRunsAndStartsAnewWithTheNonce() {
    var authenticator = Authenticator(Credentials(user: "u", password: "p"))
    var generator = SeededGenerator(seed: 1)
    let challenge = "Digest realm=\"r\", nonce=\"1\", qop=\"auth\""
    #expect(authenticator.authorisation(method: "PLAY", url: "x") == nil)
    #expect(authenticator.take([challenge], wasAnswered: false, using: &generator) == .answer)
    let first = authenticator.authorisation(method: "PLAY", url: "x")
    let second = authenticator.authorisation(method: "PLAY", url: "x")
    #expect(field("nc", first) == "00000001" && field("nc", second) == "00000002" && field("cnonce", first) == field("cnonce", second))
    #expect(authenticator.take([challenge + ", stale=true"], wasAnswered: true, using: &generator) == .answer)
    let third = authenticator.authorisation(method: "PLAY", url: "x")
    #expect(field("nc", third) == "00000001" && field("cnonce", third) != field("cnonce", first))
    #expect(authenticator.take([challenge], wasAnswered: true, using: &generator) == .refused)
}

@Test func whatNoHeaderCarriesIsNotSent() {
    var generator = SeededGenerator(seed: 1)
    var colon = Authenticator(Credentials(user: "a:b", password: "p"))
    #expect(colon.take(["Basic realm=\"r\""], wasAnswered: false, using: &generator) == .unusable)
    var line = Authenticator(Credentials(user: "a\r\nX: y", password: "p"))
    #expect(line.take(["Digest realm=\"r\", nonce=\"n\""], wasAnswered: false, using: &generator) == .unusable)
    #expect("\(line)" == "Authenticator(redacted)")
    #expect(!String(reflecting: Authenticator(Credentials(user: "a", password: "geheim"))).contains("geheim"))
}
