import Diffusion
import JobContract
import Tensors

/// Network, optimiser and moving average: EDM's training step (Karras et al. 2022) for batches given from outside.
package final class Trainer<S: LaneScalar> {
    package let network: Network<S>
    package let objective: DenoisingObjective<S>
    package let learningRate: LearningRateSchedule
    package let emaSchedule: EMASchedule
    /// The number of steps done.
    package private(set) var steps = 0
    package private(set) var imagesSeen = 0
    /// The losses of the steps done.
    package private(set) var losses = LossCurve()
    /// Whether parameters, moments and averages are those after `steps` steps.
    private(set) var isIntact = true

    private let optimiser: OptimiserState<S>
    private let average: UnsafeMutablePointer<S>

    /// Trains the parameters of `network`, which must have been built for training.
    package init(
        network: Network<S>, preconditioning: Preconditioning, learningRate: LearningRateSchedule,
        ema: EMASchedule, optimiser: Optimiser = .adam, weightDecay: Double = 0
    ) {
        self.network = network
        objective = DenoisingObjective(network: network, preconditioning: preconditioning)
        self.learningRate = learningRate
        emaSchedule = ema
        let (machine, count) = (network.workspace.machine, network.workspace.paddedParameters)
        self.optimiser = OptimiserState(optimiser, weightDecay: weightDecay, count: count, on: machine)
        average = machine.place(count, shared: true)
        machine.copy(network.workspace.parameters, count, to: average)
    }

    /// Does one step on images `clean` in [−1, 1] with noise `sigma`·`noise`, and returns the loss before it. Where it
    /// throws because of the loss, nothing has changed.
    package func step(
        clean: [Double], noise: [Double], sigma: [Double], labels: [Double]? = nil
    ) throws(TrainingError) -> Double {
        try step(TrainingBatch(clean: clean, noise: noise, sigma: sigma, labels: labels), dropout: nil)
    }

    func step(_ batch: TrainingBatch, dropout: Dropout?, beat: () -> Void = {}) throws(TrainingError) -> Double {
        let w = network.workspace
        let untrained = w.machine.read(w.untrained, w.plan.untrainedCount)
        let loss = objective.evaluate(batch, dropout: dropout, details: false, beat: beat).loss
        try checkMachine()
        let isFinite = w.machine.read(w.untrained, untrained.count).allSatisfy(\.isFinite)
        guard loss.isFinite, isFinite else {
            // The untrained values have taken the batch's statistics already: they are put back.
            w.machine.write(untrained, to: w.untrained)
            let what = isFinite ? "the loss of the batch is \(loss)" : "the batch's statistics are not finite"
            throw TrainingError.diverged(step: steps + 1, what: what)
        }
        optimiser.step(
            steps + 1, parameters: w.parameters, gradients: w.gradients, average: average,
            rate: learningRate.rate(imagesSeen: imagesSeen),
            averageDecay: emaSchedule.beta(batch: batch.sigma.count, imagesSeen: imagesSeen))
        var finite: Int32 = 1
        w.kernels.checkFinite(w.parameters, w.paddedParameters, &finite)
        isIntact = finite == 1 && optimiser.isFinite
        try checkMachine()
        guard isIntact else {
            throw TrainingError.diverged(step: steps + 1, what: "a parameter or its moment is not finite")
        }
        network.parametersChanged()
        steps += 1
        imagesSeen += batch.sigma.count
        losses.add(loss)
        return loss
    }

    /// Nothing of the training can be read any longer where its device has failed.
    func checkMachine() throws(TrainingError) {
        do {
            try network.workspace.machine.check()
        } catch {
            isIntact = false
            throw TrainingError.device(step: steps + 1, explanation(of: error))
        }
    }

    /// Stores the averaged parameters and the network's other values, called `prefix` + name.
    package func storeAverage(in file: inout SafetensorsFile, prefix: String) {
        network.store(average, in: &file, prefix: prefix)
        network.storeUntrained(in: &file, prefix: prefix)
        network.storeFilters(in: &file, prefix: prefix)
    }

    /// Stores the parameters as they are, as `storeAverage` does the averaged ones.
    package func storeRaw(in file: inout SafetensorsFile) {
        network.store(in: &file, prefix: "")
        network.storeFilters(in: &file, prefix: "")
    }

    /// Stores everything that the next steps depend on.
    package func storeState(in file: inout SafetensorsFile) {
        network.store(in: &file, prefix: "param/")
        network.store(average, in: &file, prefix: "ema/")
        for moment in optimiser.moments { network.store(moment.values, in: &file, prefix: moment.prefix) }
        file.set("steps", [Int64(steps)])
        file.set("images_seen", [Int64(imagesSeen)])
        losses.store(in: &file)
    }

    /// Restores what `storeState` wrote.
    package func loadState(_ file: SafetensorsFile) throws(SafetensorsError) {
        let steps = try file.integers("steps", shape: [1])[0]
        let images = try file.integers("images_seen", shape: [1])[0]
        guard steps >= 0, images >= 0, steps < 1 << 48, images < 1 << 48 else {
            throw file.error("steps", "holds \(steps) steps and \(images) images, which cannot be")
        }
        let plan = network.plan
        let known =
            ["steps", "images_seen"] + LossCurve.names + plan.untrained.map { "param/\($0.name)" }
            + (["param/", "ema/"] + optimiser.moments.map(\.prefix)).flatMap { prefix in
                plan.parameters.map { prefix + $0.name }
            }
        if let stranger = Set(file.names).subtracting(known).min() {
            throw file.error(stranger, "is not part of a training state of this network")
        }
        let losses = try LossCurve(file, steps: Int(steps))
        try network.load(file, prefix: "param/")
        try network.load(file, prefix: "ema/", into: average)
        for moment in optimiser.moments { try network.load(file, prefix: moment.prefix, into: moment.values) }
        self.steps = Int(steps)
        imagesSeen = Int(images)
        self.losses = losses
    }
}
