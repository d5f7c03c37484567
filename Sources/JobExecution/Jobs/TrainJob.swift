import JobContract
import ScoreNetworks
import Tensors

/// Trains to the last milestone. It leaves weights and state at each milestone, and a state now and then between them.
struct TrainJob {
    let job: JobDescription
    let task: TrainTask
    let events: EventWriter
    let directory: WorkingDirectory
    let stop: StopSignal

    /// Throws JobFailure, or JobPaused when asked to stop; the last checkpoint sent is then a recovery point.
    func run() throws {
        try checkMilestones()
        let spec = try JobSpec(job.spec)
        try spec.requireTrainable()
        let images = try JobImages(of: job, shape: spec.network.imageShape)
        let raw = RawMeasures(job, task, spec, images)
        try JobFailure.explainingTraining { try train(start(spec, images: images.trainingBytes()), raw) }
    }

    private func checkMilestones() throws {
        let from = task.resume?.steps ?? 0
        let ascending = zip(task.milestones, task.milestones.dropFirst()).allSatisfy { $0 < $1 }
        guard let first = task.milestones.first, first > from, ascending else {
            throw JobFailure(
                .unsupported, "the milestones \(task.milestones) are not ascending numbers of steps beyond \(from)")
        }
        guard task.checkpointSeconds >= 0 else {
            throw JobFailure(.unsupported, "checkpointSeconds is \(task.checkpointSeconds), expected at least 0")
        }
    }

    private func start(_ spec: JobSpec, images: [UInt8]) throws -> TrainingRun {
        guard let resume = task.resume else {
            return try TrainingRun(
                configuration: spec.network, settings: spec.training, images: images, threads: job.threads,
                on: NetworkMachines.machine())
        }
        let bytes = try InputFile.read(resume.state, of: job, what: "the training state")
        let state = try SafetensorsFile(bytes: bytes, name: job.path(of: resume.state))
        try TrainingMark(job.spec).check(state)
        let run = try TrainingRun(
            restoring: state, configuration: spec.network, settings: spec.training, images: images,
            threads: job.threads, on: NetworkMachines.machine())
        guard run.steps == resume.steps else {
            throw JobFailure(
                .missingInput,
                "the training state \(resume.state.short) is of step \(run.steps), not of step \(resume.steps)")
        }
        return run
    }

    private func train(_ run: TrainingRun, _ raw: RawMeasures) throws {
        let parameters = try run.configuration.parameterCount()
        let started = ContinuousClock.now
        var lastCheckpoint = started
        var lastSent = task.resume?.steps
        var meter = ProgressMeter(events: events, unit: "steps", done: run.steps)
        let last = task.milestones[task.milestones.count - 1]
        for milestone in task.milestones {
            while run.steps < milestone {
                // Progress that cannot be written here is dropped: the next event meets the same fault and reports it.
                let loss: Double
                do {
                    loss = try run.step { try? meter.report(done: run.steps, of: last) }
                } catch {
                    // Only where none was sent yet: one from well before is worth more than one from the step before.
                    if lastSent == nil && run.isIntact && run.steps > 0 {
                        try checkpoint(run, parameters, milestone: false, since: started)
                        lastSent = run.steps
                    }
                    let place = lastSent.map { "the last checkpoint is of step \($0)" } ?? "there is no checkpoint yet"
                    throw JobFailure(JobFailure.kind(of: error), "\(error.description); \(place)")
                }
                let reached = run.steps == milestone
                let stopping = stop.isRaised
                let now = ContinuousClock.now
                if reached || stopping || (now - lastCheckpoint).seconds >= task.checkpointSeconds {
                    // Where the measures are interrupted, the milestone comes again with the job.
                    try checkpoint(run, parameters, milestone: reached, since: started) { weights in
                        try raw.taken(of: run, weights, stop) { try meter.report(done: run.steps, of: last) }
                    }
                    lastCheckpoint = .now
                    lastSent = run.steps
                }
                // A job that has reached the last milestone is finished, not paused.
                if stopping && run.steps < last {
                    throw JobPaused(steps: run.steps)
                }
                try meter.report(done: run.steps, of: last, loss: loss)
            }
        }
    }

    private func checkpoint(
        _ run: TrainingRun, _ parameters: Int, milestone: Bool, since start: ContinuousClock.Instant,
        measuring: (_ weights: Digest) throws -> [WorkerEvent.Measured] = { _ in [] }
    ) throws {
        func file(_ bytes: [UInt8], _ name: String) throws -> OutputFile {
            try run.check()
            return try directory.write(bytes, as: "\(name)-\(run.steps).safetensors")
        }
        let weights = milestone ? try file(run.weights(), "weights") : nil
        // They come first: of a recorded milestone whatever is missing is asked for.
        if let weights { try measuring(weights.digest).forEach { try events.send(.measure($0)) } }
        let state = try file(run.state(metadata: TrainingMark(job.spec).metadata), "state")
        try events.send(
            .checkpoint(
                .init(
                    steps: run.steps, milestone: milestone, weights: weights, state: state,
                    parameters: parameters, losses: run.losses.points.map { .init(steps: $0.steps, mean: $0.mean) },
                    seconds: (ContinuousClock.now - start).seconds)))
    }
}
