import JobContract
import SweepModel

extension Scheduler {
    /// Records a durable event, or finds that it is recorded already, and acknowledges it either way.
    mutating func record(
        _ event: WorkerEvent, of number: AttemptNumber, end: Int, from host: HostName, at now: Instant
    ) {
        if attempts[number]?.isForeign == true || othersEnded.contains(number) { return }
        // An attempt that is none of this run's may be another run's, and the host must go on telling that run.
        guard heard(of: number, from: host, at: now), let attempt = attempts[number] else { return }
        actions.append(.acknowledge(number, offset: end, on: host))
        guard end > attempt.committed else { return }
        attempts[known: number].committed = end
        // Of a probe only two things count: how the worker describes itself, and how the probe ends.
        if attempt.isProbe {
            if case .described(let description) = event { attempts[known: number].service = .probe(description) }
            return
        }
        switch event {
        case .started(let started):
            began(number, at: now)
            // A worker says once that it starts; one that repeats it is not recorded each time.
            if attempt.startRecord != .told { recordStart(of: number, started) }
            if let complaint = mismatch(of: started, with: attempt) {
                distrust(number, .hostFault(complaint))
            }
        case .described: reject("a description of itself", of: number)
        case .progress(let progress): attempts[known: number].progress = progress
        case .checkpoint where attempt.startRecord != .told, .measure where attempt.startRecord != .told:
            // It may be another worker, whose bits differ.
            distrust(number, .jobFault("the worker reported a result before it said which worker it is"))
        case .checkpoint(let checkpoint): record(checkpoint, of: attempt)
        case .measure(let measured): record(measured, of: attempt)
        case .paused: conclude(number, attempt.cancellation == nil ? .paused : .cancelled)
        case .finished: conclude(number, verdictOnFinishing(attempt))
        case .failed(let failed):
            switch failed.kind {
            case .missingInput:
                conclude(number, .hostFault(failed.message), .metDamage)
                // Where a file that it left is gone, its worker does not know and would go on; the job may be given to
                // another attempt now.
                cancel(number, .unwanted)
            case .noSpace, .unfitHost: conclude(number, .hostFault(failed.message))
            case .diverged, .unsupported:
                conclude(number, .jobFault("\(failed.kind.rawValue): \(failed.message)"), .hopeless)
            case .internal: conclude(number, .jobFault(failed.message))
            }
        }
    }

    /// What is wrong with the worker a host started; nil: it is the one that the training is named with, or the one that
    /// takes these measures of it.
    private func mismatch(of started: WorkerEvent.Started, with attempt: AttemptState) -> String? {
        guard let training = graph.trainings[attempt.record.training] else { return nil }
        var expected = training.worker
        if case .measure(let task)? = attempt.record.task, let first = task.measures.first,
            let measuring = graph.measuring(first, of: training)
        {
            expected = measuring
        }
        let said = (started.worker, started.numerics, started.contract)
        return expected.flatMap { Self.mismatch(of: said, with: $0) }.map { "the host runs \($0)" }
    }

    /// What a worker says that it is, where that is not what was expected.
    static func mismatch(
        of said: (name: String, numerics: Int, contract: Int), with expected: WorkerName
    ) -> String? {
        guard
            said.name != expected.name || said.numerics != expected.numerics
                || !ContractVersion.spoken.contains(said.contract)
        else { return nil }
        return "\(said.name), numerics \(said.numerics), contract \(said.contract); expected \(expected.name), "
            + "numerics \(expected.numerics), contract \(ContractVersion.inWords)"
    }

    /// Whether what the attempt found counts: always where equal jobs give equal bits, if its worker does its job.
    func counts(_ attempt: AttemptState) -> Bool {
        attempt.isTrusted && (policy.deterministic || attempt.counts)
    }

    private mutating func record(_ checkpoint: WorkerEvent.Checkpoint, of attempt: AttemptState) {
        guard counts(attempt) else { return }
        let training = attempt.record.training
        guard isAsked(steps: checkpoint.steps, milestone: checkpoint.milestone, of: attempt) else {
            return reject("a checkpoint at \(checkpoint.steps) steps", of: attempt.number)
        }
        if let job = attempt.job { jobs[job].troubles.hostFaults = 0 }
        learnPace(checkpoint, of: attempt)
        if let state = checkpoint.state {
            let point = ResumePoint(steps: checkpoint.steps, state: state.digest)
            addState(point, keptBy: nil, of: training)
            if !checkpoint.milestone {
                actions.append(.record(.recoveryPoint(training, attempt.number, point, bytes: state.bytes)))
            }
        }
        guard checkpoint.milestone, let weights = checkpoint.weights,
            let id = attempt.record.trials.first(where: { steps(of: $0) == checkpoint.steps })
        else { return }
        actions.append(.record(.milestone(training, id, attempt.number, checkpoint)))
        // A trial that only other sweeps want is recorded all the same: nobody will hear of it again.
        guard let trial = graph.trials[id] else {
            if openTrials[id]?.weights == nil { openTrials[id]?.weights = weights.digest }
            return
        }
        guard self.weights[trial.id] == nil else { return }
        let standing = lostWeights[id] ?? weights.digest
        self.weights[id] = standing
        for measure in (trial.measureJob.map { [$0] } ?? []) + graph.comparisons[id, default: []] {
            if standing != weights.digest {
                giveUp(measure, without: standing, for: weights.digest, reportedBy: attempt.number)
            } else if jobs[measure].phase == .blocked, hasCheckpoints(measure) {
                jobs[measure].preferredHost = attempt.host
                setPhase(measure, .ready)
            }
        }
        if let job = trial.trainJob {
            let before = jobs[job].cost
            jobs[job].milestones.removeAll { $0.steps == checkpoint.steps }
            jobs[job].cost = jobs[job].isComplete ? 0 : min(before, costLeft(of: job))
            workRecorded += before - jobs[job].cost
            finishIfComplete(job, reportedBy: attempt.number)
        }
        refresh(trial.id)
    }

    private mutating func record(_ measured: WorkerEvent.Measured, of attempt: AttemptState) {
        guard counts(attempt) else { return }
        guard isAsked(measured, of: attempt) else {
            return reject("\(measured.request.measure) of trial \(measured.trial.short)", of: attempt.number)
        }
        if let job = attempt.job {
            jobs[job].troubles.hostFaults = 0
            jobs[job].troubles.filledAllocations = 0
        }
        if let reason = measured.failure {
            guard let job = job(of: measured) else {
                actions.append(.record(.measureFailed(measured.trial, measured.request, reason: reason)))
                return
            }
            return lose(measured.request, of: job, reason: reason, reportedBy: attempt.number)
        }
        actions.append(.record(.measured(attempt.number, measured)))
        learnDuration(measured)
        failedComparisons.remove(.init(trial: measured.trial, request: measured.request))
        failedMeasures[measured.trial]?[measured.request] = nil
        guard let job = job(of: measured) else { return refresh(measured.trial) }
        jobs[job].measures.removeAll { $0 == measured.request }
        // A training that measures is not done with that.
        finishIfComplete(job, reportedBy: attempt.record.kind == .train ? nil : attempt.number)
        refresh(measured.trial)
    }

    /// Whether all that a job reads is recorded; a training reads nothing that it must have.
    func hasCheckpoints(_ index: Int) -> Bool {
        switch graph.jobs[index].work {
        case .train: true
        case .measure(let trial, _, _): weights[trial] != nil
        case .compare(let trial, let others, _, _): ([trial] + others).allSatisfy { weights[$0] != nil }
        }
    }

    /// The job that wants the measure; nil: none does.
    private func job(of measured: WorkerEvent.Measured) -> Int? {
        guard measured.request.isComparison else { return graph.trials[measured.trial]?.measureJob }
        return graph.comparisons[measured.trial]?.first { index in
            guard case .compare(let trial, _, _, let wanted) = graph.jobs[index].work else { return false }
            return trial == measured.trial && wanted.contains(measured.request)
        }
    }

    /// Whether a training was to leave a checkpoint there.
    func isAsked(steps: Int, milestone: Bool, of attempt: AttemptState) -> Bool {
        guard attempt.record.kind == .train, steps >= 0 else { return false }
        if case .train(let task)? = attempt.record.task {
            return milestone ? task.milestones.contains(steps) : steps <= task.milestones.last ?? 0
        }
        return attempt.record.trials.compactMap(self.steps(of:)).contains { milestone ? steps == $0 : steps <= $0 }
    }

    /// Steps of a trial that an attempt serves; nil for one that nobody knows.
    private func steps(of trial: TrialID) -> Int? { graph.trials[trial]?.steps ?? openTrials[trial]?.steps }

    /// Whether the attempt was to measure this. What exactly was asked for is not known of attempts that an earlier
    /// release recorded.
    private func isAsked(_ measured: WorkerEvent.Measured, of attempt: AttemptState) -> Bool {
        guard attempt.record.trials.contains(measured.trial) else { return false }
        let known = weights[measured.trial] ?? openTrials[measured.trial]?.weights
        guard known == nil || known == measured.checkpoint else { return false }
        if attempt.record.kind == .train {
            // What cannot be taken is for the job of measures to tell.
            guard case .train(let task)? = attempt.record.task, measured.failure == nil else { return false }
            return task.measures?.contains {
                $0.trial == measured.trial && $0.measures.contains(measured.request)
            } ?? false
        }
        guard case .measure(let task)? = attempt.record.task else { return true }
        return task.trial == measured.trial && task.checkpoint == measured.checkpoint
            && task.measures.contains(measured.request)
    }

    private mutating func reject(_ what: String, of number: AttemptNumber) {
        distrust(number, .jobFault("the worker reported \(what), which was not asked"))
    }

    /// Stops an attempt whose worker is not the one that was ordered, or reports what it was not asked for: nothing of it
    /// is recorded from here on, however much has come already.
    private mutating func distrust(_ number: AttemptNumber, _ outcome: AttemptOutcome) {
        attempts[known: number].isTrusted = false
        conclude(number, outcome)
        cancel(number, .unwanted)
    }

    /// A worker that says it is done must have left everything its order asked for.
    private func verdictOnFinishing(_ attempt: AttemptState) -> AttemptOutcome {
        switch attempt.record.task {
        case .train(let task):
            let missing = task.milestones.filter { steps in
                // It may have left one that was lost since, and be at work on the others.
                graph.trial(of: attempt.record.training, steps: steps).map {
                    weights[$0.id] == nil && attempt.record.trials.contains($0.id)
                } ?? false
            }
            if missing.isEmpty { return .succeeded }
            return .jobFault(
                "the worker finished without a checkpoint at \(missing.map(String.init).joined(separator: ", ")) steps")
        case .measure(let task):
            guard let job = attempt.job, !jobs[job].isTraining else { return .succeeded }
            let missing = task.measures.filter(jobs[job].measures.contains)
            if missing.isEmpty { return .succeeded }
            return .jobFault("the worker finished without measuring \(missing.map(\.measure).joined(separator: ", "))")
        case nil: return .succeeded
        }
    }

    /// The attempt's own last word: its outcome is recorded with the event, though its process may still be there.
    private mutating func conclude(
        _ number: AttemptNumber, _ outcome: AttemptOutcome, _ meaning: AttemptState.LastWord.Meaning = .plain
    ) {
        let attempt = attempts[known: number]
        guard attempt.lastWord == nil else { return }
        update(number) { $0.lastWord = .init(outcome: outcome, meaning: meaning) }
        recordEnd(of: number, outcome)
        if let job = attempt.job { refreshTrials(of: job) }
    }

    mutating func recordEnd(of number: AttemptNumber, _ outcome: AttemptOutcome) {
        guard !attempts[known: number].endIsRecorded else { return }
        attempts[known: number].endIsRecorded = true
        actions.append(.record(.attemptEnded(number, outcome)))
    }
}
