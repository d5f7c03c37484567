import JobContract
import SweepModel

/// What a hostile host says. It may lie about what its own attempts found; nothing else is to be believed.
extension SimulatedHost {
    func beginToLie() {
        world.hasLiars = true
        guard isUp else { return }
        world.note("\(name) will lie")
        isLying = true
        link?.sever()
    }

    /// Attempts that it claims and never had: of numbers that are soon given, of absurd numbers, and of other hosts.
    func lies(beside held: [HeldAttempt]) -> [HeldAttempt] {
        world.census.count(.hostLied)
        var told: [HeldAttempt] = []
        let last = log.runs.map(\.attempt.value).max() ?? 0
        for number in [last + 1, last + 3, 1 << 50, AttemptNumber.range.upperBound] {
            log.claimed = max(log.claimed, number)
            let state: HeldAttempt.State = world.random.chance(0.5) ? .running : .ended(.exited(code: 0))
            told.append(.init(attempt: AttemptNumber(number), job: JobID(Digest(of: "a lie".utf8)), state: state))
        }
        for run in log.runs where run.host != name && run.ended == nil && run.owner == memory?.owner {
            told.append(.init(attempt: run.attempt, job: run.jobID, state: .running))
        }
        let known = Set(held.map(\.attempt))
        return told.filter { !known.contains($0.attempt) }
    }

    /// Says of attempts that others have that they are over, and what they found.
    func tellOfOthers(_ link: SimulatedLink) {
        for run in log.runs
        where run.host != name && disk[run.attempt] == nil && run.ended == nil && run.owner == memory?.owner {
            link.report(.event(run.attempt, .finished, end: 1 << 50))
            link.report(.ended(run.attempt, .exited(code: 0), diagnostics: "a lie"))
        }
    }

    /// Tells a lie now, or as soon as there is something to lie about.
    func tell(_ lie: Fault.Lie) {
        world.hasLiars = true
        guard isUp, agentIsUp else { return }
        switch lie {
        case .otherFacts:
            world.census.count(.liedOfItself)
            liesOfItself = true
            link?.sever()
        case .othersResults: tellOthersResults()
        case .endTwice, .wordsAfterTheEnd: afterwards.append(lie)
        case .otherSteps, .otherTrial, .otherCheckpoint, .otherMeasure, .offsetBack, .offsetJump: tellOfOwn(lie)
        }
    }

    var otherFacts: HostFacts {
        HostFacts(
            machine: "another machine", boot: "another boot", cores: 64, memory: 1 << 50, cpu: "another", free: 0)
    }

    private func tellOfOwn(_ lie: Fault.Lie) {
        guard let link,
            let (number, held) = inOrder.first(where: { $0.value.process != nil && mayLoseLine(of: $0.key) })
        else { return }
        world.note("\(name) lies of \(number): \(lie)")
        held.written += 100
        let end = held.lines.map { $0.position + 1 } ?? held.written
        switch lie {
        case .offsetBack:
            world.census.count(.liedOfOffsets)
            link.report(.event(number, .finished, end: 0))
        case .offsetJump:
            world.census.count(.liedOfOffsets)
            // Whatever it says from here on counts as told.
            losesLine(of: number)
            link.report(.event(number, .started(.simulated), end: 1 << 50))
        default:
            world.census.count(.liedOfResults)
            losesLine(of: number)
            link.report(.event(number, unasked(held.order.description, lie), end: end))
        }
    }

    private static let lie = Digest(of: "a lie".utf8)

    /// An event that the job did not ask for.
    private func unasked(_ job: JobDescription, _ lie: Fault.Lie) -> WorkerEvent {
        guard case .measure(let task) = job.task else {
            guard case .train(let task) = job.task, lie != .otherMeasure, lie != .otherTrial else {
                return measured(TrialID(Self.lie), .simulated("memorization"), of: Self.lie)
            }
            return milestone((task.milestones.last ?? 0) + (lie == .otherSteps ? 7 : -7))
        }
        let request = task.measures[0]
        switch lie {
        case .otherTrial: return measured(TrialID(Self.lie), request, of: task.checkpoint)
        case .otherCheckpoint: return measured(task.trial, request, of: Self.lie)
        case .otherMeasure: return measured(task.trial, .simulated("unasked"), of: task.checkpoint)
        default: return milestone(task.steps)
        }
    }

    private func milestone(_ steps: Int) -> WorkerEvent {
        .checkpoint(
            .init(
                steps: steps, milestone: true, weights: SimulatedResults.file(Self.lie),
                state: SimulatedResults.file(Self.lie), parameters: 1, seconds: 1))
    }

    private func measured(_ trial: TrialID, _ request: MeasureRequest, of checkpoint: Digest) -> WorkerEvent {
        .measure(
            .init(
                trial: trial, request: request, checkpoint: checkpoint,
                rows: [MeasureRow(quantity: "value", value: -2, n: 1)], artifacts: [], seconds: 1))
    }

    /// An event that the order asks for, with other values.
    private func asked(_ job: JobDescription) -> WorkerEvent? {
        switch job.task {
        case .train(let task): task.milestones.last.map(milestone)
        case .measure(let task): task.measures.first.map { measured(task.trial, $0, of: task.checkpoint) }
        }
    }

    /// Tells results of attempts that others have, and that the coordinator refused these.
    private func tellOthersResults() {
        guard let link else { return }
        for run in log.runs
        where run.host != name && disk[run.attempt] == nil && run.ended == nil && run.owner == memory?.owner {
            let lengths = run.asked.compactMap { if case .milestone(_, let steps) = $0 { steps } else { nil } }
            guard let steps = lengths.max() else { continue }
            world.census.count(.liedOfOthers)
            link.report(.running(run.attempt))
            link.report(.event(run.attempt, milestone(steps), end: 1 << 50))
            link.report(.refused(run.attempt, HostFailure(.noSpace, "a lie")))
        }
    }

    /// Says more of an attempt that is over.
    func sayMore(of number: AttemptNumber, _ held: Held, _ end: AttemptEnd) {
        guard link != nil, !afterwards.isEmpty, held.order.command.last != "describe" else { return }
        let lie = afterwards.removeFirst()
        world.census.count(.liedAfterTheEnd)
        world.after(0.5) { [self] in
            guard let link, link.isOpen else { return }
            if lie == .endTwice { return link.report(.ended(number, end, diagnostics: "")) }
            if let event = asked(held.order.description) { link.report(.event(number, event, end: 1 << 50)) }
        }
    }
}
