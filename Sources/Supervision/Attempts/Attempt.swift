import Glibc
import JobContract

/// One attempt this agent knows.
final class Attempt {
    let order: AgentOrder
    /// The boot of the machine in which it was ordered.
    let boot: String
    let directory: AttemptDirectory
    var state: HeldAttempt.State = .backlog
    /// Where in the journal its order ends, until that is durable: only then it is accepted and may start.
    var awaitedPlace: Int?
    /// The worker, once it runs and the journal tells of it.
    var identity: ProcessIdentity?
    /// The worker's process when this very agent started it: the number is nobody else's until it was waited for.
    var child: pid_t?
    /// Why it was asked to stop, if it was, and when what does not is ended.
    var stopReason: StopReason?
    var killAt: Double?
    var releaseAtEnd = false

    /// Reads what the worker says; begins again at what was acknowledged whenever a coordinator comes.
    var reader: EventFollower
    /// What is reported in place of the event that ends at an offset.
    var problems: [Int: WorkerEvent.Failed] = [:]
    var complained = false
    var spool = SpoolMeter()
    /// Why it is stopped, told in place of the next line that need not be kept.
    var flood: String?
    /// When its progress was last told, in monotonic seconds.
    var progressToldAt = -Double.infinity
    /// Files of events up to this byte were taken into the store by this agent.
    var adoptedUpTo = 0
    /// Full states the worker left, with the offset behind their events: those from the last acknowledged on.
    var states: [(end: Int, digest: Digest)] = []

    private(set) var acknowledged = 0
    /// Told and not acknowledged: offset behind the event, and its size.
    private var unacknowledged: [(end: Int, bytes: Int)] = []
    private var unacknowledgedBytes = 0
    /// Whether the connected coordinator has heard of its end.
    var endTold = false

    init(order: AgentOrder, boot: String, directory: AttemptDirectory) {
        self.order = order
        self.boot = boot
        self.directory = directory
        reader = EventFollower(path: directory.events, from: 0)
    }

    var number: AttemptNumber { order.attempt }
    var held: HeldAttempt { HeldAttempt(attempt: number, job: order.job, state: state) }
    var isRunning: Bool { state == .running }
    var isOver: Bool { if case .ended = state { true } else { false } }

    /// Sends a signal to the worker's process group while the worker runs.
    func signalGroup(_ signal: Int32) {
        if let child { kill(-child, signal) } else { identity?.signalGroup(signal) }
    }

    /// Begins to tell a new coordinator from what was acknowledged.
    func tellFromAcknowledged() {
        reader = EventFollower(path: directory.events, from: acknowledged)
        unacknowledged = []
        unacknowledgedBytes = 0
        endTold = false
    }

    /// Whether more may be told before something is acknowledged.
    var hasWindow: Bool { unacknowledged.count < 4096 && unacknowledgedBytes < 8 << 20 }

    func told(_ bytes: Int, upTo end: Int) {
        unacknowledged.append((end, bytes))
        unacknowledgedBytes += bytes
    }

    /// The coordinator has recorded all events up to this byte. Returns whether that is news.
    func acknowledge(_ offset: Int) -> Bool {
        guard offset > acknowledged, offset <= reader.position else { return false }
        acknowledged = offset
        let count = unacknowledged.prefix { $0.end <= offset }.count
        unacknowledgedBytes -= unacknowledged.prefix(count).reduce(0) { $0 + $1.bytes }
        unacknowledged.removeFirst(count)
        if !problems.isEmpty { problems = problems.filter { $0.key > offset } }
        return true
    }

    /// Forgets, and returns, the states that a later acknowledged one supersedes.
    func takeSupersededStates() -> [Digest] {
        let acknowledged = states.prefix { $0.end <= self.acknowledged }
        let superseded = acknowledged.dropLast().map(\.digest)
        states.removeFirst(superseded.count)
        return superseded
    }

    /// As an earlier agent left it.
    func restore(acknowledged offset: Int) {
        acknowledged = offset
        tellFromAcknowledged()
    }
}
