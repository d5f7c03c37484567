import ImageKernels
import Tensors

/// Multiplication of a plane's spectrum by |k|^(−α) over integer frequencies k, and by 1 at k = 0.
struct SpectralFilter: Sendable {
    /// The factors of the spectrum, [rows][columns].
    let gains: [Double]
    private let rows: Int
    private let columns: Int
    private let down: (cosines: [Double], sines: [Double])
    private let across: (cosines: [Double], sines: [Double])

    init(rows: Int, columns: Int, alpha: Double) {
        self.rows = rows
        self.columns = columns
        let down = (0..<rows).map { min($0, rows - $0) }
        let across = (0..<columns).map { min($0, columns - $0) }
        gains = down.flatMap { y in
            across.map { x in
                let squared = y * y + x * x
                return squared == 0 ? 1 : Elementary.pow(Double(squared), -alpha / 2)
            }
        }
        self.down = Self.circle(rows)
        self.across = Self.circle(columns)
    }

    /// Filters the real and the imaginary part, [rows][columns] each.
    func apply(_ real: inout [Double], _ imaginary: inout [Double]) {
        var scratch = [Double](repeating: 0, count: 4 * rows * columns)
        es_filter_plane(
            &real, &imaginary, gains, Int32(rows), Int32(columns), down.cosines, down.sines, across.cosines,
            across.sines, &scratch)
    }

    private static func circle(_ count: Int) -> (cosines: [Double], sines: [Double]) {
        let angles = (0..<count).map { 2 * Double.pi * Double($0) / Double(count) }
        return (angles.map(Elementary.cos), angles.map(Elementary.sin))
    }
}
