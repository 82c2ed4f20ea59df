// The pages themselves and what they load. Pages need a session; their scripts and styles hold no secrets and need none.
// **pages** → browser

import Domain
import Hummingbird

/// The handlers for pages and files.
struct PageRoutes: Sendable {
    let assets: StaticFiles
    let leaflet: StaticFiles?

    var routes: [Route] {
        [
            Route(.get, "/", .page) { call in
                // A gridworker's work is on the other page; the command centre's list would be empty.
                if call.visitor?.role == .gridworker { return .redirect("/work") }
                return try page("index.html", call)
            },
            Route(.get, "/suppressions", .page) { call in
                if call.visitor?.role == .gridworker { return .redirect("/work") }
                return try page("suppressions.html", call)
            },
            Route(.get, "/cameras", .page) { call in
                if call.visitor?.role == .gridworker { return .redirect("/work") }
                return try page("cameras.html", call)
            },
            Route(.get, "/stats", .page) { call in
                if call.visitor?.role == .gridworker { return .redirect("/work") }
                return try page("stats.html", call)
            },
            Route(.get, "/notices", .page) { call in
                if call.visitor?.role == .gridworker { return .redirect("/work") }
                return try page("notices.html", call)
            },
            Route(.get, "/thefts", .page) { call in
                if call.visitor?.role == .gridworker { return .redirect("/work") }
                return try page("thefts.html", call)
            },
            Route(.get, "/work", .page) { try page("work.html", $0) }, Route(.get, "/login", .anyone) { try page("login.html", $0) },
            Route(.get, "/assets/**", .anyone) { try file(in: assets, $0) },
            Route(.get, "/lib/leaflet/**", .anyone) { call in
                guard let leaflet else { throw Refusal.notFound }
                return try file(in: leaflet, call)
            },
        ]
    }

    private func page(_ name: String, _ call: Call) throws -> Response {
        guard let file = assets[name] else { throw Refusal.notFound }
        return file.answer(to: call.request)
    }

    /// The rest of the path names a file exactly as it was sent, or nothing.
    private func file(in files: StaticFiles, _ call: Call) throws -> Response {
        guard let file = files[call.context.parameters.getCatchAll().joined(separator: "/")] else { throw Refusal.notFound }
        return file.answer(to: call.request)
    }
}
