import Glibc
import Tensors

/// A prepared dataset, the only file from which workers read images.
///
/// Pixels are bytes, or float32 in units of [−1, 1], in row-major order, one image after the other, channels before rows. Images are read from the
/// file when they are asked for. Any number of threads may read.
package final class DatasetFile: Sendable {
    package let path: String
    /// The number of images.
    package let count: Int
    package let channels: Int
    package let height: Int
    package let width: Int
    /// Whether pixels are float32.
    package let isFloat: Bool
    /// Bytes of one image: channels · height · width, four times that of float32.
    package let bytesPerImage: Int
    /// What the file says of its images.
    package let notes: DatasetNotes

    private let descriptor: Int32
    private let start: Int

    /// Opens the file and checks that its length is what its header promises.
    package init(path: String) throws(DatasetError) {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw Self.failure("open", path) }
        do throws(DatasetError) {
            var status = stat()
            guard fstat(descriptor, &status) == 0 else { throw Self.failure("examine", path) }
            guard status.st_mode & S_IFMT == S_IFREG else {
                throw .malformed(path: path, reason: "it is not a regular file")
            }
            let (header, length) = try Self.header(descriptor, path: path, size: Int(status.st_size))
            self.path = path
            self.descriptor = descriptor
            start = 8 + length
            count = header.count
            channels = header.channels
            height = header.height
            width = header.width
            isFloat = header.isFloat
            bytesPerImage = header.bytesPerImage
            notes = try Self.notes(descriptor, header, after: start, path: path)
        } catch {
            close(descriptor)
            throw error
        }
    }

    deinit { close(descriptor) }

    /// The bytes of image `index`.
    package func pixels(of index: Int) throws(DatasetError) -> [UInt8] { try pixels(of: [index]) }

    /// The bytes of the images, in the order asked for.
    package func pixels(of indices: [Int]) throws(DatasetError) -> [UInt8] {
        var result = [UInt8](repeating: 0, count: indices.count * bytesPerImage)
        for (place, index) in indices.enumerated() {
            guard (0..<count).contains(index) else { throw .noSuchImage(path: path, index: index, count: count) }
            let range = place * bytesPerImage..<(place + 1) * bytesPerImage
            try Self.read(descriptor, into: &result, range, from: start + index * bytesPerImage, path: path)
        }
        return result
    }

    /// The images as [B, C, H, W] in [−1, 1]: byte / 127.5 − 1, or what the file has of float32.
    package func tensor(of indices: [Int]) throws(DatasetError) -> Tensor<Float> {
        let bytes = try pixels(of: indices)
        let values =
            isFloat
            ? bytes.withUnsafeBytes { raw in
                (0..<raw.count / 4).map {
                    Float(bitPattern: UInt32(littleEndian: raw.loadUnaligned(fromByteOffset: 4 * $0, as: UInt32.self)))
                }
            } : bytes.map { Float($0) / 127.5 - 1 }
        return Tensor(shape: [indices.count, channels, height, width], values: values)
    }

    /// The content of a prepared dataset with these images.
    ///
    /// It is a function of its arguments alone. `pixels` holds the images one after the other, channels before rows.
    package static func encode(
        pixels: [UInt8], channels: Int, height: Int, width: Int, notes: DatasetNotes = DatasetNotes(),
        isFloat: Bool = false
    ) -> [UInt8] {
        let each = channels * height * width * (isFloat ? 4 : 1)
        let count = pixels.count / each
        precondition(count * each == pixels.count, "\(pixels.count) bytes are not whole images")
        let header = DatasetHeader(
            count: count, channels: channels, height: height, width: width, isFloat: isFloat, pool: notes.pool,
            found: notes.source?.found)
        let numbers = notes.source?.numbers ?? []
        return header.encoded + pixels + numbers.flatMap { number in (0..<8).map { UInt8(number >> (8 * $0) & 255) } }
    }

    private static func notes(
        _ descriptor: Int32, _ header: DatasetHeader, after start: Int, path: String
    ) throws(DatasetError) -> DatasetNotes {
        guard let found = header.found else { return DatasetNotes(pool: header.pool) }
        var bytes = [UInt8](repeating: 0, count: header.numberBytes)
        try read(descriptor, into: &bytes, 0..<bytes.count, from: start + header.imageBytes, path: path)
        let numbers = (0..<header.count).map { image in
            (0..<8).reduce(UInt64(0)) { $0 | UInt64(bytes[8 * image + $1]) << (8 * $1) }
        }
        guard numbers.allSatisfy({ $0 < UInt64(found) }), Set(numbers).count == header.count else {
            throw .malformed(path: path, reason: "its numbers are not those of different images of \(found)")
        }
        return DatasetNotes(
            pool: header.pool, source: DatasetNotes.Source(found: found, numbers: numbers.map { Int($0) }))
    }

    private static func header(
        _ descriptor: Int32, path: String, size: Int
    ) throws(DatasetError) -> (DatasetHeader, length: Int) {
        var prefix = [UInt8](repeating: 0, count: min(8, size))
        try read(descriptor, into: &prefix, 0..<prefix.count, from: 0, path: path)
        let length: Int
        do throws(DatasetHeader.Malformed) {
            length = try DatasetHeader.length(prefix, fileSize: size)
        } catch {
            throw .malformed(path: path, reason: error.reason)
        }
        var json = [UInt8](repeating: 0, count: length)
        try read(descriptor, into: &json, 0..<length, from: 8, path: path)
        do throws(DatasetHeader.Malformed) {
            return (try DatasetHeader(json: json, dataSize: size - 8 - length), length)
        } catch {
            throw .malformed(path: path, reason: error.reason)
        }
    }

    /// Fills `range` of `buffer` with what the file holds from `offset` on.
    private static func read(
        _ descriptor: Int32, into buffer: inout [UInt8], _ range: Range<Int>, from offset: Int, path: String
    ) throws(DatasetError) {
        var done = 0
        while done < range.count {
            let count = buffer.withUnsafeMutableBytes {
                pread(
                    descriptor, $0.baseAddress?.advanced(by: range.lowerBound + done), range.count - done, offset + done
                )
            }
            if count == 0 { throw .malformed(path: path, reason: "it became shorter while it was read") }
            if count > 0 { done += count } else if errno != EINTR { throw failure("read", path) }
        }
    }

    private static func failure(_ doing: String, _ path: String) -> DatasetError {
        .system(doing: doing, path: path, reason: String(cString: strerror(errno)))
    }
}
