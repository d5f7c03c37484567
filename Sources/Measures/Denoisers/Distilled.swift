import Diffusion
import JobContract
import Tensors

/// The affine denoiser Wx + b nearest to another at one noise level, gathered as what it adds to the Gaussian one.
struct Distilled: Denoiser {
    /// Noised images that the expectations are taken over: at least `wanted`, and as many of each image, ten or more.
    static func inputs(_ wanted: Int, images: Int) -> Int {
        max(wanted / images + (wanted % images == 0 ? 0 : 1), fewestDraws) * images
    }
    private static let fewestDraws = 10

    /// The fit to `denoiser` on `inputs` noised images. `gaussian` is that of the clean ones.
    static func fit(
        to denoiser: any Denoiser, _ gaussian: GaussianDenoiser, on noised: NoisedImages, inputs: Int, sigma: Double,
        beat: (_ done: Int) throws -> Void
    ) throws -> Distilled {
        var distilled = Distilled(gaussian, sigma: sigma)
        for block in blocks(of: inputs, by: 256) {
            let beat = { try beat(block.lowerBound) }
            let x = noised.block(block, sigma: sigma)
            try distilled.add(x, try denoiser.denoise(x, at: sigma, beat: beat), beat: beat)
        }
        try distilled.finish { try beat(inputs) }
        return distilled
    }

    var imageShape: ImageShape { gaussian.imageShape }
    var levels: ClosedRange<Double> { sigma...sigma }

    /// Wx + b, at the level of the fit alone.
    func denoise(_ x: Tensor<Float>, sigma: [Double]) -> Tensor<Float> {
        precondition(sigma.allSatisfy { $0 == self.sigma }, "fitted at \(self.sigma)")
        return denoise(x, beat: {})
    }

    private let gaussian: GaussianDenoiser
    private let sigma: Double
    /// E[r(x−μ)ᵀ] while it is gathered, then W − W_G.
    private var weights: Matrix
    /// E r: what the means of outputs differ by.
    private var offset: [Double]
    private var count = 0

    private init(_ gaussian: GaussianDenoiser, sigma: Double) {
        self.gaussian = gaussian
        self.sigma = sigma
        let size = gaussian.mean.count
        weights = Matrix(zeros: size, size)
        offset = [Double](repeating: 0, count: size)
    }

    /// Adds inputs [B, C, H, W] and what the denoiser makes of them.
    private mutating func add(_ x: Tensor<Float>, _ output: Tensor<Float>, beat: () throws -> Void) rethrows {
        let images = x.shape[0]
        let centred = x.rows(0..<images, less: gaussian.mean)
        let expected = try gaussian.shrunk(centred, sigma: [Double](repeating: sigma, count: images), beat: beat)
        var residual = output.rows(0..<images, less: gaussian.mean)
        for index in residual.values.indices { residual.values[index] -= expected.values[index] }
        try weights.add(residual, .transposed, times: centred, .plain, beat: beat)
        for index in residual.values.indices { offset[index % offset.count] += residual.values[index] }
        count += images
    }

    /// To be called once, when all has been added.
    private mutating func finish(beat: () throws -> Void) rethrows {
        for index in weights.values.indices { weights.values[index] /= Double(count) }
        for index in offset.indices { offset[index] /= Double(count) }
        // (Σ+σ²I)⁻¹ v = (v − U diag(λ/(λ+σ²)) Uᵀ v)/σ², exact without an eigenvector for vanishing λ.
        let shrunk = try gaussian.shrunk(
            weights, sigma: [Double](repeating: sigma, count: weights.rows), beat: beat)
        for index in weights.values.indices {
            weights.values[index] = (weights.values[index] - shrunk.values[index]) / (sigma * sigma)
        }
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
        var identity = Matrix(zeros: size, size)
        for index in 0..<size { identity.values[index * size + index] = 1 }
        var whole = try gaussian.shrunk(identity, sigma: [Double](repeating: sigma, count: size), beat: beat)
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
