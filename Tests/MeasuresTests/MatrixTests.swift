import MeasureKernels
import Measures
import Tensors
import Testing

struct MatrixTests {
    private func random(_ rows: Int, _ columns: Int, seed: UInt64) -> Matrix {
        Matrix(
            rows: rows, columns: columns,
            values: CounterRandom(seed: seed, purpose: .generator).normals(from: 0, count: rows * columns))
    }

    private func transpose(_ a: Matrix) -> Matrix {
        var result = Matrix(zeros: a.columns, a.rows)
        for i in 0..<a.rows { for j in 0..<a.columns { result.values[j * a.rows + i] = a.values[i * a.columns + j] } }
        return result
    }

    /// Multiplies by the definition: products are added in ascending order, each with one rounding.
    private func plainProduct(_ a: Matrix, _ b: Matrix) -> Matrix {
        var c = Matrix(zeros: a.rows, b.columns)
        for i in 0..<a.rows {
            for j in 0..<b.columns {
                for l in 0..<a.columns {
                    c.values[i * b.columns + j].addProduct(a.values[i * a.columns + l], b.values[l * b.columns + j])
                }
            }
        }
        return c
    }

    // The sizes lie around the tiles of 8 × 16, 6 × 8 and 4 × 8 and beyond the slice of 256.
    @Test(arguments: [(1, 1, 1), (4, 8, 256), (5, 9, 257), (3, 17, 600), (13, 7, 31), (19, 37, 300)])
    func productsEqualThePlainLoopToTheBit(m: Int, n: Int, k: Int) {
        let a = random(m, k, seed: 1)
        let b = random(k, n, seed: 2)
        let expected = plainProduct(a, b)
        #expect(Matrix.product(a, .plain, b, .plain) == expected)
        #expect(Matrix.product(transpose(a), .transposed, b, .plain) == expected)
        #expect(Matrix.product(a, .plain, transpose(b), .transposed) == expected)
    }

    /// Multiplies by the definition: runs of 128 products are added in float32 with one rounding each, their sums in
    /// float64.
    private func productInRuns(_ a: Tensor<Float>, _ b: Tensor<Float>) -> Matrix {
        var c = Matrix(zeros: a.shape[0], b.shape[0])
        for i in 0..<c.rows {
            for j in 0..<c.columns {
                for first in stride(from: 0, to: a.stride, by: 128) {
                    var sum: Float = 0
                    for l in first..<min(first + 128, a.stride) {
                        sum.addProduct(a.values[i * a.stride + l], b.values[j * b.stride + l])
                    }
                    c.values[i * c.columns + j] += Double(sum)
                }
            }
        }
        return c
    }

    private func transpose(_ a: Tensor<Float>) -> Tensor<Float> {
        let values = (0..<a.stride).flatMap { j in (0..<a.shape[0]).map { a.values[$0 * a.stride + j] } }
        return Tensor(shape: [a.stride, a.shape[0]], values: values)
    }

    private func singles(_ rows: Int, _ columns: Int, seed: UInt64) -> Tensor<Float> {
        Tensor(shape: [rows, columns], values: random(rows, columns, seed: seed).values.map { Float($0) })
    }

    // The sizes lie around the tiles and transposed fours, beyond a run of 128, the 1024 packed together and blocks of 192
    // rows.
    @Test(arguments: [(1, 1, 1), (12, 32, 128), (13, 33, 131), (3, 70, 1100), (200, 9, 30)])
    func productsOfSinglesEqualThePlainLoopToTheBit(m: Int, n: Int, k: Int) {
        let (a, b) = (singles(m, k, seed: 1), singles(n, k, seed: 2))
        let expected = productInRuns(a, b)
        let (aRows, bRows) = (SingleRows(a, 0..<m), SingleRows(b, 0..<n))
        #expect(Matrix.product(aRows, .plain, bRows, .transposed) == expected)
        let (aColumns, bColumns) = (SingleRows(transpose(a), 0..<k), SingleRows(transpose(b), 0..<k))
        #expect(Matrix.product(aColumns, .transposed, bColumns, .plain) == expected)
        for i in 0..<m {
            for j in 0..<n {
                let x = a[row: i].map { Double($0) }
                let y = b[row: j].map { Double($0) }
                func dot(_ p: [Double], _ q: [Double]) -> Double { zip(p, q).reduce(0) { $0 + $1.0 * $1.1 } }
                let most = SingleRows.error * (dot(x, x) * dot(y, y)).squareRoot()
                #expect(abs(expected.values[i * n + j] - dot(x, y)) <= most)
            }
        }
    }

    @Test func rowsOfATensorBeginWhereTheyAreAsked() {
        let a = singles(7, 40, seed: 1)
        let part = Tensor(shape: [3, 40], values: Array(a.values[80..<200]))
        #expect(
            Matrix.product(SingleRows(a, 2..<5), .plain, SingleRows(a, 0..<7), .transposed)
                == Matrix.product(SingleRows(part, 0..<3), .plain, SingleRows(a, 0..<7), .transposed))
    }

    // The second size has more rows than are packed together.
    @Test(arguments: [13, 203]) func allVariantsGiveTheSameBits(m: Int) {
        let (n, k) = (21, 300)
        let (a, b) = (random(m, k, seed: 1), random(k, n, seed: 2))
        let (narrowA, narrowB) = (a.values.map { Float($0) }, b.values.map { Float($0) })
        var scratch = [UInt8](repeating: 0, count: mk_gemm_scratch(m, n, k))
        let zeros = [Double](repeating: 0, count: m * n)
        var (baseline, middle, widest) = (zeros, zeros, zeros)
        mk_gemm_baseline(m, n, k, a.values, k, 1, b.values, n, 1, &baseline, n, false, &scratch)
        mk_gemm_middle(m, n, k, a.values, k, 1, b.values, n, 1, &middle, n, false, &scratch)
        mk_gemm(m, n, k, a.values, k, 1, b.values, n, 1, &widest, n, false, &scratch)
        #expect(middle == baseline && widest == baseline)
        (baseline, middle, widest) = (zeros, zeros, zeros)
        mk_gemm_single_baseline(m, n, k, narrowA, k, 1, narrowB, n, 1, &baseline, n, false, &scratch)
        mk_gemm_single_middle(m, n, k, narrowA, k, 1, narrowB, n, 1, &middle, n, false, &scratch)
        mk_gemm_single(m, n, k, narrowA, k, 1, narrowB, n, 1, &widest, n, false, &scratch)
        #expect(middle == baseline && widest == baseline)
    }

    // The size goes across blocks of 192 rows and of columns.
    @Test func theUpperTriangleIsThatOfTheWhole() {
        let a = random(5, 430, seed: 1)
        var upper = Matrix(zeros: 430, 430)
        upper.addUpper(a, .transposed, times: a, .plain, beat: {})
        upper.mirrorUpper()
        #expect(upper == Matrix.product(a, .transposed, a, .plain))
    }

    @Test func sumsGoOnWhereTheyStood() {
        let a = random(6, 40, seed: 3)
        let upper = Matrix(rows: 6, columns: 15, values: (0..<6).flatMap { a.values[$0 * 40..<$0 * 40 + 15] })
        let lower = Matrix(rows: 6, columns: 25, values: (0..<6).flatMap { a.values[$0 * 40 + 15..<$0 * 40 + 40] })
        var sum = Matrix.product(upper, .plain, upper, .transposed)
        sum.add(lower, .plain, times: lower, .transposed)
        #expect(sum == Matrix.product(a, .plain, a, .transposed))
    }
}

struct EigendecompositionTests {
    @Test func aTwoByTwoMatrixByHand() throws {
        let eigen = try Eigendecomposition(symmetric: Matrix(rows: 2, columns: 2, values: [2, 1, 1, 2]))
        #expect(abs(eigen.values[0] - 1) < 1e-14 && abs(eigen.values[1] - 3) < 1e-14)
        // The rows are (1, −1)/√2 and (1, 1)/√2, up to sign.
        let v = eigen.vectors.values
        #expect(abs(v[0] + v[1]) < 1e-14 && abs(v[2] - v[3]) < 1e-14)
    }

    @Test func vectorsAreOrthonormalAndRebuildTheMatrix() throws {
        let n = 30
        var matrix = Matrix(zeros: n, n)
        let random = CounterRandom(seed: 5, purpose: .generator)
        for i in 0..<n {
            for j in 0...i {
                let value = random.normal(UInt64(i * n + j))
                matrix.values[i * n + j] = value
                matrix.values[j * n + i] = value
            }
        }
        let eigen = try Eigendecomposition(symmetric: matrix)
        var scaled = eigen.vectors
        for i in 0..<n { for j in 0..<n { scaled.values[i * n + j] *= eigen.values[i] } }
        let rebuilt = Matrix.product(eigen.vectors, .transposed, scaled, .plain)
        let gram = Matrix.product(eigen.vectors, .plain, eigen.vectors, .transposed)
        for i in 0..<n {
            for j in 0..<n {
                #expect(abs(rebuilt.values[i * n + j] - matrix.values[i * n + j]) < 1e-12)
                #expect(abs(gram.values[i * n + j] - (i == j ? 1 : 0)) < 1e-13)
            }
        }
    }
}
