import JobContract
import SweepModel

/// A full state that a training can continue from.
struct StoredState {
    var point: ResumePoint
    /// The only host that has it; nil: the coordinator has it and brings it anywhere.
    var host: HostName?
}

extension Scheduler {
    /// The longest state before the job's first missing milestone that a host can continue from; nil asks for one that
    /// every host can.
    func resumePoint(of index: Int, on host: HostName?) -> ResumePoint? {
        guard let first = jobs[index].milestones.first else { return nil }
        return states[graph.jobs[index].training]?
            .last { $0.point.steps < first.steps && ($0.host == nil || $0.host == host) }?.point
    }

    mutating func addState(_ point: ResumePoint, keptBy host: HostName?, of training: TrainingID) {
        var known = states[training] ?? []
        // As the catalogue does: hosts remove a state that they have told a longer one than, or are cleaned of it.
        if host == nil { known.removeAll { $0.host != nil && $0.point.steps < point.steps } }
        if let same = known.firstIndex(where: { $0.point.steps == point.steps }) {
            if host == nil { known[same] = StoredState(point: point) }
        } else {
            // Where only hosts have states, only the newest is sure to be there still.
            if host != nil { known.removeAll { $0.host == host && $0.point.steps < point.steps } }
            known.append(StoredState(point: point, host: host))
            known.sort { $0.point.steps < $1.point.steps }
        }
        states[training] = known
    }

    /// Notes a recovery point that stays on its host.
    mutating func keep(_ point: ResumePoint, bytes: Int, of number: AttemptNumber, on host: HostName) {
        guard let attempt = attempts[number], !attempt.isForeign, counts(attempt),
            isAsked(steps: point.steps, milestone: false, of: attempt)
        else { return }
        let training = attempt.record.training
        addState(point, keptBy: host, of: training)
        if let job = attempt.job { jobs[job].troubles.hostFaults = 0 }
        actions.append(.record(.stateKept(training, number, point, bytes: bytes)))
    }

    /// A training whose newest state only this host has goes on there while it can.
    mutating func preferKeeper(of attempt: AttemptState, _ job: Int) {
        guard attempt.record.kind == .train, let newest = states[attempt.record.training]?.last else { return }
        jobs[job].preferredHost = newest.host
    }

    /// A host refused an order: a state that only it should have may be gone, and is not asked for again. Whether there
    /// was one.
    @discardableResult
    mutating func forgetKeptState(of attempt: AttemptState) -> Bool {
        guard case .train(let task)? = attempt.record.task, let resume = task.resume else { return false }
        let before = states[attempt.record.training]?.count
        states[attempt.record.training]?.removeAll { $0.host == attempt.host && $0.point == resume }
        return states[attempt.record.training]?.count != before
    }

    /// A file that the order needs is whole neither on the host nor beside the catalogue, which is nobody's fault. A
    /// state that only the host should have had is not asked for again; anything else is looked for elsewhere, or made
    /// again, by a run that is planned anew of what is there.
    mutating func lacksFile(_ attempt: AttemptState, at now: Instant) {
        let wasKept = forgetKeptState(of: attempt)
        close(attempt.number, .cancelled, at: now)
        // One that an earlier plan gave was refused before this plan looked at what is there.
        if !wasKept, attempt.assignment != nil, stopping == nil, ending == nil { ending = .replan }
    }
}
