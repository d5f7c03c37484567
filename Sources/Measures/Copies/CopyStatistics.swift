import JobContract
import Tensors

/// How near pictures are to the training images.
package struct CopyStatistics {
    let neighbours: [NeighbourPair]
    /// ‖x − NN(x)‖/‖x‖ of each picture x (Li et al. 2024, eq. 14).
    let ratios: [Double]

    package init(of pictures: Tensor<Float>, near training: NearestNeighbours, beat: () throws -> Void) rethrows {
        neighbours = try training.pairs(of: pictures, beat: beat)
        ratios = neighbours.enumerated().map { index, pair in
            var square = 0.0
            for value in pictures[row: index] { square += Double(value) * Double(value) }
            return pair.first / square.squareRoot()
        }
    }

    /// The GL score.
    package var score: Estimate { Estimate(meanOf: ratios) }

    /// The share of pictures whose nearest training image is closer than a third of the distance to the second nearest; nil
    /// below two training images.
    var copied: Estimate? {
        let copies = neighbours.compactMap(\.isCopy)
        guard copies.count == neighbours.count, !copies.isEmpty else { return nil }
        return Estimate(shareOf: copies)
    }

    var distances: [Double] { neighbours.map(\.first) }
}

extension NeighbourPair {
    /// Whether the nearest training image is closer than a third of the distance to the second nearest; nil where there is no
    /// second.
    var isCopy: Bool? {
        // The comparison is a product rather than a ratio, since a picture at distance zero from both is no copy of
        // either.
        second.map { 3 * first < $0 }
    }
}
