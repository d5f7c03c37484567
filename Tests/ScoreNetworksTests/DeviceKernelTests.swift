import Tensors
import Testing

@testable import Devices

/// Every kernel of a device beside its twin on the CPU, bit for bit, on random numbers of two groups of images, at sizes
/// that tiles do not divide.
@Suite(.serialized, TestDevice.isThere) struct DeviceKernelTests {
    private let groups = 2
    private let engine: DeviceEngine
    private let there: LaneKernels<Float>
    private let here = Float.kernels
    private let scratch = LaneBuffer<Float>(count: 1 << 20)

    init() throws {
        engine = try DeviceEngine(on: Device.find(.opencl(0)))
        engine.memory.pass(groups: groups)
        there = engine.kernels()
        NumericThread.prepare()
    }

    /// An array of each group, or one that all share, on the CPU and on the device.
    private final class Twins {
        let host: [LaneBuffer<Float>]
        let place: UnsafeMutablePointer<Float>
        private let engine: DeviceEngine

        init(_ engine: DeviceEngine, _ groups: Int, _ values: [[Float]]) {
            self.engine = engine
            place = engine.memory.place(values[0].count, shared: groups == 1)
            host = values.map { values in
                let buffer = LaneBuffer<Float>(count: values.count)
                buffer.write(values, at: 0)
                return buffer
            }
            for (group, buffer) in host.enumerated() {
                engine.write(buffer.base, count: buffer.count, to: place + group * DeviceMemory.groupStep)
            }
        }

        func on(_ group: Int) -> UnsafeMutablePointer<Float> { host[host.count == 1 ? 0 : group].base }

        var areEqual: Bool {
            host.enumerated().allSatisfy { group, buffer in
                var values = [Float](repeating: .nan, count: buffer.count)
                engine.read(place + group * DeviceMemory.groupStep, count: buffer.count, to: &values)
                return values.map(\.bitPattern) == buffer.read(0..<buffer.count).map(\.bitPattern)
            }
        }
    }

    private func drawn(_ count: Int, _ stream: UInt32, shared: Bool = false) -> Twins {
        let own = shared ? 1 : groups
        return Twins(
            engine, own,
            (0..<own).map { group in
                CounterRandom(seed: UInt64(group), purpose: .generator, sub: stream).normals(from: 0, count: count)
                    .map { Float($0) }
            })
    }

    /// `number` arrays of the same kind.
    private func several(_ number: Int, _ count: Int, from stream: UInt32, shared: Bool = false) -> [Twins] {
        (0..<number).map { drawn(count, stream + UInt32($0), shared: shared) }
    }

    private func zeros(_ count: Int) -> Twins { Twins(engine, 1, [[Float](repeating: 0, count: count)]) }

    /// Runs both, and expects that all of `results` are equal.
    private func compare(
        _ results: [Twins], device: () -> Void, host: (_ group: Int) -> Void,
        at location: SourceLocation = #_sourceLocation
    ) {
        device()
        for group in 0..<groups { host(group) }
        let equal = results.map(\.areEqual)
        #expect(engine.failure == nil, sourceLocation: location)
        #expect(equal == results.map { _ in true }, sourceLocation: location)
    }

    static let sizes = KernelTests.sizes + [(3, 16, 16, 16), (16, 16, 16, 16), (140, 12, 4, 6), (8, 140, 5, 4)]

    /// Slices of 128 channels, strips of tiles and the places of turned weights count in the largest.
    @Test(arguments: sizes) func convolutions(channels: Int, outputs: Int, height: Int, width: Int) {
        let pixels = height * width
        let (x, dy) = (drawn(channels * pixels * laneCount, 1), drawn(outputs * pixels * laneCount, 2))
        let (bias, none) = (drawn(outputs * laneCount, 3, shared: true), zeros(channels * laneCount))
        for taps in [1, 9] {
            let weights = drawn(outputs * channels * taps, 4, shared: true)
            let shares = KernelMemory.sharesWeights(outputs: outputs, inputs: channels, taps: taps)
            let count = KernelMemory.packedWeights(outputs: outputs, inputs: channels, taps: taps)
            let (packed, turned) = (zeros(count), zeros(count))
            let (out, sum) = (drawn(outputs * pixels * laneCount, 5), drawn(outputs * pixels * laneCount, 6))
            let (back, gradient) = (
                drawn(channels * pixels * laneCount, 7), drawn(outputs * channels * taps, 8, shared: true)
            )
            func all(_ k: LaneKernels<Float>, _ at: (Twins) -> UnsafeMutablePointer<Float>, packs: Bool) {
                if packs {
                    k.pack(at(weights), outputs, channels, taps, 0, at(packed))
                    k.pack(at(weights), outputs, channels, taps, shares ? 0 : 1, at(turned))
                }
                let s = scratch.base
                if taps == 9 {
                    k.conv3x3(
                        at(x), channels, height, width, at(packed), 0, at(bias), nil, 1, outputs, s, at(out))
                    k.conv3x3(
                        at(x), channels, height, width, at(packed), 0, at(bias), at(sum), 0.7, outputs, s, at(sum))
                    k.conv3x3(
                        at(dy), outputs, height, width, at(turned), 1, at(none), nil, 1, channels, s, at(back))
                    k.conv3x3WeightGradient(
                        at(x), at(dy), channels, outputs, height, width, 0.7, s, at(gradient))
                } else {
                    k.pointwise(at(x), channels, pixels, at(packed), at(bias), nil, 1, outputs, s, at(out))
                    k.pointwise(at(x), channels, pixels, at(packed), at(bias), at(sum), 0.7, outputs, s, at(sum))
                    k.pointwise(at(dy), outputs, pixels, at(turned), at(none), nil, 1, channels, s, at(back))
                    k.pointwiseWeightGradient(at(x), at(dy), channels, outputs, pixels, 0.7, s, at(gradient))
                }
            }
            compare([packed, turned, out, sum, back, gradient]) {
                all(there, \.place, packs: true)
            } host: { group in
                all(here, { $0.on(group) }, packs: group == 0)
            }
        }
    }

    @Test(arguments: KernelTests.heads + [(16, 64), (32, 40)]) func attention(depth: Int, tokens: Int) {
        let (mixed, dy) = (drawn(3 * depth * tokens * laneCount, 1), drawn(depth * tokens * laneCount, 2))
        let (statistics, out) = (drawn(2 * tokens * laneCount, 3), drawn(depth * tokens * laneCount, 4))
        let gradient = drawn(3 * depth * tokens * laneCount, 5)
        func all(_ k: LaneKernels<Float>, _ at: (Twins) -> UnsafeMutablePointer<Float>) {
            k.attention(at(mixed), depth, tokens, 0.7, scratch.base, at(statistics), at(out))
            k.attentionBackward(
                at(mixed), depth, tokens, 0.7, at(statistics), at(out), at(dy), scratch.base, at(gradient))
        }
        compare([statistics, out, gradient]) {
            all(there, \.place)
        } host: { group in
            all(here) { $0.on(group) }
        }
    }

    @Test(arguments: [(8, 2, 25), (4, 1, 1), (16, 4, 64), (48, 12, 7), (160, 32, 9)])
    func groupNorms(channels: Int, groupCount: Int, count: Int) {
        for (silu, isShared) in [(Int32(0), true), (1, true), (1, false)] {
            let x = drawn(channels * count * laneCount, 1)
            let (gamma, beta) = (
                drawn(channels * laneCount, 2, shared: isShared), drawn(channels * laneCount, 3, shared: isShared)
            )
            let many = several(6, channels * count * laneCount, from: 10)
            let (statistics, sums) = (drawn(2 * groupCount * laneCount, 4), drawn(channels * laneCount, 5))
            let (byGamma, byBeta) = (drawn(channels * laneCount, 6), drawn(channels * laneCount, 7))
            func all(_ k: LaneKernels<Float>, _ at: (Twins) -> UnsafeMutablePointer<Float>) {
                k.groupNorm(
                    at(x), channels, groupCount, count, at(gamma), at(beta), 1e-6, silu, at(statistics), at(many[0]))
                k.groupNormBackward(
                    at(x), channels, groupCount, count, at(gamma), at(beta), at(statistics), silu, at(many[1]), 0.5,
                    at(many[2]), at(many[3]), at(byGamma), at(byBeta), at(sums))
                k.groupNormBackward(
                    at(x), channels, groupCount, count, at(gamma), at(beta), at(statistics), silu, at(many[4]), 0,
                    nil, at(many[5]), at(byGamma), at(byBeta), nil)
            }
            compare([statistics, sums, byGamma, byBeta] + many) {
                all(there, \.place)
            } host: { group in
                all(here) { $0.on(group) }
            }
        }
    }

    @Test(arguments: [(3, 8, 6), (5, 4, 4), (2, 16, 16)]) func changesOfSize(channels: Int, height: Int, width: Int) {
        let count = channels * height * width * laneCount
        let (x, small, four) = (drawn(count, 1), drawn(count / 4, 2), drawn(4 * count, 3))
        let halves = several(3, count / 4, from: 10)
        let wholes = several(5, count, from: 20)
        let framed = drawn(channels * (height + 4) * (width + 4) * laneCount, 4)
        let (shuffled, unshuffled) = (drawn(4 * count, 5), drawn(4 * count, 6))
        func all(_ k: LaneKernels<Float>, _ at: (Twins) -> UnsafeMutablePointer<Float>) {
            k.gather2x2(at(x), channels, height, width, 0.25, at(halves[0]))
            k.gather4x4(at(x), channels, height, width, 1, 0.1, at(halves[1]))
            k.gather4x4(at(x), channels, height, width, 0, 0.1, at(halves[2]))
            k.spread2x2(at(small), channels, height, width, 0.25, 0, at(wholes[0]))
            k.spread2x2(at(small), channels, height, width, 0.7, 1, at(wholes[1]))
            k.spread4x4(at(small), channels, height, width, 1, 0.3, at(wholes[2]))
            k.spread4x4(at(small), channels, height, width, 0, 0.3, at(wholes[3]))
            k.frame(at(x), channels, height, width, 2, at(framed))
            k.unframe(at(framed), channels, height, width, 2, at(wholes[4]))
            k.shuffle2x2(at(four), channels, height, width, at(shuffled))
            k.unshuffle2x2(at(four), channels, height, width, at(unshuffled))
        }
        compare([framed, shuffled, unshuffled] + halves + wholes) {
            all(there, \.place)
        } host: { group in
            all(here) { $0.on(group) }
        }
    }

    @Test(arguments: [(3, 7), (5, 64), (1, 1)]) func functionsOfPlanes(channels: Int, count: Int) {
        let (vectors, values) = (channels * count, channels * count * laneCount)
        let x = drawn(values, 1)
        let (factors, shifts) = (
            drawn(channels * laneCount, 2, shared: true), drawn(channels * laneCount, 3, shared: true)
        )
        let (mix, plain) = (drawn(3 * channels * laneCount, 4, shared: true), drawn(channels, 5, shared: true))
        let modulation = drawn(2 * channels * laneCount, 6)
        let (wide, gradient) = (drawn(channels * laneCount, 7, shared: true), drawn(channels, 8, shared: true))
        let sums = several(7, channels * laneCount, from: 10) + [drawn(2 * channels * laneCount, 17)]
        let many = several(9, values, from: 20)
        func all(_ k: LaneKernels<Float>, _ at: (Twins) -> UnsafeMutablePointer<Float>, broadcasts: Bool) {
            k.channelSums(at(x), channels, count, at(sums[0]))
            k.channelSquares(at(x), channels, count, at(factors), at(sums[1]))
            k.scaleReLU(at(x), channels, count, at(factors), at(many[0]))
            k.scaleReLUBackward(at(x), channels, count, at(factors), at(many[1]), at(sums[2]))
            k.channelMix(at(many[2]), at(x), channels, count, at(mix), at(many[2]))
            k.silu(at(x), vectors, at(many[3]))
            k.siluBackward(at(x), at(many[2]), vectors, at(many[4]))
            k.relu(at(x), vectors, at(many[5]))
            k.reluBackward(at(x), at(many[2]), vectors, at(many[6]))
            k.scale(at(many[7]), vectors, 0.3)
            k.add(at(x), vectors, at(many[8]))
            k.modulate(at(factors), at(shifts), at(modulation), channels, at(sums[3]), at(sums[4]))
            k.modulateBackward(
                at(factors), at(shifts), at(modulation), channels, at(sums[5]), at(sums[6]), at(sums[7]))
            k.reduceLanes(at(sums[0]), channels, 0.3, at(gradient))
            if broadcasts { k.broadcast(at(plain), channels, at(wide)) }
        }
        compare([wide, gradient] + sums + many) {
            all(there, \.place, broadcasts: true)
        } host: { group in
            all(here, { $0.on(group) }, broadcasts: group == 0)
        }
    }

    /// The numbers of images pass 2^32 between the groups.
    @Test(arguments: [1, 4, 7, 64]) func dropout(count: Int) {
        let (x, dx) = (drawn(count * laneCount, 1), drawn(count * laneCount, 2))
        let place = engine.memory.place(count, shared: false)
        let mask = UnsafeMutableRawPointer(place).assumingMemoryBound(to: UInt16.self)
        let first = UInt64(1 << 32) - 16
        compare([x, dx]) {
            there.dropout(x.place, count, [77, 99], 3, 5, first, 1 << 30, 1.5, mask)
            there.dropoutBackward(dx.place, count, 1.5, mask)
        } host: { group in
            var mask = [UInt16](repeating: 0, count: count)
            let image = first + UInt64(group * laneCount)
            here.dropout(x.on(group), count, [77, 99], 3, 5, image, 1 << 30, 1.5, &mask)
            here.dropoutBackward(dx.on(group), count, 1.5, mask)
        }
    }

    @Test func theOptimisersAndTheirCheck() {
        let count = 5 * laneCount
        let many = several(6, count, from: 1, shared: true)
        let gradients = CounterRandom(seed: 9, purpose: .generator).normals(from: 0, count: count).map { Float($0) }
        let strange = Twins(engine, 1, [[.nan, .infinity, -.infinity, -.nan, 3e38] + gradients.dropFirst(5)])
        let second = Twins(engine, 1, [gradients.map(abs)])
        func all(_ k: LaneKernels<Float>, _ at: (Twins) -> UnsafeMutablePointer<Float>) {
            k.adamAverage(
                at(many[0]), at(strange), at(many[1]), at(second), at(many[2]), count, 0.01, 0.3, 0.9, 0.999, 1e-8, 0.8
            )
            k.momentumAverage(at(many[3]), at(strange), at(many[4]), at(many[5]), count, 0.01, 0.7, 0.8)
        }
        compare([second] + many) {
            all(there, \.place)
        } host: { group in
            if group == 0 { all(here) { $0.on(0) } }
        }
        for (twins, expected) in [(many[0], Int32(1)), (strange, 0)] {
            var finite: Int32 = 1
            there.checkFinite(twins.place, count, &finite)
            #expect(finite == expected)
        }
    }

    /// Memory that is set aside later, for more groups or more scratch, leaves all numbers where they are.
    @Test func memoryGrows() throws {
        let (x, y) = (drawn(100, 1), drawn(100, 2, shared: true))
        _ = engine.memory.place(1000, shared: true)
        engine.memory.pass(groups: 5)
        let z = drawn(40, 3)
        _ = try engine.memory.current(scratch: 12345)
        #expect(x.areEqual && y.areEqual && z.areEqual)
    }
}
