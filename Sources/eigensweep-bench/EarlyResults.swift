import ArgumentParser
import Foundation
import JobContract
import Scheduling
import SweepFiles
import SweepModel

extension EigensweepBench {
    struct EarlyResults: ParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "early-results",
            abstract:
                "When results come of a simulated fleet: agents begin what waits in its turn, or the oldest first.")
        @Option(help: "Shares of all work that measures are, in percent.") var measures = [5, 13, 20]

        func run() throws {
            print("hosts × slots  trials  measures  half of the results at  whole run beside work ÷ slots")
            for fleet in [(1, 2, Self.demo), (1, 8, Self.sizes), (1, 32, Self.sizes), (40, 8, Self.seeds)] {
                for share in measures {
                    for inTurn in [false, true] {
                        let played = try PlayedSweep(
                            fleet.2, hosts: fleet.0, slots: fleet.1, share: share, inTurn: inTurn)
                        let ends = played.ends.sorted()
                        let whole = ends.last ?? 0
                        let cells = [
                            "\(fleet.0) × \(fleet.1)", "\(ends.count)", "\(share) %",
                            Self.text(ends[(ends.count - 1) / 2] / whole), Self.text(whole / played.least),
                            inTurn ? "in turn" : "oldest first",
                        ]
                        print(
                            zip(cells, [15, 8, 10, 24, 8, 0]).map {
                                $0.padding(toLength: max($1, $0.count), withPad: " ", startingAt: 0)
                            }.joined())
                    }
                }
            }
        }

        private static func text(_ value: Double) -> String { "\((value * 100).rounded() / 100)" }

        /// The grid of sweeps/demo.yaml.
        private static let demo = """
            grid:
              dataset.size: [16, 128, 1024]
              model.scale: [4, 8]
              training.images: [16384, 40960]
            """
        private static let sizes = """
            grid:
              dataset.size: {geometric: {from: 8, to: 1024, factor: 2}}
              model.scale: [4, 8, 16]
              training.images: {geometric: {from: 8192, to: 262144, factor: 2}}
              seed: {range: [0, 3]}
            """
        private static let seeds = """
            grid:
              dataset.size: [64]
              model.scale: [4, 8]
              training.images: [16384, 65536]
              seed: {range: [0, 2000]}
            """
    }
}

/// A sweep as hosts of one speed would do it that lose no time: a training's time is its cost, a trial's measures take one
/// time each.
private final class PlayedSweep {
    private enum Step { case begun, milestone(Int), measured(Int), finished, ended }
    private struct Attempt { let assignment: Assignment, begunAt: Double }
    private struct Due: Comparable {
        let time: Double, order: Int, host: HostName, attempt: AttemptNumber, step: Step
        static func < (a: Self, b: Self) -> Bool { (a.time, a.order) < (b.time, b.order) }
        static func == (a: Self, b: Self) -> Bool { a.order == b.order }
    }

    /// When each trial had its last result.
    private(set) var ends: [Double] = []
    /// Seconds that the fleet would take were no slot ever idle.
    let least: Double
    private let inTurn: Bool
    private let slots: Int
    private let sweep: ExpandedSweep
    private static let meanSeconds = 100.0
    private let measureSeconds: Double
    /// Cost that a slot trains in a second.
    private let pace: Double
    private var scheduler: Scheduler
    private var clock = 0.0
    private var agenda: [Due] = []
    private var order = 0
    private var running: [HostName: Int] = [:]
    private var waiting: [HostName: [Assignment]] = [:]
    private var attempts: [AttemptNumber: Attempt] = [:]
    private let file = OutputFile(path: "w", digest: Digest(of: "weights".utf8), bytes: 1)

    init(_ grid: String, hosts: Int, slots: Int, share: Int, inTurn: Bool) throws {
        self.inTurn = inTurn
        self.slots = slots
        let text = """
            name: early
            dataset: {source: geometric, resolution: 16, channels: 1, count: 2048, held_out: 256}
            model: {multipliers: [2, 2], blocks: 2, attention: [8]}
            training: {batch: 32}
            \(grid)
            measures: [nothing]
            worker: {command: [./noop]}
            """
        sweep = try SweepFile(text: text, file: "early.yaml").expand(worker: FleetJobs.worker()) { _ in
            DatasetIdentity(keys: ["dataset.generator": "geometric", "dataset.generator_version": 1], images: 2048)
        }.sweep
        let graph = JobGraph(sweeps: [sweep], holdings: Holdings())
        var cost = 0.0
        for job in graph.jobs {
            guard case .train(let milestones) = job.work, let last = milestones.last else { continue }
            cost += Double(last.steps) * (sweep.trainings[job.training]?.costPerStep ?? 0)
        }
        pace = cost / Self.meanSeconds / Double(sweep.trainings.count)
        measureSeconds = cost / pace * Double(share) / Double(100 - share) / Double(sweep.trials.count)
        least = cost / pace * 100 / Double(100 - share) / Double(hosts * slots)
        var policy = SchedulingPolicy()
        policy.hungSeconds = 1e8
        let names = (0..<hosts).map { "host\($0)" }
        scheduler = Scheduler(
            graph: graph, holdings: Holdings(), hosts: names.map { HostSpec(name: $0, transport: .ssh, slots: slots) },
            firstAttempt: AttemptNumber(1), policy: policy, at: Instant(nanoseconds: 0))
        perform(scheduler.firstActions(at: now))
        for name in names {
            let facts = HostFacts(machine: name, boot: "1", cores: slots, memory: 1 << 40, cpu: "c", free: 1 << 50)
            report(name, .connected(facts, held: []))
        }
        while let next = agenda.min() {
            if let deadline = scheduler.nextDeadline, deadline < Instant(nanoseconds: Int64(next.time * 1e9)) {
                clock = max(clock, Double(deadline.nanoseconds) / 1e9)
                perform(scheduler.handle(.timeout, at: deadline))
                continue
            }
            agenda.removeAll { $0 == next }
            clock = next.time
            perform(next)
        }
    }

    private var now: Instant { Instant(nanoseconds: Int64(clock * 1e9)) }

    private func report(_ host: HostName, _ report: HostReport) {
        perform(scheduler.handle(.host(host, report), at: now))
    }

    private func perform(_ actions: [Action]) {
        for action in actions {
            switch action {
            case .start(let assignment):
                waiting[assignment.host, default: []].append(assignment)
                report(assignment.host, .accepted(assignment.attempt))
                fillSlots(of: assignment.host)
            case .revoke(let attempt, let host):
                guard let place = waiting[host]?.firstIndex(where: { $0.attempt == attempt }) else { continue }
                waiting[host]?.remove(at: place)
                report(host, .ended(attempt, .stopped(.cancelled, exit: nil), diagnostics: ""))
            case .record, .cancel, .acknowledge, .release, .call, .dismiss, .notice: break
            }
        }
    }

    private func fillSlots(of host: HostName) {
        while running[host, default: 0] < slots, let waits = waiting[host], !waits.isEmpty {
            func precedes(_ a: Assignment, _ b: Assignment) -> Bool {
                let (first, second) = inTurn ? (a.turn ?? -1, b.turn ?? -1) : (0, 0)
                return first == second ? a.attempt < b.attempt : first < second
            }
            let place = waits.indices.min { precedes(waits[$0], waits[$1]) } ?? 0
            let assignment = waits[place]
            waiting[host]?.remove(at: place)
            running[host, default: 0] += 1
            attempts[assignment.attempt] = Attempt(assignment: assignment, begunAt: clock)
            plan(.begun, of: assignment, at: clock)
        }
    }

    private func plan(_ step: Step, of assignment: Assignment, at time: Double) {
        order += 1
        agenda.append(Due(time: time, order: order, host: assignment.host, attempt: assignment.attempt, step: step))
    }

    private func sayStarted(_ due: Due) {
        report(due.host, .running(due.attempt))
        let started = WorkerEvent.Started(
            contract: ContractVersion.current, worker: "noop", numerics: 1, build: "1", cpu: "", kernels: "")
        report(due.host, .event(due.attempt, .started(started), end: 10))
    }

    private func sayProgress(on host: HostName) {
        for (number, attempt) in attempts where attempt.assignment.host == host {
            guard case .train(let task)? = attempt.assignment.task, let last = task.milestones.last else { continue }
            let perStep = sweep.trainings[attempt.assignment.training]?.costPerStep ?? 1
            let done = Int((clock - attempt.begunAt) * pace / perStep)
            report(host, .progress(number, .init(done: done, of: last, unit: "steps", rate: 1)))
        }
    }

    private func perform(_ due: Due) {
        guard let attempt = attempts[due.attempt], let task = attempt.assignment.task else { return }
        let assignment = attempt.assignment
        switch (due.step, task) {
        case (.begun, .train(let task)):
            sayStarted(due)
            let perStep = sweep.trainings[assignment.training]?.costPerStep ?? 0
            for (place, steps) in task.milestones.enumerated() {
                plan(.milestone(place), of: assignment, at: clock + Double(steps) * perStep / pace)
            }
        case (.milestone(let place), .train(let task)):
            sayProgress(on: due.host)
            let checkpoint = WorkerEvent.Checkpoint(
                steps: task.milestones[place], milestone: true, weights: file, state: nil, parameters: 1,
                seconds: clock - attempt.begunAt)
            report(due.host, .event(due.attempt, .checkpoint(checkpoint), end: 100 + place))
            if place == task.milestones.count - 1 { plan(.finished, of: assignment, at: clock) }
        case (.begun, .measure(let task)):
            sayStarted(due)
            for place in task.measures.indices {
                let share = Double(place + 1) / Double(task.measures.count)
                plan(.measured(place), of: assignment, at: clock + measureSeconds * share)
            }
        case (.measured(let place), .measure(let task)):
            let measured = WorkerEvent.Measured(
                trial: task.trial, request: task.measures[place], checkpoint: task.checkpoint, rows: [], artifacts: [],
                seconds: measureSeconds / Double(task.measures.count))
            report(due.host, .event(due.attempt, .measure(measured), end: 100 + place))
            guard place == task.measures.count - 1 else { return }
            ends.append(clock)
            plan(.finished, of: assignment, at: clock)
        case (.finished, _):
            report(due.host, .event(due.attempt, .finished, end: 1000))
            plan(.ended, of: assignment, at: clock)
        case (.ended, _):
            attempts[due.attempt] = nil
            running[due.host, default: 1] -= 1
            report(due.host, .ended(due.attempt, .exited(code: 0), diagnostics: ""))
            fillSlots(of: due.host)
        default: break
        }
    }
}
