import JobContract
import Reports
import ResultQueries
import SweepModel

/// The command lines that give the numbers of a view.
struct CommandLines {
    /// What `--catalogue` was given; nil where commands find the catalogue by themselves.
    let catalogue: String?

    private func line(_ words: [String]) -> String {
        let all = ["eigensweep"] + words + (catalogue.map { ["--catalogue", $0] } ?? [])
        return all.map(SweepPage.quoted).joined(separator: " ")
    }

    /// The averages of a slice. Levels are those at which the quantities are looked at.
    func query(_ measures: [String], levels: [Double], of slice: PlaceSlice) -> String {
        let keys = [slice.x.key] + (slice.y.map { [$0.key] } ?? [])
        var words = ["query", "--sweep", slice.index.sweep, "--measure", measures.joined(separator: ",")]
        if !levels.isEmpty { words += ["--sigma", levels.map { "\($0)" }.joined(separator: ",")] }
        words += ["--by", keys.joined(separator: ","), "--statistic", "mean,ci95,count"]
        if let condition = Self.condition(slice) { words += ["--where", condition.description] }
        return line(words)
    }

    func trials(_ request: TrialListRequest) -> String {
        var words = ["trials", request.sweep]
        if let filter = request.filter { words += ["--where", filter.description] }
        if !request.tags.isEmpty { words += ["--tag", request.tags.joined(separator: ",")] }
        if let note = request.note { words += ["--note", note] }
        if !request.shown.isEmpty { words += ["--show", request.shown.joined(separator: ",")] }
        if !request.sort.isEmpty {
            words += ["--sort", request.sort.map { $0.name + ($0.descends ? ":desc" : "") }.joined(separator: ",")]
        }
        if let limit = request.limit { words += ["--limit", String(limit)] }
        return line(words)
    }

    func trial(_ id: String) -> String { line(["trial", String(id.prefix(16))]) }
    func analyze(_ sweep: String) -> String { line(["analyze", sweep]) }
    func attempts(_ sweep: String) -> String { line(["status", sweep, "--attempts"]) }
    func report(_ sweep: String) -> String { line(["report", sweep]) }

    /// What the trials of a slice agree in.
    private static func condition(_ slice: PlaceSlice) -> WhereExpression? {
        let terms = slice.fixed.flatMap { key, value -> [WhereExpression] in
            guard PointAxes.isLength(key), let axis = slice.index.axis(key) else {
                return [.compare(key: key, .equal, value.objectValue == nil ? value : .string(PointAxes.plain(value)))]
            }
            // What was trained is whole steps, and not exactly the length that was asked for.
            let lengths = axis.values.compactMap(\.doubleValue)
            guard let length = value.doubleValue else { return [] }
            let below = lengths.last { $0 < length }.map { ($0 + length) / 2 }
            // One step has up to 65536 images, and may be more than was asked for.
            let above =
                lengths.first { $0 > length }.map { ($0 + length) / 2 }
                ?? length + max(length, key == "training.steps" ? 0 : 65536)
            return (below.map { [.compare(key: key, .greater, .number($0))] } ?? [])
                + [.compare(key: key, .less, .number(above))]
        }
        return terms.count > 1 ? .all(terms) : terms.first
    }
}
