import Tensors

/// An activation that is needed from one moment of the passes to another, both included.
struct ActivationNeed {
    var vectors: Int
    var moments: ClosedRange<Int>
}

extension NetworkPlan {
    /// A place for each of `needs`, in their order. Two places share memory only where no moment needs both.
    mutating func activations(_ needs: [ActivationNeed]) -> [Int] {
        var taken: [(vectors: Range<Int>, moments: ClosedRange<Int>)] = []
        var starts = [Int](repeating: 0, count: needs.count)
        // The largest first, each as low as it fits: the small ones find room between them.
        let order = needs.indices.sorted { (needs[$1].vectors, $0) < (needs[$0].vectors, $1) }
        for number in order {
            let need = needs[number]
            var start = 0
            for other in taken where other.moments.overlaps(need.moments) {
                if start + need.vectors <= other.vectors.lowerBound { break }
                start = max(start, other.vectors.upperBound)
            }
            starts[number] = start
            let own = (vectors: start..<start + need.vectors, moments: need.moments)
            taken.insert(own, at: taken.firstIndex { $0.vectors.lowerBound > start } ?? taken.count)
        }
        let first = activation(taken.map(\.vectors.upperBound).max() ?? 0)
        return starts.map { first + $0 * laneCount }
    }
}
