/// How the last trainings would end on the slots there are, the longest begun first: what may go before them is tried on it.
struct EndOfWork {
    /// A slot: when it is free, and what it does in a unit of that time.
    struct Slot {
        var freeAt: Double
        let pace: Double

        func end(with cost: Double) -> Double { freeAt + cost / pace }
    }

    let slots: [Slot]

    init(slots: [Slot]) { self.slots = slots }

    /// The cheapest of what waits, longest first, that may begin before all else and leaves the end where it is; nil: none
    /// but the longest.
    func cheapestFirst(of waiting: [Double]) -> Double? {
        guard let longest = waiting.first else { return nil }
        let end = after(waiting).end
        var tried = longest
        for (place, cost) in waiting.enumerated().reversed() where cost < longest && cost != tried {
            tried = cost
            var others = waiting
            others.remove(at: place)
            if after([cost] + others).end <= end { return cost }
        }
        return nil
    }

    /// The slots when these are done too, each begun by the slot that is free first.
    func after(_ costs: [Double]) -> EndOfWork {
        var slots = slots
        for cost in costs {
            guard let next = slots.indices.min(by: { slots[$0].freeAt < slots[$1].freeAt }) else { break }
            slots[next].freeAt = slots[next].end(with: cost)
        }
        return EndOfWork(slots: slots)
    }

    /// When the last slot is free.
    var end: Double { slots.map(\.freeAt).max() ?? 0 }

    /// Whether to try takes less than is won.
    static func isWorthTrying(trainings: Int, slots: Int) -> Bool { trainings * slots <= 10_000 }
}
