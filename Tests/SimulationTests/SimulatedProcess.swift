import JobContract
import SweepModel

/// A worker: takes virtual time and says what a real one would.
final class SimulatedProcess {
    private let held: SimulatedHost.Held
    private let number: AttemptNumber
    private let host: SimulatedHost
    private let run: Int
    private var isAlive = true
    var isHung = false
    private(set) var steps = 0

    private var world: World { host.world }
    private var description: JobDescription { held.order.description }

    init(_ held: SimulatedHost.Held, _ number: AttemptNumber, on host: SimulatedHost) {
        self.held = held
        self.number = number
        self.host = host
        run = host.log.runs.count
        let key = JobKey(held.order.description)
        // The lease of either may have been given up while its host was out of reach.
        for other in host.log.runs
        where !other.isOver && other.job == key && host.log.expired.isDisjoint(with: [other.attempt, number]) {
            host.world.violation("\(key) runs twice: attempts \(other.attempt) and \(number)")
        }
        // Its host was away for longer than the lease before it came to this one's turn: the job may be done already.
        if host.log.expired.contains(number) { host.log.hit(key) }
        host.log.runs.append(RunLog.Run(attempt: number, job: key, host: host.name))
        host.world.note("\(host.name) runs \(number): \(key)")
    }

    func begin() {
        var plan: [(seconds: Double, act: () -> Void)] = []
        plan.append((0.2, { [self] in say(.started(.simulated)) }))
        switch description.task {
        case .train(let task): plan += trainingPlan(task)
        case .measure(let task): plan += measurePlan(task)
        }
        perform(plan[...])
    }

    private func perform(_ plan: ArraySlice<(seconds: Double, act: () -> Void)>) {
        guard let next = plan.first else { return }
        world.after(next.seconds / host.speed) { [self] in
            guard isAlive, !isHung else { return }
            next.act()
            perform(plan.dropFirst())
        }
    }

    private func trainingPlan(_ task: TrainTask) -> [(seconds: Double, act: () -> Void)] {
        let training = description.training
        steps = task.resume?.steps ?? 0
        if let resume = task.resume, resume.state != SimulatedResults.state(training, resume.steps) {
            world.violation("attempt \(number) got a wrong state to continue from")
        }
        if task.milestones.contains(where: { $0 <= steps }) {
            world.violation("attempt \(number) is asked for lengths before its beginning")
        }
        guard !host.broken.contains(training) else {
            return [
                (
                    1,
                    { [self] in
                        host.log.hit(.training(training))
                        say(.failed(.init(kind: .diverged, message: "not finite")))
                        die(.exited(code: 1))
                    }
                )
            ]
        }
        var plan: [(seconds: Double, act: () -> Void)] = []
        var at = steps
        let last = task.milestones.last ?? 0
        while at < last {
            // Every hundred steps a word, every third a recovery point.
            let next = min((at / 100 + 1) * 100, task.milestones.first { $0 > at } ?? last)
            let isMilestone = task.milestones.contains(next)
            plan.append(
                (
                    Double(next - at) * 0.5,
                    { [self] in
                        steps = next
                        say(.progress(.init(done: next, of: last, unit: "steps", rate: 2)))
                        if isMilestone || next % 300 == 0 { checkpoint(next, isMilestone) }
                    }
                ))
            at = next
        }
        plan.append((0.5, { [self] in say(.finished) }))
        plan.append((0.3, { [self] in die(.exited(code: 0)) }))
        return plan
    }

    private func checkpoint(_ steps: Int, _ isMilestone: Bool) {
        let training = description.training
        let weights = SimulatedResults.weights(training, steps)
        if isMilestone { host.log.runs[run].emitted[.milestone(training, steps)] = weights }
        say(
            .checkpoint(
                .init(
                    steps: steps, milestone: isMilestone, weights: isMilestone ? SimulatedResults.file(weights) : nil,
                    state: SimulatedResults.file(SimulatedResults.state(training, steps)), parameters: 7, loss: 0.5,
                    seconds: 1)))
    }

    private func measurePlan(_ task: MeasureTask) -> [(seconds: Double, act: () -> Void)] {
        if task.checkpoint != SimulatedResults.weights(description.training, task.steps) {
            world.violation("attempt \(number) got a wrong checkpoint to measure")
        }
        var plan = task.measures.map { request in
            (
                seconds: 15.0,
                act: { [self] in
                    host.log.runs[run].emitted[.measure(task.trial, request.measure)] = task.checkpoint
                    say(
                        .measure(
                            .init(
                                trial: task.trial, request: request, checkpoint: task.checkpoint,
                                rows: SimulatedResults.rows(task.checkpoint, request), artifacts: [], seconds: 15)))
                }
            )
        }
        plan.append((0.5, { [self] in say(.finished) }))
        plan.append((0.3, { [self] in die(.exited(code: 0)) }))
        return plan
    }

    private func say(_ event: WorkerEvent) { host.emit(number, held, event) }

    func die(_ end: AttemptEnd) {
        guard isAlive else { return }
        vanish()
        world.note("\(host.name) \(number) ends: \(end)")
        host.processEnded(number, held, end)
    }

    /// Gone without anyone to tell.
    func vanish() {
        isAlive = false
        host.log.runs[run].isOver = true
    }
}

extension WorkerEvent.Started {
    static let simulated = WorkerEvent.Started(
        contract: ContractVersion.current, worker: "simulated", numerics: 1, build: "0", cpu: "none", kernels: "none")
}
