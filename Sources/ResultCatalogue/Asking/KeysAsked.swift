import JobContract

/// What can be asked of a trial beside its keys.
package enum TrialColumn: Hashable, Sendable {
    /// The trial's length.
    case steps, images, epochs
    /// A column of the view `trials`.
    case ofView(String)

    /// The column in SQL, over rows `x` of `trial`, `r` of `training` and `t` of the view.
    fileprivate var sql: String {
        switch self {
        case .steps: "x.steps"
        case .images: "x.steps * r.batch"
        case .epochs: "CAST(x.steps * r.batch AS REAL) / r.dataset_size"
        case .ofView(let name): "t.\"\(name)\""
        }
    }
    fileprivate var isOfView: Bool { if case .ofView = self { true } else { false } }
}

/// Trials and trainings, row by row; `body` returns false to end. Keys are numbers of this catalogue alone.
extension CatalogueReader {
    /// The columns of the view `trials`.
    package func trialColumns() throws -> [String] { try rows("SELECT * FROM trials LIMIT 0").columns }

    /// The trials that a sweep wants, in its order, or all, in the catalogue's order: the key, `trial_id`, the training's
    /// key, `steps`, and the columns asked for; with `places`, only the sweep's trials there; with `others`, those of other
    /// sweeps too, each trial once. Throws `.query` for a column that the view does not have.
    package func scanTrials(
        of sweep: String?, and others: [String] = [], at places: Range<Int>? = nil, _ columns: [TrialColumn],
        _ body: (CatalogueRow) throws -> Bool
    ) throws {
        let selected = ["x.key", "x.trial_id", "x.training", "x.steps"] + columns.map(\.sql)
        // The view costs several lookups a row, and each join some: only those that are needed are made.
        let training = columns.contains { !$0.isOfView } ? " JOIN training r ON r.key = x.training" : ""
        let view = columns.contains(where: \.isOfView) ? " JOIN trials t ON t.trial_id = x.trial_id" : ""
        let source =
            sweep == nil
            ? "trial x" : "sweep s CROSS JOIN wish w ON w.revision = s.revision CROSS JOIN trial x ON x.key = w.trial"
        let order = others.isEmpty ? "ORDER BY w.position" : "GROUP BY x.key ORDER BY min(s.key), min(w.position)"
        let condition = sweep == nil ? "" : " WHERE \(Self.named(others))\(Self.within(places)) \(order)"
        try scan(
            "SELECT \(selected.joined(separator: ", ")) FROM \(source)\(training)\(view)\(condition)",
            try Self.names(sweep, others), body)
    }

    /// Of one sweep its name is compared, by which SQLite finds the best way; of several all.
    private static func named(_ others: [String]) -> String {
        others.isEmpty ? "s.name = ?" : "s.name IN (SELECT value FROM json_each(?))"
    }

    private static func names(_ sweep: String?, _ others: [String]) throws -> [CatalogueValue] {
        guard let sweep else { return [] }
        return [.text(others.isEmpty ? sweep : try JSONText.write([sweep] + others))]
    }

    private static func within(_ places: Range<Int>?) -> String {
        places.map { " AND w.position >= \($0.lowerBound) AND w.position < \($0.upperBound)" } ?? ""
    }

    /// The trainings of a sweep, and of `others`, or of its trials at some places, or all: the key, and the spec as canonical
    /// JSON.
    package func scanSpecs(
        of sweep: String?, and others: [String] = [], at places: Range<Int>? = nil,
        _ body: (CatalogueRow) throws -> Bool
    ) throws {
        let filter = """
             WHERE r.key IN (
                SELECT t.training FROM sweep s JOIN wish w ON w.revision = s.revision
                JOIN trial t ON t.key = w.trial WHERE \(Self.named(others))\(Self.within(places)))
            """
        try scan(
            "SELECT r.key, r.spec FROM training r" + (sweep == nil ? "" : filter), try Self.names(sweep, others), body)
    }
}
