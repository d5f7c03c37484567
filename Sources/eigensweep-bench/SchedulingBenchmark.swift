import JobContract
import Scheduling
import SweepModel

/// A large fleet that works through many jobs, to see what events cost the scheduler, for `eigensweep-bench`. Whoever
/// runs it holds the clock.
struct SchedulingBenchmark {
    private var scheduler: Scheduler
    private let names: [HostName]
    private let slots: Int
    private var waiting: [[AttemptNumber]]
    /// Attempts that run, in the order of their next reports, and the step that each has reached.
    private var running: [(host: Int, attempt: AttemptNumber, step: Int)] = []
    private var next = 0
    private var busy: [Int]
    private var nanoseconds: Int64 = 0
    private var places: [HostName: Int] = [:]
    private let weights = OutputFile(path: "w", digest: Digest(of: "weights".utf8), bytes: 1)
    private(set) var events = 0

    /// Connects `hosts` of `slots` each and gives them the first of `jobs` trainings.
    init(hosts: Int = 1000, slots: Int = 10, jobs: Int = 60_000) {
        self.slots = slots
        names = (0..<hosts).map { "host\($0)" }
        waiting = Array(repeating: [], count: hosts)
        busy = Array(repeating: 0, count: hosts)
        let sweep = Self.sweep(jobs)
        scheduler = Scheduler(
            graph: JobGraph(sweeps: [sweep], holdings: Holdings()), holdings: Holdings(),
            hosts: names.map { HostSpec(name: $0, transport: .ssh, slots: slots) }, firstAttempt: AttemptNumber(1),
            policy: SchedulingPolicy(), at: Instant(nanoseconds: 0))
        for (place, name) in names.enumerated() { places[name] = place }
        perform(scheduler.firstActions(at: Instant(nanoseconds: 0)))
        for name in names {
            let facts = HostFacts(machine: name, boot: "1", cores: slots, memory: 1 << 36, cpu: "c", free: 1 << 40)
            report(name, .connected(facts, held: []))
        }
    }

    private static func sweep(_ jobs: Int) -> ExpandedSweep {
        var trainings: [TrainingID: Training] = [:]
        let trials = (0..<jobs).map { index in
            let training = TrainingID(Digest(of: "training \(index)".utf8))
            trainings[training] = Training(id: training, spec: ["training.batch": 32, "model.scale": 8])
            return Trial(
                id: TrialID(Digest(of: "trial \(index)".utf8)), training: training, steps: 1000, position: index,
                asked: [:])
        }
        return ExpandedSweep(
            name: "benchmark", about: "", text: "", overrides: [], trials: trials, trainings: trainings, datasets: [:],
            measures: [], needs: JobNeeds(), worker: WorkerCommand())
    }

    /// Reports so many events of running jobs, one after the other; fewer if the jobs run out.
    mutating func run(events wanted: Int) {
        let goal = events + wanted
        while events < goal, next < running.count {
            let (host, attempt, step) = running[next]
            next += 1
            if next > 100_000 {
                running.removeFirst(next)
                next = 0
            }
            tell(step, of: attempt, on: host)
        }
    }

    private mutating func tell(_ step: Int, of attempt: AttemptNumber, on host: Int) {
        let name = names[host]
        switch step {
        case 0:
            report(name, .running(attempt))
            let started = WorkerEvent.Started(
                contract: ContractVersion.current, worker: "eigensweep-worker", numerics: 1, build: "1", cpu: "",
                kernels: "")
            report(name, .event(attempt, .started(started), end: 10))
        case 1, 2, 3:
            report(name, .progress(attempt, .init(done: step * 250, of: 1000, unit: "steps", rate: 10)))
        case 4:
            let checkpoint = WorkerEvent.Checkpoint(
                steps: 1000, milestone: true, weights: weights, state: nil, parameters: 1, seconds: 100)
            report(name, .event(attempt, .checkpoint(checkpoint), end: 100))
        case 5: report(name, .event(attempt, .finished, end: 110))
        default:
            busy[host] -= 1
            report(name, .ended(attempt, .exited(code: 0), diagnostics: ""))
            return fillSlots(on: host)
        }
        running.append((host, attempt, step + 1))
    }

    private mutating func fillSlots(on host: Int) {
        while busy[host] < slots, !waiting[host].isEmpty {
            busy[host] += 1
            running.append((host, waiting[host].removeFirst(), 0))
        }
    }

    private mutating func report(_ name: HostName, _ report: HostReport) {
        events += 1
        // Ten thousand jobs with a word every five seconds.
        nanoseconds += 500_000
        perform(scheduler.handle(.host(name, report), at: Instant(nanoseconds: nanoseconds)))
    }

    private mutating func perform(_ actions: [Action]) {
        for case .start(let assignment) in actions {
            guard let host = places[assignment.host] else { continue }
            waiting[host].append(assignment.attempt)
            report(assignment.host, .accepted(assignment.attempt))
            fillSlots(on: host)
        }
    }
}
