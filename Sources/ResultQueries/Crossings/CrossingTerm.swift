import SweepModel

/// A crossing as a person writes it: `memorization.copied = 0.5`, `first denoising.wiener_gain_db@worse(0.5, 1.5) > 0`,
/// `loss.loss_held_out > 1.01 * min`.
package struct CrossingTerm: Hashable, Sendable, CustomStringConvertible {
    package var term: MeasurementTerm
    package var rule: CrossingRule
    /// Nil: the direction in which the rows go.
    package var direction: CrossingRule.Direction?

    package init(_ term: MeasurementTerm, _ rule: CrossingRule, _ direction: CrossingRule.Direction? = nil) {
        self.term = term
        self.rule = rule
        self.direction = direction
    }

    /// Throws `ReportError.request` for any other text.
    package init(_ text: String) throws {
        let expected =
            "expected MEASURE.QUANTITY, then =, > or <, then a number or a number * min, as in 'memorization.copied = 0.5'"
        func failure(_ what: String) -> ReportError { ReportError(.request, "--crossing \"\(text)\": \(what)") }
        guard let sign = text.firstIndex(where: { "=<>".contains($0) }) else { throw failure(expected) }
        var name = text[..<sign].drop { $0 == " " }
        let isFirst = name.hasPrefix("first ")
        if isFirst { name = name.dropFirst("first ".count).drop { $0 == " " } }
        while name.last == " " { name.removeLast() }
        guard let term = MeasurementTerm(String(name)) else { throw failure(expected) }
        let tail = text[sign...]
        let comparison = tail.prefix { "=<>".contains($0) }
        let direction: CrossingRule.Direction?
        switch comparison {
        case "=", "==": direction = nil
        case ">", ">=": direction = .up
        case "<", "<=": direction = .down
        default: throw failure(expected)
        }
        let level = tail.dropFirst(comparison.count).filter { $0 != " " }
        let factors = level.split(separator: "*", omittingEmptySubsequences: false)
        if let value = Double(level), value.isFinite {
            self.init(term, CrossingRule(level: .value(value), isFirst: isFirst), direction)
        } else if factors.count == 2, let least = factors.firstIndex(of: "min"), let factor = Double(factors[1 - least])
        {
            guard factor > 1, factor.isFinite else {
                throw failure("a multiple of the smallest value has a factor above 1")
            }
            guard direction != .down else { throw failure("above its smallest value a quantity only rises: write >") }
            self.init(term, CrossingRule(level: .timesLeast(factor), isFirst: isFirst), .up)
        } else {
            throw failure(expected)
        }
    }

    package var description: String {
        let sign =
            switch direction {
            case nil: "="
            case .up: ">"
            case .down: "<"
            }
        let level =
            switch rule.level {
            case .value(let level): ResultTable.format(level)
            case .timesLeast(let factor): "\(ResultTable.format(factor)) * min"
            }
        return "\(rule.isFirst ? "first " : "")\(term) \(sign) \(level)"
    }
}
