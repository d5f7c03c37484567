import Foundation
import Measures
import Tensors
import Testing

struct NearestNeighboursTests {
    private func distance(_ a: ArraySlice<Float>, _ b: ArraySlice<Float>) -> Double {
        zip(a, b).reduce(0) { $0 + pow(Double($1.0) - Double($1.1), 2) }.squareRoot()
    }

    // The sizes go beyond the blocks of 1024 images and 192 queries.
    @Test(arguments: [false, true]) func equalTheSearchThroughAllImages(flips: Bool) {
        let images = randomImages(1100, side: 3)
        let mirrored = images.flippedHorizontally
        let queries = randomImages(200, side: 3, std: 0.6, seed: 8)
        let pairs = NearestNeighbours(images: images, flips: flips).pairs(of: queries)
        #expect(pairs.count == 200)
        for query in stride(from: 0, to: 200, by: 3) {
            let distances = (0..<1100).map { image in
                let straight = distance(queries[row: query], images[row: image])
                return flips ? min(straight, distance(queries[row: query], mirrored[row: image])) : straight
            }
            let order = distances.indices.sorted { distances[$0] < distances[$1] }
            #expect(pairs[query].index == order[0])
            #expect(abs(pairs[query].first - distances[order[0]]) < 1e-12)
            #expect(abs((pairs[query].second ?? .nan) - distances[order[1]]) < 1e-12)
        }
    }

    /// The images are so alike that products in float32 cannot tell which is nearer.
    @Test func whatRoundingHidesIsTold() {
        var values: [Float] = []
        for image in 0..<300 {
            for pixel in 0..<64 {
                values.append(pixel == image % 64 ? 0.75 + Float((image * 7) % 300) * 0x1p-22 : 0.75)
            }
        }
        let images = Tensor<Float>(shape: [300, 1, 8, 8], values: values)
        let query = Tensor<Float>(shape: [1, 1, 8, 8], values: [Float](repeating: 0.75, count: 64))
        let pair = NearestNeighbours(images: images, flips: false).pairs(of: query)[0]
        #expect(pair.index == 0 && pair.first == 0)
        #expect(pair.second == 0x1p-22)
    }

    @Test func whatIsNoNumberIsNearToNothing() {
        let query = Tensor<Float>(shape: [1, 1, 3, 3], values: [Float](repeating: .nan, count: 9))
        let pair = NearestNeighbours(images: randomImages(4, side: 3), flips: false).pairs(of: query)[0]
        #expect(pair.first.isNaN && pair.second?.isNaN == true)
    }

    @Test func aTrainingImageIsItsOwnNeighbourAtDistanceZero() {
        let images = randomImages(40, side: 3)
        let pair = NearestNeighbours(images: images, flips: false).pairs(of: images.entries(13..<14))[0]
        #expect(pair.index == 13 && pair.first == 0)
    }

    @Test func oneImageHasNoSecondNeighbourEvenWithFlips() {
        let images = randomImages(1, side: 3)
        let pair = NearestNeighbours(images: images, flips: true).pairs(of: images)[0]
        #expect(pair.index == 0 && pair.first == 0 && pair.second == nil)
    }

    @Test func noQueriesHaveNoNeighbours() {
        #expect(
            NearestNeighbours(images: randomImages(4, side: 3), flips: false).pairs(of: randomImages(0, side: 3))
                .isEmpty)
    }
}
