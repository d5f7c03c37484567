import SweepModel

/// Ready jobs, a queue for each of the few different needs, and for each the hosts that ask for such jobs.
struct ReadyQueues {
    private struct Queue {
        let needs: JobNeeds
        var jobs = ReadyQueue()
        var asking = HostQueue()
        /// Hosts that ask but may not have the jobs that wait now, for they failed there.
        var passedOver: [Int] = []
    }

    private var places: [JobNeeds: Int] = [:]
    private var queues: [Queue] = []

    /// Every job queued; in no order.
    var jobs: [Int] { queues.flatMap { $0.jobs.heap.map(\.job) } }
    var needs: [JobNeeds] { queues.map(\.needs) }

    /// Queues the job. Returns the hosts that were passed over before and should ask again, and whether nobody asked
    /// for such jobs yet, so that all must be invited.
    mutating func insert(_ entry: ReadyQueue.Entry, needs wanted: JobNeeds) -> (again: [Int], isNew: Bool) {
        let isNew = places[wanted] == nil
        let place = places[wanted] ?? queues.count
        if isNew {
            places[wanted] = place
            queues.append(Queue(needs: wanted))
        }
        queues[place].jobs.insert(entry)
        defer { queues[place].passedOver = [] }
        return (queues[place].passedOver, isNew)
    }

    /// Puts a job back that was looked at.
    mutating func putBack(_ entry: ReadyQueue.Entry, needs wanted: JobNeeds) {
        if let place = places[wanted] { queues[place].jobs.insert(entry) }
    }

    /// The host asks for the jobs whose needs it meets, and for no others.
    mutating func ask(_ load: HostQueue.Load, where suits: (JobNeeds) -> Bool) {
        for place in queues.indices {
            if suits(queues[place].needs) {
                queues[place].asking.set(load)
            } else {
                queues[place].asking.remove(load.host)
            }
        }
    }

    mutating func withdraw(_ host: Int) {
        for place in queues.indices { queues[place].asking.remove(host) }
    }

    /// The least loaded host that asks for a job of a queue that has one.
    var nextHost: HostQueue.Load? {
        queues.lazy.filter { $0.jobs.first != nil }.compactMap(\.asking.first).min()
    }

    /// Which queues' needs the condition accepts; each is asked once, and those of empty queues are not.
    func fitting(_ fits: (JobNeeds) -> Bool) -> [Int] {
        queues.indices.filter { queues[$0].jobs.first != nil && fits(queues[$0].needs) }
    }

    /// The host found nothing it may have now: it asks for such jobs again when it has changed, or, where it was only
    /// passed over, when there is another.
    mutating func passOver(_ host: Int, lookedAt places: [Int]) {
        for place in queues.indices where queues[place].jobs.first != nil {
            queues[place].asking.remove(host)
            if places.contains(place) { queues[place].passedOver.append(host) }
        }
    }

    /// Removes and returns the most urgent entry of the queues at these places; nil when they are empty.
    mutating func popFirst(of places: [Int]) -> ReadyQueue.Entry? {
        var best: (entry: ReadyQueue.Entry, place: Int)?
        for place in places {
            guard let entry = queues[place].jobs.first else { continue }
            if best.map({ entry < $0.entry }) ?? true { best = (entry, place) }
        }
        guard let best else { return nil }
        return queues[best.place].jobs.popFirst()
    }
}
