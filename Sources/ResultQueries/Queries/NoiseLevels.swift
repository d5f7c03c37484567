import Foundation

/// The noise levels a query asks for, found among those that were measured.
package struct NoiseLevels {
    /// How far an asked σ may lie from the stored one, relatively: 0.02 finds 0.020435.
    static let tolerance = 0.025

    /// Empty: every level, and quantities without one.
    let asked: [Double]
    /// Whether a value between two levels is found on the line between them over ln σ.
    let interpolates: Bool
    private(set) var stored: Set<Double> = []
    private(set) var missing: Set<Double>

    package init(_ asked: [Double], interpolates: Bool) {
        self.asked = asked
        self.interpolates = interpolates
        missing = Set(asked)
    }

    /// Keeps the rows at the levels asked for. Interpolated rows have neither `n` nor `stderr`.
    package mutating func select(_ rows: inout [BlockRow]) {
        guard !asked.isEmpty else { return }
        let levels = Set(rows.compactMap(\.sigma)).sorted()
        stored.formUnion(levels)
        var chosen: Set<Double> = []
        var between: [BlockRow] = []
        for sigma in asked {
            if let nearest = levels.min(by: { abs($0 - sigma) < abs($1 - sigma) }),
                abs(nearest - sigma) <= Self.tolerance * nearest
            {
                missing.remove(sigma)
                chosen.insert(nearest)
            } else if interpolates, let above = levels.first(where: { $0 > sigma }),
                let below = levels.last(where: { $0 < sigma })
            {
                missing.remove(sigma)
                let share = log(sigma / below) / log(above / below)
                let upper = rows.filter { $0.sigma == above }
                for low in rows where low.sigma == below {
                    guard let high = upper.first(where: { $0.position == low.position }) else { continue }
                    between.append(
                        BlockRow(
                            sigma: sigma, position: low.position, value: low.value + share * (high.value - low.value)))
                }
            }
        }
        rows = rows.filter { $0.sigma.map(chosen.contains) ?? false } + between
    }

    /// Throws `ReportError.request`, naming the levels there are, for one that no trial was measured at.
    package func check() throws {
        guard let sigma = missing.min() else { return }
        let list = stored.sorted().map { "\($0)" }.joined(separator: ", ")
        let between = !interpolates && stored.contains { $0 < sigma } && stored.contains { $0 > sigma }
        throw ReportError(
            .request,
            "no measurement was made at sigma \(sigma); "
                + (stored.isEmpty ? "what was asked for has no noise levels" : "there are \(list)")
                + (between ? "; --interpolate finds values between them" : ""))
    }
}
