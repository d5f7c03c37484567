import Diffusion
import Tensors

extension Distilled {
    /// The number of noised images that the expectations are taken over: at least `wanted`; of each of the `images` images
    /// the same even number, at least ten; and for each pixel at least twenty, that is ten noises, added and subtracted.
    package static func inputs(_ wanted: Int, images: Int, pixels: Int) -> Int {
        let least = max(wanted, 2 * noisesToPixels * pixels)
        let pairs = least / (2 * images) + (least % (2 * images) == 0 ? 0 : 1)
        return 2 * max(pairs, noisesOfEach) * images
    }

    /// The most noises of one set that an image gets, each twice: added and subtracted.
    private static let noisesOfEach = 5
    /// The number of images that share a set of as many noises.
    private static let images = 1024
    /// The least number of noises for each pixel.
    private static let noisesToPixels = 10

    /// The affine denoiser nearest to another at one noise level, on `inputs` noised images (`inputs(_:images:pixels:)`).
    /// `gaussian` is that of the clean images.
    ///
    /// Image i of a set y and noise k of a set n of as many are combined as x = y_i ± σn_k for k = i, …, i + 4, or for
    /// fewer k where there would be too few noises. With D̃ = D − μ, A_i = Σ D̃ over the x that have image i, and
    /// B_k = Σ ±D̃ over those that have noise k, Σ D̃(x−μ)ᵀ = Σ A_i(y_i−μ)ᵀ + σ Σ B_k n_kᵀ: a product with one row for every
    /// image and one for every noise, however often they are combined. With V the mean of D̃(x−μ)ᵀ and C = Σ + σ²M that of
    /// (x−μ)(x−μ)ᵀ, where M is the mean of nnᵀ and the other terms cancel by the signs, W = VC⁻¹. These are the least
    /// squares on these very inputs, so that affine denoisers, D_G among them, are found exactly.
    package static func fit(
        to denoiser: any Denoiser, _ gaussian: GaussianDenoiser, on noised: NoisedImages, inputs: Int, sigma: Double,
        beat: (_ done: Int) throws -> Void
    ) throws -> Distilled {
        var moments = DistillationMoments(gaussian, sigma: sigma)
        let draws = inputs / noised.images.shape[0]
        let most = min(max(inputs / (2 * noisesToPixels * noised.images.stride), 1), noisesOfEach)
        var noises = 0
        for block in blocks(of: noised.images.shape[0], by: images) {
            var left = draws / 2
            while left > 0 {
                let each = min(left, most, block.count)
                let set = noises..<noises + block.count
                try moments.add(
                    noised.images.entries(block), noise: noised.noise(set), each: each, to: denoiser, beat: beat)
                noises = set.upperBound
                left -= each
            }
        }
        return try moments.fit(noises: noises) { try beat(inputs) }
    }
}

/// The sums that a distillation is made of.
private struct DistillationMoments {
    private let gaussian: GaussianDenoiser
    private let sigma: Double
    /// Σ D̃(x−μ)ᵀ.
    private var products: Matrix
    /// Σ nnᵀ, its upper triangle.
    private var noise: Matrix
    /// Σ D̃.
    private var sum: [Double]
    private var count = 0

    init(_ gaussian: GaussianDenoiser, sigma: Double) {
        self.gaussian = gaussian
        self.sigma = sigma
        let size = gaussian.mean.count
        products = Matrix(zeros: size, size)
        noise = products
        sum = [Double](repeating: 0, count: size)
    }

    /// Adds a set of images with as many noises, of which each image gets `each`, both added and subtracted.
    mutating func add(
        _ images: Tensor<Float>, noise rows: Matrix, each: Int, to denoiser: any Denoiser,
        beat: (_ done: Int) throws -> Void
    ) throws {
        let (number, size) = (images.shape[0], images.stride)
        var ofImages = Matrix(zeros: number, size)
        var ofNoises = Matrix(zeros: number, size)
        for shift in 0..<each {
            for sign in [1.0, -1.0] {
                let done = count
                let x = images.noised(by: rows, from: shift, level: sign * sigma)
                let output = try denoiser.denoise(x, at: sigma) { try beat(done) }
                output.add(less: gaussian.mean, to: &ofImages, andTimes: sign, to: &ofNoises, from: shift)
                count += number
            }
        }
        for index in ofImages.values.indices {
            sum[index % size] += ofImages.values[index]
            ofNoises.values[index] *= sigma
        }
        let done = count
        let again = { try beat(done) }
        let centred = images.rows(0..<number, less: gaussian.mean)
        try products.add(ofImages, .transposed, times: centred, .plain, beat: again)
        try products.add(ofNoises, .transposed, times: rows, .plain, beat: again)
        var often = rows
        for index in often.values.indices { often.values[index] *= Double(2 * each) }
        try noise.addUpper(often, .transposed, times: rows, .plain, beat: again)
    }

    func fit(noises: Int, beat: () throws -> Void) throws -> Distilled {
        let size = sum.count
        var covariance = try gaussian.upperCovariance(beat: beat)
        var values = products
        for index in values.values.indices { values.values[index] /= Double(count) }
        for row in 0..<size {
            for column in row..<size {
                covariance.values[row * size + column] +=
                    sigma * sigma * (noise.values[row * size + column] / Double(count))
            }
        }
        var weights = try explainingEigendecomposition {
            try PositiveSystem.solve(values, by: covariance, beat: beat)
        }
        let ofGaussian = try gaussian.weights(at: sigma, beat: beat)
        for index in weights.values.indices { weights.values[index] -= ofGaussian.values[index] }
        return Distilled(
            gaussian, sigma: sigma, beyondGaussian: weights, offset: sum.map { $0 / Double(count) }, count: count,
            noises: noises)
    }
}

// These loops see every pixel of every draw. They use pointers, so that the compiler makes vector instructions of them.
extension Tensor<Float> {
    /// Image i plus `level` times row i + `shift` of `noise`, where the first row follows the last.
    fileprivate func noised(by noise: Matrix, from shift: Int, level: Double) -> Tensor<Float> {
        let noised = [Float](unsafeUninitializedCapacity: values.count) { x, count in
            values.withUnsafeBufferPointer { images in
                noise.values.withUnsafeBufferPointer { noise in
                    for image in 0..<shape[0] {
                        let (start, row) = (image * stride, (image + shift) % shape[0] * stride)
                        for pixel in 0..<stride {
                            x[start + pixel] = Float(Double(images[start + pixel]) + level * noise[row + pixel])
                        }
                    }
                }
            }
            count = values.count
        }
        return Tensor(shape: shape, values: noised)
    }

    /// Adds image i less `mean` to row i of `ofImages` and, times `sign`, to row i + `shift` of `ofNoises`, where the first
    /// row follows the last.
    fileprivate func add(
        less mean: [Double], to ofImages: inout Matrix, andTimes sign: Double, to ofNoises: inout Matrix,
        from shift: Int
    ) {
        ofImages.values.withUnsafeMutableBufferPointer { ofImages in
            ofNoises.values.withUnsafeMutableBufferPointer { ofNoises in
                values.withUnsafeBufferPointer { output in
                    mean.withUnsafeBufferPointer { mean in
                        for image in 0..<shape[0] {
                            let (start, row) = (image * stride, (image + shift) % shape[0] * stride)
                            for pixel in 0..<stride {
                                let more = Double(output[start + pixel]) - mean[pixel]
                                ofImages[start + pixel] += more
                                ofNoises[row + pixel] += sign * more
                            }
                        }
                    }
                }
            }
        }
    }
}
