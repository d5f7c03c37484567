import Diffusion
import JobContract
import Tensors

/// An affine denoiser Wx + b of one noise level, kept as what it adds to the Gaussian one.
package struct Distilled: Denoiser {
    package var imageShape: ImageShape { gaussian.imageShape }
    package var levels: ClosedRange<Double> { sigma...sigma }

    /// Wx + b, at the level of the fit alone.
    package func denoise(_ x: Tensor<Float>, sigma: [Double]) -> Tensor<Float> {
        precondition(sigma.allSatisfy { $0 == self.sigma }, "fitted at \(self.sigma)")
        return denoise(x, beat: {})
    }

    private let gaussian: GaussianDenoiser
    private let sigma: Double
    /// W − W_G.
    private let weights: Matrix
    /// Wμ + b − μ, the difference between the mean outputs of this denoiser and the Gaussian one.
    private let offset: [Double]
    /// The number of noised images that it was fitted on.
    private let count: Int
    /// The number of independent noises among them.
    private let noises: Int

    init(
        _ gaussian: GaussianDenoiser, sigma: Double, beyondGaussian weights: Matrix, offset: [Double], count: Int,
        noises: Int
    ) {
        self.gaussian = gaussian
        self.sigma = sigma
        self.weights = weights
        self.offset = offset
        self.count = count
        self.noises = noises
    }

    /// The affine denoiser with these W and b.
    init(_ gaussian: GaussianDenoiser, sigma: Double, weights: Matrix, bias: [Double], count: Int) {
        self.gaussian = gaussian
        self.sigma = sigma
        (self.count, noises) = (count, count)
        let size = bias.count
        let ofGaussian = gaussian.weights(at: sigma, beat: {})
        self.weights = Matrix(
            rows: size, columns: size, values: zip(weights.values, ofGaussian.values).map { $0 - $1 })
        let mean = Matrix(rows: 1, columns: size, values: gaussian.mean)
        let turned = Matrix.product(mean, .plain, weights, .transposed)
        offset = (0..<size).map { turned.values[$0] + bias[$0] - gaussian.mean[$0] }
    }

    /// Wx + b.
    func denoise(_ x: Tensor<Float>, beat: () throws -> Void) rethrows -> Tensor<Float> {
        let images = x.shape[0]
        let centred = x.rows(0..<images, less: gaussian.mean)
        let shrunk = try gaussian.shrunk(centred, sigma: [Double](repeating: sigma, count: images), beat: beat)
        let more = try Matrix.product(centred, .plain, weights, .transposed, beat: beat)
        let size = offset.count
        return Tensor(
            shape: x.shape,
            values: more.values.indices.map { index in
                Float(gaussian.mean[index % size] + offset[index % size] + shrunk.values[index] + more.values[index])
            })
    }

    /// Wᵀv for each row v.
    func turnedBack(_ rows: Matrix) -> Matrix {
        var result = gaussian.shrunk(rows, sigma: [Double](repeating: sigma, count: rows.rows), beat: {})
        result.add(rows, .plain, times: weights, .plain)
        return result
    }

    /// Wv for each row v.
    func turned(_ rows: Matrix) -> Matrix {
        var result = gaussian.shrunk(rows, sigma: [Double](repeating: sigma, count: rows.rows), beat: {})
        result.add(rows, .plain, times: weights, .transposed)
        return result
    }

    /// How far W and b are from those of a Gaussian denoiser: ‖W − W_G‖²/‖W_G‖² and ‖b − b_G‖²/‖b_G‖².
    func distanceRows(to reference: GaussianDenoiser, beat: () throws -> Void) rethrows -> [MeasureRow] {
        func square(_ values: [Double]) -> Double { values.reduce(0) { $0 + $1 * $1 } }
        let wanted = try reference.weights(at: sigma, beat: beat)
        let difference = zip(try whole(beat: beat).values, wanted.values).map { $0 - $1 }
        let wantedBias = try reference.bias(at: sigma, beat: beat)
        let bias = zip(try self.bias(beat: beat), wantedBias).map { $0 - $1 }
        func row(_ quantity: String, _ value: Double) -> MeasureRow {
            MeasureRow(quantity: quantity, sigma: sigma, value: value.isFinite ? value : nil, n: count)
        }
        return [
            row("weight_nmse", square(difference) / square(wanted.values)),
            row("bias_nmse", square(bias) / square(wantedBias)),
        ]
    }

    /// W.
    private func whole(beat: () throws -> Void) rethrows -> Matrix {
        var whole = try gaussian.weights(at: sigma, beat: beat)
        for index in whole.values.indices { whole.values[index] += weights.values[index] }
        return whole
    }

    /// b = μ − W_G μ + (Wμ + b − μ) − (W − W_G)μ.
    private func bias(beat: () throws -> Void) rethrows -> [Double] {
        let mean = Matrix(rows: 1, columns: gaussian.mean.count, values: gaussian.mean)
        let turned = Matrix.product(mean, .plain, weights, .transposed).values
        return zip(try gaussian.bias(at: sigma, beat: beat), zip(offset, turned)).map { $0 + ($1.0 - $1.1) }
    }

    /// How W's left singular vectors, those of the largest singular values first, are aligned with the given unit vectors.
    /// `residual` is the root mean square difference of the denoiser and Wx + b in a pixel.
    func alignment(
        with components: [[Double]], residual: Double, beat: () throws -> Void
    ) throws -> SingularAlignment {
        let size = offset.count
        let whole = try whole(beat: beat)
        let eigen = try explainingEigendecomposition {
            try Eigendecomposition(
                symmetric: try Matrix.product(whole, .plain, whole, .transposed, beat: beat), beat: beat)
        }
        let shown = components.count
        let vectors = eigen.vectors.reversedRows
        let leading = Matrix(rows: shown, columns: size, values: Array(vectors.values.prefix(shown * size)))
        let flat = Matrix(rows: shown, columns: size, values: components.flatMap { $0 })
        let products = Matrix.product(leading, .plain, flat, .transposed)
        // One value more, with which the last may tie.
        let values = eigen.values.reversed().prefix(shown + 1).map { max($0, 0).squareRoot() }
        let variance = try gaussian.covarianceForms(of: leading, beat: beat)
        return SingularAlignment(
            values: Array(values),
            errors: variance.map { residual / (Double(noises) * ($0 + sigma * sigma)).squareRoot() },
            cosines: Matrix(rows: shown, columns: shown, values: products.values.map { abs($0) }))
    }
}

/// Singular values of an affine denoiser, falling, and |⟨uᵢ, e_j⟩| of its left singular vectors with unit vectors.
struct SingularAlignment {
    let values: [Double]
    /// The standard error, by the fit's own noise, of each value but the last: that of uᵢᵀWvᵢ, s/√(n vᵢᵀCvᵢ) with s the
    /// residual, n the number of independent noises and C the covariance of the noised images; uᵢ serves as vᵢ.
    let errors: [Double]
    let cosines: Matrix

    /// |⟨uᵢ, eᵢ⟩|; nil where the singular value is within two standard errors, or within rounding, of a neighbouring one:
    /// the vectors of equal values have no direction of their own.
    var own: [Double?] {
        (0..<cosines.rows).map { index in
            let isTied = [index - 1, index + 1].contains { other in
                guard values.indices.contains(other) else { return false }
                let error = errors[min(other, errors.count - 1)]
                let both = (errors[index] * errors[index] + error * error).squareRoot()
                return abs(values[index] - values[other]) <= max(2 * both, 1e-6 * values[0])
            }
            return isTied ? nil : cosines.values[index * cosines.columns + index]
        }
    }
}
