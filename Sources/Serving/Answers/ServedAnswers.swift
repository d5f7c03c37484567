import Foundation
import JobContract
import Reports
import ResultCatalogue
import ResultQueries
import SweepModel

/// What is asked and answered. Every answer is of one commit, which it names.
final class ServedAnswers: @unchecked Sendable {
    private let readers: ReaderPool
    /// For what takes long, which then keeps nobody else waiting.
    private let slowReaders: ReaderPool
    private let changes: ChangeWatch
    private let store: String
    private let commands: CommandLines
    private let lock = NSLock()
    /// Guarded by `lock`, as what follows is; the last used come last.
    private var indices: [PlaceIndex] = []
    private var drawings: (sweep: String, changes: Int, drawn: SweepDrawings)?
    /// One thread makes an index, others wait for it.
    private let making = NSLock()

    private static let mostIndices = 4
    /// Of more trials figures are drawn only where somebody asks for them.
    private static let mostDrawnUnasked = 20_000

    init(path: String, _ changes: ChangeWatch, store: String, commands: CommandLines) {
        readers = ReaderPool(path: path, most: 3)
        slowReaders = ReaderPool(path: path, most: 1)
        self.changes = changes
        self.store = store
        self.commands = commands
    }

    /// Reads the axes of the sweep that the page opens with, before somebody asks.
    func prepare() {
        let thread = Thread { [self] in
            _ = try? readers.read { reader in try reader.sweeps().last.map { _ = try index($0.name, reader) } }
        }
        thread.start()
    }

    func end() {
        readers.end()
        slowReaders.end()
    }

    // MARK: Views

    func view(_ name: String, _ request: HTTPRequest) -> HTTPReply {
        let isSlow = name == "figures" || name == "hosts" || (name == "trials" && request.value("sort") != nil)
        // Before the transaction begins, so that what it does not see makes the page ask again.
        let seen = changes.look()
        do {
            let answer = try (isSlow ? slowReaders : readers).read { reader -> JSONValue in
                let extent = try reader.extent()
                let sweeps = try reader.sweeps()
                var answer: [String: JSONValue] = [
                    "changes": .count(seen),
                    "commit": ["results": .count(extent.results), "attempts": .count(extent.attempts)],
                    "sweeps": .array(
                        sweeps.map { ["name": .string($0.name), "states": ServedSweep.states($0)] }),
                ]
                let name = request.value("sweep") ?? sweeps.last?.name
                if let name, let summary = sweeps.first(where: { $0.name == name }) {
                    let head = try ServedSweep(index(name, reader), summary, in: reader)
                    answer["sweep"] = head.json
                    answer["view"] = try content(request, head, reader, seen)
                } else if let name {
                    try TrialKeys.check(name, in: reader)
                }
                return .object(answer)
            }
            return try Self.json(answer)
        } catch { return Self.complaint(error, seen) }
    }

    private func content(_ request: HTTPRequest, _ head: ServedSweep, _ reader: CatalogueReader, _ seen: Int) throws
        -> JSONValue
    {
        func list(_ name: String) -> [String] { Self.list(request.value(name)) }
        let choice = TrialsView.Choice(
            filter: request.value("where"), tags: list("tag"), note: request.value("note"))
        switch request.path.last {
        case "notes": return try RemarksView(head, reader, commands).json()
        case "places":
            let places = PlacesQuestion(
                head.index, x: request.value("x"), y: request.value("y"), isCurves: request.value("as") == "curves",
                fixed: request.query.filter { $0.name.hasPrefix("at.") }.map {
                    (String($0.name.dropFirst("at.".count)), $0.value)
                })
            return try PlacesView(head, reader, commands).json(places, shown: request.value("show"))
        case "trials":
            return try TrialsView(head, reader, commands).list(
                choice, shown: list("show"), sort: list("sort"),
                from: request.value("from").flatMap(Int.init) ?? 0)
        case "lines":
            return try TrialsView(head, reader, commands).lines(choice, shown: list("show"))
        case "compare":
            return try CompareView(head.summary.name, reader, commands).json(list("trials"))
        case "figures": return try figures(head, reader, seen, isAsked: request.value("draw") != nil)
        case "hosts":
            return [
                "listings": .array(
                    try PageAttempts(reader, sweep: head.summary.name).listings.map {
                        ["title": .string($0.title), "note": .optional($0.note), "table": $0.table.json]
                    }), "commands": [.string(commands.attempts(head.summary.name))],
            ]
        default: throw ReportError(.request, "there is no view of that name")
        }
    }

    /// Names separated by commas, but for those within `worse(…)`.
    private static func list(_ text: String?) -> [String] {
        var (names, depth) = ([""], 0)
        for character in text ?? "" {
            if character == "(" { depth += 1 }
            if character == ")" { depth -= 1 }
            if character == ",", depth == 0 { names.append("") } else { names[names.count - 1].append(character) }
        }
        return names.map { $0.trimmingCharacters(in: .whitespaces) }.filter { !$0.isEmpty }
    }

    /// Revisions never change: an index is good for as long as the sweep wants its revision.
    private func index(_ sweep: String, _ reader: CatalogueReader) throws -> PlaceIndex {
        let revision = try reader.revision(of: sweep)
        func known() -> PlaceIndex? {
            lock.withLock {
                guard let place = indices.firstIndex(where: { $0.sweep == sweep && $0.revision == revision }) else {
                    return nil
                }
                let index = indices.remove(at: place)
                indices.append(index)
                return index
            }
        }
        if let index = known() { return index }
        return try making.withLock {
            if let index = known() { return index }
            let index = try PlaceIndex(reader, sweep: sweep)
            lock.withLock {
                indices.removeAll { $0.sweep == sweep }
                indices = Array((indices + [index]).suffix(Self.mostIndices))
            }
            return index
        }
    }

    // MARK: Figures and pictures

    private func figures(_ head: ServedSweep, _ reader: CatalogueReader, _ seen: Int, isAsked: Bool) throws -> JSONValue
    {
        let name = head.summary.name
        let lines: JSONValue = [.string(commands.analyze(name)), .string(commands.report(name))]
        guard isAsked || head.index.trials.count <= Self.mostDrawnUnasked else {
            return ["isLarge": true, "commands": lines]
        }
        let drawn = try SweepDrawings(reader, sweep: name, store: store)
        lock.withLock { drawings = (name, seen, drawn) }
        return [
            "sentences": .array(drawn.sentences.map(JSONValue.string)), "problem": .optional(drawn.problem?.message),
            "figures": .array(
                drawn.figures.map { figure in
                    [
                        "name": .string(figure.name), "width": .count(figure.width), "height": .count(figure.height),
                        "isDrawn": .bool(figure.svg != nil), "table": figure.data.table.json,
                        "note": .optional(figure.data.note),
                    ]
                }), "drawing": .count(seen), "commands": lines,
        ]
    }

    /// A figure of the drawings that were made last.
    func figure(_ name: String, _ request: HTTPRequest) -> HTTPReply {
        let drawn = lock.withLock { drawings }
        guard let drawn, drawn.sweep == request.value("sweep"),
            let svg = drawn.drawn.figures.first(where: { $0.name == name })?.svg
        else { return HTTPReply(status: 404) }
        return HTTPReply(status: 200, type: "image/svg+xml", body: Array(svg.utf8))
    }

    func picture(_ digest: String) -> HTTPReply {
        do {
            guard let bytes = try readers.read({ try StorePicture.bytes(digest, in: store, $0) }) else {
                return HTTPReply(status: 404)
            }
            guard !bytes.isEmpty else {
                return HTTPReply(status: 200, type: "image/svg+xml", body: Array(StorePicture.absent.utf8))
            }
            return HTTPReply(status: 200, type: "image/png", body: bytes)
        } catch { return Self.complaint(error) }
    }

    // MARK: Replies

    private static func json(_ value: JSONValue) throws -> HTTPReply {
        HTTPReply(
            status: 200, type: "application/json; charset=utf-8",
            body: Array(ShownText.json(try CanonicalJSON.text(value)).utf8))
    }

    /// What cannot be answered is said in words, which are an answer: a browser would make any other status an error of the
    /// page. It may be answered once more is measured, or, where it `mayPass`, at another moment.
    private static func complaint(_ error: any Error, _ seen: Int = 0) -> HTTPReply {
        let (mayPass, words) =
            switch error {
            case let error as ReportError: (error.kind != .request, error.message)
            case let error as WhereExpression.Failure: (false, error.description)
            case let error as CatalogueError: (error.kind != .query, error.description)
            default: (true, explanation(of: error))
            }
        let answer: JSONValue = ["error": .string(words), "mayPass": .bool(mayPass), "changes": .count(seen)]
        return (try? json(answer)) ?? HTTPReply(status: 500)
    }
}
