import JobContract
import SweepModel

/// A worker, which takes virtual time and says what a real one would.
final class SimulatedProcess {
    private let held: SimulatedHost.Held
    private let number: AttemptNumber
    private let host: SimulatedHost
    private let run: Int
    private let isOther: Bool
    private var isAlive = true
    private var isStopping = false
    /// Whether its allocation ended before it did.
    private var isCut = false
    /// The steps of the last checkpoint that it left.
    private var savedSteps = 0
    private(set) var isHung = false
    private var steps = 0
    /// The bits of what it leaves.
    private var bits: Bits

    private var world: World { host.world }
    private var description: JobDescription { held.order.description }
    private typealias Plan = [(seconds: Double, act: () -> Void)]

    init(_ held: SimulatedHost.Held, _ number: AttemptNumber, on host: SimulatedHost) {
        self.held = held
        self.number = number
        self.host = host
        isOther = host.nextWorkerIsOther
        bits = Bits(kind: host.kind)
        let log = host.log
        let key = held.key
        let this = HostLog.Held(owner: held.owner, attempt: number)
        let asked = held.order.description.units
        // One of the two may have lost its lease while its host was out of reach. Two parts of a training, before and after
        // a state that is there already, are two jobs.
        for index in log.live
        where !log.runs[index].isConcluded && log.runs[index].owner == held.owner
            && !log.runs[index].asked(butFor: log.lost).isDisjoint(with: asked)
        {
            let other = log.runs[index].attempt
            host.world.census.count(.twoAlive)
            if log.outOfReach.isDisjoint(with: [this, .init(owner: held.owner, attempt: other)]) {
                host.world.violation("\(key) runs twice: attempts \(other) and \(number)")
            }
        }
        // Its host was away for longer than the lease before its turn came: the job may be done already.
        if log.outOfReach.contains(this) {
            host.world.census.count(.lateBacklog)
            log.hit(key)
        }
        run = log.add(
            .init(
                attempt: number, job: key, jobID: held.order.description.job, host: host.place, owner: held.owner,
                asked: asked, begun: host.world.now,
                isOfOtherWorker: isOther))
        if isOther {
            log.note(run) { $0.isConcluded = true }
            host.nextWorkerIsOther = false
            host.faultedAt = host.world.now
            host.world.census.count(.workerRefused)
            log.hit(key)
        }
        if log.killed.contains(key) {
            host.world.census.count(.ranAfterKill)
            let isAlone = !host.disk.values.contains { $0 !== held && $0.process != nil }
            if host.slots == 2, isAlone { host.world.census.count(.ranAloneAfterKill) }
        }
        if held.owner == .neighbour { host.world.census.count(.neighbourRan) }
        checkNeeds()
        host.world.note("\(host.name) runs \(number): \(key)")
    }

    private func checkNeeds() {
        let running = host.disk.values.count { $0 !== held && $0.process != nil } + 1
        let memory = host.needs.memory.map { $0 * running } ?? 0
        guard host.needs.tags.isSubset(of: host.spec.tags), memory <= host.spec.memory ?? .max else {
            return world.violation("\(host.name) lacks what attempt \(number) needs")
        }
        if host.needs != JobNeeds() { world.census.count(.neededMore) }
    }

    func startWork() {
        var plan: Plan = [(0.2, { [self] in say(.started(isOther ? .other : .simulated)) })]
        // Only once for a job, whose third fault would set it aside.
        if host.isBroken, !isOther, host.log.injectedJobFaults[held.key, default: 0] < 1 {
            host.log.injectedJobFaults[held.key, default: 0] += 1
            host.log.hit(held.key)
            host.faultedAt = world.now
            world.census.count(.hostBroken)
            plan.append((0.3, { [self] in die(.exited(code: 1)) }))
            return perform(plan[...])
        }
        if readsDamage() {
            plan.append(
                (
                    0.3,
                    { [self] in
                        say(.failed(.init(kind: .missingInput, message: "an input is damaged")))
                        die(.exited(code: 1))
                    }
                ))
            return perform(plan[...])
        }
        switch description.task {
        case .train(let task): plan += trainingPlan(task)
        case .measure(let task): plan += measurePlan(task)
        }
        perform(plan[...])
    }

    /// Whether it reads a damaged file. A worker compares what it reads with its digest, and its host puts damaged files
    /// aside.
    private func readsDamage() -> Bool {
        let files = description.filesToRead.map(\.digest)
        if !host.store.retired.isDisjoint(with: files) {
            world.violation("\(host.name) was cleaned of what attempt \(number) reads")
        }
        guard host.mutant != .inputsAreBelieved else {
            host.spoilt.formUnion(files.filter(host.store.damaged.contains))
            return false
        }
        var isDamaged = false
        for file in files where host.store.putAsideIfDamaged(file) { isDamaged = true }
        guard isDamaged else { return false }
        world.census.count(.damageRead)
        host.faultedAt = world.now
        host.log.hit(held.key)
        return true
    }

    private func perform(_ plan: ArraySlice<(seconds: Double, act: () -> Void)>) {
        guard let next = plan.first else { return }
        world.after(next.seconds / host.speed) { [self] in
            thaw { [self] in
                next.act()
                perform(plan.dropFirst())
            }
        }
    }

    /// Runs `body` once the host no longer stands still, if the process lives then.
    private func thaw(_ body: @escaping () -> Void) {
        guard isAlive, !isHung else { return }
        if host.isFrozen {
            world.at(host.frozenUntil) { [self] in thaw(body) }
        } else {
            body()
        }
    }

    private func trainingPlan(_ task: TrainTask) -> Plan {
        let training = description.training
        steps = task.resume?.steps ?? 0
        savedSteps = steps
        if let resume = task.resume {
            world.census.count(.resumedFromState)
            let before = world.unusual[resume.state] ?? Bits()
            if resume.state != SimulatedResults.state(training, resume.steps, before) {
                world.violation("attempt \(number) got a wrong state to continue from")
            }
            bits = before.continued(on: host.kind, at: resume.steps)
            if before.kind != host.kind { world.census.count(.bitsMixed) }
        }
        if task.milestones.contains(where: { $0 <= steps }) {
            world.violation("attempt \(number) is asked for lengths before its beginning")
        }
        if description.spec["model.weights"] != nil {
            world.violation("attempt \(number) is to train a network that was adopted")
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
        var plan: Plan = []
        var at = steps
        let last = task.milestones.last ?? 0
        let batch = description.spec["training.batch"]?.integerValue ?? 0
        while at < last {
            // It reports every hundred steps, and leaves a recovery point at every third report.
            let next = min((at / 100 + 1) * 100, task.milestones.first { $0 > at } ?? last)
            let isMilestone = task.milestones.contains(next)
            plan.append(
                (
                    Double(next - at) * 0.5,
                    { [self] in
                        steps = next
                        say(.progress(SimulatedResults.progress(next, of: last, batch: batch)))
                        if isMilestone || next % 300 == 0 { checkpoint(next, isMilestone) }
                    }
                ))
            at = next
        }
        return plan + ending
    }

    /// Whether it works with files that a mutant has let it read damaged.
    private var isSpoilt: Bool { !host.spoilt.isDisjoint(with: description.filesToRead.map(\.digest)) }

    private var ending: Plan {
        [(0.5, { [self] in say(.finished) }), (0.3, { [self] in die(.exited(code: 0)) })]
    }

    private func checkpoint(_ steps: Int, _ isMilestone: Bool) {
        guard hasRoom() else { return }
        savedSteps = steps
        let (event, right) = written(at: steps, isMilestone)
        note(event, isMilestone ? [.milestone(description.training, steps): right] : [:])
        for file in event.files { host.store.isMadeAgain(file.digest) }
        say(event)
    }

    /// Gives its host an event to tell, and records what its job's results are.
    private func note(_ event: WorkerEvent, _ given: [Unit: Given]) {
        host.log.note(run) { $0.given.merge(given) { $1 } }
        switch event {
        case .checkpoint(let checkpoint):
            if let weights = checkpoint.weights { host.store.add(weights.digest) }
            guard !bits.isUsual else { return }
            if checkpoint.milestone { world.census.count(.otherBits) }
            for file in event.files { world.unusual[file.digest] = bits }
        case .measure(let measured):
            for file in event.files { host.store.add(file.digest) }
            if measured.rows.count > 1 { world.census.count(.imagesCounted) }
            if !measured.artifacts.isEmpty { world.census.count(.artifactLeft) }
            guard case .measure(let task) = description.task else { return }
            host.log.note(run) {
                for other in task.others ?? [] { $0.compared[other.trial] = other.checkpoint }
            }
        default: break
        }
    }

    private func written(at steps: Int, _ isMilestone: Bool) -> (WorkerEvent, Given) {
        let training = description.training
        let isWrong = isOther || isSpoilt
        let parameters = SimulatedResults.parameters(training)
        let losses = isMilestone ? SimulatedResults.losses(training, steps, bits) : nil
        let state = isWrong ? Digest(of: "other state".utf8) : SimulatedResults.state(training, steps, bits)
        let right = Given(
            digest: SimulatedResults.weights(training, steps, bits), parameters: parameters, losses: losses)
        let left = isWrong ? Digest(of: "other".utf8) : right.digest
        let checkpoint = WorkerEvent.Checkpoint(
            steps: steps, milestone: isMilestone, weights: isMilestone ? SimulatedResults.file(left) : nil,
            state: SimulatedResults.file(state), parameters: parameters, losses: losses, seconds: 1)
        return (.checkpoint(checkpoint), right)
    }

    private func areWeights(_ file: Digest, of training: TrainingID, _ steps: Int) -> Bool {
        file == SimulatedResults.weights(training, steps, world.unusual[file] ?? Bits())
    }

    /// Dies as it writes its next result: a part of the line is there, or all of it but its end.
    func tearLine() {
        guard let lines = held.lines, let layer = world.bytes, isAlive, !isOther, !isSpoilt else { return }
        let torn: (unit: Unit, event: WorkerEvent, right: Given)
        switch description.task {
        case .train(let task):
            guard !host.broken.contains(description.training),
                let next = task.milestones.first(where: { $0 > steps })
            else { return }
            let (event, right) = written(at: next, true)
            torn = (.milestone(description.training, next), event, right)
        case .measure(let task):
            let left = task.measures.first { host.log.runs[run].given[.measure(task.trial, $0)] == nil }
            guard let left, host.unmeasurable[.measure(task.trial, left)] == nil else { return }
            let (measured, right) = written(left, task)
            torn = (.measure(task.trial, left), .measure(measured), right)
        }
        let length = SimulatedLines.line(torn.event).count - 1
        let count = layer.random.chance(0.2) ? length : layer.random.pick(1...length - 1)
        world.census.count(count == length ? .lineWhole : .lineTorn)
        if count == length { note(torn.event, [torn.unit: torn.right]) }
        lines.tear(torn.event, after: count)
    }

    private func measurePlan(_ task: MeasureTask) -> Plan {
        if !areWeights(task.checkpoint, of: description.training, task.steps) {
            world.violation("attempt \(number) got a wrong checkpoint to measure")
        }
        let others = task.others ?? []
        let areRight = others.allSatisfy { areWeights($0.checkpoint, of: $0.training, $0.steps) }
        let otherTrainings = description.otherTrainings ?? []
        let areTheirs = otherTrainings.allSatisfy { $0.spec == host.specs[$0.training] }
        if !areRight || !areTheirs || others.map(\.training) != otherTrainings.map(\.training) {
            world.violation("attempt \(number) got wrong checkpoints to compare with")
        }
        return task.measures.map { request in (seconds: 15.0, act: { [self] in measure(request, task) }) } + ending
    }

    private func measure(_ request: MeasureRequest, _ task: MeasureTask) {
        guard hasRoom() else { return }
        if let way = host.unmeasurable[.measure(task.trial, request)], !isOther {
            return fail(request, task, way)
        }
        let (measured, right) = written(request, task)
        note(.measure(measured), [.measure(task.trial, request): right])
        say(.measure(measured))
    }

    private func written(_ request: MeasureRequest, _ task: MeasureTask) -> (WorkerEvent.Measured, Given) {
        let others = task.others ?? []
        let right = Given(
            digest: task.checkpoint,
            rows: SimulatedResults.rows(
                task.checkpoint, others.map(\.checkpoint), request, bits,
                images: ([description.spec] + (description.otherTrainings ?? []).map(\.spec))
                    .flatMap(SimulatedResults.images)),
            files: host.leavesFiles
                ? SimulatedResults.files(task.checkpoint, others.map(\.checkpoint), request, bits) : [:])
        let isWrong = isOther || isSpoilt
        let measured = WorkerEvent.Measured(
            trial: task.trial, request: request, checkpoint: task.checkpoint,
            rows: isWrong ? [MeasureRow(quantity: "value", value: -1, n: 1)] : right.rows,
            artifacts: SimulatedResults.artifacts(right.files), seconds: 15)
        return (measured, right)
    }

    /// Fails at a measure that cannot be taken.
    private func fail(_ request: MeasureRequest, _ task: MeasureTask, _ way: Scenario.MeasureFailure) {
        host.log.hit(held.key)
        switch way {
        case .saysSo:
            world.census.count(.measureRefused)
            say(
                .measure(
                    .init(
                        trial: task.trial, request: request, checkpoint: task.checkpoint, rows: [], artifacts: [],
                        seconds: 15, failure: "impossible")))
        case .refusesTheJob:
            world.census.count(.jobRefused)
            say(.failed(.init(kind: .unsupported, message: "impossible")))
            die(.exited(code: 1))
        case .dies:
            world.census.count(.diedMeasuring)
            die(.signalled(signal: 11))
        }
    }

    /// Whether its results have room. A worker that cannot write them says so and ends.
    private func hasRoom() -> Bool {
        guard host.isFull else { return true }
        world.census.count(.hostDiskFull)
        host.faultedAt = world.now
        host.log.hit(held.key)
        say(.failed(.init(kind: .noSpace, message: "no space left")))
        die(.exited(code: 1))
        return false
    }

    private func say(_ event: WorkerEvent) {
        switch event {
        case .finished, .paused, .failed: host.log.note(run) { $0.isConcluded = true }
        default: break
        }
        host.emit(number, held, event)
    }

    // MARK: Its end

    /// Its output broke the contract: the agent asks it to stop, and kills it a moment later.
    func isInBreach() {
        guard isAlive, !isStopping else { return }
        isStopping = true
        world.after(1) { [self] in die(.stopped(.misbehaved, exit: -9)) }
    }

    /// Asks it to stop: it saves what it has and goes, or is killed when it does not listen.
    func stop(_ reason: StopReason = .cancelled) {
        guard isAlive, !isStopping else { return }
        if reason == .hostLeft { isCutShort(number) }
        // An attempt is taken back that had begun: its host was given up for its faults, or a person cancelled it.
        let trainings = [description.training] + (description.otherTrainings ?? []).map(\.training)
        if world.now.seconds(since: host.faultedAt) < 120 || !world.cancelled.isDisjoint(with: trainings) {
            host.log.hit(held.key)
        }
        isStopping = true
        host.log.note(run) {
            $0.toldToStop = world.now
            $0.isDeaf = isHung
        }
        // Saving takes a while, and sometimes too long.
        let isSlow = reason == .hostLeft && world.random.chance(0.2)
        if isHung || isSlow {
            world.after(20) { [self] in die(.stopped(reason, exit: -9)) }
        } else {
            world.after(reason == .hostLeft ? world.random.seconds(1...19) : 1) { [self] in
                thaw { [self] in
                    if reason == .hostLeft { save() }
                    guard isAlive else { return }
                    say(.paused(steps: steps))
                    die(.exited(code: 0))
                }
            }
        }
    }

    /// Saves what it has done since its last checkpoint.
    private func save() {
        guard case .train = description.task, steps > savedSteps, !host.broken.contains(description.training) else {
            return
        }
        world.census.count(.savedBeforeEnd)
        checkpoint(steps, false)
    }

    /// Records that its allocation ended before it did: its job runs once more, and nobody is charged.
    func isCutShort(_ number: AttemptNumber) {
        guard !isCut else { return }
        isCut = true
        host.log.hit(held.key)
        if !isHung, !isOther, !isStopping { host.log.cut.insert(.init(owner: held.owner, attempt: number)) }
    }

    func hang() {
        isHung = true
        if isStopping { world.after(20) { [self] in die(.stopped(.cancelled, exit: -9)) } }
    }

    func die(_ end: AttemptEnd) {
        guard isAlive else { return }
        vanish()
        switch end {
        // It failed by itself before it had saved.
        case .signalled, .exited(code: 1...): host.log.cut.remove(.init(owner: held.owner, attempt: number))
        case .exited, .stopped, .vanished, .neverStarted: break
        }
        world.note("\(host.name) \(number) ends: \(end)")
        host.processEnded(number, held, end)
    }

    /// Ends without anybody to tell.
    func vanish() {
        isAlive = false
        host.log.end(run, at: world.now)
    }
}

extension WorkerEvent.Started {
    static let simulated = WorkerEvent.Started(
        contract: ContractVersion.current, worker: "simulated", numerics: 1, build: "0", cpu: "none", kernels: "none")
    static let other = WorkerEvent.Started(
        contract: ContractVersion.current, worker: "simulated", numerics: 2, build: "1", cpu: "none", kernels: "none")
}

extension WorkerDescription {
    static let simulated = WorkerDescription(
        contract: ContractVersion.current, name: "simulated", numerics: 1, deterministic: true, jobKinds: [],
        architectures: [], measures: [], build: "0", cpu: "none", kernels: "none", check: "")
}
