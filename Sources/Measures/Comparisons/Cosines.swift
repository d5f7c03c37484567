import JobContract
import Tensors

/// Images as directions: each divided by its norm, for inner products that are cosines.
struct Directions {
    /// A row for each image; all zeros for an image that has no direction.
    let rows: Matrix

    /// With `centred`, each image less its own mean pixel is taken (Kadkhodaie et al. 2024: correlation).
    init(_ images: Tensor<Float>, centred: Bool) {
        var rows = images.rows(0..<images.shape[0])
        let stride = rows.columns
        for image in 0..<rows.rows {
            let range = image * stride..<(image + 1) * stride
            if centred {
                var sum = 0.0
                for index in range { sum += rows.values[index] }
                let mean = sum / Double(stride)
                for index in range { rows.values[index] -= mean }
            }
            var square = 0.0
            for index in range { square += rows.values[index] * rows.values[index] }
            // Of a centred constant image only rounding errors are left.
            let norm = square > 1e-12 ? square.squareRoot() : .infinity
            for index in range { rows.values[index] /= norm }
        }
        self.rows = rows
    }

    private init(rows: Matrix) { self.rows = rows }

    /// Each image moved to the place of the one before it, and the first to the last place.
    var turned: Directions {
        let first = rows.columns
        return Directions(
            rows: Matrix(
                rows: rows.rows, columns: rows.columns,
                values: Array(rows.values.dropFirst(first)) + Array(rows.values.prefix(first))))
    }

    /// The cosine of image i here and image i of `other`.
    func cosines(with other: Directions) -> [Double] {
        (0..<rows.rows).map { image in
            var sum = 0.0
            for index in image * rows.columns..<(image + 1) * rows.columns {
                sum += rows.values[index] * other.rows.values[index]
            }
            return min(max(sum, -1), 1)
        }
    }

    /// For each image here the largest cosine with any of `images`, which are centred as these are.
    func largestCosines(among images: Tensor<Float>, centred: Bool, beat: () throws -> Void) rethrows -> [Double] {
        var best = [Double](repeating: -1, count: rows.rows)
        for block in blocks(of: images.shape[0], by: 1024) {
            let others = Directions(images.entries(block), centred: centred)
            let products = try Matrix.product(rows, .plain, others.rows, .transposed, beat: beat)
            for image in 0..<rows.rows {
                for other in 0..<block.count {
                    best[image] = max(best[image], products.values[image * block.count + other])
                }
            }
        }
        return best.map { min($0, 1) }
    }
}

/// Cosines as a mean and as a histogram of fifty bins over [−1, 1].
struct CosineHistogram {
    let cosines: [Double]

    static let bins = 50

    /// `quantity`, the mean with its standard error, and `quantity_histogram` by bin, the share of the cosines in
    /// [−1 + 0.04·bin, −1 + 0.04·(bin+1)).
    func rows(_ quantity: String) -> [MeasureRow] {
        var counts = [Int](repeating: 0, count: Self.bins)
        for cosine in cosines { counts[min(Int((cosine + 1) / 2 * Double(Self.bins)), Self.bins - 1)] += 1 }
        return [Estimate(meanOf: cosines).row(quantity)]
            + counts.enumerated().map { bin, count in
                MeasureRow(
                    quantity: quantity + "_histogram", position: bin, value: Double(count) / Double(cosines.count),
                    n: cosines.count)
            }
    }
}
