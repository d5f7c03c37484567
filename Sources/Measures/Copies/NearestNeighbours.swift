import MeasureKernels
import Tensors

/// The two training images nearest to a picture.
package struct NeighbourPair: Hashable, Sendable {
    /// The nearest image's number in the training subset; a mirror image has its original's number.
    package var index: Int
    /// Euclidean distance in pixels to it.
    package var first: Double
    /// Distance to the nearest of all other images; nil when there is only one.
    package var second: Double?
}

/// Exact nearest neighbours in pixel space.
///
/// Inner products of `SingleRows` single out the images that can be among the nearest two, whatever the products' rounding,
/// and the distances to these images are summed directly in float64. Where training flips, the distance to an image is the
/// smaller of those to it and to its mirror image, so that a nearly symmetric image is not its own second neighbour.
package struct NearestNeighbours {
    /// Queries whose products with a block of images are found together.
    private static let queriesAtOnce = 192
    private static let imagesAtOnce = 1024
    private let images: Tensor<Float>
    private let originals: Int
    /// ½‖y‖² of each image y.
    private let halfNorms: [Double]

    package init(images: Tensor<Float>, flips: Bool) {
        precondition(images.shape[0] > 0, "no images to be near to")
        originals = images.shape[0]
        self.images = flips ? images.withFlips : images
        halfNorms = Self.halfNorms(of: self.images)
    }

    private static func halfNorms(of images: Tensor<Float>) -> [Double] {
        let origin = [Float](repeating: 0, count: images.stride)
        return images.values.withUnsafeBufferPointer { values in
            (0..<images.shape[0]).map { image in
                values.baseAddress.map {
                    mk_squared_distance($0 + image * images.stride, origin, images.stride) / 2
                } ?? 0
            }
        }
    }

    /// The neighbours of each of `queries` [B, C, H, W].
    package func pairs(of queries: Tensor<Float>) -> [NeighbourPair] { pairs(of: queries, beat: {}) }

    /// The same; `beat` is called between pieces of the work.
    package func pairs(of queries: Tensor<Float>, beat: () throws -> Void) rethrows -> [NeighbourPair] {
        let ofQueries = Self.halfNorms(of: queries)
        return try blocks(of: queries.shape[0], by: Self.queriesAtOnce).flatMap { block in
            let shortlists = try shortlists(
                of: SingleRows(queries, block), halfNorms: Array(ofQueries[block]), beat: beat)
            return zip(block, shortlists).map { pair(of: queries, $0, among: $1) }
        }
    }

    /// For each row x of `queries`, the numbers of the images y whose ½‖y‖² − x·y can be among the least two.
    private func shortlists(
        of queries: SingleRows, halfNorms ofQueries: [Double], beat: () throws -> Void
    ) rethrows -> [[Int]] {
        let errors = ofQueries.map { 2 * SingleRows.error * $0.squareRoot() }
        let roots = halfNorms.map { $0.squareRoot() }
        var lists = [Shortlist](repeating: Shortlist(), count: queries.rows)
        for block in blocks(of: images.shape[0], by: Self.imagesAtOnce) {
            try beat()
            let products = Matrix.product(queries, .plain, SingleRows(images, block), .transposed)
            for query in 0..<queries.rows {
                for (column, image) in block.enumerated() {
                    lists[query].consider(
                        image, of: image % originals,
                        score: halfNorms[image] - products.values[query * block.count + column],
                        error: errors[query] * roots[image])
                }
            }
        }
        // A query with values that are no numbers has no nearest image: any will do.
        return lists.map { $0.images.isEmpty ? Array(0..<min(2, images.shape[0])) : $0.images }
    }

    /// The images that can be among the nearest two, by scores that are known to within an error.
    private struct Shortlist {
        private var candidates: [(least: Double, image: Int)] = []
        /// The least upper bound of a score, the original that it belongs to, and the least upper bound among other
        /// originals.
        private var first = Double.infinity
        private var original = -1
        private var second = Double.infinity

        var images: [Int] { candidates.filter { $0.least <= second }.map(\.image) }

        mutating func consider(_ image: Int, of original: Int, score: Double, error: Double) {
            guard score - error <= second else { return }
            candidates.append((score - error, image))
            let most = score + error
            if original == self.original {
                first = min(first, most)
            } else if most < first {
                (second, first, self.original) = (first, most, original)
            } else {
                second = min(second, most)
            }
        }
    }

    private func pair(of queries: Tensor<Float>, _ query: Int, among shortlist: [Int]) -> NeighbourPair {
        let stride = images.stride
        let ranked = queries.values.withUnsafeBufferPointer { x in
            images.values.withUnsafeBufferPointer { y in
                shortlist.map { image -> (distance: Double, original: Int) in
                    guard let x = x.baseAddress, let y = y.baseAddress else { return (0, image % originals) }
                    return (
                        mk_squared_distance(x + query * stride, y + image * stride, stride).squareRoot(),
                        image % originals
                    )
                }
            }
        }.sorted { ($0.distance, $0.original) < ($1.distance, $1.original) }
        guard let first = ranked.first else { return NeighbourPair(index: 0, first: .nan, second: nil) }
        let second = ranked.first { $0.original != first.original }
        return NeighbourPair(index: first.original, first: first.distance, second: second?.distance)
    }
}
