/// A 95 % interval of an estimate from clusters, such as the exponent of a law from seeds: what is alike within a seed
/// counts once.
///
/// Below ten clusters Student's t with one degree of freedom less than there are, around the estimate from all, with the
/// error that leaving one out at a time shows (Tukey's jackknife); from ten the percentile bootstrap over clusters, with a
/// fixed seed. None for one cluster, or where an estimate fails.
package struct ClusterInterval: Hashable {
    package var low: Double
    package var high: Double

    package init?<Cluster>(_ clusters: [Cluster], estimate: ([Cluster]) -> Double?) {
        guard clusters.count > 1, let whole = estimate(clusters) else { return nil }
        if clusters.count < 10 {
            var others: [Double] = []
            for left in clusters.indices {
                var rest = clusters
                rest.remove(at: left)
                guard let value = estimate(rest) else { return nil }
                others.append(value)
            }
            let count = Double(clusters.count)
            let squares = others.reduce(0) { $0 + ($1 - others.mean) * ($1 - others.mean) }
            let error = ((count - 1) / count * squares).squareRoot()
            let half = ConfidenceInterval.studentT(freedom: clusters.count - 1) * error
            (low, high) = (whole - half, whole + half)
        } else {
            let estimates = ConfidenceInterval.resampled(clusters, times: 1000).compactMap(estimate).sorted()
            guard estimates.count >= 900 else { return nil }
            low = ConfidenceInterval.quantile(0.025, of: estimates)
            high = ConfidenceInterval.quantile(0.975, of: estimates)
        }
    }
}
