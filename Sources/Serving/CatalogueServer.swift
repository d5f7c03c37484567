import Foundation
import JobContract
import Reports
import ResultCatalogue
import ResultQueries
import SweepModel

/// Shows a catalogue to a browser on this machine. It reads; nothing that is asked of it changes anything.
package final class CatalogueServer: Sendable {
    private let listener: LoopbackListener
    private let gate = Gate()
    private let answers: ServedAnswers
    private let changes: ChangeWatch
    private let page: ServedPage

    /// How long a connection may take to say what it wants, and how long one that knows the token may say nothing.
    private static let (patience, idleSeconds) = (5.0, 60.0)
    /// Tells a browser behind a tunnel that nothing has broken.
    private static let heartbeat = 20.0

    /// Listens at a port of 127.0.0.1; with 0 the system chooses one.
    ///
    /// - Parameters:
    ///   - path: the catalogue; pictures are in the folder `store`, by digest.
    ///   - named: what `--catalogue` was given, for the commands that views tell.
    ///   - program: the name and version of the program.
    package init(path: String, store: String, port: Int, named: String?, program: String) throws {
        changes = ChangeWatch(try CatalogueReader(path: path))
        answers = ServedAnswers(path: path, changes, store: store, commands: CommandLines(catalogue: named))
        page = ServedPage(program: program, catalogue: path)
        listener = try LoopbackListener(port: port)
    }

    package var port: Int { listener.port }
    /// With the token, without which nothing is answered.
    package var address: String { "http://127.0.0.1:\(port)/\(gate.token)/" }

    /// Begins to answer; does not wait.
    package func start() {
        answers.prepare()
        listener.start { [self] stream in serve(stream) }
    }

    /// Answers nothing any more; what was being read has ended when it returns.
    package func end() {
        listener.end()
        changes.end()
        answers.end()
    }

    private func serve(_ stream: HTTPStream) {
        var patience = Self.patience
        while let head = stream.readHead(seconds: patience) {
            guard let request = HTTPRequest(head), gate.admits(request) else {
                // Strangers are told nothing, not even what was wrong.
                _ = stream.write(HTTPReply.forbidden.bytes(policy: page.policy, keepsConnection: false))
                return
            }
            let reply = reply(to: request)
            let isSent = stream.write(
                reply.bytes(
                    policy: page.policy, keepsConnection: request.keepsConnection, withBody: request.method != "HEAD"))
            guard isSent else { return }
            if reply.tellsChanges { return tellChanges(to: stream) }
            guard request.keepsConnection else { return }
            patience = Self.idleSeconds
        }
    }

    private func reply(to request: HTTPRequest) -> HTTPReply {
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
    private func tellChanges(to stream: HTTPStream) {
        var known = 0
        while stream.isOpen {
            let count = changes.wait(after: known, seconds: Self.heartbeat)
            guard !changes.isEnding, stream.write(Array((count > known ? "data: \(count)\n\n" : ":\n\n").utf8)) else {
                return
            }
            known = count
        }
    }
}
