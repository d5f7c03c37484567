import SweepModel

/// Ready jobs, a queue for each of the few different needs, so that a host is asked once for all jobs alike.
struct ReadyQueues {
    private var places: [JobNeeds: Int] = [:]
    private var needs: [JobNeeds] = []
    private var queues: [ReadyQueue] = []

    /// Every job queued; in no order.
    var jobs: [Int] { queues.flatMap { $0.heap.map(\.job) } }

    mutating func insert(_ entry: ReadyQueue.Entry, needs wanted: JobNeeds) {
        let place = places[wanted] ?? queues.count
        if place == queues.count {
            places[wanted] = place
            needs.append(wanted)
            queues.append(ReadyQueue())
        }
        queues[place].insert(entry)
    }

    /// Which queues' needs the condition accepts; each is asked once, and those of empty queues are not.
    func fitting(_ fits: (JobNeeds) -> Bool) -> [Int] {
        queues.indices.filter { queues[$0].first != nil && fits(needs[$0]) }
    }

    /// Removes and returns the most urgent entry of the queues at these places; nil when they are empty.
    mutating func popFirst(of places: [Int]) -> ReadyQueue.Entry? {
        var best: (entry: ReadyQueue.Entry, place: Int)?
        for place in places {
            guard let entry = queues[place].first else { continue }
            if best.map({ entry < $0.entry }) ?? true { best = (entry, place) }
        }
        guard let best else { return nil }
        return queues[best.place].popFirst()
    }
}
