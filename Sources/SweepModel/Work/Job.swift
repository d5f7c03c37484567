import JobContract

/// The work of one lease: a training with its milestones, the measures of one checkpoint, or comparisons of one
/// checkpoint with others.
package struct Job: Hashable, Sendable {
    package enum Work: Hashable, Sendable {
        /// Milestones in steps, ascending, with the trials that end there.
        case train(milestones: [Milestone])
        /// The measures still missing of one trial; needs its checkpoint.
        case measure(trial: TrialID, steps: Int, measures: [MeasureRequest])
        /// The comparisons still missing of a trial with others, ascending; needs the checkpoints of all.
        indirect case compare(trial: TrialID, others: [TrialID], steps: Int, measures: [MeasureRequest])

        /// The kind of attempts at this work.
        package var kind: AttemptKind {
            switch self {
            case .train: .train
            case .measure: .measure
            case .compare: .compare
            }
        }
    }

    package let training: TrainingID
    package let work: Work
    package let needs: JobNeeds

    package init(training: TrainingID, work: Work, needs: JobNeeds) {
        self.training = training
        self.work = work
        self.needs = needs
    }

    /// The job's name: a digest of its kind, its training and the trials it serves or reads, sorted. Computed at each call.
    package var id: JobID {
        let others: [TrialID] = if case .compare(_, let others, _, _) = work { others } else { [] }
        let text = ([work.kind.rawValue, training.hex] + (trials + others).map(\.hex).sorted()).joined(separator: "\n")
        return JobID(Digest(of: text.utf8))
    }

    /// Adds a comparison of the same trials.
    mutating func add(_ request: MeasureRequest) {
        guard case .compare(let trial, let others, let steps, let measures) = work, !measures.contains(request) else {
            return
        }
        self = Job(
            training: training,
            work: .compare(trial: trial, others: others, steps: steps, measures: measures + [request]), needs: needs)
    }

    /// The trials that the job serves.
    package var trials: [TrialID] {
        switch work {
        case .train(let milestones): milestones.map(\.trial)
        case .measure(let trial, _, _), .compare(let trial, _, _, _): [trial]
        }
    }
}

/// A length at which a trial ends.
package struct Milestone: Hashable, Sendable, Codable {
    package let steps: Int
    package let trial: TrialID

    package init(steps: Int, trial: TrialID) {
        self.steps = steps
        self.trial = trial
    }
}
