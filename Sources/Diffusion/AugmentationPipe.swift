import Tensors

/// The non-leaky augmentation of Karras et al. 2022 (appendix F.2): flips, and a random linear map and shift of the image,
/// which nine labels tell the network. The image is reflected, doubled, mapped and halved; doubling and halving take the
/// sym6 wavelet's filter.
package struct AugmentationPipe: Sendable, Equatable {
    /// The transforms of one image. With all values zero the image stays as it is.
    package struct Draw: Sendable, Equatable {
        package var flipX = false
        package var flipY = false
        /// w of the scale 2^(0.2·w).
        package var scale = 0.0
        /// The angle of rotation, in radians.
        package var angle = 0.0
        /// w of the stretch 2^(0.2·w).
        package var stretch = 0.0
        /// The direction of the stretch, in radians.
        package var direction = 0.0
        /// The shift to the right in eighths of the width, and `shiftY` down in eighths of the height.
        package var shiftX = 0.0
        package var shiftY = 0.0

        package init() {}

        /// The nine labels that tell the network of the draw.
        package var labels: [Double] {
            [
                flipX ? 1 : 0, flipY ? 1 : 0, scale, Elementary.cos(angle) - 1, Elementary.sin(angle),
                stretch * Elementary.cos(direction), stretch * Elementary.sin(direction), shiftX, shiftY,
            ]
        }
    }

    /// p, the probability of each transform but the first flip, which has ½.
    package var probability: Double

    package init(probability: Double) { self.probability = probability }

    /// The draw of the training's image number `image`.
    package func draw(_ random: CounterRandom, image: UInt64) -> Draw {
        // Far from the blocks of the stream that make the normal deviates.
        var next = 1 << 62 | image * 16
        func uniform() -> Double {
            defer { next += 1 }
            return random.uniform(next)
        }
        let normals = random.normals(from: image * 4, count: 4)
        func gated(_ value: Double) -> Double { uniform() < probability ? value : 0 }
        var draw = Draw()
        draw.flipX = uniform() < 0.5
        draw.flipY = gated(uniform() < 0.5 ? 1 : 0) > 0
        draw.scale = gated(normals[0])
        draw.angle = gated((2 * uniform() - 1) * Double.pi)
        draw.stretch = gated(normals[1])
        let direction = (2 * uniform() - 1) * Double.pi
        draw.direction = uniform() < 0.5 ? direction : 0
        let shifts = uniform() < probability
        draw.shiftX = shifts ? normals[2] : 0
        draw.shiftY = shifts ? normals[3] : 0
        return draw
    }

    /// An image [C][H][W] put through `draw`.
    package static func apply(_ draw: Draw, to image: [Double], shape: ImageShape) -> [Double] {
        let plane = shape.height * shape.width
        let map = matrix(draw, shape)
        return (0..<shape.channels).flatMap { channel -> [Double] in
            var pixels = Plane(
                height: shape.height, width: shape.width,
                values: Array(image[channel * plane..<(channel + 1) * plane]))
            pixels = pixels.flipped(x: draw.flipX, y: draw.flipY)
            guard let map else { return pixels.values }
            return pixels.reflected().doubled().mapped(by: map, height: shape.height, width: shape.width).halved()
                .values
        }
    }

    /// The map from points of the new image to those of the old one, both doubled, origin in the middle; nil for no change.
    private static func matrix(_ draw: Draw, _ shape: ImageShape) -> Matrix? {
        if draw.scale == 0, draw.angle == 0, draw.stretch == 0, draw.shiftX == 0, draw.shiftY == 0 { return nil }
        var g = Matrix.identity
        let scale = Elementary.pow(2, 0.2 * draw.scale)
        g = g * .scale(1 / scale, 1 / scale) * .rotation(draw.angle)
        let stretch = Elementary.pow(2, 0.2 * draw.stretch)
        g = g * .rotation(-draw.direction) * .scale(1 / stretch, stretch) * .rotation(draw.direction)
        g = g * .shift(-0.125 * Double(shape.width) * draw.shiftX, -0.125 * Double(shape.height) * draw.shiftY)
        return .shift(-0.5, -0.5) * .scale(2, 2) * g * .scale(0.5, 0.5) * .shift(0.5, 0.5)
    }
}

/// A map of the plane, the first two rows of a 3×3 matrix.
private struct Matrix {
    var a, b, c, d, e, f: Double

    static var identity: Matrix { Matrix(a: 1, b: 0, c: 0, d: 0, e: 1, f: 0) }
    static func scale(_ x: Double, _ y: Double) -> Matrix { Matrix(a: x, b: 0, c: 0, d: 0, e: y, f: 0) }
    static func shift(_ x: Double, _ y: Double) -> Matrix { Matrix(a: 1, b: 0, c: x, d: 0, e: 1, f: y) }
    static func rotation(_ angle: Double) -> Matrix {
        let (cos, sin) = (Elementary.cos(angle), Elementary.sin(angle))
        return Matrix(a: cos, b: -sin, c: 0, d: sin, e: cos, f: 0)
    }

    static func * (m: Matrix, n: Matrix) -> Matrix {
        Matrix(
            a: m.a * n.a + m.b * n.d, b: m.a * n.b + m.b * n.e, c: m.a * n.c + m.b * n.f + m.c,
            d: m.d * n.a + m.e * n.d, e: m.d * n.b + m.e * n.e, f: m.d * n.c + m.e * n.f + m.f)
    }
}

/// One channel of an image.
private struct Plane {
    var height: Int
    var width: Int
    var values: [Double]

    subscript(_ row: Int, _ column: Int) -> Double { values[row * width + column] }

    /// The low-pass filter of the sym6 wavelet; its sum is √2.
    static let filter = [
        0.015404109327027373, 0.0034907120842174702, -0.11799011114819057, -0.048311742585633, 0.4910559419267466,
        0.787641141030194, 0.3379294217276218, -0.07263752278646252, -0.021060292512300564, 0.04472490177066578,
        0.0017677118642428036, -0.007800708325034148,
    ]

    init(height: Int, width: Int, values: [Double]) {
        self.height = height
        self.width = width
        self.values = values
    }

    init(height: Int, width: Int, _ value: (Int, Int) -> Double) {
        self.height = height
        self.width = width
        values = []
        values.reserveCapacity(height * width)
        for row in 0..<height { for column in 0..<width { values.append(value(row, column)) } }
    }

    func flipped(x: Bool, y: Bool) -> Plane {
        guard x || y else { return self }
        return Plane(height: height, width: width) { self[y ? height - 1 - $0 : $0, x ? width - 1 - $1 : $1] }
    }

    /// The image with its mirror images on all sides; the border itself is not repeated.
    func reflected() -> Plane {
        func source(_ place: Int, _ count: Int) -> Int {
            let from = abs(place - (count - 1))
            return from < count ? from : 2 * (count - 1) - from
        }
        return Plane(height: 3 * height - 2, width: 3 * width - 2) { self[source($0, height), source($1, width)] }
    }

    /// Twice the height and width: zeros between the pixels, then the filter reversed.
    func doubled() -> Plane {
        func sum(_ place: Int, _ count: Int, _ value: (Int) -> Double) -> Double {
            var total = 0.0
            // Tap k reads pixel (place − 6 + k) / 2 of the old line where that is whole.
            for k in stride(from: place % 2 == 0 ? 0 : 1, to: 12, by: 2) {
                let from = (place - 6 + k) / 2
                if place - 6 + k >= 0, from < count { total += Self.filter[11 - k] * value(from) }
            }
            return total
        }
        let wide = Plane(height: height, width: 2 * width) { row, column in
            sum(column, width) { self[row, $0] }
        }
        return Plane(height: 2 * height, width: 2 * width) { row, column in
            sum(row, height) { wide[$0, column] }
        }
    }

    /// The doubled image with room for the filter around it: each pixel is read at its place under `map`, with linear
    /// interpolation between pixels.
    func mapped(by map: Matrix, height newHeight: Int, width newWidth: Int) -> Plane {
        let (rows, columns) = (2 * (newHeight + 6), 2 * (newWidth + 6))
        func pixel(_ row: Int, _ column: Int) -> Double {
            row >= 0 && row < height && column >= 0 && column < width ? self[row, column] : 0
        }
        return Plane(height: rows, width: columns) { row, column in
            let x = Double(column) + 0.5 - Double(columns) / 2
            let y = Double(row) + 0.5 - Double(rows) / 2
            let atX = map.a * x + map.b * y + map.c + Double(width) / 2 - 0.5
            let atY = map.d * x + map.e * y + map.f + Double(height) / 2 - 0.5
            guard atX > -1, atX < Double(width), atY > -1, atY < Double(height) else { return 0 }
            let (left, top) = (atX.rounded(.down), atY.rounded(.down))
            let (u, v) = (atX - left, atY - top)
            let (i, j) = (Int(top), Int(left))
            let above = (1 - u) * pixel(i, j) + u * pixel(i, j + 1)
            let below = (1 - u) * pixel(i + 1, j) + u * pixel(i + 1, j + 1)
            return (1 - v) * above + v * below
        }
    }

    /// Half the height and width by the filter, without the three pixels on every side that were room for it.
    func halved() -> Plane {
        func sum(_ place: Int, _ count: Int, _ value: (Int) -> Double) -> Double {
            var total = 0.0
            for k in 0..<12 {
                let from = 2 * (place + 3) - 5 + k
                if from >= 0, from < count { total += Self.filter[k] * value(from) }
            }
            return total
        }
        let narrow = Plane(height: height, width: width / 2 - 6) { row, column in
            sum(column, width) { self[row, $0] }
        }
        return Plane(height: height / 2 - 6, width: narrow.width) { row, column in
            sum(row, height) { narrow[$0, column] }
        }
    }
}
