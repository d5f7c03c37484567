import Diffusion
import Dispatch
import JobContract
import Tensors
import Testing

@testable import Measures

/// A measure that works shows that it is alive.
struct ProgressTests {
    @Test func aMeasureReportsWithinItsPieces() throws {
        let subject = MeasureSubject(
            denoiser: MultiDeltaDenoiser(images: randomImages(4, side: 2), flips: false),
            training: randomImages(4, side: 2), heldOut: randomImages(4, side: 2, seed: 2), flips: false)
        func reports(_ measure: String, _ parameters: [String: JSONValue]) throws -> [[Int]] {
            var found: [[Int]] = []
            let measure = try KnownMeasures.measure(
                for: MeasureRequest(measure: measure, version: 2, parameters: parameters))
            _ = try measure.evaluate(subject) { found.append([$0, $1]) }
            return found
        }
        // There are two groups of at most 16 samples, each reporting before each of 3 steps; then come the neighbours.
        let drawn = try reports("memorization", ["samples": 20, "steps": 3])
        #expect(drawn.prefix(6) == [[0, 20], [0, 20], [0, 20], [16, 20], [16, 20], [16, 20]])
        #expect(drawn.count > 8 && drawn.dropFirst(6).allSatisfy { $0 == [20, 20] })
        let compared = try reports("gaussian-distance", ["samples": 20, "sigmas": [1, 2]])
        #expect(compared.contains([0, 40]))
        #expect(compared.suffix(4) == [[0, 40], [16, 40], [20, 40], [36, 40]])
    }

    @Test func slicesOfAProductChangeNothing() {
        let values = CounterRandom(seed: 1, purpose: .generator).normals(from: 0, count: 600 * 3)
        let tall = Matrix(rows: 600, columns: 3, values: values)
        var beats = 0
        var product = Matrix(zeros: 600, 600)
        product.add(tall, .plain, times: tall, .transposed, upper: false, productsBetweenBeats: 1) { beats += 1 }
        // Each report is of 192 rows.
        #expect(beats == 4)
        for (row, column) in [(0, 0), (191, 192), (192, 191), (383, 599), (599, 384)] {
            var sum = 0.0
            for k in 0..<3 { sum.addProduct(values[row * 3 + k], values[column * 3 + k]) }
            #expect(product.values[row * 600 + column] == sum)
        }
    }

    @Test func backgroundWorkIsDoneWhenItReturns() throws {
        final class Box: @unchecked Sendable { var value = 0 }
        let box = Box()
        try BackgroundWork.run({ box.value = 7 }, beat: {})
        #expect(box.value == 7)
    }

    @Test func backgroundWorkCanBeGivenUp() {
        struct Enough: Error {}
        let released = DispatchSemaphore(value: 0)
        #expect(throws: Enough.self) {
            try BackgroundWork.run({ released.wait() }, beat: { throw Enough() })
        }
        released.signal()
    }
}
