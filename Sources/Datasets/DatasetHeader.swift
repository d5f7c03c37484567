import FoundationEssentials

/// The head of a prepared dataset: a safetensors file with one tensor `images`, U8 [N, C, H, W].
///
/// The bytes are a function of the four sizes alone, so equal images give equal files.
struct DatasetHeader: Equatable {
    var count: Int
    var channels: Int
    var height: Int
    var width: Int

    static let format = "eigensweep-images-1"
    /// Headers as this release writes them have about 120 bytes; others may add spaces and metadata.
    private static let longest = 1 << 16
    private static let largest = 1 << 46

    var bytesPerImage: Int { channels * height * width }

    /// Eight bytes of length and the JSON, padded by spaces to a multiple of eight.
    var encoded: [UInt8] {
        let text =
            #"{"__metadata__":{"format":"\#(Self.format)"},"images":{"dtype":"U8","#
            + #""shape":[\#(count),\#(channels),\#(height),\#(width)],"data_offsets":[0,\#(count * bytesPerImage)]}}"#
        var json = Array(text.utf8)
        while json.count % 8 != 0 { json.append(UInt8(ascii: " ")) }
        return (0..<8).map { UInt8(truncatingIfNeeded: json.count >> (8 * $0)) } + json
    }

    /// The header's length in bytes, from the first eight bytes of a file of `size` bytes.
    static func length(_ prefix: [UInt8], fileSize size: Int) throws(Malformed) -> Int {
        guard prefix.count == 8 else { throw Malformed("it has \(size) bytes, not even a header") }
        let length = prefix.reversed().reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
        guard length <= UInt64(longest) else { throw Malformed("its header's length of \(length) is absurd") }
        guard 8 + Int(length) <= size else { throw Malformed("it ends inside its header") }
        return Int(length)
    }

    /// Reads the JSON of a file whose tensors take `dataSize` bytes.
    init(json: [UInt8], dataSize: Int) throws(Malformed) {
        let parsed: Layout
        do {
            parsed = try JSONDecoder().decode(Layout.self, from: Data(json))
        } catch {
            throw Malformed("its header does not describe one tensor \"images\"")
        }
        let shape = parsed.images.shape
        guard parsed.images.dtype == "U8" else { throw Malformed("its images are \(parsed.images.dtype), not U8") }
        guard shape.count == 4, shape.allSatisfy({ $0 > 0 }) else {
            throw Malformed("its images have the shape \(shape), not [images, channels, height, width]")
        }
        let bytes = shape.reduce(1) { product, size in
            let (next, overflow) = product.multipliedReportingOverflow(by: size)
            return overflow || next > Self.largest || product < 0 ? -1 : next
        }
        guard bytes > 0 else { throw Malformed("its shape \(shape) is absurd") }
        guard parsed.images.offsets == [0, bytes] else {
            throw Malformed("its header gives the images offsets \(parsed.images.offsets), expected [0, \(bytes)]")
        }
        guard dataSize == bytes else {
            throw Malformed("it holds \(dataSize) bytes of images, its header promises \(bytes)")
        }
        (count, channels, height, width) = (shape[0], shape[1], shape[2], shape[3])
    }

    init(count: Int, channels: Int, height: Int, width: Int) {
        (self.count, self.channels, self.height, self.width) = (count, channels, height, width)
    }

    struct Malformed: Error {
        let reason: String
        init(_ reason: String) { self.reason = reason }
    }

    private struct Layout: Decodable {
        var images: Entry

        struct Entry: Decodable {
            var dtype: String
            var shape: [Int]
            var offsets: [Int]

            enum CodingKeys: String, CodingKey {
                case dtype, shape
                case offsets = "data_offsets"
            }
        }
    }
}
