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

    var first: Entry? { heap.first }

    mutating func insert(_ entry: Entry) {
        heap.append(entry)
        var child = heap.count - 1
        while child > 0 {
            let parent = (child - 1) / 2
            guard heap[child] < heap[parent] else { return }
            heap.swapAt(child, parent)
            child = parent
        }
    }

    /// Removes and returns the most urgent entry; nil when empty.
    mutating func popFirst() -> Entry? {
        guard let first = heap.first else { return nil }
        let last = heap.removeLast()
        guard !heap.isEmpty else { return first }
        heap[0] = last
        var parent = 0
        while true {
            var least = parent
            for child in [2 * parent + 1, 2 * parent + 2] where child < heap.count && heap[child] < heap[least] {
                least = child
            }
            guard least != parent else { return first }
            heap.swapAt(parent, least)
            parent = least
        }
    }
}
