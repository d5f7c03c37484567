import Datasets
import Diffusion
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

    /// The keys that a descriptor gives its architecture, with their defaults.
    private struct Defaults: SizeKeys {
        struct Missing: Error { let key: String }
        let values: [String: JSONValue]
        var read: Set<String> = []

        private mutating func value<T>(_ key: String, _ get: (JSONValue) -> T?) throws -> T {
            read.insert(key)
            guard let found = values[key].flatMap(get) else { throw Missing(key: key) }
            return found
        }
        mutating func integer(_ key: String) throws -> Int { try value(key, \.integerValue) }
        mutating func integers(_ key: String) throws -> [Int] {
            try value(key) { $0.arrayValue?.compactMap(\.integerValue) }
        }
        mutating func number(_ key: String) throws -> Double { try value(key, \.doubleValue) }
        mutating func flag(_ key: String) throws -> Bool { try value(key, \.boolValue) }
    }

    /// An architecture is described for sweeps and built for jobs under one name, by the same keys.
    @Test func everyArchitectureIsDescribedAndBuilt() throws {
        #expect(NetworkConfiguration.architectures.sorted() == Architecture.names.sorted())
        for architecture in Architecture.all {
            let fallbacks = architecture.keys.map { ($0.key, $0.fallback) }
            var keys = Defaults(values: Dictionary(uniqueKeysWithValues: fallbacks))
            let shape = ImageShape(channels: 1, height: 32, width: 32)
            let network = try #require(try NetworkConfiguration(architecture.name, shape: shape, &keys))
            #expect(network.architecture == architecture.name && network.imageShape == shape)
            #expect(network.isBlind == architecture.isBlind)
            #expect(keys.read == Set(keys.values.keys), "\(architecture.name) reads what it is said to")
            #expect(try network.parameterCount() > 0)
            // What a checkpoint tells makes the same keys again.
            let told = CheckpointConfiguration(network, network.isBlind ? .blind : .edm()).keys
            for (key, value) in keys.values where key.hasPrefix("model.") {
                #expect(told[key].map(\.canonical) == value.canonical, "\(architecture.name): \(key)")
            }
        }
    }
}
