import Tensors
import Testing

@testable import ScoreNetworks

/// Memory is planned once, for activations that are not all needed at the same time.
struct SharedPlacesTests {
    @Test(arguments: 0..<20) func whatIsNeededTogetherLiesApart(seed: Int) {
        let random = CounterRandom(seed: UInt64(seed), purpose: .generator)
        let needs = (0..<60).map { number in
            let draw = { (place: Int, below: UInt64) in Int(random.integer(UInt64(3 * number + place), below: below)) }
            let first = draw(0, 40)
            return ActivationNeed(vectors: 1 + draw(1, 9), moments: first...first + draw(2, 12))
        }
        var plan = NetworkPlan()
        let before = plan.activation(3)
        let places = plan.activations(needs)
        let after = plan.activation(1)
        func vectors(_ number: Int) -> Range<Int> {
            places[number]..<places[number] + needs[number].vectors * laneCount
        }
        for number in needs.indices {
            #expect(vectors(number).lowerBound >= before + 3 * laneCount && vectors(number).upperBound <= after)
            for other in 0..<number where needs[other].moments.overlaps(needs[number].moments) {
                #expect(!vectors(other).overlaps(vectors(number)))
            }
        }
        let most = (0..<52).map { moment in
            needs.filter { $0.moments.contains(moment) }.map(\.vectors).reduce(0, +)
        }
        let planned = (after - before) / laneCount - 3
        #expect(planned < needs.map(\.vectors).reduce(0, +) / 2, "most at a time \(most.max() ?? 0)")
        #expect(planned >= most.max() ?? 0)
    }

    /// The unit is one output of a layer at full resolution: the way back needs 6.25 in the U-Net, 20 in BF-CNN.
    @Test(arguments: [
        (NetworkUse.inference, 2.6, 2.1), (.inputGradients, 8.9, 22.1), (.training, 7.9, 21.1),
    ]) func blindNetworksKeepLittle(use: NetworkUse, unet: Double, cnn: Double) throws {
        func outputs(_ kind: BlindConfiguration.Kind) throws -> Double {
            let plan = try BlindLayout(BlindConfiguration(kind: kind, resolution: 40), for: use).plan
            return Double(plan.activationCount) / Double(64 * 40 * 40 * laneCount)
        }
        #expect(try outputs(.unet(blocks: 3)) <= unet)
        #expect(try outputs(.cnn(layers: 21, linearFirstLayer: false, receptiveField: nil)) <= cnn)
    }
}
