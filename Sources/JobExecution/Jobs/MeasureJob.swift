import JobContract
import Measures
import ScoreNetworks
import Tensors

/// Takes the measures of one checkpoint, one event each.
struct MeasureJob {
    let job: JobDescription
    let task: MeasureTask
    let events: EventWriter
    let directory: WorkingDirectory
    let stop: StopSignal

    /// Throws JobFailure, or JobPaused when asked to stop.
    func run() throws {
        let spec = try JobSpec(job.spec)
        var subject: MeasureSubject?
        for (number, request) in task.measures.enumerated() {
            let measure = Result { try KnownMeasures.measure(for: request) }
            // For measures that this worker does not have, no file is read.
            if case .success = measure, subject == nil {
                subject = try MeasureSubject(
                    denoiser: denoiser(task.checkpoint, spec), images: JobImages(of: job, network: spec.network), spec)
                subject?.others = try others()
            }
            try evaluate(measure, request, number: number, of: subject)
        }
    }

    /// The other subjects of a comparison, with their checkpoints.
    private func others() throws -> [MeasureSubject] {
        let (named, trainings) = (task.others ?? [], job.otherTrainings ?? [])
        guard named.map(\.training) == trainings.map(\.training) else {
            throw JobFailure(.unsupported, "the job names \(named.count) trials to compare with, but other trainings")
        }
        for request in task.measures where request.others != named.map(\.trial) {
            throw JobFailure(.unsupported, "\(request.measure) names other trials than the job brings")
        }
        return try zip(named, trainings).map { other, training in
            var theirs = job
            (theirs.spec, theirs.dataset) = (training.spec, training.dataset)
            let spec = try JobSpec(training.spec)
            return try MeasureSubject(
                denoiser: denoiser(other.checkpoint, spec), images: JobImages(of: theirs, network: spec.network), spec)
        }
    }

    private func denoiser(_ checkpoint: Digest, _ spec: JobSpec) throws -> NetworkDenoiser {
        let weights = try InputFile.read(checkpoint, of: job, what: "the checkpoint")
        let denoiser: NetworkDenoiser
        do {
            denoiser = try NetworkDenoiser(weights: weights, name: job.path(of: checkpoint), threads: job.threads)
        } catch let error as SafetensorsError {
            throw JobFailure(.missingInput, error.description)
        } catch let error as NetworkError {
            throw JobFailure(.missingInput, "the checkpoint \(checkpoint.short): \(error.description)")
        }
        try spec.require(denoiser, from: "the checkpoint \(checkpoint.short)")
        return denoiser
    }

    /// Takes one measure and sends its rows. For one that cannot be taken it sends the reason; the others are still taken.
    private func evaluate(
        _ measure: Result<any Measure, any Error>, _ request: MeasureRequest, number: Int, of subject: MeasureSubject?
    ) throws {
        let start = ContinuousClock.now
        var meter = ProgressMeter(events: events, unit: "images", done: 0)
        var result = MeasureResult(rows: [], artifacts: [])
        var failure: String?
        do {
            let measure = try measure.get()
            guard let subject else { throw MeasureError("\(request.measure) has no checkpoint to be taken of") }
            result = try measure.taken(of: subject) { done, total in
                if stop.isRaised { throw JobPaused(steps: task.steps) }
                try meter.report(done: done, of: total)
            }
        } catch let error as MeasureError {
            guard !error.isHosts else { throw JobFailure(error) }
            Diagnostics.write("\(request.measure) cannot be taken: \(explanation(of: error))")
            failure = error.description
        }
        let artifacts = try result.artifacts.map { artifact in
            Artifact(
                name: artifact.name, mediaType: artifact.mediaType,
                // The number tells apart requests of one measure with several parameters.
                file: try directory.write(artifact.bytes, as: "\(number)-\(request.measure)-\(artifact.name)"))
        }
        try events.send(
            .measure(
                .init(
                    trial: task.trial, request: request, checkpoint: task.checkpoint, rows: result.rows,
                    artifacts: artifacts, seconds: (ContinuousClock.now - start).seconds, failure: failure)))
        if stop.isRaised { throw JobPaused(steps: task.steps) }
    }
}

extension Measure {
    /// Where the network is not of the kind that has this measure, the result has no rows, and a line on standard error says
    /// why. Where nobody says which images a network was trained on, quantities that need to know them are left out.
    func taken(of subject: MeasureSubject, progress: MeasureProgress) throws -> MeasureResult {
        do {
            var result = try evaluate(subject, progress: progress)
            guard ([subject] + subject.others).contains(where: { !$0.areImagesKnown }) else { return result }
            let declared = Self.entry.declarations
            result.rows.removeAll { declared.declaration(of: $0.quantity)?.takesKnownImages ?? false }
            return result
        } catch let error as MeasureError where error.isNetworks {
            Diagnostics.write("left out: \(explanation(of: error))")
            return MeasureResult(rows: [], artifacts: [])
        }
    }
}

extension MeasureSubject {
    /// A network, with the images it was trained on and those it was not, by the spec of its training.
    init(denoiser: NetworkDenoiser, images: JobImages, _ spec: JobSpec) throws {
        denoiser.levels = spec.training.levels
        self.init(
            denoiser: denoiser, training: try images.training(), heldOut: try images.heldOut(),
            flips: spec.training.flip, source: { try images.allButHeldOut() }, seed: spec.training.seed,
            areImagesKnown: spec.areImagesKnown)
    }
}
