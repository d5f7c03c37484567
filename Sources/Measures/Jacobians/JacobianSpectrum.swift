import Diffusion
import Tensors

/// What is known of the derivative J = ∂D/∂x of a denoiser at one image.
struct JacobianSpectrum {
    /// tr J.
    let trace: Double
    /// ‖(J − Jᵀ)/2‖/‖J‖ (Frobenius).
    let symmetryError: Double
    /// Eigenvalues of (J + Jᵀ)/2, falling.
    let values: [Double]
    /// Row i is the unit eigenvector of value i.
    let vectors: Matrix
    /// J itself, where all of it was found.
    let matrix: Matrix?

    /// From all of J: as many backward passes as there are pixels, `batch` at a time.
    static func exact(
        _ pullback: Pullback, shape: [Int], batch: Int, beat: (_ done: Int) throws -> Void
    ) throws -> JacobianSpectrum {
        let size = shape.reduce(1, *)
        var jacobian = Matrix(zeros: size, size)
        for block in blocks(of: size, by: batch) {
            try beat(block.lowerBound)
            var units = Tensor<Float>(zeros: [block.count] + shape)
            for (place, pixel) in block.enumerated() { units.values[place * size + pixel] = 1 }
            for (place, value) in pullback(units).values.enumerated() {
                jacobian.values[block.lowerBound * size + place] = Double(value)
            }
        }
        let (symmetric, error) = jacobian.symmetrised
        let eigen = try Eigendecomposition(symmetric: symmetric) { try beat(size) }
        return JacobianSpectrum(
            trace: jacobian.trace, symmetryError: error, values: eigen.values.reversed(),
            vectors: eigen.vectors.reversedRows, matrix: jacobian)
    }

    /// The leading part by subspace iteration (Halko, Martinsson & Tropp 2011): `rank` Ritz values of (J + Jᵀ)/2, ten more
    /// vectors and two more passes than that takes. The trace adds to theirs the mean of vᵀJv over 16 random signs v outside
    /// of their span (Meyer et al. 2021); the symmetry error is that within the span.
    static func leading(
        _ rank: Int, _ pullback: Pullback, shape: [Int], batch: Int, seed: Int, beat: (_ done: Int) throws -> Void
    ) throws -> JacobianSpectrum {
        let size = shape.reduce(1, *)
        let width = min(rank + 10, size)
        func turned(_ rows: Matrix, _ pass: Int) throws -> Matrix {
            var values: [Double] = []
            values.reserveCapacity(rows.values.count)
            for block in blocks(of: rows.rows, by: batch) {
                try beat(pass * width + block.lowerBound)
                let part = rows.values[block.lowerBound * size..<block.upperBound * size]
                values += pullback(Tensor(shape: [block.count] + shape, values: part.map { Float($0) }))
                    .values.map(Double.init)
            }
            return Matrix(rows: rows.rows, columns: size, values: values)
        }
        let random = CounterRandom(seed: UInt64(seed), purpose: .measureNoise, sub: 1)
        var basis = Matrix(rows: width, columns: size, values: random.normals(from: 0, count: width * size))
        for pass in 0..<powerPasses {
            basis = try turned(basis, pass)
            basis.orthonormaliseRows()
        }
        let image = try turned(basis, powerPasses)
        // Element (i, j) is ⟨Jᵀqᵢ, qⱼ⟩ = qᵢᵀJqⱼ.
        let inner = Matrix.product(image, .plain, basis, .transposed)
        let (symmetric, error) = inner.symmetrised
        let eigen = try Eigendecomposition(symmetric: symmetric) { try beat(powerPasses * width + width) }
        let kept = min(rank, width)
        let vectors = Matrix.product(eigen.vectors.reversedRows, .plain, basis, .plain)

        let signs = random.uniforms(from: UInt64(width * size), count: probes * size).map { $0 < 0.5 ? -1.0 : 1.0 }
        var rest = Matrix(rows: probes, columns: size, values: signs)
        let inside = Matrix.product(Matrix.product(rest, .plain, basis, .transposed), .plain, basis, .plain)
        for index in rest.values.indices { rest.values[index] -= inside.values[index] }
        let turnedRest = try turned(rest, powerPasses + 1)
        let outside = zip(rest.values, turnedRest.values).reduce(0) { $0 + $1.0 * $1.1 } / Double(probes)
        return JacobianSpectrum(
            trace: inner.trace + (width < size ? outside : 0), symmetryError: error,
            values: Array(eigen.values.reversed().prefix(kept)),
            vectors: Matrix(rows: kept, columns: size, values: Array(vectors.values.prefix(kept * size))),
            matrix: nil)
    }

    private static let powerPasses = 3
    private static let probes = 16
}

extension Matrix {
    var trace: Double { (0..<rows).reduce(0) { $0 + values[$1 * columns + $1] } }

    /// (A + Aᵀ)/2, and ‖(A − Aᵀ)/2‖/‖A‖; 0 for a vanishing matrix.
    var symmetrised: (Matrix, error: Double) {
        var result = self
        var (difference, whole) = (0.0, 0.0)
        for row in 0..<rows {
            for column in 0..<columns {
                let (a, b) = (values[row * columns + column], values[column * columns + row])
                result.values[row * columns + column] = (a + b) / 2
                difference += (a - b) * (a - b) / 4
                whole += a * a
            }
        }
        return (result, whole > 0 ? (difference / whole).squareRoot() : 0)
    }

    var reversedRows: Matrix {
        var result = self
        for row in 0..<rows {
            let source = (rows - 1 - row) * columns
            for column in 0..<columns { result.values[row * columns + column] = values[source + column] }
        }
        return result
    }

    /// Rows one after the other, less their parts in those before, twice, and of length 1; rows that nothing is left of
    /// are 0.
    mutating func orthonormaliseRows() {
        let columns = columns
        values.withUnsafeMutableBufferPointer { values in
            for row in 0..<rows {
                let own = row * columns
                func norm() -> Double {
                    var sum = 0.0
                    for i in 0..<columns { sum += values[own + i] * values[own + i] }
                    return sum.squareRoot()
                }
                let before = norm()
                for _ in 0..<2 {
                    for other in 0..<row {
                        var product = 0.0
                        for i in 0..<columns { product += values[own + i] * values[other * columns + i] }
                        for i in 0..<columns { values[own + i] -= product * values[other * columns + i] }
                    }
                }
                let length = norm()
                let scale = length > 1e-12 * before ? 1 / length : 0
                for i in 0..<columns { values[own + i] *= scale }
            }
        }
    }
}
