import Coordination
import JobContract
import SweepModel

/// Hosts that only keep time. Every job says every five seconds how far it is, reaches four milestones in 20 to 60 minutes
/// and ends. The clock jumps to the next report, so what a run costs is the coordinator's own work; progress is read from
/// its wire form, as a connection reads it.
final class BenchFleet: Fleet, Inbox, AwakeClock {
    private enum Step { case connect(HostName), run(AttemptNumber, event: Int), progress(AttemptNumber) }
    private struct Job {
        var order: StartOrder
        var host: HostName
        var interval: Double
    }
    private struct Host {
        var free: Int
        var backlog: [AttemptNumber] = []
    }

    /// Reports given so far.
    private(set) var reports = 0
    private(set) var running = 0
    private var clock = 0.0
    /// Steps by hundredths of a second; those of one are performed from the last to the first.
    private var agenda: [Int: [Step]] = [:]
    private var tick = 0
    private var jobs: [AttemptNumber: Job] = [:]
    private var hosts: [HostName: Host] = [:]
    private var waiting: [CoordinatorInput] = []
    private let line = Array(
        #"{"event":"progress","done":3000,"of":12800,"unit":"steps","rate":121.5,"loss":0.125}"#.utf8)
    private let weights = OutputFile(path: "weights", digest: Digest(of: "weights".utf8), bytes: 2)

    init(hosts names: [HostName], slots: Int) {
        for (index, name) in names.enumerated() {
            hosts[name] = Host(free: slots)
            plan(.connect(name), after: Double(index) * 0.01)
        }
    }

    var seconds: Double { clock }
    func now() -> Instant { Instant(nanoseconds: Int64(clock * 1e9)) }

    func send(_ command: HostCommand, to host: HostName) {
        guard case .start(let order) = command else { return }
        jobs[order.attempt] = Job(
            order: order, host: host, interval: 300 + Double(order.attempt.value * 7919 % 600))
        waiting.append(.host(host, .accepted(order.attempt)))
        hosts[host]?.backlog.append(order.attempt)
        startNext(on: host)
    }

    func nextWaiting() -> CoordinatorInput? { waiting.isEmpty ? nil : give(waiting.removeFirst()) }

    func next(before deadline: Instant?) -> CoordinatorInput {
        while true {
            if let input = nextWaiting() { return input }
            while agenda[tick]?.isEmpty != false {
                agenda[tick] = nil
                if let deadline, Double(tick) / 100 > Double(deadline.nanoseconds) / 1e9 {
                    clock = max(clock, Double(deadline.nanoseconds) / 1e9)
                    return .timeout
                }
                tick += 1
            }
            clock = max(clock, Double(tick) / 100)
            if let step = agenda[tick]?.popLast() { perform(step) }
        }
    }

    private func give(_ input: CoordinatorInput) -> CoordinatorInput {
        reports += 1
        return input
    }

    private func plan(_ step: Step, after delay: Double) {
        agenda[max(tick, Int((clock + delay) * 100)), default: []].append(step)
    }

    private func startNext(on name: HostName) {
        guard let host = hosts[name], host.free > 0, let attempt = host.backlog.first else { return }
        hosts[name]?.backlog.removeFirst()
        hosts[name]?.free -= 1
        running += 1
        plan(.run(attempt, event: 0), after: 0.05)
        plan(.progress(attempt), after: 5 * Double(attempt.value % 100) / 100)
    }

    private func perform(_ step: Step) {
        switch step {
        case .connect(let name):
            let facts = HostFacts(
                machine: name, boot: "b", cores: 64, memory: 1 << 38, cpu: "simulated", free: 1 << 40)
            waiting.append(.host(name, .connected(facts, held: [])))
        case .progress(let attempt):
            guard let job = jobs[attempt] else { return }
            if case .progress(let progress)? = WorkerEvent(line: line) {
                waiting.append(.host(job.host, .progress(attempt, progress)))
            }
            plan(.progress(attempt), after: 5)
        case .run(let attempt, let event):
            guard let job = jobs[attempt] else { return }
            run(job, attempt, event)
        }
    }

    private func run(_ job: Job, _ attempt: AttemptNumber, _ event: Int) {
        guard case .train(let task) = job.order.description.task else { return }
        func tell(_ event: WorkerEvent, _ end: Int) {
            waiting.append(.host(job.host, .event(attempt, event, end: end)))
        }
        if event == 0 {
            waiting.append(.host(job.host, .running(attempt)))
            tell(.started(.init(contract: 1, worker: "noop", numerics: 1, build: "1", cpu: "", kernels: "")), 100)
        } else if event <= task.milestones.count {
            tell(
                .checkpoint(
                    .init(
                        steps: task.milestones[event - 1], milestone: true, weights: weights, state: nil,
                        parameters: 1, losses: [.init(steps: 1, mean: 0.5)], seconds: 1)), 100 + event)
        } else {
            tell(.finished, 1000)
            waiting.append(.host(job.host, .ended(attempt, .exited(code: 0), diagnostics: "")))
            jobs[attempt] = nil
            running -= 1
            hosts[job.host]?.free += 1
            return startNext(on: job.host)
        }
        plan(.run(attempt, event: event + 1), after: event == task.milestones.count ? 1 : job.interval)
    }
}
