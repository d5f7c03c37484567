import JobContract
import Tensors

/// A number estimated from `n` draws, with its standard error.
package struct Estimate: Sendable, Equatable {
    package var value: Double
    package var n: Int
    package var stderr: Double

    package init(value: Double, n: Int, stderr: Double) {
        self.value = value
        self.n = n
        self.stderr = stderr
    }

    /// The mean of `draws` and its standard error s/√n; not a number when there are none.
    package init(meanOf draws: [Double]) {
        n = draws.count
        var sum = 0.0
        for draw in draws { sum += draw }
        let mean = sum / Double(n)
        value = mean
        var squares = 0.0
        for draw in draws { squares += (draw - mean) * (draw - mean) }
        stderr = n < 2 ? .nan : (squares / Double(n - 1) / Double(n)).squareRoot()
    }

    /// The mean of `draws`, where draw i is of cluster i modulo `clusters`, with the standard error over clusters:
    /// √(G/(G−1) Σ (Σ (draw − mean) over the cluster)²)/n, which is s/√n for clusters of one draw.
    init(meanOf draws: [Double], cycling clusters: Int) {
        self.init(meanOf: draws)
        guard clusters < draws.count else { return }
        stderr = Self.clustered(draws.map { $0 - value }, cycling: clusters).squareRoot() / Double(n)
    }

    /// G/(G−1) Σ (Σ deviation over the cluster)², deviation i being of cluster i modulo `clusters`; not a number for a
    /// single cluster.
    static func clustered(_ deviations: [Double], cycling clusters: Int) -> Double {
        let count = min(clusters, deviations.count)
        guard count > 1 else { return .nan }
        var sums = [Double](repeating: 0, count: count)
        for (index, deviation) in deviations.enumerated() { sums[index % count] += deviation }
        return sums.reduce(0) { $0 + $1 * $1 } * Double(count) / Double(count - 1)
    }

    /// The mean of `first` − `second`, draw by draw. Draw i has the same noise in both, and is of cluster i modulo `firsts`
    /// and of cluster i modulo `seconds`: the standard error clusters both ways (Cameron, Gelbach & Miller 2011), and is not
    /// below that of either way.
    init(differenceOf first: [Double], cycling firsts: Int, _ second: [Double], cycling seconds: Int) {
        let differences = zip(first, second).map { $0 - $1 }
        self.init(meanOf: differences)
        let deviations = differences.map { $0 - value }
        let (a, b) = (
            Self.clustered(deviations, cycling: firsts), Self.clustered(deviations, cycling: seconds)
        )
        let both = Self.clustered(deviations, cycling: Self.leastCommonMultiple(firsts, seconds))
        stderr = (a.isNaN || b.isNaN ? .nan : Swift.max(a + b - both, a, b)).squareRoot() / Double(n)
    }

    private static func leastCommonMultiple(_ a: Int, _ b: Int) -> Int {
        var (x, y) = (Swift.max(a, 1), Swift.max(b, 1))
        while y > 0 { (x, y) = (y, x % y) }
        return Swift.max(a, 1) / x * Swift.max(b, 1)
    }

    /// The variance of `draws` with 1/(n − 1), and its standard error √((m₄ − m₂²)/n) of first order, m the central moments;
    /// not a number for fewer than two.
    init(varianceOf draws: [Double]) {
        n = draws.count
        let mean = draws.reduce(0, +) / Double(n)
        var (squares, fourths) = (0.0, 0.0)
        for draw in draws {
            let square = (draw - mean) * (draw - mean)
            squares += square
            fourths += square * square
        }
        value = n < 2 ? .nan : squares / Double(n - 1)
        let (second, fourth) = (squares / Double(n), fourths / Double(n))
        // Rounding must not make the root of a variance 0 undefined.
        stderr = n < 2 ? .nan : (Swift.max(0, fourth - second * second) / Double(n)).squareRoot()
    }

    /// An estimate in another unit.
    static func / (estimate: Estimate, unit: Double) -> Estimate {
        Estimate(value: estimate.value / unit, n: estimate.n, stderr: estimate.stderr / unit)
    }

    /// The share of `hits` that are true, with the binomial standard error √(p(1−p)/n).
    package init(shareOf hits: [Bool]) {
        n = hits.count
        let share = Double(hits.filter { $0 }.count) / Double(n)
        value = share
        stderr = (share * (1 - share) / Double(n)).squareRoot()
    }

    /// The entropy −Σ p ln p, in nats, of the shares p that `counts` are of their sum, with the error of first order,
    /// √((Σ p ln² p − H²)/n), for that many independent draws; nil where all counts are 0.
    init?(entropyOf counts: [Int]) {
        n = counts.reduce(0, +)
        guard n > 0 else { return nil }
        var (entropy, squares) = (0.0, 0.0)
        for count in counts where count > 0 {
            let share = Double(count) / Double(n)
            let information = -Elementary.log(share)
            entropy += share * information
            squares += share * information * information
        }
        value = entropy
        // Rounding must not make the root of a variance 0 undefined.
        stderr = n < 2 ? .nan : (max(0, squares - entropy * entropy) / Double(n)).squareRoot()
    }

    /// Spearman's correlation: that of the ranks, equal values having the mean of theirs; nil where the values of one side
    /// are all equal, and where there are fewer than three. The standard error is (1 − ρ²)√((1 + ρ²/2)/(n − 3)) (Bonett &
    /// Wright 2000).
    init?(rankCorrelation first: [Double], _ second: [Double]) {
        n = first.count
        guard n > 2, n == second.count else { return nil }
        let middle = Double(n - 1) / 2
        let (a, b) = (Self.ranks(of: first).map { $0 - middle }, Self.ranks(of: second).map { $0 - middle })
        func product(_ x: [Double], _ y: [Double]) -> Double { zip(x, y).reduce(0) { $0 + $1.0 * $1.1 } }
        let scale = (product(a, a) * product(b, b)).squareRoot()
        guard scale > 0 else { return nil }
        value = product(a, b) / scale
        stderr = n < 4 ? .nan : (1 - value * value) * ((1 + value * value / 2) / Double(n - 3)).squareRoot()
    }

    /// Each value's rank from 0.
    private static func ranks(of values: [Double]) -> [Double] {
        let order = values.indices.sorted { values[$0] < values[$1] }
        var ranks = [Double](repeating: 0, count: values.count)
        var start = 0
        while start < order.count {
            let end = order[start...].firstIndex { values[$0] > values[order[start]] } ?? order.count
            for place in start..<end { ranks[order[place]] = Double(start + end - 1) / 2 }
            start = end
        }
        return ranks
    }

    /// The ratio of two independent estimates; the error is of first order.
    static func ratio(_ a: Estimate, _ b: Estimate) -> Estimate {
        let value = a.value / b.value
        let partOfA = a.stderr / b.value
        let partOfB = value * b.stderr / b.value
        return Estimate(value: value, n: a.n, stderr: (partOfA * partOfA + partOfB * partOfB).squareRoot())
    }

    /// The root of an estimate; the error is of first order.
    var squareRoot: Estimate {
        let root = value.squareRoot()
        return Estimate(value: root, n: n, stderr: stderr / (2 * root))
    }

    /// P(a < b) + ½P(a = b) for draws of two kinds, with the standard error of DeLong et al. (1988).
    ///
    /// `n` is the smaller number of draws.
    package init(chance first: [Double], isBelow second: [Double]) {
        func placement(_ value: Double, among others: [Double], wins: (Double, Double) -> Bool) -> Double {
            var count = 0.0
            for other in others { count += wins(value, other) ? 1 : value == other ? 0.5 : 0 }
            return count / Double(others.count)
        }
        let ofFirst = Estimate(meanOf: first.map { placement($0, among: second) { $0 < $1 } })
        let ofSecond = Estimate(meanOf: second.map { placement($0, among: first) { $0 > $1 } })
        value = ofFirst.value
        n = min(first.count, second.count)
        stderr = (ofFirst.stderr * ofFirst.stderr + ofSecond.stderr * ofSecond.stderr).squareRoot()
    }

    /// The estimate as a measurement; what is not a finite number is undefined there.
    func row(_ quantity: String, sigma: Double? = nil, position: Int? = nil) -> MeasureRow {
        MeasureRow(
            quantity: quantity, sigma: sigma, position: position, value: value.isFinite ? value : nil, n: n,
            stderr: stderr.isFinite ? stderr : nil)
    }
}
