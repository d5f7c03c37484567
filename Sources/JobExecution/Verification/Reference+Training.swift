import Diffusion
import FoundationEssentials
import JobContract
import ScoreNetworks
import Tensors

/// The settings beside the network with which a reference's values were made: keys of `config` that some kinds have.
struct ReferenceSettings: Decodable {
    struct Adam: Decodable { var lr: Double }
    struct Average: Decodable {
        var half_life_images: Double
        var rampup_ratio: Double
    }

    var adam: Adam?
    var ema: Average?
    var warmup_images: Int?
    var rho: Double?
    var sigma_min: Double?
    var sigma_max: Double?
    var S_churn: Double?
    var S_min: Double?
    var S_max: Double?
    var S_noise: Double?
    var h0: Double?
    var beta: Double?
    var steps: Int?

    init(_ file: SafetensorsFile) throws {
        let text = file.metadata["config"] ?? "{}"
        do {
            self = try JSONDecoder().decode(Self.self, from: Data(text.utf8))
        } catch {
            throw file.error(
                nil,
                "has a metadata entry 'config' that does not say how its values were made: \(explanation(of: error))")
        }
    }
}

/// Compares training steps, and the augmentation of their images.
extension Reference {
    func training() throws -> [ReferenceComparison] {
        let settings = try ReferenceSettings(file)
        let stored = try CheckpointConfiguration(file)
        let network = try load(stored.network)
        let trainer = Trainer(
            network: network, preconditioning: stored.preconditioning,
            learningRate: LearningRateSchedule(
                rate: settings.adam?.lr ?? 1e-3, warmupImages: settings.warmup_images ?? 0),
            ema: EMASchedule(
                halfLife: settings.ema?.half_life_images ?? 500_000, ramp: settings.ema?.rampup_ratio ?? 0.05))
        let sigma = try file.tensor("sigma", as: Double.self)
        let clean = try file.tensor("clean", as: Double.self)
        let noise = try file.tensor("noise", as: Double.self)
        var (losses, rates, betas): ([Double], [Double], [Double]) = ([], [], [])
        for step in 0..<sigma.shape[0] {
            rates.append(trainer.learningRate.rate(imagesSeen: trainer.imagesSeen))
            betas.append(trainer.emaSchedule.beta(batch: sigma.shape[1], imagesSeen: trainer.imagesSeen))
            losses.append(
                try trainer.step(
                    clean: Array(clean[row: step]), noise: Array(noise[row: step]), sigma: Array(sigma[row: step])))
        }
        var after = SafetensorsFile()
        network.store(in: &after, prefix: "final/")
        trainer.storeAverage(in: &after, prefix: "ema/")
        var comparisons = [
            try compare("loss", losses), try compare("ema_beta", betas),
        ]
        if file.contains("learning_rate") { comparisons.append(try compare("learning_rate", rates)) }
        return try comparisons + compare(after)
    }

    /// A row of `draws` is: flips along x and y, scale, angle, stretch, the stretch's direction, shifts along x and y.
    func augmentation() throws -> [ReferenceComparison] {
        let images = try file.tensor("images", as: Double.self)
        guard images.shape.count == 4 else { throw file.error("images", "is not [B, C, H, W]") }
        let draws: Tensor<Double> = try file.tensor("draws", shape: [images.shape[0], 8])
        let shape = ImageShape(channels: images.shape[1], height: images.shape[2], width: images.shape[3])
        var (augmented, labels): ([Double], [Double]) = ([], [])
        for image in 0..<images.shape[0] {
            let row = Array(draws[row: image])
            var draw = AugmentationPipe.Draw()
            (draw.flipX, draw.flipY) = (row[0] > 0, row[1] > 0)
            (draw.scale, draw.angle, draw.stretch, draw.direction) = (row[2], row[3], row[4], row[5])
            (draw.shiftX, draw.shiftY) = (row[6], row[7])
            augmented += AugmentationPipe.apply(draw, to: Array(images[row: image]), shape: shape)
            labels += draw.labels
        }
        return [
            try ReferenceComparison("augmented", augmented, file, tolerance.coarse), try compare("labels", labels),
        ]
    }
}
