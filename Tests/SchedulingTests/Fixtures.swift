import JobContract
import Scheduling
import SweepModel

extension TrainingID {
    static func named(_ name: String) -> TrainingID { TrainingID(Digest(of: "training \(name)".utf8)) }
}

extension TrialID {
    static func named(_ name: String, _ steps: Int) -> TrialID { TrialID(Digest(of: "trial \(name) \(steps)".utf8)) }
}

extension Digest {
    static func named(_ name: String) -> Digest { Digest(of: name.utf8) }
}

extension MeasureRequest {
    static func named(_ name: String) -> MeasureRequest { MeasureRequest(measure: name, version: 1, parameters: [:]) }
}

/// Sweeps of a few lines: trainings by name with their lengths.
func sweep(
    _ lengths: KeyValuePairs<String, [Int]>, measures: [String] = [], needs: JobNeeds = JobNeeds()
) -> ExpandedSweep {
    sweep(lengths.map { ($0.key, $0.value) }, measures: measures, needs: needs)
}

func sweep(
    _ lengths: [(String, [Int])], measures: [String] = [], needs: JobNeeds = JobNeeds()
) -> ExpandedSweep {
    var trainings: [TrainingID: Training] = [:]
    var trials: [Trial] = []
    for (name, steps) in lengths {
        let id = TrainingID.named(name)
        trainings[id] = Training(
            id: id, spec: ["training.batch": 32, "worker.name": "test", "worker.numerics": 2])
        trials += steps.map {
            Trial(id: .named(name, $0), training: id, steps: $0, position: trials.count, asked: [:])
        }
    }
    return ExpandedSweep(
        name: "test", about: "", text: "", overrides: [], trials: trials, trainings: trainings, datasets: [:],
        measures: measures.map(MeasureRequest.named), needs: needs, worker: WorkerCommand())
}

/// A scheduler with a clock that the test turns; checks the invariants after every event.
struct Bench {
    var scheduler: Scheduler
    var seconds = 0.0
    /// All actions since the last look.
    var actions: [Action] = []
    private var offsets: [AttemptNumber: Int] = [:]
    private var issued: [AttemptNumber: JobID] = [:]
    private var introduced: Set<AttemptNumber> = []

    init(
        _ sweeps: ExpandedSweep..., hosts: [HostSpec] = [.test("a")], holdings: Holdings = Holdings(),
        drained: [HostName: String] = [:], checks: [String: String] = [:],
        policy: SchedulingPolicy = SchedulingPolicy(),
        handover: Handover = Handover(), at seconds: Double = 0
    ) {
        self.seconds = seconds
        let now = Instant(nanoseconds: Int64(seconds * 1e9))
        scheduler = Scheduler(
            graph: JobGraph(sweeps: sweeps, holdings: holdings), holdings: holdings, hosts: hosts, drained: drained,
            checks: checks, firstAttempt: AttemptNumber(1), policy: policy, handover: handover, at: now)
        for record in holdings.openAttempts { issued[record.attempt] = record.job }
        actions = scheduler.firstActions(at: now)
    }

    var handover: Handover { scheduler.handover(at: now) }

    private var now: Instant { Instant(nanoseconds: Int64(seconds * 1e9)) }

    mutating func send(_ event: CoordinatorInput) {
        let new = scheduler.handle(event, at: now)
        for case .start(let assignment) in new { issued[assignment.attempt] = assignment.job }
        actions += new
    }

    /// An attempt as its host holds it; its job is an unknown one where the number was never given.
    func held(_ attempt: Int, _ state: HeldAttempt.State) -> HeldAttempt {
        let number = AttemptNumber(attempt)
        return HeldAttempt(attempt: number, job: issued[number] ?? JobID(.named("unknown")), state: state)
    }

    mutating func report(_ host: HostName, _ report: HostReport) { send(.host(host, report)) }

    mutating func connect(
        _ host: HostName, held: [HeldAttempt] = [], machine: String? = nil, boot: String = "1", memory: Int = 1 << 40
    ) {
        let facts = HostFacts(
            machine: machine ?? host, boot: boot, cores: 4, memory: memory, cpu: "test", free: 1 << 40)
        report(host, .connected(facts, held: held))
    }

    mutating func disconnect(_ host: HostName, _ kind: HostFailure.Kind = .unreachable) {
        report(host, .disconnected(HostFailure(kind, "gone")))
    }

    /// A worker's event; before its first result the worker says what it is, unless it has, or is not `introducing` itself.
    mutating func event(_ host: HostName, _ attempt: Int, _ event: WorkerEvent, introducing: Bool = true) {
        let number = AttemptNumber(attempt)
        switch event {
        case .started: introduced.insert(number)
        case .checkpoint, .measure:
            guard introducing, !introduced.contains(number) else { break }
            self.event(host, attempt, .started(.test))
        default: break
        }
        offsets[number, default: 0] += 10
        report(host, .event(number, event, end: offsets[number] ?? 0))
    }

    mutating func run(_ host: HostName, _ attempt: Int) {
        report(host, .accepted(AttemptNumber(attempt)))
        report(host, .running(AttemptNumber(attempt)))
    }

    mutating func milestone(_ host: HostName, _ attempt: Int, _ steps: Int, seconds: Double = 1) {
        let file = OutputFile(path: "f", digest: .named("weights \(steps)"), bytes: 1)
        event(
            host, attempt,
            .checkpoint(
                .init(
                    steps: steps, milestone: true, weights: file, state: file, parameters: 1, seconds: seconds)))
    }

    /// Reports a measure of the checkpoint that `milestone` reports at `steps`.
    mutating func measured(
        _ host: HostName, _ attempt: Int, _ trial: TrialID, _ name: String, steps: Int = 10
    ) {
        event(
            host, attempt,
            .measure(
                .init(
                    trial: trial, request: .named(name), checkpoint: .named("weights \(steps)"), rows: [],
                    artifacts: [],
                    seconds: 1)))
    }

    mutating func finish(_ host: HostName, _ attempt: Int) {
        event(host, attempt, .finished)
        end(host, attempt, .exited(code: 0))
    }

    mutating func end(_ host: HostName, _ attempt: Int, _ end: AttemptEnd) {
        report(host, .ended(AttemptNumber(attempt), end, diagnostics: ""))
    }

    mutating func wait(_ seconds: Double) {
        self.seconds += seconds
        send(.timeout)
    }

    /// The assignments made since the last call. Forgets all other actions.
    mutating func starts() -> [Assignment] {
        defer { actions = [] }
        return actions.compactMap { if case .start(let assignment) = $0 { assignment } else { nil } }
    }

    var changes: [CatalogueChange] {
        actions.compactMap { if case .record(let change) = $0 { change } else { nil } }
    }

    var cancels: [Int] {
        actions.compactMap { if case .cancel(let attempt, _) = $0 { attempt.value } else { nil } }
    }

    var revokes: [Int] {
        actions.compactMap { if case .revoke(let attempt, _) = $0 { attempt.value } else { nil } }
    }

    func outcome(of attempt: Int) -> AttemptOutcome? {
        for case .attemptEnded(AttemptNumber(attempt), let outcome) in changes { return outcome }
        return nil
    }
}

extension HostSpec {
    static func test(_ name: String, slots: Int = 1, memory: Int? = nil, tags: Set<String> = []) -> HostSpec {
        HostSpec(name: name, transport: .libssh, slots: slots, memory: memory, tags: tags)
    }
}

extension Assignment {
    var milestones: [Int] { if case .train(let task)? = task { task.milestones } else { [] } }
    var resume: ResumePoint? { if case .train(let task)? = task { task.resume } else { nil } }
    var measured: TrialID? { if case .measure(let task)? = task { task.trial } else { nil } }
}

extension WorkerEvent.Started {
    /// What the worker that the fixtures' trainings are named with says of itself.
    static var test: WorkerEvent.Started {
        .init(contract: ContractVersion.current, worker: "test", numerics: 2, build: "", cpu: "", kernels: "")
    }
}
