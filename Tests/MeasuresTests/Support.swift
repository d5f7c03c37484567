import Diffusion
import JobContract
import Measures
import ScoreNetworks
import Tensors

/// Images of independent normal pixels with std `std`.
func randomImages(_ count: Int, side: Int, std: Double = 0.5, seed: UInt64 = 1) -> Tensor<Float> {
    let normals = CounterRandom(seed: seed, purpose: .generator).normals(from: 0, count: count * side * side)
    return Tensor(shape: [count, 1, side, side], values: normals.map { Float(std * $0) })
}

func isClose(_ a: [Float], _ b: [Double], _ tolerance: Double) -> Bool {
    a.count == b.count && zip(a, b).allSatisfy { abs(Double($0) - $1) <= tolerance }
}

/// Solves A·x = b by elimination with pivoting.
func solve(_ matrix: [[Double]], _ right: [Double]) -> [Double] {
    var a = matrix
    var b = right
    let n = b.count
    for column in 0..<n {
        let pivot = (column..<n).max { abs(a[$0][column]) < abs(a[$1][column]) } ?? column
        a.swapAt(column, pivot)
        b.swapAt(column, pivot)
        for row in column + 1..<n {
            let factor = a[row][column] / a[column][column]
            for k in column..<n { a[row][k] -= factor * a[column][k] }
            b[row] -= factor * b[column]
        }
    }
    var x = b
    for row in (0..<n).reversed() {
        for k in row + 1..<n { x[row] -= a[row][k] * x[k] }
        x[row] /= a[row][row]
    }
    return x
}

/// Mean and covariance with 1/N, by their definitions.
func moments(_ images: Tensor<Float>) -> (mean: [Double], covariance: [[Double]]) {
    let rows = (0..<images.shape[0]).map { images[row: $0].map { Double($0) } }
    let d = images.stride
    let count = Double(rows.count)
    var mean = [Double](repeating: 0, count: d)
    for row in rows { for i in 0..<d { mean[i] += row[i] / count } }
    var covariance = [[Double]](repeating: mean.map { _ in 0 }, count: d)
    for row in rows {
        for i in 0..<d {
            let factor = (row[i] - mean[i]) / count
            for j in 0..<d { covariance[i][j] += factor * (row[j] - mean[j]) }
        }
    }
    return (mean, covariance)
}

/// A denoiser that a function makes of another's results.
struct Altered: Denoiser {
    let base: any Denoiser
    let change: (_ noisy: ArraySlice<Float>, _ pixel: Float) -> Float
    var imageShape: ImageShape { base.imageShape }

    func denoise(_ x: Tensor<Float>, sigma: [Double]) -> Tensor<Float> {
        var result = base.denoise(x, sigma: sigma)
        for index in result.values.indices {
            result.values[index] = change(x[row: index / x.stride], result.values[index])
        }
        return result
    }
}

extension MeasureSubject {
    /// A dataset all of whose images are in the training subset, and a training with EDM's loss, of which it is the raw network.
    init(
        denoiser: any Denoiser, training: Tensor<Float>, heldOut: Tensor<Float>, flips: Bool, seed: UInt64 = 0
    ) {
        self.init(
            denoiser: denoiser, training: training, heldOut: heldOut, flips: flips, source: { training }, seed: seed,
            loss: .edm)
        isRaw = true
    }
}

extension TrainingLoss {
    static let edm = TrainingLoss(noise: .lognormal(), preconditioning: .edm())
}

extension [MeasureRow] {
    /// The value of a quantity at a level; NaN where there is none.
    func value(_ quantity: String, at sigma: Double? = nil) -> Double {
        first { $0.quantity == quantity && $0.sigma == sigma }?.value ?? .nan
    }
}

/// The denoiser slope·x + offset.
struct Affine: Denoiser {
    let slope: Float
    var offset: Float = 0
    let imageShape = ImageShape(channels: 1, height: 4, width: 4)

    func denoise(_ x: Tensor<Float>, sigma: [Double]) -> Tensor<Float> {
        Tensor(shape: x.shape, values: x.values.map { slope * $0 + offset })
    }
}
