import Diffusion
import JobContract
import Measures

/// Takes the measures of one checkpoint, one event each.
struct MeasureJob {
    let job: JobDescription
    let task: MeasureTask
    let events: EventWriter
    let directory: WorkingDirectory
    let stop: StopSignal

    /// Throws JobFailure, or JobPaused when asked to stop.
    func run() throws {
        let settings = try TrainingSettings(spec: job.spec)
        let measures = try task.measures.map { request in
            do { return (request, try KnownMeasures.measure(for: request)) } catch let error as MeasureError {
                throw JobFailure(.unsupported, error.description)
            }
        }
        let data = try TrainingData(of: job, settings: settings)
        let denoiser = try settings.denoiser(
            checkpoint: InputFile.read(task.checkpoint, of: job, what: "the checkpoint"),
            name: job.path(of: task.checkpoint))
        let subject = MeasureSubject(
            denoiser: denoiser, training: data.training, heldOut: data.heldOut, flips: settings.flip)
        for (request, measure) in measures { try take(measure, request, of: subject) }
    }

    private func take(_ measure: any Measure, _ request: MeasureRequest, of subject: MeasureSubject) throws {
        let start = ContinuousClock.now
        var meter = ProgressMeter(events: events, unit: "images", done: 0)
        let result: MeasureResult
        do {
            result = try measure.evaluate(subject) { done, total in
                if stop.isRaised { throw JobPaused(steps: task.steps) }
                try meter.report(done: done, of: total)
            }
        } catch let error as MeasureError {
            throw JobFailure(.unsupported, error.description)
        }
        let artifacts = try result.artifacts.map { artifact in
            Artifact(
                name: artifact.name, mediaType: artifact.mediaType,
                file: try directory.write(artifact.bytes, as: "\(request.measure)-\(artifact.name)"))
        }
        try events.send(
            .measure(
                .init(
                    trial: task.trial, request: request, checkpoint: task.checkpoint, rows: result.rows,
                    artifacts: artifacts, seconds: (ContinuousClock.now - start).seconds)))
        if stop.isRaised { throw JobPaused(steps: task.steps) }
    }
}
