import ImageKernels

/// Finds images that are nearly equal to an earlier one, as Kadkhodaie et al. (ICLR 2024) do before they split faces. Images
/// are averaged to 20×20 grey pixels, less their mean; of two whose correlation is beyond ±0.95 the later is left out.
struct NearDuplicates {
    /// The edge to which images are averaged, whatever the dataset's resolution; smaller images are enlarged to it.
    private static let side = 20
    /// Numbers of an image, a multiple of the kernel's lanes.
    private static let size = side * side
    private var rows: [Float] = []
    private static let threshold: Float = 0.95
    private static let block = 16

    /// Adds the next image. An image of a single grey level counts as unlike all others.
    mutating func add(_ image: ImageDecoder.Image) {
        let thumbnail = ImageConversion(resolution: Self.side, channels: 1, isShuffled: false).convert(.image(image))
        let mean = Double(thumbnail.reduce(0) { $0 + Int($1) }) / Double(thumbnail.count)
        let centred = thumbnail.map { Double($0) - mean }
        let norm = centred.reduce(0) { $0 + $1 * $1 }.squareRoot()
        rows += centred.map { norm > 0 ? Float($0 / norm) : 0 }
    }

    /// The numbers of the images that stay, where the images come in this order.
    func kept(_ order: [Int]) -> [Int] {
        let size = Self.size
        let rows = order.flatMap { image in self.rows[image * size..<(image + 1) * size] }
        var kept: [Int] = []
        // The rows of the kept images, one after the other.
        var keptRows: [Float] = []
        let count = rows.count / size
        for first in stride(from: 0, to: count, by: Self.block) {
            let block = first..<min(first + Self.block, count)
            var alike = [UInt8](repeating: 0, count: block.count)
            let rowsOfBlock = Array(rows[first * size..<block.upperBound * size])
            es_mark_alike(keptRows, kept.count, rowsOfBlock, block.count, size, Self.threshold, &alike)
            let before = kept.count
            for image in block where alike[image - first] == 0 {
                let row = rows[image * size..<(image + 1) * size]
                var isAlike: UInt8 = 0
                es_mark_alike(
                    Array(keptRows[before * size..<kept.count * size]), kept.count - before, Array(row), 1, size,
                    Self.threshold, &isAlike)
                guard isAlike == 0 else { continue }
                kept.append(image)
                keptRows += row
            }
        }
        return kept.map { order[$0] }
    }
}
