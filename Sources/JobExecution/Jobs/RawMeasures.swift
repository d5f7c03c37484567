import JobContract
import Measures
import ScoreNetworks

/// The measures that a training takes itself when it reaches a milestone, of weights that no checkpoint has.
struct RawMeasures {
    private let job: JobDescription
    private let wanted: [TrainTask.AtMilestone]
    private let spec: JobSpec
    private let images: JobImages

    init(_ job: JobDescription, _ task: TrainTask, _ spec: JobSpec, _ images: JobImages) {
        (self.job, self.spec, self.images) = (job, spec, images)
        wanted = task.measures ?? []
    }

    /// The measures of the milestone that `run` has reached, whose averaged weights are `checkpoint`. One that cannot be taken
    /// is not among them: a job of measures will say why. Throws JobPaused when asked to stop.
    func taken(
        of run: TrainingRun, _ checkpoint: Digest, _ stop: StopSignal, beat: () throws -> Void
    ) throws -> [WorkerEvent.Measured] {
        try wanted.filter { $0.steps == run.steps }.flatMap { milestone in
            try milestone.measures.filter(\.isOfTraining).compactMap { request in
                let start = ContinuousClock.now
                do {
                    let measure = try KnownMeasures.measure(for: request)
                    let result = try measure.taken(of: subject(run)) { _, _ in
                        if stop.isRaised { throw JobPaused(steps: run.steps) }
                        try beat()
                    }
                    return WorkerEvent.Measured(
                        trial: milestone.trial, request: request, checkpoint: checkpoint, rows: result.rows,
                        artifacts: [], seconds: (ContinuousClock.now - start).seconds)
                } catch let error as MeasureError {
                    Diagnostics.write("\(request.measure) cannot be taken: \(explanation(of: error))")
                    return nil
                }
            }
        }
    }

    private func subject(_ run: TrainingRun) throws -> MeasureSubject {
        let weights = run.rawWeights()
        // What a failed device gave is not measured.
        try run.check()
        let denoiser = try NetworkDenoiser(weights: weights, name: "the training's weights", threads: job.threads)
        var subject = try MeasureSubject(denoiser: denoiser, images: images, spec)
        subject.isRaw = true
        return subject
    }
}
