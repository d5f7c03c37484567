import JobContract
import Tensors

/// The errors of a network and of a Gaussian denoiser on the same noisy images; draw i is of image i modulo `images`.
struct DenoisingErrors {
    let network: [Double]
    let gaussian: [Double]
    let images: Int

    /// PSNR of every draw.
    var decibels: [Double] { network.map(Decibels.ofError) }

    /// The mean of per-image PSNR.
    var psnr: Estimate { Estimate(meanOf: decibels, cycling: images) }

    /// The mean of per-image PSNR of the Gaussian denoiser.
    var gaussianPSNR: Estimate { Estimate(meanOf: gaussian.map(Decibels.ofError), cycling: images) }

    /// PSNR of the error pooled over images; its error is of first order.
    var pooled: Estimate {
        let error = Estimate(meanOf: network, cycling: images)
        return Estimate(
            value: Decibels.ofError(error.value), n: error.n, stderr: Decibels.each * error.stderr / error.value)
    }

    /// The pooled PSNR less that of the Gaussian denoiser, with the first-order error of the difference, draw by draw.
    var gain: Estimate {
        let (own, other) = (Estimate(meanOf: network).value, Estimate(meanOf: gaussian).value)
        let value = Decibels.ofError(own) - Decibels.ofError(other)
        let influences = zip(network, gaussian).map { Decibels.each * ($1 / other - $0 / own) }
        let spread = Estimate(meanOf: influences, cycling: images)
        return Estimate(value: value, n: network.count, stderr: spread.stderr)
    }
}

enum Decibels {
    /// The decibels of a factor e.
    static let each = 10 / Elementary.log(10)

    /// PSNR of a mean square error, for pixels in [−1, 1].
    static func ofError(_ error: Double) -> Double { each * Elementary.log(4 / error) }
}

/// PSNR by noise level, of every draw.
struct PSNRCurves {
    /// How many training and held-out images there are: draw i is of image i modulo this number.
    let images: (training: Int, heldOut: Int)
    private struct Level {
        var sigma: Double
        var training: [Double]
        var heldOut: [Double]
    }
    private var levels: [Level] = []

    init(images: (training: Int, heldOut: Int)) { self.images = images }

    mutating func add(_ sigma: Double, _ training: [Double], _ heldOut: [Double]) {
        levels.append(Level(sigma: sigma, training: training, heldOut: heldOut))
    }

    /// The PSNR of noisy images.
    static func input(_ sigma: Double) -> Double { Decibels.ofError(sigma * sigma) }

    /// PSNR on training less that on held-out images, at the level added last.
    var gap: Estimate {
        guard let level = levels.last else { return Estimate(meanOf: []) }
        return difference(level.training, level.heldOut)
    }

    private func difference(_ training: [Double], _ heldOut: [Double]) -> Estimate {
        Estimate(differenceOf: training, cycling: images.training, heldOut, cycling: images.heldOut)
    }

    /// The quantities over all levels: the slopes and the mean gap, undefined for fewer than two levels. `samples` is the
    /// number of draws a level.
    func rows(samples: Int) -> [MeasureRow] {
        func row(_ quantity: String, _ estimate: Estimate?) -> MeasureRow {
            estimate?.row(quantity) ?? MeasureRow(quantity: quantity, value: nil, n: samples)
        }
        let (slopes, means) = (slopeWeights, meanWeights)
        return [
            row("slope_training", slopes.map { Estimate(meanOf: sum($0, \.training), cycling: images.training) }),
            row("slope_held_out", slopes.map { Estimate(meanOf: sum($0, \.heldOut), cycling: images.heldOut) }),
            row("psnr_gap_mean", means.map { difference(sum($0, \.training), sum($0, \.heldOut)) }),
        ]
    }

    /// Σ weight·PSNR over the levels, draw by draw.
    private func sum(_ weights: [Double], _ part: (Level) -> [Double]) -> [Double] {
        var sums = [Double](repeating: 0, count: levels.first.map { part($0).count } ?? 0)
        for (weight, level) in zip(weights, levels) where weight != 0 {
            for (index, value) in part(level).enumerated() { sums[index] += weight * value }
        }
        return sums
    }

    /// The levels' weights in the least-squares slope by input PSNR over 10 to 24 dB; nil below two different levels there.
    private var slopeWeights: [Double]? {
        let inputs = levels.map { Self.input($0.sigma) }
        let isFitted = inputs.map { $0 > 9.99 && $0 < 24.01 }
        let fitted = zip(inputs, isFitted).filter(\.1).map(\.0)
        let mean = fitted.reduce(0, +) / Double(fitted.count)
        let spread = fitted.reduce(0) { $0 + ($1 - mean) * ($1 - mean) }
        guard fitted.count > 1, spread > 0 else { return nil }
        return zip(inputs, isFitted).map { $1 ? ($0 - mean) / spread : 0 }
    }

    /// The levels' weights in the mean over σ, by trapezoids between the levels up to 2; nil below two different levels.
    private var meanWeights: [Double]? {
        let order = levels.indices.filter { levels[$0].sigma <= 2.000_001 }.sorted {
            levels[$0].sigma < levels[$1].sigma
        }
        guard let first = order.first, let last = order.last else { return nil }
        let range = levels[last].sigma - levels[first].sigma
        guard range > 0 else { return nil }
        var weights = [Double](repeating: 0, count: levels.count)
        for (low, high) in zip(order, order.dropFirst()) {
            let half = (levels[high].sigma - levels[low].sigma) / 2 / range
            weights[low] += half
            weights[high] += half
        }
        return weights
    }
}
