import JobContract
import Measures
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
        var networks: MeasuredNetworks?
        defer { networks?.close() }
        for (number, request) in task.measures.enumerated() {
            let measure = Result { try KnownMeasures.measure(for: request) }
            // For measures that this worker does not have, no file is read.
            if case .success = measure, networks == nil {
                networks = try MeasuredNetworks(of: job, task, stop: stop)
            }
            try evaluate(measure, request, number: number, of: networks)
        }
    }

    /// Takes one measure and sends its rows. For one that cannot be taken it sends the reason; the others are still taken.
    private func evaluate(
        _ measure: Result<any Measure, any Error>, _ request: MeasureRequest, number: Int,
        of networks: MeasuredNetworks?
    ) throws {
        let start = ContinuousClock.now
        var meter = ProgressMeter(events: events, unit: "images", done: 0)
        var result = MeasureResult(rows: [], artifacts: [])
        var failure: String?
        do {
            let measure = try measure.get()
            guard let networks else { throw MeasureError("\(request.measure) has no checkpoint to be taken of") }
            result = try networks.checking {
                try measure.taken(of: networks.subject) { done, total in
                    if stop.isRaised { throw JobPaused(steps: task.steps) }
                    try networks.check()
                    try meter.report(done: done, of: total)
                }
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
