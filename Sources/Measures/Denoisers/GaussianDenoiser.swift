import Diffusion
import Tensors

/// The optimum for data N(μ, Σ): D_G(x; σ) = μ + U diag(λ/(λ+σ²)) Uᵀ (x−μ) (Li et al. 2024, eq. 6), in float64.
package struct GaussianDenoiser: Denoiser {
    package let imageShape: ImageShape
    /// μ, in pixels.
    package let mean: [Double]
    /// The eigenvalues λ of Σ, ascending, not negative. With fewer images than pixels only those of the images' span are
    /// listed.
    package let eigenvalues: [Double]
    /// Row i is √(mᵢ)·uᵢ: the eigenvector scaled so that D_G − μ = Σ gainᵢ·rowᵢ·⟨rowᵢ, x−μ⟩.
    let basis: Matrix
    /// The gain's numerator: gainᵢ(σ) = numeratorᵢ/(λᵢ+σ²).
    let numerators: [Double]

    /// The Gaussian of a known spectrum; row i of `eigenvectors` is a unit vector.
    package init(imageShape: ImageShape, mean: [Double], eigenvalues: [Double], eigenvectors: Matrix) {
        precondition(mean.count == imageShape.count && eigenvectors.columns == imageShape.count)
        self.imageShape = imageShape
        self.mean = mean
        self.eigenvalues = eigenvalues.map { max($0, 0) }
        basis = eigenvectors
        numerators = self.eigenvalues
    }

    /// The Gaussian of `images` [N, C, H, W]: empirical mean and covariance with 1/N, full rank kept; with `flips`, of
    /// the images and their mirror images.
    ///
    /// `beat` is called about once a second, at most a few seconds apart. Throws EigendecompositionError, or what
    /// `beat` throws.
    package init(images: Tensor<Float>, flips: Bool, beat: () throws -> Void = {}) throws {
        let all = flips ? images.withFlips : images
        let count = all.shape[0]
        precondition(count > 0, "a Gaussian needs at least one image")
        imageShape = all.imageShape
        mean = Self.mean(of: all)
        if count < all.stride {
            // Σ = XᵀX/N has the spectrum of the Gram matrix XXᵀ/N = VΛVᵀ, and UΛ(Λ+σ²)⁻¹Uᵀ = XᵀV (N(Λ+σ²))⁻¹ VᵀX:
            // exact, and no vanishing eigenvalue is divided by.
            let centred = all.rows(0..<count, less: mean)
            var gram = Matrix(zeros: count, count)
            try gram.addUpper(centred, .plain, times: centred, .transposed, beat: beat)
            for index in gram.values.indices { gram.values[index] /= Double(count) }
            let eigen = try Eigendecomposition(symmetric: gram, beat: beat)
            eigenvalues = eigen.values.map { max($0, 0) }
            basis = try Matrix.product(eigen.vectors, .plain, centred, .plain, beat: beat)
            numerators = [Double](repeating: 1 / Double(count), count: count)
        } else {
            var covariance = Matrix(zeros: all.stride, all.stride)
            for block in blocks(of: count, by: 1024) {
                let centred = all.rows(block, less: mean)
                try covariance.addUpper(centred, .transposed, times: centred, .plain, beat: beat)
            }
            for index in covariance.values.indices { covariance.values[index] /= Double(count) }
            let eigen = try Eigendecomposition(symmetric: covariance, beat: beat)
            eigenvalues = eigen.values.map { max($0, 0) }
            basis = eigen.vectors
            numerators = eigenvalues
        }
    }

    package func denoise(_ x: Tensor<Float>, sigma: [Double]) -> Tensor<Float> {
        let count = x.shape[0]
        precondition(sigma.count == count && x.stride == mean.count, "one noise level per image of this shape")
        let centred = shrunk(x.rows(0..<count, less: mean), sigma: sigma, beat: {})
        var result = x
        for image in 0..<count {
            for pixel in 0..<mean.count {
                let index = image * mean.count + pixel
                result.values[index] = Float(mean[pixel] + centred.values[index])
            }
        }
        return result
    }

    /// U diag(λ/(λ+σ²)) Uᵀ v for each row v, one level per row.
    func shrunk(_ rows: Matrix, sigma: [Double], beat: () throws -> Void) rethrows -> Matrix {
        try filtered(rows, beat: beat) { numerators[$0] / (eigenvalues[$0] + sigma[$1] * sigma[$1]) }
    }

    /// U diag(λ/(λ+σ²)) Uᵀ itself.
    func weights(at sigma: Double, beat: () throws -> Void) rethrows -> Matrix {
        var result = try upper(beat: beat) { numerators[$0] / (eigenvalues[$0] + sigma * sigma) }
        result.mirrorUpper()
        return result
    }

    /// D_G at x = 0: μ − U diag(λ/(λ+σ²)) Uᵀ μ.
    func bias(at sigma: Double, beat: () throws -> Void) rethrows -> [Double] {
        let rows = Matrix(rows: 1, columns: mean.count, values: mean)
        return zip(mean, try shrunk(rows, sigma: [sigma], beat: beat).values).map { $0 - $1 }
    }

    /// vᵀΣv for each row v.
    func covarianceForms(of rows: Matrix, beat: () throws -> Void) rethrows -> [Double] {
        let turned = try filtered(rows, beat: beat) { index, _ in numerators[index] }
        return (0..<rows.rows).map { row in
            let range = row * rows.columns..<(row + 1) * rows.columns
            return range.reduce(0) { $0 + rows.values[$1] * turned.values[$1] }
        }
    }

    /// Σ on and above the diagonal.
    func upperCovariance(beat: () throws -> Void) rethrows -> Matrix { try upper(beat: beat) { numerators[$0] } }

    /// Σ gain(i)·rowᵢᵀrowᵢ of the basis, on and above the diagonal.
    private func upper(beat: () throws -> Void, gain: (_ index: Int) -> Double) rethrows -> Matrix {
        var scaled = basis
        for row in 0..<basis.rows {
            let gain = gain(row)
            for column in 0..<basis.columns { scaled.values[row * basis.columns + column] *= gain }
        }
        var result = Matrix(zeros: basis.columns, basis.columns)
        try result.addUpper(scaled, .transposed, times: basis, .plain, beat: beat)
        return result
    }

    /// Σ gain(i)·rowᵢ·⟨rowᵢ, v⟩ of the basis for each row v.
    func filtered(
        _ rows: Matrix, beat: () throws -> Void, gain: (_ index: Int, _ row: Int) -> Double
    ) rethrows -> Matrix {
        var coefficients = try Matrix.product(rows, .plain, basis, .transposed, beat: beat)
        for row in 0..<rows.rows {
            for index in 0..<basis.rows {
                coefficients.values[row * basis.rows + index] *= gain(index, row)
            }
        }
        return try Matrix.product(coefficients, .plain, basis, .plain, beat: beat)
    }

    /// The unit eigenvectors of the `count` largest eigenvalues, the largest first; fewer where fewer are above 0.
    func principalComponents(_ count: Int) -> [[Double]] {
        (0..<basis.rows).reversed().prefix(count).filter { eigenvalues[$0] > 0 }.map { row in
            let vector = Array(basis.values[row * basis.columns..<(row + 1) * basis.columns])
            let norm = vector.reduce(0) { $0 + $1 * $1 }.squareRoot()
            return vector.map { $0 / norm }
        }
    }

    private static func mean(of images: Tensor<Float>) -> [Double] {
        var sum = [Double](repeating: 0, count: images.stride)
        images.values.withUnsafeBufferPointer { values in
            for image in 0..<images.shape[0] {
                for pixel in 0..<sum.count { sum[pixel] += Double(values[image * sum.count + pixel]) }
            }
        }
        return sum.map { $0 / Double(images.shape[0]) }
    }
}
