/// How the last trainings would end on the slots there are, the longest begun first: what may go before them is tried on it.
struct EndOfWork {
    /// A slot: when it is free, and what it does in a unit of that time.
    struct Slot {
        var freeAt: Double
        let pace: Double

        func end(with cost: Double) -> Double { freeAt + cost / pace }
    }

    private let slots: [Slot]

    init(slots: [Slot]) { self.slots = slots }

    /// The cheapest of what waits, longest first, that may begin before all else and leaves the end where it is; nil: none
    /// but the longest.
    func cheapestFirst(of waiting: [Double]) -> Double? {
        guard let longest = waiting.first else { return nil }
        let end = end(of: waiting)
        var tried = longest
        for (place, cost) in waiting.enumerated().reversed() where cost < longest && cost != tried {
            tried = cost
            var others = waiting
            others.remove(at: place)
            if self.end(of: [cost] + others) <= end { return cost }
        }
        return nil
    }

    /// When the last of them ends, each begun by the slot that is free first.
    private func end(of costs: [Double]) -> Double {
        var slots = slots
        var last = 0.0
        for cost in costs {
            guard let next = slots.indices.min(by: { slots[$0].freeAt < slots[$1].freeAt }) else { return last }
            slots[next].freeAt = slots[next].end(with: cost)
            last = max(last, slots[next].freeAt)
        }
        return last
    }

    /// Whether to try takes less than is won.
    static func isWorthTrying(trainings: Int, slots: Int) -> Bool { trainings * slots <= 10_000 }
}
