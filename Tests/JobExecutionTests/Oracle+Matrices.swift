/// A symmetric matrix's eigenvalues, greatest first, and its eigenvectors, by Jacobi's rotations.
struct SymmetricMatrix {
    let values: [Double]
    let vectors: [[Double]]

    init(_ rows: [[Double]]) {
        let n = rows.count
        var (a, v) = (rows.flatMap(\.self), [Double](repeating: 0, count: n * n))
        for i in 0..<n { v[i * n + i] = 1 }
        let scale = a.reduce(0) { $0 + $1 * $1 }
        for _ in 0..<30 {
            var off = 0.0
            for i in 0..<n { for j in 0..<i { off += a[i * n + j] * a[i * n + j] } }
            if off <= 1e-28 * scale { break }
            for p in 0..<n {
                for q in p + 1..<n where a[p * n + q] != 0 {
                    let theta = (a[q * n + q] - a[p * n + p]) / (2 * a[p * n + q])
                    let t = (theta < 0 ? -1 : 1) / (abs(theta) + (theta * theta + 1).squareRoot())
                    let c = 1 / (t * t + 1).squareRoot()
                    let s = t * c
                    for k in 0..<n {
                        let (x, y) = (a[k * n + p], a[k * n + q])
                        (a[k * n + p], a[k * n + q]) = (c * x - s * y, s * x + c * y)
                    }
                    for k in 0..<n {
                        let (x, y) = (a[p * n + k], a[q * n + k])
                        (a[p * n + k], a[q * n + k]) = (c * x - s * y, s * x + c * y)
                        let (u, w) = (v[p * n + k], v[q * n + k])
                        (v[p * n + k], v[q * n + k]) = (c * u - s * w, s * u + c * w)
                    }
                }
            }
        }
        let order = (0..<n).sorted { a[$0 * n + $0] > a[$1 * n + $1] }
        values = order.map { a[$0 * n + $0] }
        vectors = order.map { Array(v[$0 * n..<($0 + 1) * n]) }
    }

    /// Applies Σ f(λ_k)⟨x, e_k⟩e_k.
    func applied(_ f: (Double) -> Double, to x: [Double]) -> [Double] {
        var sum = x.map { _ in 0.0 }
        for (value, vector) in zip(values, vectors) {
            let factor = f(value) * dot(x, vector)
            for i in sum.indices { sum[i] += factor * vector[i] }
        }
        return sum
    }
}

func dot(_ a: [Double], _ b: [Double]) -> Double { zip(a, b).reduce(0) { $0 + $1.0 * $1.1 } }

/// Mean and covariance, with 1/N.
func moments(of images: [[Double]]) -> (mean: [Double], covariance: [[Double]]) {
    let (n, count) = (images[0].count, Double(images.count))
    let centre = (0..<n).map { pixel in images.reduce(0) { $0 + $1[pixel] } / count }
    var covariance = [[Double]](repeating: [Double](repeating: 0, count: n), count: n)
    for image in images {
        for i in 0..<n {
            let factor = (image[i] - centre[i]) / count
            for j in 0..<n { covariance[i][j] += factor * (image[j] - centre[j]) }
        }
    }
    return (centre, covariance)
}
