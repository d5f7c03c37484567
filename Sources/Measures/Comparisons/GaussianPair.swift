import Diffusion
import JobContract
import Tensors

/// The Gaussian models of two training subsets, compared as their networks are.
struct GaussianPair {
    let first: GaussianDenoiser
    let second: GaussianDenoiser

    /// How far the two means and covariances are apart, relative to those of `source`, and what random-matrix theory
    /// expects for subsets of N₁ and N₂ images drawn of a Gaussian with the source's μ and Σ, m of them drawn for both:
    /// with s = 1/N₁ + 1/N₂ − 2m/(N₁N₂), which is 0 for equal subsets,
    ///
    /// - `mean_distance`: ‖μ₁−μ₂‖/√(tr Σ); expected √s.
    /// - `covariance_distance`: ‖Σ₁−Σ₂‖_F/‖Σ‖_F; expected √(s(1 + (tr Σ)²/‖Σ‖²_F)), since an entry of a
    ///   sample covariance varies by (Σᵢᵢ Σⱼⱼ + Σᵢⱼ²)/N.
    func rows(
        relativeTo source: GaussianDenoiser, counts: (Int, Int), shared: Int, beat: () throws -> Void
    ) rethrows -> [MeasureRow] {
        let trace = source.eigenvalues.reduce(0, +)
        let square = source.eigenvalues.reduce(0) { $0 + $1 * $1 }
        var meanSquare = 0.0
        for (a, b) in zip(first.mean, second.mean) { meanSquare += (a - b) * (a - b) }
        let inner = try first.innerProduct(with: second, beat: beat)
        let difference =
            first.eigenvalues.reduce(0) { $0 + $1 * $1 } + second.eigenvalues.reduce(0) { $0 + $1 * $1 } - 2 * inner
        let numbers = (Double(counts.0), Double(counts.1))
        let spread = max((numbers.0 + numbers.1 - 2 * Double(shared)) / (numbers.0 * numbers.1), 0)
        func row(_ quantity: String, _ value: Double) -> MeasureRow {
            MeasureRow(quantity: quantity, value: value.isFinite ? value : nil)
        }
        return [
            row("mean_distance", (meanSquare / trace).squareRoot()),
            row("mean_distance_expected", spread.squareRoot()),
            row("covariance_distance", (max(difference, 0) / square).squareRoot()),
            row("covariance_distance_expected", (spread * (1 + trace * trace / square)).squareRoot()),
        ]
    }
}

extension GaussianDenoiser {
    /// The samples of the first `count` latents of a seed.
    func samples(seed: UInt64, count: Int, beat: () throws -> Void) rethrows -> Tensor<Float> {
        let latents = Latents.draw(seed: seed, count: count, shape: imageShape)
        return try samples(from: latents.rows(0..<count), beat: beat)
    }

    /// The sample μ + Σ^½ z that each row z, a latent, gives.
    func samples(from latents: Matrix, beat: () throws -> Void) rethrows -> Tensor<Float> {
        var coefficients = try Matrix.product(latents, .plain, basis, .transposed, beat: beat)
        for row in 0..<latents.rows {
            for index in 0..<basis.rows {
                let root = eigenvalues[index].squareRoot()
                coefficients.values[row * basis.rows + index] *= root > 0 ? numerators[index] / root : 0
            }
        }
        let deviations = try Matrix.product(coefficients, .plain, basis, .plain, beat: beat)
        var values = [Float](repeating: 0, count: deviations.values.count)
        for index in values.indices { values[index] = Float(mean[index % mean.count] + deviations.values[index]) }
        return Tensor(
            shape: [latents.rows, imageShape.channels, imageShape.height, imageShape.width], values: values)
    }

    /// tr(Σ₁Σ₂).
    func innerProduct(with other: GaussianDenoiser, beat: () throws -> Void) rethrows -> Double {
        let overlaps = try Matrix.product(basis, .plain, other.basis, .transposed, beat: beat)
        var sum = 0.0
        for row in 0..<overlaps.rows {
            for column in 0..<overlaps.columns {
                let overlap = overlaps.values[row * overlaps.columns + column]
                sum += numerators[row] * other.numerators[column] * overlap * overlap
            }
        }
        return sum
    }
}
