import JobContract
import SweepFiles
import SweepModel
import Testing

/// Sweep files as the published interface writes them.
@Suite struct PublishedFileTests {
    private static let example = """
        name: dataset-size
        about: Memorization against training-set size
        dataset: {source: geometric, resolution: 16, channels: 1}
        model: {architecture: ddpmpp}
        training: {batch: 32, learning_rate: 1.0e-3}
        grid:
          dataset.size: {geometric: {from: 16, to: 1024, factor: 4}}
          model.scale: [4, 8, 16]
          training.images: {geometric: {from: 8192, to: 524288, factor: 4}}
          seed: {range: [0, 3]}
          zip: [{training.batch: [32, 64], training.learning_rate: [1.0e-3, 2.0e-3]}]
          exclude: ["dataset.size > 256 and model.scale < 8"]
        measures: [memorization, {gaussian-distance: {samples: 256}}]
        needs: {memory: 2G, tags: [avx512], gpus: 0}
        worker: {command: [eigensweep-worker]}
        profiles: {quick: {dataset.size: [16, 256], seed: [0]}}
        """

    /// An axis stands in place of the value outside of the grid, and the trials are those of a file without that.
    @Test func theExampleIsASweep() throws {
        let given = try expand(Self.example).sweep
        // Four sizes, three scales less one of a size, four lengths, three seeds, and two batches.
        #expect(given.trials.count == (4 * 3 - 1) * 4 * 3 * 2)
        let without = Self.example.replacing("training: {batch: 32, learning_rate: 1.0e-3}\n", with: "")
        #expect(try expand(without).sweep.trials.map(\.id) == given.trials.map(\.id))
        #expect(try expand(Self.example, ["profile=quick"]).sweep.trials.count == 2 * 3 * 4 * 2)
    }

    private func halvings(_ lines: String, _ overrides: [String] = []) throws -> [JSONValue?] {
        let sweep = try expand(sweep("training.steps: 1\n" + lines), overrides).sweep
        return sweep.trials.map { sweep.trainings[$0.training]?.spec["training.halving_images"] }
    }

    @Test func halvingsInEpochsAreThoseInImages() throws {
        let once = "dataset.size: 48\ntraining.lr_halving_epochs: 2.5"
        #expect(try halvings(once) == [120])
        #expect(
            try expand(sweep("training.steps: 1\n" + once)).sweep.trainings.keys
                == expand(sweep("training.steps: 1\ndataset.size: 48\ntraining.halving_images: 120")).sweep.trainings
                .keys)
        let sizes = "grid: {dataset.size: [8, 16], seed: [0, 1]}"
        #expect(try halvings("training: {lr_halving_epochs: 3}\n" + sizes) == [24, 24, 48, 48])
        #expect(try halvings(sizes, ["training.lr_halving_epochs=3"]) == [24, 24, 48, 48])
        #expect(try halvings("dataset.size: 8\ngrid: {training.lr_halving_epochs: [0, 2]}") == [nil, 16])
        #expect(
            try halvings("grid: {zip: [{dataset.size: [8, 16], training.lr_halving_epochs: [3, 1]}], seed: [0]}")
                == [24, 16])
        let blocks = "dataset.size: 4\ntraining.lr_halving_epochs: 2\ngrid: [{dataset.size: [8]}, {seed: [1]}]"
        #expect(try halvings(blocks) == [16, 8])
    }

    @Test func sigmaIsTheOneNoise() throws {
        let lines = "training.steps: 1\ndataset.size: 8\ntraining.noise: fixed\n"
        let ours = try expand(sweep(lines + "training.noise_sigma: 0.7")).sweep
        for other in ["training.sigma: 0.7", "training: {sigma: 0.7}", "grid: {training.sigma: [0.7]}"] {
            #expect(try expand(sweep(lines + other)).sweep.trials.map(\.id) == ours.trials.map(\.id))
        }
        #expect(try expand(sweep(lines), ["training.sigma=0.7"]).sweep.trials.map(\.id) == ours.trials.map(\.id))
    }
}
