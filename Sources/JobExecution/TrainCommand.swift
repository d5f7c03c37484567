import ArgumentParser
import JobContract
import ScoreNetworks
import Tensors

struct TrainCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "train", abstract: "Train one denoiser by hand.",
        discussion: """
            Writes weights-STEPS.safetensors and state-STEPS.safetensors, the same bytes as in a sweep. When it is \
            told to stop by SIGTERM it leaves the state only, for --resume.
            """)

    @OptionGroup var options: SpecOptions

    @Option(help: "Optimiser steps in all.")
    var steps: Int

    @Option(help: "A training state to go on from.")
    var resume: String?

    @Option(help: "The directory for the files, which must exist.")
    var output: String = "."

    func run() throws {
        NumericThread.prepare()
        let stop = StopSignal()
        let values = try options.values()
        let spec = try JobSpec(values)
        let images = try JobImages(path: options.dataset, spec: values, network: spec.network).trainingBytes()
        try JobFailure.explainingTraining {
            let run =
                try resume.map { path in
                    try TrainingRun(
                        restoring: InputFile.read(path, what: "the training state"), name: path,
                        configuration: spec.network, settings: spec.training, images: images)
                } ?? TrainingRun(configuration: spec.network, settings: spec.training, images: images)
            try train(run, until: stop)
        }
    }

    private func train(_ run: TrainingRun, until stop: StopSignal) throws {
        var last = (steps: run.steps, time: ContinuousClock.now)
        while run.steps < steps && !stop.isRaised {
            let loss = try run.step()
            let elapsed = (ContinuousClock.now - last.time).seconds
            guard elapsed >= 1 else { continue }
            let rate = (Double(run.steps - last.steps) / elapsed * 10).rounded() / 10
            Diagnostics.write("step \(run.steps) of \(steps), \(rate) steps/s, loss \(loss)")
            last = (run.steps, .now)
        }
        let state = "\(output)/state-\(run.steps).safetensors"
        try DurableFile.write(run.state(), to: state)
        print(state)
        guard run.steps >= steps else { return }
        let weights = "\(output)/weights-\(run.steps).safetensors"
        try DurableFile.write(run.weights(), to: weights)
        print(weights)
    }
}
