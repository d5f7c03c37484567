/// The orthonormal two-dimensional Haar transform of a plane, over as many levels as its sides can be halved.
///
/// Coefficients stand in the pixels' array: at each level means in the top left quarter, and differences along rows, columns
/// and both in the other quarters.
struct HaarTransform {
    let height: Int
    let width: Int
    let levels: Int
    /// The band of each coefficient: 0 for the coarsest means, then three a level, the finest level first.
    let bands: [Int]
    var bandCount: Int { 1 + 3 * levels }

    init(height: Int, width: Int) {
        self.height = height
        self.width = width
        var (h, w, levels) = (height, width, 0)
        var bands = [Int](repeating: 0, count: height * width)
        while h % 2 == 0 && w % 2 == 0 && h > 0 && w > 0 {
            for y in 0..<h {
                for x in 0..<w where y >= h / 2 || x >= w / 2 {
                    bands[y * width + x] = 3 * levels + (y >= h / 2 ? 2 : 0) + (x >= w / 2 ? 1 : 0)
                }
            }
            (h, w, levels) = (h / 2, w / 2, levels + 1)
        }
        self.levels = levels
        self.bands = bands
    }

    func forward(_ plane: [Double]) -> [Double] {
        var result = plane
        for level in 0..<levels {
            let source = result
            let (h, w) = (height >> level, width >> level)
            for y in 0..<h / 2 {
                for x in 0..<w / 2 {
                    let first = 2 * y * width + 2 * x
                    let (a, b) = (source[first], source[first + 1])
                    let (c, d) = (source[first + width], source[first + width + 1])
                    let place = y * width + x
                    result[place] = (a + b + c + d) / 2
                    result[place + w / 2] = (a - b + c - d) / 2
                    result[place + h / 2 * width] = (a + b - c - d) / 2
                    result[place + h / 2 * width + w / 2] = (a - b - c + d) / 2
                }
            }
        }
        return result
    }

    func inverse(_ coefficients: [Double]) -> [Double] {
        var result = coefficients
        for level in (0..<levels).reversed() {
            let source = result
            let (h, w) = (height >> level, width >> level)
            for y in 0..<h / 2 {
                for x in 0..<w / 2 {
                    let place = y * width + x
                    let (mean, rows) = (source[place], source[place + w / 2])
                    let (columns, both) = (source[place + h / 2 * width], source[place + h / 2 * width + w / 2])
                    let first = 2 * y * width + 2 * x
                    result[first] = (mean + rows + columns + both) / 2
                    result[first + 1] = (mean - rows + columns - both) / 2
                    result[first + width] = (mean + rows - columns - both) / 2
                    result[first + width + 1] = (mean - rows - columns + both) / 2
                }
            }
        }
        return result
    }
}
