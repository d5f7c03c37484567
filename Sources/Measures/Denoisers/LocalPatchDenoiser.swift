import Diffusion
import Tensors

/// The optimum of denoisers that see only the window of `patch` × `patch` pixels around each pixel (Kamb & Ganguli, ICML
/// 2025): pixel l is Σ wᵢ yᵢ[l] with w = softmax(−‖x_Ω − y_Ω‖²/(2σ²)) over the training images' windows Ω at the same
/// place (local score), or at all places (equivariant local score).
///
/// Borders clip windows; equivariant ones are compared where borders clip them alike (the paper's broken equivariance).
/// Windows as large as twice the image give the multi-delta optimum. Logits are in float64 as x·y − ½‖y‖².
package struct LocalPatchDenoiser: Denoiser {
    package let imageShape: ImageShape
    /// One at a time, since an image takes long.
    package var batch: Int { 1 }
    private let images: Tensor<Float>
    private let places: [Place]

    /// Pixels whose windows are compared with one another.
    private struct Place {
        var pixels: [Int]
        /// Where the window's values lie, relative to the pixel's value in channel 0.
        var offsets: [Int]
    }

    /// `images` are [N, C, H, W]; with `flips`, their mirror images count too. `patch` is odd.
    package init(images: Tensor<Float>, flips: Bool, patch: Int, isEquivariant: Bool) {
        precondition(images.shape[0] > 0 && patch > 0 && patch % 2 == 1, "windows of odd size of some images")
        self.images = flips ? images.withFlips : images
        imageShape = images.imageShape
        places = Self.places(imageShape, radius: patch / 2, isEquivariant: isEquivariant)
    }

    private static func places(_ shape: ImageShape, radius: Int, isEquivariant: Bool) -> [Place] {
        var found: [[Int]: Int] = [:]
        var places: [Place] = []
        for y in 0..<shape.height {
            for x in 0..<shape.width {
                let window = [
                    min(y, radius), min(shape.height - 1 - y, radius), min(x, radius), min(shape.width - 1 - x, radius),
                ]
                let pixel = y * shape.width + x
                if isEquivariant, let place = found[window] {
                    places[place].pixels.append(pixel)
                    continue
                }
                found[window] = places.count
                let offsets = (0..<shape.channels).flatMap { channel in
                    (-window[0]...window[1]).flatMap { row in
                        (-window[2]...window[3]).map { column in
                            (channel * shape.height + row) * shape.width + column
                        }
                    }
                }
                places.append(Place(pixels: [pixel], offsets: offsets))
            }
        }
        return places
    }

    package func denoise(_ x: Tensor<Float>, sigma: [Double]) -> Tensor<Float> {
        var result = Tensor<Float>(zeros: x.shape)
        let size = imageShape.height * imageShape.width
        for place in places {
            let queries = windows(of: x, 0..<x.shape[0] * place.pixels.count, place)
            var sums = [PosteriorSum](
                repeating: PosteriorSum(channels: imageShape.channels), count: queries.rows)
            for block in blocks(of: images.shape[0] * place.pixels.count, by: 1024) {
                let windows = windows(of: images, block, place)
                let halfNorms = windows.halfSquares
                let products = Matrix.product(queries, .plain, windows, .transposed)
                let centres = block.map {
                    $0 / place.pixels.count * images.stride + place.pixels[$0 % place.pixels.count]
                }
                for query in 0..<queries.rows {
                    let level = sigma[query / place.pixels.count]
                    let row = query * block.count
                    sums[query].add(
                        (0..<block.count).map { (products.values[row + $0] - halfNorms[$0]) / (level * level) }
                    ) { Double(images.values[centres[$0] + $1 * size]) }
                }
            }
            for (query, sum) in sums.enumerated() {
                let pixel = query / place.pixels.count * x.stride + place.pixels[query % place.pixels.count]
                for (channel, value) in sum.means.enumerated() { result.values[pixel + channel * size] = Float(value) }
            }
        }
        return result
    }

    /// Windows of a place: number i is at pixel i modulo the number of the place's pixels, image after image.
    private func windows(of images: Tensor<Float>, _ numbers: Range<Int>, _ place: Place) -> Matrix {
        var values: [Double] = []
        values.reserveCapacity(numbers.count * place.offsets.count)
        for number in numbers {
            let first = number / place.pixels.count * images.stride + place.pixels[number % place.pixels.count]
            for offset in place.offsets { values.append(Double(images.values[first + offset])) }
        }
        return Matrix(rows: numbers.count, columns: place.offsets.count, values: values)
    }
}

/// Σ softmax(logit)·value, gathered piece by piece.
private struct PosteriorSum {
    private var greatest = -Double.infinity
    private var weight = 0.0
    private var sums: [Double]

    init(channels: Int) { sums = [Double](repeating: 0, count: channels) }

    /// Adds values with their logits. Weights below e^−45 of the greatest so far are less than a float64's last bit, and are
    /// left out.
    mutating func add(_ logits: [Double], _ value: (_ item: Int, _ channel: Int) -> Double) {
        let most = logits.reduce(greatest) { max($0, $1) }
        if most > greatest {
            let kept = Elementary.exp(max(greatest - most, -1000))
            weight *= kept
            for channel in sums.indices { sums[channel] *= kept }
            greatest = most
        }
        for (item, logit) in logits.enumerated() where logit - greatest > -45 {
            let share = Elementary.exp(logit - greatest)
            weight += share
            for channel in sums.indices { sums[channel] += share * value(item, channel) }
        }
    }

    var means: [Double] { sums.map { $0 / weight } }
}

extension Matrix {
    /// ½‖row‖² of each row.
    var halfSquares: [Double] {
        (0..<rows).map { row in
            var sum = 0.0
            for index in row * columns..<(row + 1) * columns { sum += values[index] * values[index] }
            return sum / 2
        }
    }
}
