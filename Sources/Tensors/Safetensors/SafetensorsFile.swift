/// The content of a safetensors file: named tensors and a string-to-string metadata table.
///
/// `serialized()` depends on the content alone, not on the order of insertion.
package struct SafetensorsFile: Sendable, Equatable {
    /// Types of elements that this project stores, and half precision, which it reads.
    package enum ElementType: String, Sendable, CaseIterable {
        case f32 = "F32"
        case f64 = "F64"
        case f16 = "F16"
        case bf16 = "BF16"
        case i64 = "I64"
        case u8 = "U8"

        package var size: Int {
            switch self {
            case .f64, .i64: 8
            case .f32: 4
            case .f16, .bf16: 2
            case .u8: 1
            }
        }
    }

    /// One stored tensor; `bytes` are little-endian, in row-major order.
    package struct Entry: Sendable, Equatable {
        package let type: ElementType
        package let shape: [Int]
        package let bytes: [UInt8]

        package var count: Int { bytes.count / type.size }
    }

    package var metadata: [String: String] = [:]
    package private(set) var entries: [String: Entry] = [:]
    /// The name of this file in errors.
    package var name: String

    package init(name: String = "safetensors") { self.name = name }

    package static func == (a: Self, b: Self) -> Bool { a.metadata == b.metadata && a.entries == b.entries }

    /// The names of all tensors, in order.
    package var names: [String] { entries.keys.sorted() }

    package func contains(_ tensor: String) -> Bool { entries[tensor] != nil }

    /// Stores raw little-endian bytes; their number must fit shape and type.
    package mutating func set(_ tensor: String, type: ElementType, shape: [Int], bytes: [UInt8]) {
        precondition(bytes.count == shape.reduce(type.size, *), "\(tensor): \(bytes.count) bytes do not fill \(shape)")
        entries[tensor] = Entry(type: type, shape: shape, bytes: bytes)
    }

    /// Stores F32 or F64, by the tensor's scalar.
    package mutating func set<Scalar: TensorScalar>(_ tensor: String, _ value: Tensor<Scalar>) {
        let type: ElementType = Scalar.self == Double.self ? .f64 : .f32
        set(tensor, type: type, shape: value.shape, bytes: value.values.withUnsafeBytes { Array($0) })
    }

    package mutating func set(_ tensor: String, _ values: [Int64], shape: [Int]? = nil) {
        set(tensor, type: .i64, shape: shape ?? [values.count], bytes: values.withUnsafeBytes { Array($0) })
    }

    package mutating func set(_ tensor: String, _ values: [UInt8], shape: [Int]? = nil) {
        set(tensor, type: .u8, shape: shape ?? [values.count], bytes: values)
    }

    /// The floating-point tensor `tensor`, rounded to `Scalar` where it is stored wider. Another type of element, a
    /// missing tensor, or a shape other than `shape` is an error.
    package func tensor<Scalar: TensorScalar>(
        _ tensor: String, as scalar: Scalar.Type = Scalar.self, shape: [Int]? = nil
    ) throws(SafetensorsError) -> Tensor<Scalar> {
        let entry = try self.entry(tensor, shape: shape)
        switch entry.type {
        case .f32: return Tensor(shape: entry.shape, values: elements(of: entry, as: Float.self).map { Scalar($0) })
        case .f64: return Tensor(shape: entry.shape, values: elements(of: entry, as: Double.self).map { Scalar($0) })
        case .f16:
            let values = elements(of: entry, as: UInt16.self).map { Scalar(Self.half($0)) }
            return Tensor(shape: entry.shape, values: values)
        case .bf16:
            let values = elements(of: entry, as: UInt16.self).map { Scalar(Float(bitPattern: UInt32($0) << 16)) }
            return Tensor(shape: entry.shape, values: values)
        case .i64, .u8: throw error(tensor, "holds \(entry.type.rawValue), expected F32, F64, F16 or BF16")
        }
    }

    /// The I64 tensor `tensor`.
    package func integers(_ tensor: String, shape: [Int]? = nil) throws(SafetensorsError) -> [Int64] {
        let entry = try self.entry(tensor, shape: shape)
        guard entry.type == .i64 else { throw error(tensor, "holds \(entry.type.rawValue), expected I64") }
        return elements(of: entry, as: Int64.self)
    }

    /// The U8 tensor `tensor`.
    package func bytes(_ tensor: String, shape: [Int]? = nil) throws(SafetensorsError) -> [UInt8] {
        let entry = try self.entry(tensor, shape: shape)
        guard entry.type == .u8 else { throw error(tensor, "holds \(entry.type.rawValue), expected U8") }
        return entry.bytes
    }

    /// The entry called `tensor`; an error where it is missing or has another shape than `shape`.
    package func entry(_ tensor: String, shape: [Int]? = nil) throws(SafetensorsError) -> Entry {
        guard let entry = entries[tensor] else { throw error(tensor, "is missing") }
        if let shape, entry.shape != shape {
            throw error(tensor, "has shape \(entry.shape), expected \(shape)")
        }
        return entry
    }

    /// An error about a tensor of this file.
    package func error(_ tensor: String?, _ problem: String) -> SafetensorsError {
        SafetensorsError(file: name, tensor: tensor, problem: problem)
    }

    /// IEEE 754's binary16, exactly.
    private static func half(_ bits: UInt16) -> Float {
        let sign = UInt32(bits & 0x8000) << 16
        let (exponent, fraction) = (UInt32(bits >> 10 & 31), UInt32(bits & 0x3FF))
        if exponent == 31 { return Float(bitPattern: sign | 0x7F80_0000 | fraction << 13) }
        if exponent > 0 { return Float(bitPattern: sign | (exponent + 112) << 23 | fraction << 13) }
        let magnitude = Float(fraction) * 0x1p-24
        return sign == 0 ? magnitude : -magnitude
    }

    private func elements<Element: BitwiseCopyable>(of entry: Entry, as type: Element.Type) -> [Element] {
        entry.bytes.withUnsafeBytes { bytes in
            [Element](unsafeUninitializedCapacity: entry.count) { buffer, filled in
                UnsafeMutableRawBufferPointer(buffer).copyMemory(
                    from: UnsafeRawBufferPointer(rebasing: bytes[..<(entry.count * MemoryLayout<Element>.size)]))
                filled = entry.count
            }
        }
    }
}
