import Datasets
import JobContract
import ScoreNetworks
import Testing

/// Sweep files refuse in advance what jobs would refuse, and nothing else.
@Suite struct AgreementTests {
    /// Expects that jobs can build a network where sweeps admit it, and nowhere else.
    private func check(_ network: NetworkConfiguration, _ resolution: Int, _ model: String) -> Bool {
        let isBuilt = (try? network.parameterCount()) != nil
        let fault = complaint(
            sweep("dataset: {size: 8, resolution: \(resolution)}\ntraining.steps: 1\nmodel: {\(model)}"))
        #expect(isBuilt == (fault == nil), "\(network): \(fault ?? "admitted")")
        return isBuilt
    }

    /// Compares the rules on networks' sizes here with the layers themselves there.
    @Test(arguments: [8, 10, 12, 16, 24, 32, 48, 64], UNetArchitecture.allCases)
    func networksAreRefusedByBothOrNeither(resolution: Int, architecture: UNetArchitecture) throws {
        let multipliers = [
            [1], [3], [1, 1], [1, 2], [2, 1], [2, 2], [1, 3], [2, 2, 2], [1, 2, 4], [1, 2, 2, 2], [5, 1, 3, 2, 1],
        ]
        var verdicts: [Bool: Int] = [:]
        for scale in [4, 6, 8, 10, 12, 16, 22, 24, 36, 64, 72, 96, 128] {
            for multipliers in multipliers {
                let blocks = 1 + (scale + resolution + multipliers.count) % 2
                let configuration = UNetConfiguration(
                    architecture: architecture, modelChannels: scale, resolution: resolution, imageChannels: 1,
                    multipliers: multipliers, blocks: blocks, attentionResolutions: [8])
                let isBuilt = check(
                    .unet(configuration), resolution,
                    "architecture: \(architecture.rawValue), scale: \(scale), "
                        + "multipliers: [\(multipliers.map(String.init).joined(separator: ", "))], blocks: \(blocks), "
                        + "attention: [8]")
                verdicts[isBuilt, default: 0] += 1
            }
        }
        #expect(verdicts[true, default: 0] > 9 && verdicts[false, default: 0] > 9)
    }

    @Test(arguments: [8, 10, 12, 32, 40]) func blindNetworksAreRefusedByBothOrNeither(resolution: Int) {
        var verdicts: [Bool: Int] = [:]
        for blocks in [1, 2, 3, 4, 5, 8, 9] {
            let configuration = BlindConfiguration(kind: .unet(blocks: blocks), kernels: 4, resolution: resolution)
            let isBuilt = check(
                .blind(configuration), resolution, "architecture: bias-free-unet, scale: 4, blocks: \(blocks)")
            verdicts[isBuilt, default: 0] += 1
        }
        for layers in [2, 3, 21, 256] {
            for field in [0, 1, 4, 5, 6, 7, 8, 43, 44, 513] {
                let configuration = BlindConfiguration(
                    kind: .cnn(layers: layers, linearFirstLayer: false, receptiveField: field == 0 ? nil : field),
                    kernels: 4, resolution: resolution)
                let isBuilt = check(
                    .blind(configuration), resolution,
                    "architecture: bf-cnn, scale: 4, layers: \(layers), receptive_field: \(field)")
                verdicts[isBuilt, default: 0] += 1
            }
        }
        #expect(verdicts[true, default: 0] > 9 && verdicts[false, default: 0] > 9)
    }

    /// Compares subsets: parts of every index, and sizes around what the images suffice for.
    @Test(arguments: [(16384, 16), (16384, 16129), (16384, 16384), (16384, 20000)])
    func subsetsAreRefusedByBothOrNeither(images: Int, heldOut: Int) throws {
        for of in [1, 2, 3, 7] {
            let room = max(0, images - heldOut) / of
            for index in 0..<of {
                for size in Set([1, room - 1, room, room + 1, images]).filter({ $0 > 0 }) {
                    let split = try? DatasetSplit(
                        count: images, key: DatasetKey(digest: Digest(of: "abc".utf8)), subsetSeed: 0, heldOut: heldOut,
                        size: size, part: DatasetPart(index: index, of: of))
                    let fault = complaint(
                        "name: a\ntraining.steps: 1\ndataset:\n  source: a.zip\n  size: \(size)\n"
                            + "  part: \(index)/\(of)\n  held_out: \(heldOut)")
                    #expect((split != nil) == (fault == nil), "\(index)/\(of) of \(size): \(fault ?? "admitted")")
                    #expect(fault?.hasPrefix("x.yaml:5: dataset.size: ") != false)
                }
            }
        }
    }
}
