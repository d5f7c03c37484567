import FoundationEssentials

extension SafetensorsFile {
    /// What the header says of one tensor.
    private struct Described: Decodable {
        var dtype: String
        var shape: [Int]
        var offsets: [Int]

        enum CodingKeys: String, CodingKey {
            case dtype
            case shape
            case offsets = "data_offsets"
        }
    }

    private enum HeaderValue: Decodable {
        case metadata([String: String])
        case tensor(Described)

        init(from decoder: any Decoder) throws {
            if decoder.codingPath.last?.stringValue == SafetensorsFile.metadataKey {
                self = .metadata(try [String: String](from: decoder))
            } else {
                self = .tensor(try Described(from: decoder))
            }
        }
    }

    static let metadataKey = "__metadata__"
    /// Ten times what the largest network's header takes; the format's own bound is 100 MB.
    static let longestHeader = 4 << 20

    /// Parses `bytes`; `name` is what errors call the file. Nothing in the file is believed: lengths, offsets and
    /// shapes must agree with one another, and the data must be covered without holes or overlaps.
    package init(bytes: [UInt8], name: String) throws(SafetensorsError) {
        self.init(name: name)
        guard bytes.count >= 8 else {
            throw error(nil, "is not a safetensors file: \(bytes.count) bytes, the length of the header alone takes 8")
        }
        let declared = bytes[0..<8].reversed().reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
        guard declared <= UInt64(SafetensorsFile.longestHeader), declared <= UInt64(bytes.count - 8) else {
            throw error(
                nil, "is truncated or not a safetensors file: header of \(declared) bytes in a file of \(bytes.count)")
        }
        let start = 8 + Int(declared)
        let header: [String: HeaderValue]
        do {
            header = try JSONDecoder().decode([String: HeaderValue].self, from: Data(bytes[8..<start]))
        } catch {
            throw self.error(nil, "has a header that is not the JSON object expected: \(Self.explain(error))")
        }
        let length = bytes.count - start
        var spans: [(tensor: String, begin: Int, end: Int)] = []
        for (tensor, value) in header.sorted(by: { $0.key < $1.key }) {
            switch value {
            case .metadata(let table): metadata = table
            case .tensor(let described):
                let (type, range) = try check(described, tensor: tensor, dataLength: length)
                spans.append((tensor, range.lowerBound, range.upperBound))
                set(
                    tensor, type: type, shape: described.shape,
                    bytes: Array(bytes[start + range.lowerBound..<start + range.upperBound]))
            }
        }
        try checkCover(spans, dataLength: length)
    }

    private func check(
        _ described: Described, tensor: String, dataLength: Int
    ) throws(SafetensorsError) -> (ElementType, Range<Int>) {
        guard let type = ElementType(rawValue: described.dtype) else {
            let known = ElementType.allCases.map(\.rawValue).joined(separator: ", ")
            throw error(tensor, "has elements of type '\(described.dtype.prefix(40))'; read here are \(known)")
        }
        guard described.offsets.count == 2 else {
            throw error(tensor, "has \(described.offsets.count) data_offsets, expected 2")
        }
        let (begin, end) = (described.offsets[0], described.offsets[1])
        guard begin >= 0, begin <= end, end <= dataLength else {
            throw error(
                tensor, "has data_offsets [\(begin), \(end)] outside of the \(dataLength) bytes of data; truncated?")
        }
        var size = type.size
        for extent in described.shape {
            let (product, overflow) = size.multipliedReportingOverflow(by: extent)
            guard extent >= 0, !overflow else { throw error(tensor, "has the impossible shape \(described.shape)") }
            size = product
        }
        guard size == end - begin else {
            throw error(
                tensor, "of shape \(described.shape) needs \(size) bytes, its data_offsets span \(end - begin)")
        }
        return (type, begin..<end)
    }

    private func checkCover(
        _ spans: [(tensor: String, begin: Int, end: Int)], dataLength: Int
    ) throws(SafetensorsError) {
        var covered = 0
        for span in spans.sorted(by: { ($0.begin, $0.end) < ($1.begin, $1.end) }) {
            guard span.begin >= covered else {
                throw error(span.tensor, "overlaps the data of another tensor at byte \(span.begin)")
            }
            guard span.begin == covered else {
                throw error(span.tensor, "begins at byte \(span.begin), after a hole from byte \(covered)")
            }
            covered = span.end
        }
        guard covered == dataLength else {
            throw error(nil, "has \(dataLength - covered) bytes of data that no tensor uses")
        }
    }

    private static func explain(_ error: any Error) -> String {
        switch error {
        case DecodingError.keyNotFound(let key, let context):
            "'\(context.codingPath.first?.stringValue ?? "")' lacks '\(key.stringValue)'"
        case DecodingError.typeMismatch(_, let context), DecodingError.valueNotFound(_, let context):
            "'\(context.codingPath.first?.stringValue ?? "")': \(context.debugDescription)"
        default: "not valid JSON"
        }
    }
}
