import JobContract

/// The head of a safetensors file: the tensor `images`, or the only one.
enum SafetensorsHeader {
    private static let longest = 1 << 20

    /// Reads the head of a file of `size` bytes, up to the beginning of the tensor.
    static func layout(_ input: FileInput, size: Int) throws(FileFault) -> TensorLayout {
        guard size >= 8 else { throw FileFault("it has \(size) bytes, not even the head of a safetensors file") }
        let length = try input.number(bytes: 8)
        guard length <= longest else { throw FileFault("its head is said to have \(length) bytes: is it safetensors?") }
        guard 8 + length <= size else { throw FileFault("it ends inside its head (is it whole?)") }
        guard case .object(let members)? = JSONText.read(try input.read(length)) else {
            throw FileFault("its head is no JSON object: it is not safetensors")
        }
        var tensors: [Tensor] = []
        for (name, value) in members where name != "__metadata__" { tensors.append(try Tensor(name, value)) }
        tensors.sort { $0.start < $1.start }
        var end = 0
        for tensor in tensors {
            guard tensor.start == end else { throw FileFault("its tensors overlap, or have gaps between them") }
            end = tensor.end
        }
        let chosen = tensors.count == 1 ? tensors : tensors.filter { $0.name == "images" }
        guard chosen.count == 1, let images = chosen.first else {
            let names = tensors.prefix(10).map(\.name).sorted().joined(separator: ", ")
            throw FileFault(
                tensors.isEmpty
                    ? "it holds no tensor" : "it holds the tensors \(names): expected one, or one that is called images"
            )
        }
        guard images.elements == "U8" || images.elements == "F32" else {
            throw FileFault("its elements are \(images.elements.prefix(20)): expected U8 or F32")
        }
        var layout = try TensorLayout(isFloat: images.elements == "F32", shape: images.shape)
        try layout.check(images.end - images.start)
        guard size - 8 - length == end else {
            throw FileFault(
                "it should hold \(end) bytes after its head, but holds \(size - 8 - length) (is it whole?)")
        }
        try input.skip(images.start)
        layout.endsFile = images.end == end
        return layout
    }

    private struct Tensor {
        let name: String
        let elements: String
        let shape: [Int]
        let start: Int
        let end: Int

        init(_ name: String, _ value: JSONValue) throws(FileFault) {
            let shape = value.objectValue?["shape"]?.arrayValue?.map(\.integerValue)
            let offsets = value.objectValue?["data_offsets"]?.arrayValue?.compactMap(\.integerValue) ?? []
            guard let elements = value.objectValue?["dtype"]?.stringValue, let shape, !shape.contains(nil),
                offsets.count == 2, offsets[0] >= 0, offsets[0] <= offsets[1]
            else { throw FileFault("its head does not describe the tensor \(name.prefix(80))") }
            self.name = name
            self.elements = elements
            self.shape = shape.compactMap(\.self)
            (start, end) = (offsets[0], offsets[1])
        }
    }
}
