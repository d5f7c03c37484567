import ScoreNetworks
import Testing

struct ConfigurationTests {
    /// Parameter counts of the published networks.
    @Test(arguments: [
        (4, 57_235), (8, 223_139), (16, 880_963), (32, 3_500_675), (64, 13_956_355), (128, 55_732_739),
    ])
    func countsParameters(scale: Int, expected: Int) throws {
        let network = UNetConfiguration(modelChannels: scale, resolution: 32, imageChannels: 3)
        #expect(try NetworkConfiguration.unet(network).parameterCount() == expected)
    }

    @Test func countsParametersOfOtherShapes() throws {
        let small = UNetConfiguration(
            modelChannels: 8, resolution: 16, imageChannels: 1, multipliers: [1, 2], blocks: 1,
            attentionResolutions: [8])
        #expect(try NetworkConfiguration.unet(small).parameterCount() == 47_985)
        let augmented = UNetConfiguration(
            modelChannels: 4, resolution: 32, imageChannels: 3, blocks: 2, augmentLabels: 9)
        #expect(try NetworkConfiguration.unet(augmented).parameterCount() == 36_263)
        var large = UNetConfiguration(
            modelChannels: 128, resolution: 64, imageChannels: 3, multipliers: [1, 2, 2, 2])
        #expect(try NetworkConfiguration.unet(large).parameterCount() == 61_804_419)
        large.augmentLabels = 9
        #expect(try NetworkConfiguration.unet(large).parameterCount() == 61_805_571)
    }

    @Test(arguments: [
        (4, 64_511, 64_583), (8, 251_387, 251_531), (16, 992_243, 992_531), (32, 3_942_371, 3_942_947),
    ])
    func countsParametersOfNCSNPP(scale: Int, plain: Int, augmented: Int) throws {
        var network = UNetConfiguration(
            architecture: .ncsnpp, modelChannels: scale, resolution: 64, imageChannels: 3, multipliers: [1, 2, 2, 2])
        #expect(try NetworkConfiguration.unet(network).parameterCount() == plain)
        network.augmentLabels = 9
        #expect(try NetworkConfiguration.unet(network).parameterCount() == augmented)
    }

    @Test func countsParametersOfADM() throws {
        let network = UNetConfiguration(
            architecture: .adm, modelChannels: 32, resolution: 16, imageChannels: 3, multipliers: [1, 2], blocks: 1,
            attentionResolutions: [8])
        #expect(try NetworkConfiguration.unet(network).parameterCount() == 827_491)
    }

    @Test(arguments: [(1, 366_080), (2, 1_825_024), (3, 7_659_264), (4, 30_993_152)])
    func countsParametersOfBlindUNets(blocks: Int, expected: Int) throws {
        let network = BlindConfiguration(kind: .unet(blocks: blocks), resolution: 80)
        #expect(try NetworkConfiguration.blind(network).parameterCount() == expected)
    }

    @Test func countsParametersOfBFCNN() throws {
        let network = BlindConfiguration(
            kind: .cnn(layers: 21, linearFirstLayer: false, receptiveField: nil), resolution: 80)
        #expect(try NetworkConfiguration.blind(network).parameterCount() == 702_784)
        // Where 11 pixels are seen, every fifth inner layer is 3×3: 5, 10 and 15.
        let narrow = BlindConfiguration(
            kind: .cnn(layers: 21, linearFirstLayer: false, receptiveField: 11), resolution: 80)
        #expect(try NetworkConfiguration.blind(narrow).parameterCount() == 702_784 - 16 * 8 * 64 * 64)
    }

    /// Millions of operations per image, as published, to a tenth.
    @Test(arguments: [
        (32, 3, [2, 2, 2], 16, 4, 52.4), (32, 3, [2, 2, 2], 16, 8, 186.9), (32, 3, [2, 2, 2], 16, 16, 702.0),
        (16, 1, [2, 2], 8, 4, 10.7), (16, 1, [2, 2], 8, 8, 41.2), (16, 1, [2, 2], 8, 16, 161.3),
    ])
    func countsWork(
        resolution: Int, channels: Int, multipliers: [Int], attention: Int, scale: Int, expected: Double
    ) throws {
        let network = UNetConfiguration(
            modelChannels: scale, resolution: resolution, imageChannels: channels, multipliers: multipliers,
            attentionResolutions: [attention])
        #expect(abs(Double(try NetworkConfiguration.unet(network).forwardOperations()) / 1e6 - expected) <= 0.06)
    }

    @Test(arguments: [
        (36, 16, [2], "model.dec.16x16_block0.norm0"), (6, 16, [2], "model.dec.16x16_block1.norm0"),
        (5, 16, [2], "scale"), (2, 16, [2], "scale"), (8, 12, [1, 2, 2, 2], "enc.1x1_down"), (8, 16, [], "multipliers"),
        (8, 0, [1], "resolution"), (8, 16, [0], "multipliers"),
    ])
    func refusesImpossibleSizesByName(scale: Int, resolution: Int, multipliers: [Int], part: String) {
        let network = UNetConfiguration(
            modelChannels: scale, resolution: resolution, imageChannels: 1, multipliers: multipliers, blocks: 1)
        let error = #expect(throws: NetworkError.self) { try NetworkConfiguration.unet(network).parameterCount() }
        #expect(error?.part == part)
    }

    @Test func refusesNetworksThatNoMemoryHolds() {
        let network = UNetConfiguration(
            modelChannels: 1024, resolution: 1024, imageChannels: 3, multipliers: [64], blocks: 8)
        let error = #expect(throws: NetworkError.self) { try Network<Float>(.unet(network), for: .training) }
        #expect(error?.part == "network")
    }

    /// Such sizes overflowed once while the layers were counted. A damaged checkpoint may give them.
    @Test func impossibleSizesAreRefused() {
        let network = UNetConfiguration(
            modelChannels: 1024, resolution: 1024, imageChannels: 1024, multipliers: Array(repeating: 64, count: 10),
            blocks: 64, attentionResolutions: [1024])
        #expect(throws: NetworkError.self) { try NetworkConfiguration.unet(network).parameterCount() }
    }
}
