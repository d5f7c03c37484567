import Measures

extension Matrix {
    /// Takes from each row, in order, its parts in the rows before, twice, and makes its length 1. A row of which nothing
    /// is left becomes 0.
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
