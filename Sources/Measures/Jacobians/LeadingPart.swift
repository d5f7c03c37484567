import Diffusion
import Tensors

/// The leading part of S = (J + Jᵀ)/2 by block Lanczos with full reorthogonalisation (Golub & Van Loan 2013, section
/// 10.3.6): a basis Q of random vectors and their products with S, whose Ritz values are the eigenvalues of QSQᵀ.
///
/// A product with S takes one with J and one with Jᵀ. Products with Jᵀ are exact, and QSQᵀ is made of them alone, as
/// qᵀSp = ½(⟨Jᵀq, p⟩ + ⟨q, Jᵀp⟩). So Ritz values are those of S itself, although Jv has only a few digits, which affect the
/// choice of the basis.
struct LeadingPart {
    /// How many Ritz values are wanted.
    let rank: Int
    let shape: [Int]
    /// How many vectors the denoiser takes at a time; this changes no bit.
    let batch: Int
    let random: CounterRandom
    private var size: Int { shape.reduce(1, *) }

    /// The most vectors of a basis.
    static func most(rank: Int, pixels: Int) -> Int { min(10 * (rank + 10), pixels) }
    /// The number of vectors of random signs that estimate the rest of the trace.
    static let probes = 16
    private static let block = 16
    /// Residuals below this are small enough.
    private static let tolerance = 1e-3

    /// `seed` keys the random vectors.
    init(rank: Int, shape: [Int], batch: Int, seed: UInt64) {
        (self.rank, self.shape, self.batch) = (rank, shape, batch)
        random = CounterRandom(seed: seed, purpose: .measureNoise, sub: 1)
    }

    /// The basis grows until the residuals of all `rank` values are below a thousandth, or it has `most` vectors. The trace
    /// adds to that within the basis the mean of vᵀJv over random signs v outside of it (Meyer et al. 2021), with its
    /// standard error; the symmetry error is that within the basis.
    func spectrum(
        _ transposed: Pullback, _ plain: Pullback, beat: (_ done: Int) throws -> Void
    ) throws -> JacobianSpectrum {
        let most = Self.most(rank: rank, pixels: size)
        var (basis, ofTransposed, ofSymmetric) = (Rows(size), Rows(size), Rows(size))
        var candidates = drawn(0..<min(Self.block, most))
        var ritz: Ritz?
        var checked = 0
        while true {
            let first = basis.count
            basis.append(orthonormal: candidates, filling: drawn, to: most)
            let added = basis.rows(first..<basis.count)
            let turned = try apply(transposed, added) { try beat(first + $0) }
            let pushed = try apply(plain, added) { try beat(first + $0) }
            let products = turned.mean(with: pushed)
            ofTransposed.append(turned)
            ofSymmetric.append(products)
            let isLast = basis.count >= most
            // A look costs as much as a quarter more vectors, so the next is taken after as many.
            if isLast || basis.count >= max(rank + Self.block, checked + checked / 4) {
                checked = basis.count
                let found = try Ritz(basis, ofTransposed, ofSymmetric, rank: rank) { try beat(basis.count) }
                ritz = found
                if isLast || found.residuals.allSatisfy({ $0 < Self.tolerance }) { break }
            }
            candidates = products
        }
        guard let ritz else { preconditionFailure("a basis of no vectors") }
        let rest = try outside(basis, transposed) { try beat(basis.count) }
        return JacobianSpectrum(
            trace: Estimate(value: ritz.trace + rest.value, n: rest.n, stderr: rest.stderr),
            symmetryError: ritz.symmetryError, values: ritz.values, vectors: ritz.vectors,
            residuals: ritz.residuals, matrix: nil)
    }

    /// The random normal vectors with these numbers.
    private func drawn(_ range: Range<Int>) -> Matrix {
        Matrix(
            rows: range.count, columns: size,
            values: random.normals(from: UInt64(range.lowerBound * size), count: range.count * size))
    }

    private func apply(_ map: Pullback, _ rows: Matrix, beat: (_ done: Int) throws -> Void) throws -> Matrix {
        var values: [Double] = []
        values.reserveCapacity(rows.values.count)
        for block in blocks(of: rows.rows, by: batch) {
            try beat(block.lowerBound)
            let part = rows.values[block.lowerBound * size..<block.upperBound * size]
            values += map(Tensor(shape: [block.count] + shape, values: part.map { Float($0) })).values.map(Double.init)
        }
        return Matrix(rows: rows.rows, columns: size, values: values)
    }

    /// tr J outside of the basis.
    private func outside(_ basis: Rows, _ transposed: Pullback, beat: () throws -> Void) throws -> Estimate {
        guard basis.count < size else { return Estimate(value: 0, n: 1, stderr: 0) }
        let uniforms = random.uniforms(from: 1 << 40, count: Self.probes * size)
        var rest = Matrix(rows: Self.probes, columns: size, values: uniforms.map { $0 < 0.5 ? -1.0 : 1.0 })
        let all = basis.rows(0..<basis.count)
        let inside = Matrix.product(Matrix.product(rest, .plain, all, .transposed), .plain, all, .plain)
        for index in rest.values.indices { rest.values[index] -= inside.values[index] }
        let turned = try apply(transposed, rest) { _ in try beat() }
        return Estimate(
            meanOf: (0..<Self.probes).map { probe in
                (probe * size..<(probe + 1) * size).reduce(0) { $0 + rest.values[$1] * turned.values[$1] }
            })
    }
}

/// Rows to which more are appended.
struct Rows {
    let columns: Int
    private(set) var values: [Double] = []
    var count: Int { values.count / columns }

    init(_ columns: Int) { self.columns = columns }

    mutating func append(_ rows: Matrix) { values += rows.values }

    func rows(_ range: Range<Int>) -> Matrix {
        Matrix(
            rows: range.count, columns: columns,
            values: Array(values[range.lowerBound * columns..<range.upperBound * columns]))
    }

    /// Appends the parts of the candidates outside of the present rows, made orthonormal, up to `most` rows in all.
    /// Candidates of which nothing is left are replaced by random vectors.
    mutating func append(orthonormal candidates: Matrix, filling drawn: (Range<Int>) -> Matrix, to most: Int) {
        let number = min(candidates.rows, most - count)
        var block = Matrix(
            rows: number, columns: columns, values: Array(candidates.values.prefix(number * columns)))
        let empty = orthonormalise(&block)
        if !empty.isEmpty {
            // The first 16 random vectors began the basis; those with numbers from count + 16 were never used.
            let fresh = drawn(count + 16..<count + 16 + empty.count)
            for (place, row) in empty.enumerated() {
                block.values.replaceSubrange(
                    row * columns..<(row + 1) * columns,
                    with: fresh.values[place * columns..<(place + 1) * columns])
            }
            _ = orthonormalise(&block)
        }
        // Once more, for a candidate that was nearly within the rows still has a share of them by rounding.
        _ = orthonormalise(&block)
        values += block.values
    }

    /// Subtracts from the block's rows their parts in the present rows and in one another, and gives them length 1. Returns
    /// the rows of which only rounding is left, and sets these to 0.
    private func orthonormalise(_ block: inout Matrix) -> [Int] {
        let before = (0..<block.rows).map { block.norm(row: $0) }
        if count > 0 {
            let all = rows(0..<count)
            var inside = Matrix.product(block, .plain, all, .transposed)
            for index in inside.values.indices { inside.values[index] *= -1 }
            block.add(inside, .plain, times: all, .plain)
        }
        var empty: [Int] = []
        for row in 0..<block.rows {
            for _ in 0..<2 { for other in 0..<row { block.subtract(row: other, from: row) } }
            let after = block.norm(row: row)
            if after <= 1e-6 * before[row] || before[row] == 0 { empty.append(row) }
            let scale = empty.last == row ? 0 : 1 / after
            for index in row * columns..<(row + 1) * columns { block.values[index] *= scale }
        }
        return empty
    }
}

/// The Ritz values of S in a basis, falling, and their residuals.
private struct Ritz {
    let values: [Double]
    let vectors: Matrix
    let residuals: [Double]
    /// Trace and asymmetry of J within the basis.
    let trace: Double
    let symmetryError: Double

    init(_ basis: Rows, _ ofTransposed: Rows, _ ofSymmetric: Rows, rank: Int, beat: () throws -> Void) throws {
        let all = 0..<basis.count
        let rows = basis.rows(all)
        // Element (i, j) is ⟨Jᵀqᵢ, qⱼ⟩ = qᵢᵀJqⱼ.
        let inner = try Matrix.product(ofTransposed.rows(all), .plain, rows, .transposed, beat: beat)
        let (symmetric, error) = inner.symmetrised
        (trace, symmetryError) = (inner.trace, error)
        let eigen = try Eigendecomposition(symmetric: symmetric, beat: beat)
        let kept = min(rank, basis.count)
        let falling = eigen.vectors.reversedRows
        let leading = Matrix(rows: kept, columns: basis.count, values: Array(falling.values.prefix(kept * basis.count)))
        values = Array(eigen.values.reversed().prefix(kept))
        vectors = try Matrix.product(leading, .plain, rows, .plain, beat: beat)
        let products = try Matrix.product(leading, .plain, ofSymmetric.rows(all), .plain, beat: beat)
        let (values, vectors, columns) = (values, vectors, basis.columns)
        residuals = (0..<kept).map { k in
            (k * columns..<(k + 1) * columns).reduce(0) { sum, index in
                let rest = products.values[index] - values[k] * vectors.values[index]
                return sum + rest * rest
            }.squareRoot()
        }
    }
}

extension Matrix {
    fileprivate func norm(row: Int) -> Double {
        (row * columns..<(row + 1) * columns).reduce(0) { $0 + values[$1] * values[$1] }.squareRoot()
    }

    /// Subtracts from a row its part in another row, which has length 1 or 0.
    fileprivate mutating func subtract(row other: Int, from row: Int) {
        values.withUnsafeMutableBufferPointer { values in
            var product = 0.0
            for i in 0..<columns { product += values[row * columns + i] * values[other * columns + i] }
            for i in 0..<columns { values[row * columns + i] -= product * values[other * columns + i] }
        }
    }

    fileprivate func mean(with other: Matrix) -> Matrix {
        Matrix(rows: rows, columns: columns, values: zip(values, other.values).map { ($0 + $1) / 2 })
    }
}
