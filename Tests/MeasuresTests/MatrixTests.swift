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

    /// The definition: products added in ascending order, each by one rounding.
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

    // Sizes around the tiles of 8 × 16, 6 × 8 and 4 × 8 and beyond the slice of 256.
    @Test(arguments: [(1, 1, 1), (4, 8, 256), (5, 9, 257), (3, 17, 600), (13, 7, 31), (19, 37, 300)])
    func productsEqualThePlainLoopToTheBit(m: Int, n: Int, k: Int) {
        let a = random(m, k, seed: 1)
        let b = random(k, n, seed: 2)
        let expected = plainProduct(a, b)
        #expect(Matrix.product(a, .plain, b, .plain) == expected)
        #expect(Matrix.product(transpose(a), .transposed, b, .plain) == expected)
        #expect(Matrix.product(a, .plain, transpose(b), .transposed) == expected)
    }

    @Test func allVariantsGiveTheSameBits() {
        let a = random(13, 300, seed: 1)
        let b = random(300, 21, seed: 2)
        var baseline = [Double](repeating: 0, count: 13 * 21)
        var scratch = [Double](repeating: 0, count: mk_gemm_scratch(13))
        mk_gemm_baseline(13, 21, 300, a.values, 300, 1, b.values, 21, 1, &baseline, 21, &scratch)
        #expect(Matrix.product(a, .plain, b, .plain).values == baseline)
        var middle = [Double](repeating: 0, count: 13 * 21)
        mk_gemm_middle(13, 21, 300, a.values, 300, 1, b.values, 21, 1, &middle, 21, &scratch)
        #expect(middle == baseline)
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
        // Rows are (1, −1)/√2 and (1, 1)/√2, up to sign.
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
