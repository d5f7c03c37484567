import ArgumentParser
import CPosix
import Glibc
import JobContract
import ScoreNetworks
import Tensors

struct TrainCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "train", abstract: "Train one denoiser by hand.",
        discussion: """
            eigensweep-worker train small.yaml --dataset faces.safetensors --steps 1000 --set model.scale=8

            Writes weights-STEPS.safetensors and state-STEPS.safetensors, the same bytes as in a sweep; a state now and \
            then on the way, of which the last is kept. When it is told to stop by SIGTERM, or when the training diverges, \
            it leaves the state only, for --resume.
            """)

    @OptionGroup var options: SpecOptions

    @Option(help: "Optimiser steps in all, whatever length the file has.")
    var steps: Int?

    @Option(help: "A training state to go on from.", completion: .tensors)
    var resume: String?

    @Option(help: "The directory for the files, which must exist.", completion: .directory)
    var output: String = "."

    @Option(help: "Seconds between states on the way.")
    var stateSeconds: Double = 300

    @OptionGroup var compute: ComputeOptions

    func validate() throws {
        if options.spec != nil && steps == nil { throw ValidationError("--spec has no length: expected --steps too") }
        guard (steps ?? 1) >= 1 else { throw ValidationError("--steps must be at least 1") }
        guard stateSeconds >= 0 else { throw ValidationError("--state-seconds must be at least 0") }
    }

    func run() throws {
        try compute.prepare()
        let stop = StopSignal()
        let (values, length) = try options.training(steps: steps)
        let spec = try JobSpec(values)
        try spec.requireTrainable()
        let mark = TrainingMark(values)
        let images = try JobImages(byHand: options.dataset, spec: values, shape: spec.network.imageShape)
            .trainingBytes()
        try JobFailure.explainingTraining {
            let run =
                try resume.map { path in
                    let state = try SafetensorsFile(
                        bytes: InputFile.read(named: path, what: "the training state"), name: path)
                    try mark.check(state)
                    return try TrainingRun(
                        restoring: state, configuration: spec.network, settings: spec.training, images: images,
                        threads: compute.threads, on: NetworkMachines.machine())
                }
                ?? TrainingRun(
                    configuration: spec.network, settings: spec.training, images: images, threads: compute.threads,
                    on: NetworkMachines.machine())
            try train(run, steps: length ?? 0, until: stop, mark)
        }
    }

    private func train(_ run: TrainingRun, steps: Int, until stop: StopSignal, _ mark: TrainingMark) throws {
        var last = (steps: run.steps, time: ContinuousClock.now)
        var kept = KeptState(output: output, mark: mark)
        while run.steps < steps && !stop.isRaised {
            let loss: Double
            do {
                loss = try run.step()
            } catch {
                if run.isIntact && run.steps > 0 { try kept.keep(run) }
                throw kept.explained(error)
            }
            if (ContinuousClock.now - kept.time).seconds >= stateSeconds && run.steps < steps { try kept.keep(run) }
            let elapsed = (ContinuousClock.now - last.time).seconds
            guard elapsed >= 1 else { continue }
            let rate = (Double(run.steps - last.steps) / elapsed * 10).rounded() / 10
            Diagnostics.write("step \(run.steps) of \(steps), \(rate) steps/s, loss \(loss)")
            last = (run.steps, .now)
        }
        try kept.keep(run)
        print(kept.path ?? "")
        guard run.steps >= steps else { return }
        let weights = "\(output)/weights-\(run.steps).safetensors"
        let averaged = run.weights()
        try run.check()
        try DurableFile.write(averaged, to: weights)
        print(weights)
    }
}

/// The last state that a training by hand wrote. Writing a new one removes the one before.
private struct KeptState {
    let output: String
    let mark: TrainingMark
    private(set) var path: String?
    private(set) var time = ContinuousClock.now

    init(output: String, mark: TrainingMark) {
        self.output = output
        self.mark = mark
    }

    mutating func keep(_ run: TrainingRun) throws {
        let new = "\(output)/state-\(run.steps).safetensors"
        let state = try run.state(metadata: mark.metadata)
        try run.check()
        try DurableFile.write(state, to: new)
        if let path, path != new { unlink(path) }
        path = new
        time = .now
    }

    func explained(_ error: TrainingError) -> JobFailure {
        let place = path.map { "the last state is \($0)" } ?? "no state was kept"
        return JobFailure(JobFailure.kind(of: error), "\(error.description); \(place)")
    }
}
