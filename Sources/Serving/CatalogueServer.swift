import Foundation
import JobContract
import NIOCore
import Reports
import ResultCatalogue
import ResultQueries
import SweepModel

/// Shows a catalogue to a browser on this machine. It reads; nothing that is asked of it changes anything.
package final class CatalogueServer: Sendable {
    private let server: LoopbackServer
    private let gate: Gate
    private let answers: ServedAnswers
    private let changes: ChangeWatch

    /// What connections wait for, in seconds.
    struct Patience: Sendable {
        /// How long a connection may say nothing.
        var idle = 60.0
        /// After so long without news a browser behind a tunnel is told that nothing has broken.
        var heartbeat = 20.0
    }

    /// Answers at a port of 127.0.0.1 from now on; with 0 the system chooses one.
    ///
    /// - Parameters:
    ///   - path: the catalogue; pictures are in the folder `store`, by digest.
    ///   - named: what `--catalogue` was given, for the commands that views tell.
    ///   - program: the name and version of the program.
    package convenience init(path: String, store: String, port: Int, named: String?, program: String) throws {
        try self.init(path: path, store: store, port: port, named: named, program: program, patience: Patience())
    }

    init(path: String, store: String, port: Int, named: String?, program: String, patience: Patience) throws {
        let (gate, changes) = (Gate(), ChangeWatch(try CatalogueReader(path: path)))
        let page = ServedPage(program: program, catalogue: path)
        let answers = ServedAnswers(path: path, changes, store: store, commands: CommandLines(catalogue: named))
        (self.gate, self.changes, self.answers) = (gate, changes, answers)
        answers.prepare()
        server = try LoopbackServer(
            port: port, idle: .milliseconds(Int64(patience.idle * 1000)),
            ServedSite(policy: page.policy) { request in
                gate.admits(request) ? Self.reply(to: request, page, answers) : nil
            } news: { tell in
                Self.tell(changes, every: patience.heartbeat, tell)
            })
    }

    package var port: Int { server.port }
    /// With the token, without which nothing is answered.
    package var address: String { "http://127.0.0.1:\(port)/\(gate.token)/" }

    /// Answers nothing any more; what was being read has ended when it returns.
    package func end() {
        changes.end()
        answers.end()
        server.end()
    }

    private static func reply(
        to request: HTTPRequest, _ page: ServedPage, _ answers: ServedAnswers
    ) -> HTTPReply {
        guard ["GET", "HEAD"].contains(request.method) else { return HTTPReply(status: 405) }
        let path = request.path.dropFirst()
        switch (path.first ?? "", path.count) {
        case ("", 0...1): return HTTPReply(status: 200, type: "text/html; charset=utf-8", body: page.bytes)
        case ("events", 1) where request.method == "GET":
            return HTTPReply(status: 200, type: "text/event-stream", tellsChanges: true)
        case ("view", 2): return answers.view(path.last ?? "", request)
        case ("picture", 2): return answers.picture(path.last ?? "")
        case ("figure", 2): return answers.figure(path.last ?? "", request)
        default: return HTTPReply(status: 404)
        }
    }

    /// Server-sent events: the number of changes, now and after each.
    private static func tell(_ changes: ChangeWatch, every heartbeat: Double, _ tell: (String) -> Bool) {
        var known = 0
        while true {
            let count = changes.wait(after: known, seconds: heartbeat)
            guard !changes.isEnding, tell(count > known ? "data: \(count)\n\n" : ":\n\n") else { return }
            known = count
        }
    }
}
