import JobContract

/// One attempt this agent knows.
final class Attempt {
    let order: AgentOrder
    let directory: AttemptDirectory
    var state: AgentAttempt.State
    /// The worker, while it runs; `isChild` when this very agent started it.
    var identity: ProcessIdentity?
    var isChild = false
    /// When what was asked to stop is stopped.
    var killAt: Double?
    var releaseAtEnd = false

    /// Reads ahead of any connection and takes named files into the store.
    let taker: EventFollower
    /// What is reported in place of the event that ends at an offset.
    var problems: [Int: WorkerEvent.Failed] = [:]
    var complained = false
    /// Full states the worker left, with the offset behind their events: those from the last acknowledged on.
    var states: [(end: Int, digest: Digest)] = []
    /// The last word of the worker: finished, paused or failed.
    var lastWord: WorkerEvent?

    var acknowledged: Int
    /// Follows what the connected coordinator was told; nil without one.
    var teller: EventFollower?
    /// Told and not acknowledged: offset behind the event, and its size.
    var unacknowledged: [(end: Int, bytes: Int)] = []
    var endTold = false

    init(order: AgentOrder, directory: AttemptDirectory, state: AgentAttempt.State) {
        self.order = order
        self.directory = directory
        self.state = state
        acknowledged = directory.acknowledged
        taker = EventFollower(path: directory.events, from: acknowledged)
    }

    var number: AttemptNumber { order.attempt }
    var held: AgentAttempt { AgentAttempt(attempt: number, job: order.description.job, state: state) }
    var isRunning: Bool { state == .running }
    var isOver: Bool { if case .ended = state { true } else { false } }

    /// Begins to tell a new coordinator from what was acknowledged.
    func tellFromAcknowledged() {
        teller = EventFollower(path: directory.events, from: acknowledged)
        unacknowledged = []
        endTold = false
    }

    func acknowledge(_ offset: Int) {
        guard offset > acknowledged, offset <= taker.position else { return }
        acknowledged = offset
        // Losing this only means telling again what the coordinator knows already.
        try? directory.write(acknowledged: offset)
        unacknowledged.removeAll { $0.end <= offset }
        problems = problems.filter { $0.key > offset }
    }

    /// Forgets, and returns, the states that a later acknowledged one supersedes.
    func takeSupersededStates() -> [Digest] {
        let acknowledged = states.prefix { $0.end <= self.acknowledged }
        let superseded = acknowledged.dropLast().map(\.digest)
        states.removeFirst(superseded.count)
        return superseded
    }
}
