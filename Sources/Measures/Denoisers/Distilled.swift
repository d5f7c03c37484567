import Diffusion
import JobContract
import Tensors

/// An affine denoiser Wx + b of one noise level, kept as what it adds to the Gaussian one.
struct Distilled: Denoiser {
    var imageShape: ImageShape { gaussian.imageShape }
    var levels: ClosedRange<Double> { sigma...sigma }

    /// Wx + b, at the level of the fit alone.
    func denoise(_ x: Tensor<Float>, sigma: [Double]) -> Tensor<Float> {
        precondition(sigma.allSatisfy { $0 == self.sigma }, "fitted at \(self.sigma)")
        return denoise(x, beat: {})
    }

    private let gaussian: GaussianDenoiser
    private let sigma: Double
    /// W − W_G.
    private let weights: Matrix
    /// What the means of outputs differ by: Wμ + b − μ.
    private let offset: [Double]
    /// Noised images that it was fitted on.
    private let count: Int

    init(_ gaussian: GaussianDenoiser, sigma: Double, beyondGaussian weights: Matrix, offset: [Double], count: Int) {
        self.gaussian = gaussian
        self.sigma = sigma
        self.weights = weights
        self.offset = offset
        self.count = count
    }

    /// The affine denoiser with these W and b.
    init(_ gaussian: GaussianDenoiser, sigma: Double, weights: Matrix, bias: [Double], count: Int) {
        self.gaussian = gaussian
        self.sigma = sigma
        self.count = count
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

    func distanceRows() -> [MeasureRow] {
        func square(_ values: [Double]) -> Double { values.reduce(0) { $0 + $1 * $1 } }
        let variance = sigma * sigma
        let ofGaussian = gaussian.eigenvalues.reduce(0) { $0 + ($1 / ($1 + variance)) * ($1 / ($1 + variance)) }
        // b_G = μ − W_G μ and b − b_G = E r − (W − W_G)μ.
        let mean = Matrix(rows: 1, columns: gaussian.mean.count, values: gaussian.mean)
        let ofMean = gaussian.shrunk(mean, sigma: [sigma], beat: {})
        let turned = Matrix.product(mean, .plain, weights, .transposed)
        let bias = zip(gaussian.mean, ofMean.values).map { $0 - $1 }
        let more = zip(offset, turned.values).map { $0 - $1 }
        func row(_ quantity: String, _ value: Double) -> MeasureRow {
            MeasureRow(quantity: quantity, sigma: sigma, value: value.isFinite ? value : nil, n: count)
        }
        return [
            row("weight_nmse", square(weights.values) / ofGaussian), row("bias_nmse", square(more) / square(bias)),
        ]
    }

    /// |⟨uᵢ, eᵢ⟩| of W's left singular vectors, largest singular values first, and the given unit vectors.
    func alignments(with components: [[Double]], beat: () throws -> Void) throws -> [Double] {
        guard !components.isEmpty else { return [] }
        let size = offset.count
        var whole = try gaussian.weights(at: sigma, beat: beat)
        for index in whole.values.indices { whole.values[index] += weights.values[index] }
        let eigen = try explainingEigendecomposition {
            try Eigendecomposition(
                symmetric: try Matrix.product(whole, .plain, whole, .transposed, beat: beat), beat: beat)
        }
        return components.enumerated().map { index, component in
            let start = (size - 1 - index) * size
            var product = 0.0
            for place in 0..<size { product += eigen.vectors.values[start + place] * component[place] }
            return abs(product)
        }
    }
}
