import JobContract
import SweepModel

/// A host as scheduling goes on.
struct HostState {
    enum Link: Hashable {
        case connected
        case silent(Silence)
    }

    /// What is known of a host while it does not answer.
    struct Silence: Hashable {
        let since: Instant
        /// Once one was reported.
        var failure: HostFailure?
        /// Seconds that earlier coordinators listened for it in vain: they count towards the end of its leases.
        var before = 0.0
        /// How much of its silence is recorded.
        var recorded = 0.0
        /// When the transport tries to reach it again, and the longest such wait that people heard of.
        var nextTry: Instant?
        var toldWait = 0.0
        /// Whether it has already cost it its leases.
        var leasesExpired = false

        func seconds(at now: Instant) -> Double { before + now.seconds(since: since) }
    }

    enum Standing: Hashable, Sendable {
        case usable
        case resting(until: Instant)
        /// Gets no more jobs until this attempt has shown whether the worker runs there at all.
        case probing(AttemptNumber)
        /// Gets no more jobs in this run.
        case unusable(reason: String)
    }

    /// How many attempts it may hold, of all and of some kinds.
    struct Tally: Hashable {
        var all = 0
        var cancelling = 0
        /// The attempts that serve sweeps of this run only.
        var ours = 0

        static func += (a: inout Tally, b: Tally) {
            a.all += b.all
            a.cancelling += b.cancelling
            a.ours += b.ours
        }

        static func -= (a: inout Tally, b: Tally) {
            a.all -= b.all
            a.cancelling -= b.cancelling
            a.ours -= b.ours
        }
    }

    /// A job that failed soon after its start.
    struct QuickFailure: Hashable, Sendable {
        var attempt: AttemptNumber
        var reason: String
    }

    let spec: HostSpec
    /// Whether the hosts file names it; otherwise it is only remembered for attempts it may hold.
    let isListed: Bool
    /// Its place among the hosts.
    let index: Int
    var link: Link
    var standing: Standing = .usable
    /// What it said when it connected in this run.
    var facts: HostFacts?
    /// What it said in an earlier one.
    var remembered: HostFacts?
    /// `Training.cost` that one slot does in a second; nil while no training was seen.
    var pace: Double?
    /// As the catalogue has it.
    var recordedPace: Double?
    /// Refusals and host faults since the last success.
    var strikes = 0
    /// When it last told of a damaged file in its store.
    var damagedAt: Instant?
    /// The jobs that failed quickly since the last success, each once.
    var quickFailures: [Int: QuickFailure] = [:]
    /// Since a probe passed, quick failures are the jobs' own until then.
    var vouchedUntil: Instant?
    /// Whether it was drained for quick failures: others there are not held against the jobs either.
    var isSuspect = false
    /// Numbers not given yet that it says it holds: a coordinator on a copy of this catalogue gave them, or nobody did.
    var claimed: Set<AttemptNumber> = []

    /// Attempts that run there though they are over here: they are told to stop, and until then have their memory. A host
    /// that does not tell of their end in time is not believed.
    struct Strays: Hashable {
        var attempts: Set<AttemptNumber>
        let until: Instant
    }
    var strays: Strays?

    /// Its slots as the last survey counted them: of a host that answers, and of one that may still come.
    struct CountedSlots: Hashable { var usable = 0, toCome = 0 }
    var counted = CountedSlots()

    /// GPUs that every job of the run needs.
    var leastGPUs = 0
    /// The allocation with which the host comes and goes, where it is a seat of a queue; nil: it is the user's own.
    var seat: SeatState?

    /// Attempts it may hold.
    private(set) var attempts: Set<AttemptNumber> = []
    private(set) var tally = Tally()
    /// Attempts that have not begun, as far as is known, and how long they would take one slot, in seconds.
    private(set) var waiting = 0
    private(set) var waitingSeconds = 0.0
    /// How many of those take a time that nobody knows, so that it is guessed.
    private(set) var waitingUnknown = 0
    /// The trainings among them.
    private(set) var waitingTrainings: Set<AttemptNumber> = []
    /// How many of its attempts need so much memory.
    private var memoryHeld: [Int: Int] = [:]
    /// GPUs of its attempts, were they all at work.
    private var gpusHeld = 0

    init(spec: HostSpec, isListed: Bool, index: Int, link: Link, standing: Standing = .usable) {
        self.spec = spec
        self.isListed = isListed
        self.index = index
        self.link = link
        self.standing = standing
        if spec.seat != nil { seat = SeatState() }
    }

    var isConnected: Bool { link == .connected }
    /// Nil while it answers.
    var silence: Silence? { if case .silent(let silence) = link { silence } else { nil } }

    /// Changes the host's silence; it must be silent.
    mutating func note(_ change: (inout Silence) -> Void) {
        guard case .silent(var silence) = link else { preconditionFailure("\(spec.name) answers") }
        change(&silence)
        link = .silent(silence)
    }

    /// Takes an attempt that has ended out of the strays. Returns false where it was none of them.
    mutating func losesStray(_ number: AttemptNumber) -> Bool {
        guard strays?.attempts.remove(number) != nil else { return false }
        if strays?.attempts.isEmpty == true { strays = nil }
        return true
    }

    var isUnusable: Bool { if case .unusable = standing { true } else { false } }
    /// Whether it may get jobs now.
    var isReady: Bool { isConnected && standing == .usable && seat?.isLeaving != true }

    /// Attempts that it runs at a time.
    var slots: Int {
        let cores = (facts ?? remembered)?.cores ?? spec.seat?.settings.cores ?? 1
        let slots = spec.slots ?? cores / max(1, spec.threads)
        guard leastGPUs > 0, let places = gpuPlaces else { return max(1, slots) }
        return max(1, min(slots, places / leastGPUs))
    }
    /// GPUs that attempts may have; nil while unknown.
    private var gpus: Int? {
        guard let choice = spec.gpus else { return 0 }
        if let gpus = (facts ?? remembered)?.gpus { return gpus.count { $0.setAside == nil } }
        return switch choice {
        case .all: nil
        case .first(let count): count
        case .named(let names): names.count
        }
    }
    private var gpuPlaces: Int? { gpus.map { $0 * spec.jobsPerGPU } }
    /// Bytes; nil while unknown.
    var memory: Int? { spec.memory ?? (facts ?? remembered)?.memory }
    /// Attempts for which it has no slot.
    var backlog: Int { max(0, attempts.count - slots) }
    /// Seconds, as predicted, that its backlog would take all its slots.
    var load: Double {
        waiting == 0 ? 0 : waitingSeconds / Double(slots) * Double(min(backlog, waiting)) / Double(waiting)
    }

    /// Whether the host could ever run the job. Memory and GPUs it has not told of count as enough.
    func suits(_ needs: JobNeeds) -> Bool {
        guard needs.tags.isSubset(of: spec.tags), needs.gpus <= gpus ?? .max else { return false }
        guard let wanted = needs.memory, let memory else { return true }
        return wanted <= memory
    }

    /// Whether its memory holds one more such job whatever runs beside it: the host starts what it was given as its
    /// slots become free, so of all that it holds any `slots` may run at once.
    func hasRoom(for needs: JobNeeds) -> Bool {
        // Where jobs without GPUs have slots too, as many may wait for GPUs as have them.
        if needs.gpus > 0, leastGPUs == 0, let places = gpuPlaces, gpusHeld + needs.gpus > 2 * places { return false }
        guard let wanted = needs.memory, let memory else { return true }
        let strayCount = strays?.attempts.count ?? 0
        var beside = slots - 1
        var taken = Double(wanted)
        // What a stray needs is not known: it may be as much as any.
        taken += Double(max(wanted, memoryHeld.keys.max() ?? 0)) * Double(min(strayCount, beside))
        beside -= strayCount
        for (need, count) in memoryHeld.sorted(by: { $0.key > $1.key }) where beside > 0 {
            taken += Double(need) * Double(min(count, beside))
            beside -= count
        }
        return taken <= Double(memory)
    }

    mutating func add(_ attempt: AttemptState) {
        attempts.insert(attempt.number)
        tally += attempt.tally
        hold(attempt.memory, gpus: attempt.gpus)
        if attempt.waits { countWaiting(attempt, by: 1) }
    }

    /// Counts the memory and the GPUs of one more job.
    mutating func hold(_ memory: Int?, gpus: Int) {
        gpusHeld += gpus
        if let memory { memoryHeld[memory, default: 0] += 1 }
    }

    mutating func drop(_ attempt: AttemptState) {
        attempts.remove(attempt.number)
        tally -= attempt.tally
        gpusHeld -= attempt.gpus
        if let memory = attempt.memory {
            memoryHeld[memory, default: 0] -= 1
            if memoryHeld[memory] == 0 { memoryHeld[memory] = nil }
        }
        if attempt.waits { countWaiting(attempt, by: -1) }
    }

    /// One of its attempts does not wait any more.
    mutating func beginOne(_ attempt: AttemptState) { countWaiting(attempt, by: -1) }
    mutating func cancelOne() { tally.cancelling += 1 }

    private mutating func countWaiting(_ attempt: AttemptState, by sign: Int) {
        waiting += sign
        waitingSeconds += Double(sign) * (attempt.predicted ?? SchedulingPolicy.guessedSeconds)
        if attempt.predicted == nil { waitingUnknown += sign }
        if attempt.record.kind == .train {
            if sign > 0 { waitingTrainings.insert(attempt.number) } else { waitingTrainings.remove(attempt.number) }
        }
        // Rounding may have left a rest.
        if waiting == 0 { waitingSeconds = 0 }
    }
}
