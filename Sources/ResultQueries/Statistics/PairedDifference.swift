/// How two sides differ over pairs of values, b − a, with its 95 % interval.
package struct PairedDifference: Hashable, Sendable {
    /// One pair; `members` are the trials that its values are of, where other pairs may share them.
    package struct Pair: Hashable, Sendable {
        package var a: Replicate
        package var b: Replicate
        package var members: [Int32]

        package init(a: Replicate, b: Replicate, members: [Int32] = []) {
            self.a = a
            self.b = b
            self.members = members
        }
    }

    package let mean: Double
    package let interval: ConfidenceInterval?

    /// The interval is Student's of the differences; pairs that share trials are first made independent, as comparisons are
    /// (`ComparedReplicates`). Nil where there are no pairs.
    ///
    /// The interval of shares stays within −1 and 1 and is at least as wide as their samples alone would make it, with one
    /// success and one failure added to each side (Agresti & Caffo 2000), since equal differences do not mean that there is
    /// no error. A single pair of shares has that width.
    package init?(_ pairs: [Pair], areShares: Bool) {
        guard !pairs.isEmpty else { return nil }
        let differences = pairs.map { Replicate($0.b.value - $0.a.value) }
        let replicates =
            pairs.contains { $0.members.count > 1 }
            ? ComparedReplicates.independent(zip(pairs, differences).map { ($0.members, $1) }) : differences
        mean = differences.map(\.value).mean
        let student = ConfidenceInterval(ofTheMeanOf: replicates.map(\.value))
        guard areShares, let half = Self.half(pairs) else {
            interval = student
            return
        }
        let wide = ConfidenceInterval(
            low: min(mean - half, student?.low ?? mean), high: max(mean + half, student?.high ?? mean))
        interval = ConfidenceInterval(low: max(-1, wide.low), high: min(1, wide.high))
    }

    /// The half width for the mean of the differences that the samples of each share make; nil where a share has no number
    /// of samples.
    private static func half(_ pairs: [Pair]) -> Double? {
        var variance = 0.0
        for share in pairs.flatMap({ [$0.a, $0.b] }) {
            guard let n = share.n, n > 0 else { return nil }
            let p = (share.value * n + 1) / (n + 2)
            variance += p * (1 - p) / (n + 2)
        }
        return StudentT.normalQuantile * variance.squareRoot() / Double(pairs.count)
    }
}
