/// Jobs that wait for a host, most urgent first; a binary heap.
struct ReadyQueue {
    struct Entry: Comparable {
        /// Jobs that failed before stand behind those that did not.
        let faults: Int
        /// Measures first, for they are short and someone looks at them; then the longest training.
        let cost: Double
        let job: Int

        static func < (a: Self, b: Self) -> Bool {
            if a.faults != b.faults { return a.faults < b.faults }
            if a.cost != b.cost { return a.cost == 0 || (b.cost != 0 && a.cost > b.cost) }
            return a.job < b.job
        }
    }

    private(set) var heap: [Entry] = []
    /// Of all entries together.
    private(set) var cost = 0.0

    var first: Entry? { heap.first }

    mutating func insert(_ entry: Entry) {
        heap.append(entry)
        cost += entry.cost
        rise(from: heap.count - 1)
    }

    private mutating func rise(from place: Int) {
        var child = place
        while child > 0 {
            let parent = (child - 1) / 2
            guard heap[child] < heap[parent] else { return }
            heap.swapAt(child, parent)
            child = parent
        }
    }

    /// Removes and returns the most urgent entry; nil when empty.
    mutating func popFirst() -> Entry? { heap.isEmpty ? nil : remove(at: 0) }

    /// Removes and returns the shorter of two trainings that are drawn by the number; nil where the first is as good.
    mutating func popEarly(draw: UInt64) -> Entry? {
        let drawn = [draw, draw >> 32].map { Int($0 % UInt64(heap.count)) }
        return popEarly(at: drawn.max { heap[$0] < heap[$1] })
    }

    /// Removes and returns the shortest training that leaves the end of all where it is; nil where that is the first.
    mutating func popEarly(leaving end: EndOfWork) -> Entry? {
        let cost = end.cheapestFirst(of: heap.filter { $0.faults == 0 }.map(\.cost).sorted(by: >))
        let alike = heap.indices.filter { heap[$0].faults == 0 && heap[$0].cost == cost }
        return popEarly(at: alike.min { heap[$0] < heap[$1] })
    }

    private mutating func popEarly(at place: Int?) -> Entry? {
        // Of equals the sweep's first.
        guard let place, let first, heap[place].faults == 0, heap[place].cost < first.cost else { return nil }
        return remove(at: place)
    }

    private mutating func remove(at place: Int) -> Entry {
        let removed = heap[place]
        let last = heap.removeLast()
        cost = heap.isEmpty ? 0 : cost - removed.cost
        guard place < heap.count else { return removed }
        heap[place] = last
        sink(from: place)
        rise(from: place)
        return removed
    }

    private mutating func sink(from place: Int) {
        var parent = place
        while true {
            var least = parent
            for child in [2 * parent + 1, 2 * parent + 2] where child < heap.count && heap[child] < heap[least] {
                least = child
            }
            guard least != parent else { return }
            heap.swapAt(parent, least)
            parent = least
        }
    }
}
