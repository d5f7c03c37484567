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

    /// Student's interval of the differences, of pairs that share trials as of comparisons (`ComparedReplicates`).
    ///
    /// Of shares it stays within −1 and 1 and is at least as wide as their samples alone would make it, with one success
    /// and one failure added to each side (Agresti & Caffo 2000): equal differences are no certainty. One pair of shares
    /// has that width alone. Nil of no pairs.
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

    /// Of the mean of the differences, by the samples of each share; nil where one has no number of them.
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
