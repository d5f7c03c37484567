import Diffusion
import Tensors
import Testing

@testable import ScoreNetworks

/// What a training draws, over batches, epochs, parts and seeds. References show what a step makes of its draws, but not
/// which draws it is given.
struct TrainingDrawsTests {
    private static let shape = ImageShape(channels: 1, height: 4, width: 4)
    private static let count = 11

    /// Image i has the grey level i.
    private static let pixels = (0..<count).flatMap { [UInt8](repeating: UInt8($0), count: shape.count) }

    private func order(_ settings: TrainingSettings, epochs: Int) throws -> [[Int]] {
        var images = try TrainingImages(pixels: Self.pixels, shape: Self.shape, settings: settings)
        return (0..<epochs).map { epoch in
            (0..<Self.count).map { place in
                var met: [Double] = []
                return images.append(number: epoch * Self.count + place, to: &met).image
            }
        }
    }

    @Test func everyEpochMeetsEveryImageOnceInAnOrderOfItsOwn() throws {
        let settings = [
            TrainingSettings(), TrainingSettings(seed: 1), TrainingSettings(part: 0, parts: 2),
            TrainingSettings(part: 1, parts: 2),
        ]
        let orders = try settings.flatMap { try order($0, epochs: 40) }
        for order in orders { #expect(order.sorted() == Array(0..<Self.count)) }
        #expect(Set(orders).count == orders.count)
        // Every image comes at every place about as often: 160 orders of 11 images, six standard errors.
        for place in 0..<Self.count {
            for image in 0..<Self.count {
                let times = orders.count { $0[place] == image }
                #expect(abs(Double(times) - 160.0 / 11) < 6 * (160.0 / 11).squareRoot())
            }
        }
        // An epoch does not depend on those before it.
        var images = try TrainingImages(pixels: Self.pixels, shape: Self.shape, settings: settings[0])
        var met: [Double] = []
        #expect(images.append(number: 7 * Self.count + 3, to: &met).image == orders[7][3])
        #expect(images.append(number: 2 * Self.count + 5, to: &met).image == orders[2][5])
    }

    private static let options: [(name: String, change: @Sendable (inout TrainingSettings) -> Void)] = [
        ("denoising", { _ in }), ("mirrored", { $0.flip = true }), ("augmented", { $0.augment = 0.6 }),
        ("fresh gaps", { $0.objective = .freshGap }), ("bank", { $0.objective = .bank(copies: 3) }),
        ("u squared", { $0.noise = .uSquared }), ("log uniform", { $0.noise = .logUniform() }),
        ("vp", { $0.noise = .variancePreserving }),
    ]

    private func batches(_ settings: TrainingSettings, upTo end: Int) throws -> [TrainingBatch] {
        var images = try TrainingImages(pixels: Self.pixels, shape: Self.shape, settings: settings)
        return stride(from: 0, to: end, by: settings.batch).map { TrainingBatch(settings, from: $0, images: &images) }
    }

    /// The draws of each image, one after the other.
    private func draws(_ batches: [TrainingBatch]) -> [[Double]] {
        batches.flatMap { batch in
            batch.sigma.indices.map { image in
                func part(_ values: [Double]?) -> [Double] {
                    guard let values else { return [] }
                    let size = values.count / batch.sigma.count
                    return Array(values[image * size..<(image + 1) * size])
                }
                return part(batch.sigma) + part(batch.noise) + part(batch.gaps) + part(batch.labels) + part(batch.clean)
            }
        }
    }

    /// An image's draws are a function of its number in the training: no batch repeats another, and none depends on how
    /// many images a batch has.
    @Test(arguments: options.indices) func batchesDoNotRepeatAndDoNotMatter(option: Int) throws {
        func all(_ batch: Int, seed: UInt64 = 3, part: Int = 0) throws -> [[Double]] {
            var settings = TrainingSettings(batch: batch, seed: seed, part: part, parts: 2)
            Self.options[option].change(&settings)
            return draws(try batches(settings, upTo: 240))
        }
        let found = try all(8)
        #expect(found.count == 240)
        #expect(try all(240) == found && all(5) == found)
        // Neither by seed, by part nor by batch does a value of any image's noise, level or label come again.
        let others = try all(8, seed: 4) + all(8, part: 1)
        let noises = (found + others).map { $0[1] }
        #expect(Set(noises).count == 3 * 240)
        let levels = Set((found + others).map { $0[0] })
        // A bank has one level for everything below its second.
        #expect(levels.count > (Self.options[option].name == "bank" ? 600 : 719))
    }

    /// Labels tell what was drawn: every transform is applied to about its share of images, and no two batches are alike.
    @Test func augmentationsAreDrawnForEveryImage() throws {
        let settings = TrainingSettings(batch: 16, augment: 0.25, seed: 5)
        let labels = try batches(settings, upTo: 4000).map { try #require($0.labels) }
        #expect(Set(labels).count == labels.count)
        let images = labels.flatMap { batch in stride(from: 0, to: batch.count, by: 9).map { Array(batch[$0..<$0 + 9]) }
        }
        func share(_ holds: ([Double]) -> Bool) -> Double { Double(images.count(where: holds)) / Double(images.count) }
        // Six standard errors of 4000 draws are below 0.048. The first flip is a fair coin; the second is gated too.
        let shares = [0.5, 0.125, 0.25, 0.25, 0.25, 0.25]
        let found = [
            share { $0[0] == 1 }, share { $0[1] == 1 }, share { $0[2] != 0 }, share { $0[4] != 0 },
            share { $0[5] != 0 || $0[6] != 0 }, share { $0[7] != 0 },
        ]
        for (found, wanted) in zip(found, shares) { #expect(abs(found - wanted) < 0.048) }
        // No draw depends on the image's place in its batch.
        for place in 0..<16 {
            let flips = labels.map { $0[place * 9] }
            #expect(Set(flips) == [0, 1])
        }
    }

    /// With a rate that moves no parameter, the loss of a batch is the mean of those of the batches that it is made of:
    /// dropout too is drawn for each image by its number.
    @Test(arguments: [0.0, 0.4]) func aBatchIsItsParts(dropout: Double) throws {
        let network = NetworkConfiguration.unet(
            UNetConfiguration(
                modelChannels: 4, resolution: 8, imageChannels: 1, multipliers: [1, 2], blocks: 1,
                attentionResolutions: [4], dropout: dropout, augmentLabels: 9))
        let random = CounterRandom(seed: 1, purpose: .generator)
        let pixels = (0..<40 * 64).map { UInt8(random.integer(UInt64($0), below: 256)) }
        func settings(_ batch: Int, rate: Double) -> TrainingSettings {
            TrainingSettings(batch: batch, learningRate: rate, augment: 0.5, flip: true, seed: 2)
        }
        // In a new network the last layers are next to nothing, and so is what is dropped before them.
        let trained = try TrainingRun(configuration: network, settings: settings(16, rate: 0.01), images: pixels)
        for _ in 0..<20 { _ = try trained.step() }
        var state = try SafetensorsFile(bytes: trained.state(), name: "state")
        for counter in ["steps", "images_seen"] { state.set(counter, [Int64(0)]) }
        state.set("loss_means", Tensor<Double>(shape: [0], values: []))
        state.set("loss_sum", Tensor<Double>(shape: [1], values: [0]))
        func losses(_ batch: Int) throws -> [Double] {
            let run = try TrainingRun(
                restoring: state, configuration: network, settings: settings(batch, rate: 1e-300), images: pixels)
            return try (0..<64 / batch).map { _ in try run.step() }
        }
        let parts = try losses(16)
        let whole = try losses(64)
        let mean = parts.reduce(0, +) / 4
        #expect(abs(whole[0] - mean) < 1e-12 * mean)
        #expect(Set(parts).count == 4)
    }

    /// No two images, layers, seeds or parts drop the same units, and every unit is dropped in about its share of images.
    @Test func dropoutIsDrawnForEveryImage() {
        let (vectors, share) = (256, 0.25)
        func masks(seed: UInt64 = 1, sub: UInt32 = 0, layer: Int = 0, first: UInt64) -> [[Bool]] {
            let buffer = LaneBuffer<Float>(count: vectors * laneCount)
            buffer.write([Float](repeating: 1, count: vectors * laneCount), at: 0)
            var mask = [UInt16](repeating: 0, count: vectors)
            Dropout(share: share, seed: seed, sub: sub, firstImage: first)
                .apply(Float.kernels, buffer.base, vectors: vectors, layer: layer, mask: &mask)
            return (0..<laneCount).map { lane in mask.map { $0 >> lane & 1 == 1 } }
        }
        let batches = (0..<24).map { masks(first: UInt64($0 * laneCount)) }
        let others = [
            masks(seed: 2, first: 0), masks(seed: 1 << 40, first: 0), masks(sub: 1, first: 0),
            masks(layer: 1, first: 0),
            masks(first: 1 << 33),
        ]
        let all = batches.flatMap { $0 } + others.flatMap { $0 }
        #expect(Set(all).count == all.count)
        // An image drops the same units wherever it stands in its group.
        #expect(masks(first: 5)[3] == masks(first: 8)[0])
        for unit in 0..<vectors {
            let kept = Double(all.count { $0[unit] }) / Double(all.count)
            // The bound is six standard errors of 464 draws.
            #expect(abs(kept - 0.75) < 0.121)
        }
    }

    /// The average's ramp goes by the images seen before the step.
    @Test func theRampIsThatOfTheImagesBeforeTheStep() throws {
        let ramp = 2.0
        let run = try TrainingRun(
            configuration: TrainingRunTests.configuration,
            settings: TrainingSettings(batch: 4, learningRate: 0.01, emaHalfLifeImages: 1e15, emaRamp: ramp),
            images: [UInt8](repeating: 90, count: 64) + [UInt8](repeating: 200, count: 64))
        let name = "model.enc.8x8_block0.conv0.weight"
        func values(_ prefix: String) throws -> [Float] {
            let file = try SafetensorsFile(bytes: run.state(), name: "state")
            let entry = try file.entry(prefix + name)
            let tensor: Tensor<Float> = try file.tensor(prefix + name, shape: entry.shape)
            return tensor.values
        }
        var average = try values("ema/")
        for step in 0..<5 {
            _ = try run.step()
            // Half of the average is left after ramp · images seen, of which there were 4 a step.
            let decay = step == 0 ? 0 : Elementary.pow(0.5, 1 / (ramp * Double(step)))
            average = zip(average, try values("param/")).map { Float(decay * Double($0) + (1 - decay) * Double($1)) }
            #expect(zip(average, try values("ema/")).allSatisfy { abs($0 - $1) < 1e-6 })
        }
    }
}
