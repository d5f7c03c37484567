import JobContract
import SweepFiles
import SweepModel
import Testing

@Suite struct SpecKeyTests {
    /// Names and birth values never change, since every stored spec has them.
    @Test func namesAndDefaultsStay() throws {
        let written = SpecKey.all.map {
            "\($0.name) \($0.fallback?.flowYAML ?? "-")\($0.isLater ? " later" : "")"
        }
        #expect(
            written == [
                "dataset.source -", "dataset.resolution 32", "dataset.channels 1", "dataset.size -",
                "dataset.part {index: 0, of: 1}", "dataset.subset_seed 0", "dataset.held_out 256", "dataset.flip false",
                "dataset.shuffle false", "dataset.deduplicate false", "dataset.skip_unreadable false",
                "dataset.order prepared later", "dataset.split drawn later", "dataset.held_out_source none",
                "dataset.training_index none",
                "dataset.alpha 3", "dataset.count 16384",
                "model.architecture ddpmpp",
                "model.scale 16",
                "model.multipliers [2, 2, 2]", "model.blocks 4", "model.attention [16]", "model.dropout 0",
                "model.layers 21 later", "model.linear_first_layer false later", "model.receptive_field 0 later",
                "model.weights none later",
                "training.images -", "training.epochs -", "training.steps -", "training.batch 32",
                "training.optimizer adam later", "training.momentum 0 later",
                "training.learning_rate 0.001", "training.warmup_images 0", "training.halving_images 0 later",
                "training.weight_decay 0 later",
                "training.ema_half_life_images 500000",
                "training.ema_ramp 0.05", "training.preconditioning edm", "training.sigma_data 0.5",
                "training.noise lognormal", "training.noise_mean -1.2", "training.noise_std 1.2",
                "training.noise_min 0.02 later", "training.noise_max 100 later", "training.noise_sigma 0.5 later",
                "training.objective denoising", "training.bank_copies 4 later",
                "training.noises_per_image 0 later", "training.augment 0", "seed 0",
            ])
    }

    @Test func defaultsAreInRangeAndDocumented() {
        for key in SpecKey.all {
            if let fallback = key.fallback { #expect(key.admit(fallback) == fallback, "\(key.name)") }
            // A later key without a birth value would have to be written for ever.
            if key.isLater { #expect(key.fallback != nil && key.exceptions == nil, "\(key.name)") }
            if let exceptions = key.exceptions {
                let chooser = SpecKey.all.firstIndex { $0.name == exceptions.chooser } ?? .max
                #expect(chooser < SpecKey.all.firstIndex(of: key) ?? 0, "\(key.name)")
                for value in exceptions.values.values { #expect(key.admit(value) == value, "\(key.name)") }
            }
            #expect(!key.meaning.isEmpty && !key.expected.isEmpty)
            #expect(SpecKey.named(key.name) == key)
        }
    }

    @Test func wholeNumbersAreIntegersHoweverWritten() throws {
        let rate = try #require(SpecKey.named("training.sigma_data"))
        let two = try #require(rate.admit(.number(2)))
        #expect(try CanonicalJSON.text(two) == "2")
        let size = try #require(SpecKey.named("dataset.size"))
        #expect(size.admit(.number(64)) == .integer(64))
        #expect(size.admit(.number(.nan)) == nil)
        #expect(size.admit("64") == nil)
    }
}

/// Networks can be built where GroupNorm has min(32, C/4) groups that divide C, at every input and output.
@Suite struct NetworkRuleTests {
    private func complaint(_ scale: Int, _ multipliers: String, resolution: Int = 16, blocks: Int = 1) -> String? {
        SweepFilesTests.complaint(
            sweep(
                "dataset: {size: 8, resolution: \(resolution)}\ntraining.steps: 1\n"
                    + "model: {scale: \(scale), multipliers: \(multipliers), blocks: \(blocks)}"))
    }

    @Test(arguments: [4, 8, 16, 32, 64, 128])
    func publishedScalesAreBuilt(scale: Int) {
        #expect(complaint(scale, "[2, 2, 2]", resolution: 32, blocks: 4) == nil)
        #expect(complaint(scale, "[1, 2, 2, 2]", resolution: 64, blocks: 4) == nil)
    }

    /// 36·2 = 72 divides into 18 groups, 72 + 72 = 144 not into 32.
    @Test(
        arguments: [
            (
                36, "[2, 2]",
                "layer dec.8x8_block0.norm0 would have 144 channels in 32 groups: expected a multiple of 32"
            ),
            (72, "[1, 2]", "layer enc.8x8_block0.norm1 would have 144 channels in 32 groups"),
            (22, "[1, 1]", "layer enc.16x16_block0.norm0 would have 22 channels in 5 groups"),
            (14, "[1, 1]", "layer enc.16x16_block0.norm0 would have 14 channels in 3 groups: expected a multiple of 4"),
        ] as [(Int, String, String)])
    func others(scale: Int, multipliers: String, message: String) {
        let got = complaint(scale, multipliers)
        #expect(got?.contains(message) ?? message.isEmpty, "\(got ?? "no complaint")")
    }

    @Test func eachLevelHalvesTheResolution() {
        #expect(complaint(8, "[1, 1, 1, 1]", resolution: 8) == nil)
        #expect(complaint(8, "[1, 1, 1, 1]", resolution: 12)?.contains("cannot be halved 3 times") == true)
        #expect(complaint(8, "[1, 1, 1, 1, 1]", resolution: 8)?.contains("cannot be halved 4 times") == true)
    }
}
