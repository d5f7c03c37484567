import Tensors
import Testing

@testable import Measures

/// Which pictures count as copies.
struct CopyStatisticsTests {
    /// Images of one grey level each.
    private func pictures(_ levels: [Float]) -> Tensor<Float> {
        Tensor(shape: [levels.count, 1, 2, 2], values: levels.flatMap { [Float](repeating: $0, count: 4) })
    }

    private func statistics(_ levels: [Float], near training: [Float]) -> CopyStatistics {
        CopyStatistics(of: pictures(levels), near: NearestNeighbours(images: pictures(training), flips: false)) {}
    }

    /// A copy is much nearer to one image than to all others: where two training images are equal, nothing is a copy of
    /// them.
    @Test func whatIsOnTwoTrainingImagesIsACopyOfNeither() throws {
        #expect(try #require(statistics([0.5], near: [0.5, 0.5, -0.5]).copied).value == 0)
        #expect(try #require(statistics([0.5, -0.5, 0.5, 0], near: [0.5, 0.5, -0.5]).copied).value == 0.25)
        #expect(statistics([0.5, 0.5], near: [0.5, 0.5]).score.value == 0)
    }

    /// At a third of the distance to the next image a picture is no copy yet.
    @Test func aThirdIsTheBound() throws {
        func copied(_ level: Float) throws -> Double { try #require(statistics([level], near: [0, 1]).copied).value }
        #expect(try copied(0.25) == 0 && copied(0.24) == 1 && copied(0.26) == 0)
        #expect(try copied(-0.49) == 1 && copied(-0.51) == 0)
    }

    @Test func theRatioIsToThePicturesOwnNorm() throws {
        let found = statistics([0.5, 2], near: [1, 10])
        // For images of one grey level ‖x − y‖/‖x‖ is |0.5 − 1|/0.5 and |2 − 1|/2.
        #expect(abs(found.ratios[0] - 1) < 1e-12 && abs(found.ratios[1] - 0.5) < 1e-12)
        #expect(found.distances == [1, 2] && found.neighbours.map(\.index) == [0, 0])
        #expect(statistics([0.5], near: [1]).copied == nil)
    }
}
