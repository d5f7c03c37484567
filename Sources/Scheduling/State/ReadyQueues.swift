import SweepModel

/// Ready jobs, a queue for each of the few kinds, and for each the hosts that ask for such jobs.
struct ReadyQueues {
    /// What decides which hosts may have a job.
    struct Kind: Hashable {
        let needs: JobNeeds
        let isTraining: Bool

        /// Whether the host may ever have such a job, and if it is a training, may have trainings now.
        func isOpen(to host: HostState, training mayTrain: Bool) -> Bool {
            if isTraining, !mayTrain { return false }
            return host.suits(needs)
        }
    }

    private struct Queue {
        let kind: Kind
        var jobs = ReadyQueue()
        var asking = HostQueue()
        /// Hosts that ask but may not have the jobs that wait now, for they failed there.
        var passedOver: [Int] = []
    }

    /// Times the longest training on every slot.
    private static let farFromEnd = 3.0

    private var places: [Kind: Int] = [:]
    private var queues: [Queue] = []

    /// Every job queued; in no order.
    var jobs: [Int] { queues.flatMap { $0.jobs.heap.map(\.job) } }

    /// Queues the job. Returns the hosts that were passed over before and should ask again, and whether nobody asked
    /// for such jobs yet, so that all must be invited.
    mutating func insert(_ entry: ReadyQueue.Entry, _ wanted: Kind) -> (again: [Int], isNew: Bool) {
        let isNew = places[wanted] == nil
        let place = places[wanted] ?? queues.count
        if isNew {
            places[wanted] = place
            queues.append(Queue(kind: wanted))
        }
        queues[place].jobs.insert(entry)
        defer { queues[place].passedOver = [] }
        return (queues[place].passedOver, isNew)
    }

    /// Puts a job back that was looked at.
    mutating func putBack(_ entry: ReadyQueue.Entry, _ wanted: Kind) {
        if let place = places[wanted] { queues[place].jobs.insert(entry) }
    }

    /// The host asks for the jobs of the kinds that it may have, and for no others.
    mutating func ask(_ load: HostQueue.Load, where mayHave: (Kind) -> Bool) {
        for place in queues.indices {
            if mayHave(queues[place].kind) {
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

    /// Which queues' kinds the condition accepts; each is asked once, and those of empty queues are not.
    func fitting(_ fits: (Kind) -> Bool) -> [Int] {
        queues.indices.filter { queues[$0].jobs.first != nil && fits(queues[$0].kind) }
    }

    /// The host found nothing it may have now: it asks for such jobs again when it has changed, or, where it was only
    /// passed over, when there is another.
    mutating func passOver(_ host: Int, lookedAt places: [Int]) {
        for place in queues.indices where queues[place].jobs.first != nil {
            queues[place].asking.remove(host)
            if places.contains(place) { queues[place].passedOver.append(host) }
        }
    }

    /// Cost of all jobs that are queued.
    var cost: Double { queues.reduce(0) { $0 + $1.jobs.cost } }

    /// The place of the queue with the most urgent entry.
    private func mostUrgent(of places: [Int]) -> Int? {
        var best: (entry: ReadyQueue.Entry, place: Int)?
        for place in places {
            guard let entry = queues[place].jobs.first else { continue }
            if best.map({ entry < $0.entry }) ?? true { best = (entry, place) }
        }
        return best?.place
    }

    /// Whether trainings come next that are among the last: how all will end is then worth to know.
    func isEndNear(of places: [Int], slots: Int) -> Bool {
        guard let place = mostUrgent(of: places), case let jobs = queues[place].jobs else { return false }
        return (jobs.first?.cost ?? 0) > 0 && !isEndFar(place, slots: slots)
            && EndOfWork.isWorthTrying(trainings: jobs.heap.count, slots: slots)
    }

    /// Costs of all trainings that are queued, the longest first; nil while the end is far, or they are too many to try what
    /// would become of them.
    /// - Parameter given: attempts that wait on hosts.
    func lastTrainings(beside given: Int, slots: Int) -> [Double]? {
        let trainings = queues.filter(\.kind.isTraining)
        let count = trainings.reduce(given) { $0 + $1.jobs.heap.count }
        guard EndOfWork.isWorthTrying(trainings: count, slots: slots) else { return nil }
        let costs = trainings.flatMap(\.jobs.heap).map(\.cost).sorted(by: >)
        let isFar = costs.reduce(0, +) >= Self.farFromEnd * Double(slots) * (costs.first ?? 0)
        return isFar && !costs.isEmpty ? nil : costs
    }

    private func isEndFar(_ place: Int, slots: Int) -> Bool {
        queues[place].jobs.cost >= Self.farFromEnd * Double(slots) * (queues[place].jobs.first?.cost ?? 0)
    }

    /// Removes and returns the most urgent entry of the queues at these places; nil when they are empty. Where that is a
    /// training, a shorter one that does no harm goes before it: where the end is near and known the shortest that leaves it
    /// where it is, and while there is much more work than so many slots could be left with at the end, the shorter of two
    /// that are drawn, for what comes first of a large grid is to be a sample of it.
    mutating func popFirst(of places: [Int], slots: Int, draw: UInt64, end: EndOfWork?) -> ReadyQueue.Entry? {
        guard let place = mostUrgent(of: places), let first = queues[place].jobs.first else { return nil }
        if first.faults == 0, first.cost > 0 {
            var early: ReadyQueue.Entry?
            if let end {
                early = queues[place].jobs.popEarly(leaving: end)
            } else if isEndFar(place, slots: slots) {
                early = queues[place].jobs.popEarly(draw: draw)
            }
            if let early { return early }
        }
        return queues[place].jobs.popFirst()
    }
}
