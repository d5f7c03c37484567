import Foundation
import ImageGenerators
import SweepModel

/// A file with one tensor of images, [N, C, H, W] of bytes or of float32 in [−1, 1]: .npy or .npz of NumPy, or safetensors,
/// by its name. Images are read one after the other, so that no claim of a file takes memory.
final class TensorFile {
    private let layout: TensorLayout
    private let open: () throws(FileFault) -> any TensorInput

    var isFloat: Bool { layout.isFloat }
    var count: Int { layout.count }
    var image: ImageSize { layout.image }
    /// What it holds, for people.
    var kind: String { layout.isFloat ? "float32" : "uint8" }

    /// Reads the file's head. Throws where it is no such tensor, or not whole. `name` says which kind it is, if not the path.
    init(path: String, size: Int, named name: String? = nil) throws(FileFault) {
        let name = (name ?? path).lowercased()
        if name.hasSuffix(".npz") {
            let entry = try PackedArray(path)
            let input = try entry.input()
            layout = try NumPyHeader.layout(input, size: entry.size)
            open = { () throws(FileFault) in
                let input = try entry.input()
                _ = try NumPyHeader.layout(input, size: entry.size)
                return input
            }
            return
        }
        let isNumPy = name.hasSuffix(".npy")
        func start() throws(FileFault) -> (TensorLayout, FileInput) {
            let input = try FileInput(path)
            let layout =
                try isNumPy ? NumPyHeader.layout(input, size: size) : SafetensorsHeader.layout(input, size: size)
            return (layout, input)
        }
        layout = try start().0
        open = { () throws(FileFault) in try start().1 }
    }

    /// Hands over every image, in order. Throws for a value that is none, and where the file ends early.
    func forEach(_ body: (SourceImage, Int) -> Void) throws(FileFault) {
        let input = try open()
        for index in 0..<layout.count {
            let bytes = try input.read(layout.bytesPerImage)
            if layout.isFloat {
                body(.values(try values(bytes, of: index), shape: layout.image), index)
            } else {
                body(.image(layout.image.picture { bytes[$0] }), index)
            }
        }
        if layout.endsFile { try input.finish() }
    }

    private func values(_ bytes: [UInt8], of index: Int) throws(FileFault) -> [Float] {
        let values = bytes.withUnsafeBytes { raw in
            (0..<raw.count / 4).map {
                Float(bitPattern: UInt32(littleEndian: raw.loadUnaligned(fromByteOffset: 4 * $0, as: UInt32.self)))
            }
        }
        if let wrong = values.firstIndex(where: { !(-1...1).contains($0) }) {
            let (plane, width) = (layout.image.height * layout.image.width, layout.image.width)
            let place = [wrong / plane, wrong % plane / width, wrong % width]
            throw FileFault(
                "its image \(index) has \(values[wrong].isNaN ? "NaN" : "\(values[wrong])") at \(place): expected float32 from "
                    + "-1 to 1 (a byte b is b / 127.5 - 1)")
        }
        return values
    }
}

/// An image of a source.
enum SourceImage {
    case image(ImageDecoder.Image)
    /// Values in [−1, 1], channels before rows.
    case values([Float], shape: ImageSize)

    var size: (width: Int, height: Int) {
        switch self {
        case .image(let image): (image.width, image.height)
        case .values(_, let shape): (shape.width, shape.height)
        }
    }

    /// The image in bytes: level v is the byte (v + 1)·127.5, rounded half up.
    var picture: ImageDecoder.Image {
        switch self {
        case .image(let image): image
        case .values(let values, let shape):
            shape.picture { UInt8(min(max(((Double(values[$0]) + 1) * 127.5 + 0.5).rounded(.down), 0), 255)) }
        }
    }
}

/// The shape of one image.
struct ImageSize: Equatable {
    var channels: Int
    var height: Int
    var width: Int

    /// An image whose planes have these bytes.
    func picture(_ byte: (Int) -> UInt8) -> ImageDecoder.Image {
        let plane = height * width
        var rgb = [UInt8](repeating: 0, count: 3 * plane)
        for pixel in 0..<plane {
            for channel in 0..<3 { rgb[3 * pixel + channel] = byte((channels == 3 ? channel * plane : 0) + pixel) }
        }
        return ImageDecoder.Image(width: width, height: height, rgb: rgb)
    }
}

/// What a file's head says of its tensor.
struct TensorLayout {
    let isFloat: Bool
    let count: Int
    let image: ImageSize
    /// Whether nothing may follow the images.
    var endsFile = true

    private static let longestEdge = 4096
    private static let largest = 1 << 42

    var bytesPerImage: Int { image.channels * image.height * image.width * (isFloat ? 4 : 1) }
    var bytes: Int { count * bytesPerImage }

    /// Throws for shapes that are none of images.
    init(isFloat: Bool, shape: [Int]) throws(FileFault) {
        let said = "its shape is \(shape)"
        guard shape.count == 4 else {
            throw FileFault("\(said): expected [N, C, H, W], images, channels, rows, columns")
        }
        guard shape[0] > 0 else { throw FileFault("\(said): it holds no images") }
        guard shape[1] == 1 || shape[1] == 3 else {
            let isLast = shape[3] == 1 || shape[3] == 3
            throw FileFault(
                "\(said): expected [N, C, H, W] of 1 or 3 channels"
                    + (isLast ? "; as [N, H, W, C], transpose it by (0, 3, 1, 2)" : ""))
        }
        guard shape[2...].allSatisfy({ (1...Self.longestEdge).contains($0) }) else {
            throw FileFault("\(said): expected edges from 1 to \(Self.longestEdge)")
        }
        self.isFloat = isFloat
        count = shape[0]
        image = ImageSize(channels: shape[1], height: shape[2], width: shape[3])
        let (bytes, overflow) = (image.channels * image.height * image.width * (isFloat ? 4 : 1))
            .multipliedReportingOverflow(by: count)
        guard !overflow, bytes <= Self.largest else { throw FileFault("\(said), which is absurd") }
    }

    /// Throws unless as many bytes are there as the shape has.
    func check(_ found: Int) throws(FileFault) {
        guard found != bytes else { return }
        throw FileFault(
            "it should hold \(bytes) bytes of images, but holds "
                + (found > bytes ? "more than that, \(found)" : "\(max(found, 0)) (is it whole?)"))
    }
}
