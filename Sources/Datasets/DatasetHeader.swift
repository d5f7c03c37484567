import FoundationEssentials

/// The head of a prepared dataset: a safetensors file with the tensor `images`, U8 or F32 [N, C, H, W].
///
/// Where images have a number in their source, the file has a second tensor `numbers`, I64 [N], and the metadata `found`,
/// the number of images there. Where it is given which images are for training, it has the metadata `training`, their
/// number. The bytes are a function of all these, so that equal images give equal files.
struct DatasetHeader: Equatable {
    var count: Int
    var channels: Int
    var height: Int
    var width: Int
    /// Whether they are F32, in units of [−1, 1].
    var isFloat = false
    /// How many of the images are for training, where that is given.
    var pool: Int?
    /// How many images the source had, where the file has `numbers`.
    var found: Int?

    static let format = "eigensweep-images-1"
    /// The most bytes of a header that is read. This release writes about 120; others may add spaces and metadata.
    private static let longest = 1 << 16
    private static let largest = 1 << 46

    var bytesPerImage: Int { channels * height * width * (isFloat ? 4 : 1) }

    var imageBytes: Int { count * bytesPerImage }
    /// The bytes of `numbers`, which follow the images.
    var numberBytes: Int { found == nil ? 0 : 8 * count }

    /// Eight bytes of length and the JSON, padded by spaces to a multiple of eight.
    var encoded: [UInt8] {
        let notes =
            #""format":"\#(Self.format)""# + (found.map { #","found":"\#($0)""# } ?? "")
            + (pool.map { #","training":"\#($0)""# } ?? "")
        let numbers =
            found == nil
            ? ""
            : #","numbers":{"dtype":"I64","shape":[\#(count)],"data_offsets":[\#(imageBytes),\#(imageBytes + numberBytes)]}"#
        let text =
            #"{"__metadata__":{\#(notes)},"images":{"dtype":"\#(isFloat ? "F32" : "U8")","#
            + #""shape":[\#(count),\#(channels),\#(height),\#(width)],"data_offsets":[0,\#(imageBytes)]}\#(numbers)}"#
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
            throw Malformed("its header does not describe a tensor \"images\"")
        }
        let shape = parsed.images.shape
        isFloat = parsed.images.dtype == "F32"
        guard isFloat || parsed.images.dtype == "U8" else {
            throw Malformed("its images are \(parsed.images.dtype), not U8 or F32")
        }
        guard shape.count == 4, shape.allSatisfy({ $0 > 0 }) else {
            throw Malformed("its images have the shape \(shape), not [images, channels, height, width]")
        }
        let bytes = shape.reduce(isFloat ? 4 : 1) { product, size in
            let (next, overflow) = product.multipliedReportingOverflow(by: size)
            return overflow || next > Self.largest || product < 0 ? -1 : next
        }
        guard bytes > 0 else { throw Malformed("its shape \(shape) is absurd") }
        guard parsed.images.offsets == [0, bytes] else {
            throw Malformed("its header gives the images offsets \(parsed.images.offsets), expected [0, \(bytes)]")
        }
        (count, channels, height, width) = (shape[0], shape[1], shape[2], shape[3])
        let notes = parsed.metadata ?? [:]
        if let numbers = parsed.numbers {
            let end = bytes + 8 * count
            guard numbers.dtype == "I64", numbers.shape == [count], numbers.offsets == [bytes, end],
                let found = notes["found"].flatMap({ Int($0) }), found >= count, found <= Self.largest
            else { throw Malformed("its header does not describe the numbers of its images") }
            self.found = found
        }
        if let text = notes["training"] {
            guard let pool = Int(text), pool >= 0, pool <= count else {
                throw Malformed("its header says that \(text.prefix(40)) of its \(count) images are for training")
            }
            self.pool = pool
        }
        guard dataSize == bytes + numberBytes else {
            throw Malformed("it holds \(dataSize) bytes of images, its header promises \(bytes + numberBytes)")
        }
    }

    init(
        count: Int, channels: Int, height: Int, width: Int, isFloat: Bool = false, pool: Int? = nil, found: Int? = nil
    ) {
        (self.count, self.channels, self.height, self.width) = (count, channels, height, width)
        (self.isFloat, self.pool, self.found) = (isFloat, pool, found)
    }

    struct Malformed: Error {
        let reason: String
        init(_ reason: String) { self.reason = reason }
    }

    private struct Layout: Decodable {
        var metadata: [String: String]?
        var images: Entry
        var numbers: Entry?

        enum CodingKeys: String, CodingKey {
            case images, numbers
            case metadata = "__metadata__"
        }

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
