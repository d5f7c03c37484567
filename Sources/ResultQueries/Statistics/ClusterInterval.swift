/// A 95 % interval of an estimate from clusters, such as the exponent of a law from replicates: what the values of one
/// replicate have in common counts once.
///
/// It is Student's, around the estimate from all clusters, with one degree of freedom less than there are clusters and the
/// error that leaving one out at a time shows (Tukey's jackknife). There is none for one cluster, or where an estimate
/// fails.
package enum ClusterInterval {
    package static func of<Cluster>(_ clusters: [Cluster], estimate: ([Cluster]) -> Double?) -> ConfidenceInterval? {
        guard clusters.count > 1, let whole = estimate(clusters) else { return nil }
        var others: [Double] = []
        for left in clusters.indices {
            var rest = clusters
            rest.remove(at: left)
            guard let value = estimate(rest) else { return nil }
            others.append(value)
        }
        return of(whole, leavingOneOut: others)
    }

    /// The same of an estimate from all clusters and of those without one of them each.
    package static func of(_ whole: Double, leavingOneOut others: [Double]) -> ConfidenceInterval? {
        guard others.count > 1 else { return nil }
        let count = Double(others.count)
        let squares = others.reduce(0) { $0 + ($1 - others.mean) * ($1 - others.mean) }
        let error = ((count - 1) / count * squares).squareRoot()
        let half = StudentT.quantile(freedom: count - 1) * error
        return ConfidenceInterval(low: whole - half, high: whole + half)
    }
}
