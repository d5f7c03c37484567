import Diffusion
import Tensors

extension GaussianDenoiser {
    /// The Gaussian of the images' mean power spectrum, which is the same at all places: the classical Fourier Wiener
    /// filter, with periodic borders.
    ///
    /// Each channel has one mean. Channels are turned into the principal channels of all pixels, whose spectra are taken
    /// for independent. The eigenvectors are their sines and cosines, the eigenvalues the mean squares of the images'
    /// coefficients. `beat` is called now and then. Throws EigendecompositionError, or what `beat` throws.
    package init(stationary images: Tensor<Float>, flips: Bool, beat: () throws -> Void = {}) throws {
        let all = flips ? images.withFlips : images
        let shape = all.imageShape
        precondition(all.shape[0] > 0, "a spectrum needs at least one image")
        let pixels = shape.height * shape.width
        let waves = FourierWaves(height: shape.height, width: shape.width)
        let mean = Self.channelMeans(of: all).flatMap { [Double](repeating: $0, count: pixels) }
        let channels = try Self.principalChannels(of: all, mean: mean)
        var power = [Double](repeating: 0, count: shape.count)
        for block in blocks(of: all.shape[0], by: 256) {
            let centred = all.rows(block, less: mean)
            for channel in 0..<shape.channels {
                var plane = Matrix(zeros: block.count, pixels)
                for source in 0..<shape.channels {
                    let share = channels.values[channel * shape.channels + source]
                    for image in 0..<block.count {
                        let first = image * shape.count + source * pixels
                        for pixel in 0..<pixels {
                            plane.values[image * pixels + pixel] += share * centred.values[first + pixel]
                        }
                    }
                }
                let found = try Matrix.product(plane, .plain, waves.vectors, .transposed, beat: beat)
                for image in 0..<block.count {
                    for wave in 0..<pixels {
                        let value = found.values[image * pixels + wave]
                        power[channel * pixels + wave] += value * value
                    }
                }
            }
        }
        for index in power.indices { power[index] /= Double(all.shape[0]) }
        // A sine and its cosine get the same power, or the Gaussian would differ from place to place.
        let spectrum = power.indices.map { index in
            let partner = index / pixels * pixels + waves.partners[index % pixels]
            return (power[index] + power[partner]) / 2
        }
        let order = spectrum.indices.sorted { (spectrum[$0], $0) < (spectrum[$1], $1) }
        var vectors = Matrix(zeros: shape.count, shape.count)
        for (row, index) in order.enumerated() {
            let (channel, wave) = (index / pixels, index % pixels)
            for source in 0..<shape.channels {
                let share = channels.values[channel * shape.channels + source]
                let first = row * shape.count + source * pixels
                for pixel in 0..<pixels {
                    vectors.values[first + pixel] = share * waves.vectors.values[wave * pixels + pixel]
                }
            }
        }
        self.init(imageShape: shape, mean: mean, eigenvalues: order.map { spectrum[$0] }, eigenvectors: vectors)
    }

    private static func channelMeans(of images: Tensor<Float>) -> [Double] {
        let shape = images.imageShape
        let pixels = shape.height * shape.width
        var sums = [Double](repeating: 0, count: shape.channels)
        for (index, value) in images.values.enumerated() { sums[index / pixels % shape.channels] += Double(value) }
        return sums.map { $0 / Double(images.shape[0] * pixels) }
    }

    /// The eigenvectors of the channels' covariance over all pixels, as rows.
    private static func principalChannels(of images: Tensor<Float>, mean: [Double]) throws -> Matrix {
        let shape = images.imageShape
        guard shape.channels > 1 else { return Matrix(rows: 1, columns: 1, values: [1]) }
        let pixels = shape.height * shape.width
        var covariance = Matrix(zeros: shape.channels, shape.channels)
        for image in 0..<images.shape[0] {
            let values = images.rows(image..<image + 1, less: mean)
            let planes = Matrix(rows: shape.channels, columns: pixels, values: values.values)
            covariance.add(planes, .plain, times: planes, .transposed)
        }
        return try Eigendecomposition(symmetric: covariance).vectors
    }
}

/// Sines and cosines of a periodic plane: an orthonormal basis in which every stationary covariance is diagonal.
struct FourierWaves {
    /// One wave a row.
    let vectors: Matrix
    /// For each wave, the number of the wave of the same frequency shifted by a quarter; its own where there is none.
    let partners: [Int]

    init(height: Int, width: Int) {
        let pixels = height * width
        let angles = (0..<pixels).map { 2 * Double.pi * Double($0) / Double(pixels) }
        let (cosines, sines) = (angles.map { Elementary.cos($0) }, angles.map { Elementary.sin($0) })
        var values: [Double] = []
        values.reserveCapacity(pixels * pixels)
        var partners: [Int] = []
        func append(_ table: [Double], _ vertical: Int, _ horizontal: Int, _ scale: Double) {
            for y in 0..<height {
                for x in 0..<width {
                    let phase = (vertical * y * width + horizontal * x * height) % pixels
                    values.append(scale * table[phase])
                }
            }
        }
        for vertical in 0..<height {
            for horizontal in 0..<width {
                // A wave and its conjugate are one pair of cosine and sine.
                let conjugate = ((height - vertical) % height, (width - horizontal) % width)
                let number = partners.count
                if conjugate == (vertical, horizontal) {
                    append(cosines, vertical, horizontal, (1 / Double(pixels)).squareRoot())
                    partners.append(number)
                } else if (vertical, horizontal) < conjugate {
                    append(cosines, vertical, horizontal, (2 / Double(pixels)).squareRoot())
                    append(sines, vertical, horizontal, (2 / Double(pixels)).squareRoot())
                    partners += [number + 1, number]
                }
            }
        }
        vectors = Matrix(rows: pixels, columns: pixels, values: values)
        self.partners = partners
    }
}
