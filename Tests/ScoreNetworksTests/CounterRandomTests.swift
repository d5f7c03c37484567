import Kernels
import Tensors
import Testing

struct CounterRandomTests {
    /// Known answers of Random123 (Salmon et al.), kat_vectors: philox4x32, 10 rounds.
    @Test(
        arguments: [
            (
                [0, 0, 0, 0], [0, 0],
                [0x6627_e8d5, 0xe169_c58d, 0xbc57_ac4c, 0x9b00_dbd8]
            ),
            (
                [0xffff_ffff, 0xffff_ffff, 0xffff_ffff, 0xffff_ffff], [0xffff_ffff, 0xffff_ffff],
                [0x408f_276d, 0x41c8_3b0e, 0xa20b_c7c6, 0x6d54_51fd]
            ),
            (
                [0x243f_6a88, 0x85a3_08d3, 0x1319_8a2e, 0x0370_7344], [0xa409_3822, 0x299f_31d0],
                [0xd16c_fe09, 0x94fd_cceb, 0x5001_e420, 0x2412_6ea1]
            ),
        ] as [([UInt32], [UInt32], [UInt32])])
    func philoxKnownAnswers(counter: [UInt32], key: [UInt32], expected: [UInt32]) {
        var words = [UInt32](repeating: 0, count: 4)
        ek_philox4x32(key, counter, &words)
        #expect(words == expected)
    }

    /// The Swift and the C generator are the same stream.
    @Test func blocksAreThoseOfTheKernel() {
        let seed: UInt64 = 0x0123_4567_89ab_cdef
        let random = CounterRandom(seed: seed, purpose: .latents, sub: 77)
        for counter in [0, 1, 0xffff_ffff, 0x1_0000_0005] as [UInt64] {
            var words = [UInt32](repeating: 0, count: 4)
            ek_philox4x32(
                [UInt32(truncatingIfNeeded: seed), UInt32(seed >> 32)],
                [UInt32(truncatingIfNeeded: counter), UInt32(counter >> 32), 77, 16], &words)
            let block = random.block(counter)
            #expect((0..<4).map { block[$0] } == words)
        }
    }

    @Test func normalsHaveTheMomentsOfTheNormalDistribution() {
        let values = CounterRandom(seed: 5, purpose: .measureNoise).normals(from: 3, count: 200_000)
        let moments = (1...4).map { order in
            values.reduce(0) { $0 + Elementary.power($1, order) } / Double(values.count)
        }
        // Standard errors of the first four moments of N(0, 1) are √(1, 2, 15, 96) / √n.
        for (moment, (expected, variance)) in zip(moments, [(0.0, 1.0), (1, 2), (0, 15), (3, 96)]) {
            #expect(abs(moment - expected) < 5 * (variance / Double(values.count)).squareRoot())
        }
        let neighbours = zip(values, values.dropFirst()).reduce(0) { $0 + $1.0 * $1.1 } / Double(values.count)
        #expect(abs(neighbours) < 5 / Double(values.count).squareRoot())
    }

    @Test func normalsDoNotDependOnWhereARangeBegins() {
        let random = CounterRandom(seed: 9, purpose: .trainingNoise, sub: 2)
        let all = random.normals(from: 10, count: 21)
        #expect(random.normals(from: 13, count: 5) == Array(all[3..<8]))
        let single = (UInt64(10)..<31).map { random.normal($0) }
        #expect(single == all)
    }

    @Test func permutationsAreUniformAndKeyed() {
        let random = CounterRandom(seed: 1, purpose: .dataOrder)
        #expect(random.permutation(count: 100).sorted() == Array(0..<100))
        #expect(random.permutation(count: 100) == random.permutation(count: 100, round: 0))
        #expect(random.permutation(count: 100) != random.permutation(count: 100, round: 1))
        #expect(random.permutation(count: 1) == [0])
        #expect(random.permutation(count: 0) == [])
        // Each of the 6 orders of 3 has 1000 ± 5·√(1000·5/6) of 6000 rounds.
        var seen: [[Int]: Int] = [:]
        for round in 0..<6000 { seen[random.permutation(count: 3, round: UInt32(round)), default: 0] += 1 }
        #expect(seen.count == 6)
        #expect(seen.values.allSatisfy { abs($0 - 1000) < 145 })
    }
}
