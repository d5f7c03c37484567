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

/// What `query` is asked.
package struct QueryRequest: Sendable {
    /// Nil: every trial of the catalogue.
    package var sweep: String?
    /// Empty: every measure.
    package var measures: [MeasureSelection] = []
    /// Empty: every noise level, and quantities without one.
    package var sigmas: [Double] = []
    /// Keeps the trials whose keys satisfy it (`TrialKeys`).
    package var filter: WhereExpression?
    /// Keys to group by.
    package var groupBy: [String] = []
    /// Empty with `groupBy`: mean and count. Given without `groupBy`: over all trials.
    package var statistics: [Statistic] = []

    package init() {}
}
