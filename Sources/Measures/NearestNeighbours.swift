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
/// Inner products in float64 choose eight candidates, whose distances are then summed directly in float64. Where
/// training flips, the distance to an image is the smaller of those to it and to its mirror image, so that a nearly
/// symmetric image does not count as its own second neighbour.
package struct NearestNeighbours {
    private static let candidates = 8
    /// Queries whose products with a block of images are found together.
    private static let queriesAtOnce = 256
    /// Pixels of a block of images: what stays in a cache while it is multiplied.
    private static let pixelsAtOnce = 1 << 20
    private let images: Tensor<Float>
    private let originals: Int
    /// ½‖y‖².
    private let halfNorms: [Double]

    package init(images: Tensor<Float>, flips: Bool) {
        precondition(images.shape[0] > 0, "no images to be near to")
        originals = images.shape[0]
        self.images = flips ? images.withFlips : images
        let stride = images.stride
        let origin = [Float](repeating: 0, count: stride)
        halfNorms = self.images.values.withUnsafeBufferPointer { values in
            (0..<values.count / stride).map { image in
                values.baseAddress.map { mk_squared_distance($0 + image * stride, origin, stride) / 2 } ?? 0
            }
        }
    }

    /// The neighbours of each of `queries` [B, C, H, W].
    package func pairs(of queries: Tensor<Float>) -> [NeighbourPair] { pairs(of: queries, beat: {}) }

    /// As above; `beat` is called between pieces of the work.
    package func pairs(of queries: Tensor<Float>, beat: () throws -> Void) rethrows -> [NeighbourPair] {
        try blocks(of: queries.shape[0], by: Self.queriesAtOnce).flatMap { block in
            let shortlists = try shortlists(of: queries.rows(block), beat: beat)
            return zip(block, shortlists).map { pair(of: queries, $0, among: $1) }
        }
    }

    /// Per row of `queries`, the numbers of the images with the least ½‖y‖² − x·y.
    private func shortlists(of queries: Matrix, beat: () throws -> Void) rethrows -> [[Int]] {
        var best = [[(score: Double, image: Int)]](repeating: [], count: queries.rows)
        for block in blocks(of: images.shape[0], by: max(64, Self.pixelsAtOnce / images.stride)) {
            try beat()
            let products = Matrix.product(queries, .plain, images.rows(block), .transposed)
            for query in 0..<queries.rows {
                for column in 0..<block.count {
                    let image = block.lowerBound + column
                    let score = halfNorms[image] - products.values[query * block.count + column]
                    if best[query].count == Self.candidates, let last = best[query].last, !(score < last.score) {
                        continue
                    }
                    let place = best[query].firstIndex { score < $0.score } ?? best[query].count
                    best[query].insert((score, image), at: place)
                    if best[query].count > Self.candidates { best[query].removeLast() }
                }
            }
        }
        return best.map { $0.map(\.image) }
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
