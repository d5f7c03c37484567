import Diffusion
import Tensors

/// Where a derivative is taken: a noisy image, and others to try its first-order expansion on.
struct JacobianPoint {
    let sigma: Double
    /// The pixel value that coefficients are counted from.
    private let origin: Double
    /// [1, C, H, W].
    let clean: Tensor<Float>
    let noisy: Tensor<Float>
    /// Other noisings of the same image.
    private let near: Tensor<Float>
    /// Noisings of other images, or of the same image where there are no others.
    private let far: Tensor<Float>

    init(clean images: Tensor<Float>, number: Int, sigma: Double, samples: Int, key: UInt64, origin: Double) {
        (self.sigma, self.origin) = (sigma, origin)
        let index = number % images.shape[0]
        clean = images.entries(index..<index + 1)
        noisy = NoisedImages(images: images, seed: key).block(number..<number + 1, sigma: sigma)
        let first = number * samples
        let draws = 0..<samples
        near = NoisedImages(images: clean, seed: key, first: NoisedImages.Use.nearPoint + first)
            .block(draws, sigma: sigma)
        let rest = (index + 1..<images.shape[0]).map { $0 } + (0..<index).map { $0 }
        let others = Tensor<Float>(
            shape: [rest.count] + images.shape.dropFirst(), values: rest.flatMap { Array(images[row: $0]) })
        far = NoisedImages(images: rest.isEmpty ? clean : others, seed: key, first: NoisedImages.Use.farPoint + first)
            .block(draws, sigma: sigma)
    }

    /// Quantities for which the denoisers are run. All but the first need all of J.
    func values(
        of spectrum: JacobianSpectrum, _ denoiser: any Denoiser, _ fit: any Denoiser, beat: () throws -> Void
    ) throws -> [(quantity: String, value: Double)] {
        let output = denoiser.denoise(noisy, sigma: [sigma])
        let (x, found) = (noisy.rows(0..<1), output.rows(0..<1))
        let pixels = Double(clean.stride)
        func square(_ a: [Double], _ b: [Double]) -> Double {
            zip(a, b).reduce(0) { $0 + ($1.0 - $1.1) * ($1.0 - $1.1) }
        }
        let error = ("mse", square(found.values, clean.rows(0..<1).values) / pixels)
        guard let jacobian = spectrum.matrix else { return [error] }
        let zero = [Double](repeating: 0, count: clean.stride)
        // Black is −1.
        let linear = Matrix.product(
            Matrix(rows: 1, columns: x.columns, values: x.values.map { $0 + 1 }), .plain, jacobian, .transposed)
        let bright = found.values.map { $0 + 1 }
        let oracle = coefficients(of: spectrum).reduce(0) { $0 + sigma * sigma * shrinkage($1) }
        var values = [
            error, ("oracle_mse", oracle / pixels),
            ("homogeneity_error", (square(bright, linear.values) / square(bright, zero)).squareRoot()),
        ]
        for (suffix, others) in [("", near), ("_other", far)] {
            let wanted = try denoiser.denoise(others, at: sigma, beat: beat)
            let affine = try fit.denoise(others, at: sigma, beat: beat)
            let count = others.shape[0]
            var expansion = Matrix.product(
                others.rows(0..<count, less: x.values), .plain, jacobian, .transposed)
            for index in expansion.values.indices { expansion.values[index] += found.values[index % clean.stride] }
            let wantedRows = wanted.rows(0..<count).values
            func root(_ values: [Double]) -> Double {
                (square(wantedRows, values) / Double(wantedRows.count)).squareRoot()
            }
            values += [
                ("taylor_rmse" + suffix, root(expansion.values)),
                ("affine_rmse" + suffix, root(affine.rows(0..<count).values)),
            ]
        }
        return values
    }

    /// ⟨y, e_k⟩, y counted from the origin.
    func coefficients(of spectrum: JacobianSpectrum) -> [Double] {
        let counted = clean.rows(0..<1, less: [Double](repeating: origin, count: clean.stride))
        return Matrix.product(counted, .plain, spectrum.vectors, .transposed).values
    }

    func shrinkage(_ coefficient: Double) -> Double {
        coefficient * coefficient / (coefficient * coefficient + sigma * sigma)
    }
}
