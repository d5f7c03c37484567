import SweepModel

/// A measure, or one quantity of it: `memorization` or `memorization.gl_score`.
package struct MeasureSelection: Hashable, Sendable {
    package var measure: String
    package var quantity: String?

    package init(measure: String, quantity: String? = nil) {
        self.measure = measure
        self.quantity = quantity
    }

    /// Reads `MEASURE` or `MEASURE.QUANTITY`.
    package init(_ text: String) {
        let parts = text.split(separator: ".", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
        self.init(measure: parts[0], quantity: parts.count > 1 ? parts[1] : nil)
    }
}

/// A question to `query`.
package struct QueryRequest: Sendable {
    /// Nil: every trial of the catalogue.
    package var sweep: String?
    /// Sweeps whose trials count beside those of `sweep`.
    package var otherSweeps: [String] = []
    /// Empty: every measure.
    package var measures: [MeasureSelection] = []
    /// Empty: every noise level, and quantities without one.
    package var sigmas: [Double] = []
    /// Whether noise levels between those measured are found by interpolation over ln σ, trial by trial.
    package var interpolates = false
    /// Keeps the trials whose keys satisfy it (`TrialKeys`).
    package var filter: WhereExpression?
    /// Keys to group by.
    package var groupBy: [String] = []
    /// A key whose values become columns, one for each.
    package var columnsBy: String?
    /// Empty with `groupBy`: mean and count. Given without `groupBy`: over all trials.
    package var statistics: [Statistic] = []
    /// The differences that means may ignore, which otherwise keep values apart.
    package var mixes: Set<Mix> = []
    /// Columns to sort by, the first first; NULL goes last.
    package var sort: [SortColumn] = []
    /// Rows to show at most.
    package var limit: Int?

    package init() {}

    /// Whether it asks for measurements rather than groups of them.
    var isList: Bool { groupBy.isEmpty && statistics.isEmpty && columnsBy == nil }
}

/// Numbers that are not the same thing, and are averaged together only where asked for.
package enum Mix: String, Hashable, Sendable, CaseIterable {
    /// Versions of a measure.
    case versions
    /// Workers, and versions of one worker's numerics.
    case workers
}

/// A column to sort by: `mean`, or `mean:desc` for the largest first.
package struct SortColumn: Hashable, Sendable {
    package var name: String
    package var descends: Bool

    package init(_ text: String) {
        descends = text.hasSuffix(":desc")
        name = descends ? String(text.dropLast(5)) : text
    }
}
