/// Comparisons of one place share trials: of three seeds there are three pairs, and what is odd about one seed is in two
/// of them.
enum ComparedReplicates {
    /// As many independent replicates as the comparisons amount to, with the same mean.
    ///
    /// Comparisons that share trials are one cluster, and each cluster is one replicate. A single cluster of all pairs of
    /// three or more trials has one replicate for each trial: the pseudo-value that leaving the trial out shows (Tukey's
    /// jackknife, for statistics of pairs by Arvesen 1969).
    static func independent(_ comparisons: [(members: [Int32], replicate: Replicate)]) -> [Replicate] {
        let clusters = clusters(comparisons.map(\.members))
        if clusters.count > 1 { return pseudoValues(comparisons.map(\.replicate), without: clusters) }
        let trials = Set(comparisons.flatMap(\.members)).sorted()
        guard trials.count > 2, comparisons.count == trials.count * (trials.count - 1) / 2,
            comparisons.allSatisfy({ $0.members.count == 2 })
        else { return pseudoValues(comparisons.map(\.replicate), without: [Array(comparisons.indices)]) }
        return pseudoValues(
            comparisons.map(\.replicate),
            without: trials.map { trial in comparisons.indices.filter { comparisons[$0].members.contains(trial) } })
    }

    /// The clusters of comparisons that share trials, directly or through others, by their numbers.
    private static func clusters(_ comparisons: [[Int32]]) -> [[Int]] {
        var clusters = [(trials: Set<Int32>, comparisons: [Int])]()
        for (number, members) in comparisons.enumerated() {
            var joined = (trials: Set(members), comparisons: [Int]())
            clusters.removeAll { cluster in
                guard !cluster.trials.isDisjoint(with: members) else { return false }
                joined.trials.formUnion(cluster.trials)
                joined.comparisons += cluster.comparisons
                return true
            }
            joined.comparisons.append(number)
            clusters.append(joined)
        }
        return clusters.map(\.comparisons)
    }

    /// One replicate for each part that may be left out; for a single part, the mean.
    private static func pseudoValues(_ replicates: [Replicate], without parts: [[Int]]) -> [Replicate] {
        let whole = replicates.map(\.value).mean
        let n = replicates.compactMap(\.n).count == replicates.count ? replicates.compactMap(\.n).mean : nil
        guard parts.count > 1 else { return [Replicate(whole, n: n)] }
        let count = Double(parts.count)
        let values = parts.map { part in
            let rest = replicates.indices.filter { !part.contains($0) }.map { replicates[$0].value }
            return count * whole - (count - 1) * rest.mean
        }
        // Where clusters differ in size, the mean of their means is not quite that of all.
        let shift = whole - values.mean
        return values.map { Replicate($0 + shift, n: n) }
    }
}
