import Foundation
import ScoreNetworks
import Tensors
import Testing

struct SafetensorsTests {
    private func example() -> SafetensorsFile {
        var file = SafetensorsFile(name: "example")
        file.set("b", Tensor<Float>(shape: [2, 3], values: [1, 2, 3, 4, 5, -0.5]))
        file.set("a", [UInt8](arrayLiteral: 7, 8, 9))
        file.set("c", Tensor<Double>(shape: [1], values: [0.1]))
        file.set("d", [Int64](arrayLiteral: -5, 1 << 40))
        file.set("none", Tensor<Float>(shape: [0, 4], values: []))
        file.metadata = ["config": "{\"quoted\": \"\\\"ü\n\"}", "format": "pt"]
        return file
    }

    @Test func readsWhatItWrites() throws {
        let file = example()
        let read = try SafetensorsFile(bytes: file.serialized(), name: "copy")
        #expect(read == file)
        #expect(try read.tensor("b", as: Float.self, shape: [2, 3]).values == [1, 2, 3, 4, 5, -0.5])
        #expect(try read.tensor("c", as: Double.self).values == [0.1])
        #expect(try read.integers("d") == [-5, 1 << 40])
        #expect(try read.bytes("a") == [7, 8, 9])
    }

    @Test func bytesDependOnContentAlone() {
        var other = SafetensorsFile(name: "other name")
        other.metadata = example().metadata
        for name in example().names.reversed() {
            guard let entry = example().entries[name] else { continue }
            other.set(name, type: entry.type, shape: entry.shape, bytes: entry.bytes)
        }
        #expect(other.serialized() == example().serialized())
    }

    /// A file written by hand, as the format's documentation describes it.
    @Test func readsTheDocumentedLayout() throws {
        let file = try raw("{\"x\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4]}}", [0, 0, 128, 63])
        #expect(try file.tensor("x", as: Float.self).values == [1])
    }

    /// Half precision of both kinds is read exactly: every number of binary16, and bfloat16 as the upper half of binary32.
    @Test func readsHalfPrecision() throws {
        var file = SafetensorsFile()
        let all = (0...UInt16.max).map { $0 }
        let bytes = all.flatMap { [UInt8($0 & 255), UInt8($0 >> 8)] }
        file.set("half", type: .f16, shape: [all.count], bytes: bytes)
        file.set("brain", type: .bf16, shape: [all.count], bytes: bytes)
        let read = try SafetensorsFile(bytes: file.serialized(), name: "copy")
        let half = try read.tensor("half", as: Float.self).values
        let brain = try read.tensor("brain", as: Double.self).values
        for (number, bits) in all.enumerated() {
            let expected = Float(Float16(bitPattern: bits))
            #expect(half[number] == expected || half[number].isNaN && expected.isNaN)
            #expect(half[number].sign == expected.sign)
            let wide = Double(Float(bitPattern: UInt32(bits) << 16))
            #expect(brain[number] == wide || brain[number].isNaN && wide.isNaN)
        }
    }

    /// Wrappers' prefixes are removed, what the wrappers count is left out, and of two networks the averaged one is read.
    @Test(
        arguments: [
            (["a", "b"], "", []), (["module.a", "module.b", "n_averaged"], "module.", ["n_averaged"]),
            (["_orig_mod.module.a", "_orig_mod.module.b"], "_orig_mod.module.", []),
            (["a", "b", "ema.module.a", "ema.module.b"], "ema.module.", ["tensors without a prefix"]),
            (["module.a", "module.b", "ema.a", "ema.b"], "ema.", ["module.*"]),
        ])
    func wrappersAreTakenOff(names: [String], prefix: String, leftAside: [String]) throws {
        var file = SafetensorsFile()
        file.metadata = ["config": "{}"]
        for (number, name) in names.enumerated() { file.set(name, Tensor<Float>(shape: [1], values: [Float(number)])) }
        let (plain, form) = try file.unwrapped()
        #expect(form.prefix == prefix && form.leftAside == leftAside && form.elements == ["F32"])
        #expect(plain.names == ["a", "b"] && plain.metadata == file.metadata)
        let (own, whole) = (try plain.tensor("b", as: Float.self), try file.tensor(prefix + "b", as: Float.self))
        #expect(own.values == whole.values)
    }

    @Test func severalNetworksInAFileAreRefused() {
        var file = SafetensorsFile(name: "two")
        for name in ["module.a", "a"] { file.set(name, Tensor<Float>(shape: [1], values: [1])) }
        let error = #expect(throws: SafetensorsError.self) { try file.unwrapped() }
        #expect(error?.description.contains("several prefixes (none, 'module.')") == true)
    }

    private func raw(_ header: String, _ data: [UInt8], length: Int? = nil) throws(SafetensorsError) -> SafetensorsFile
    {
        let count = UInt64(truncatingIfNeeded: length ?? header.utf8.count)
        let prefix = (0..<8).map { UInt8(truncatingIfNeeded: count >> (8 * $0)) }
        return try SafetensorsFile(bytes: prefix + Array(header.utf8) + data, name: "bad.safetensors")
    }

    @Test(
        arguments: [
            ("{\"x\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8]}}", 4, "x", "truncated"),
            ("{\"x\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,4]}}", 4, "x", "needs 8 bytes"),
            ("{\"x\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[4,0]}}", 4, "x", "outside"),
            ("{\"x\":{\"dtype\":\"F32\",\"shape\":[-1],\"data_offsets\":[0,4]}}", 4, "x", "impossible shape"),
            (
                "{\"x\":{\"dtype\":\"F32\",\"shape\":[4611686018427387904,4],\"data_offsets\":[0,4]}}", 4, "x",
                "impossible shape"
            ),
            ("{\"x\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4,8]}}", 4, "x", "expected 2"),
            ("{\"x\":{\"dtype\":\"Q4\",\"shape\":[1],\"data_offsets\":[0,4]}}", 4, "x", "type 'Q4'"),
            (
                "{\"x\":{\"dtype\":\"U8\",\"shape\":[3],\"data_offsets\":[0,3]},"
                    + "\"y\":{\"dtype\":\"U8\",\"shape\":[2],\"data_offsets\":[2,4]}}", 4, "y", "overlaps"
            ),
            (
                "{\"x\":{\"dtype\":\"U8\",\"shape\":[1],\"data_offsets\":[0,1]},"
                    + "\"y\":{\"dtype\":\"U8\",\"shape\":[2],\"data_offsets\":[2,4]}}", 4, "y", "hole"
            ),
            ("{\"x\":{\"dtype\":\"U8\",\"shape\":[1],\"data_offsets\":[0,1]}}", 4, nil, "no tensor uses"),
            ("{\"x\":{\"dtype\":\"U8\",\"shape\":[1]}}", 1, nil, "lacks"),
            ("{\"x\":{\"dtype\":\"U8\",\"shape\":\"1\",\"data_offsets\":[0,1]}}", 1, nil, "not the JSON"),
            ("[1, 2]", 0, nil, "not the JSON"),
            ("{\"x\":", 0, nil, "not the JSON"),
            ("{\"__metadata__\":{\"a\":1}}", 0, nil, "not the JSON"),
        ] as [(String, Int, String?, String)])
    func refusesBadFiles(header: String, data: Int, tensor: String?, problem: String) {
        let error = #expect(throws: SafetensorsError.self) {
            try raw(header, [UInt8](repeating: 0, count: data))
        }
        #expect(error?.file == "bad.safetensors" && error?.tensor == tensor)
        #expect(error?.description.contains(problem) == true, "\(String(describing: error))")
    }

    @Test func refusesEveryTruncationAndBadLengths() throws {
        let bytes = example().serialized()
        for count in 0..<bytes.count {
            #expect(throws: SafetensorsError.self) { try SafetensorsFile(bytes: Array(bytes[..<count]), name: "cut") }
        }
        for length in [Int.max, -1, 1 << 40, 3] {
            #expect(throws: SafetensorsError.self) { try raw("{}", [], length: length) }
        }
        let deep = String(repeating: "[", count: 100_000)
        #expect(throws: SafetensorsError.self) { try raw(deep, []) }
    }

    @Test func refusesHeadersNoNetworkNeedsBeforeReadingThem() throws {
        let header = "{\"x\":{\"dtype\":\"U8\",\"shape\":[1],\"data_offsets\":[0,1]}}"
        let longest = 4 << 20
        func padded(_ count: Int) -> String { header + String(repeating: " ", count: count - header.utf8.count) }
        #expect(try raw(padded(longest), [7]).names == ["x"])
        let error = #expect(throws: SafetensorsError.self) { try raw(padded(longest + 1), [7]) }
        #expect(error?.description.contains("header of \(longest + 1) bytes") == true, "\(String(describing: error))")
    }

    @Test func namesTheTensorThatDoesNotFit() {
        #expect(throws: SafetensorsError(file: "example", tensor: "z", problem: "is missing")) {
            try example().tensor("z", as: Float.self)
        }
        #expect(throws: SafetensorsError(file: "example", tensor: "b", problem: "has shape [2, 3], expected [3, 2]")) {
            try example().tensor("b", as: Float.self, shape: [3, 2])
        }
        #expect(
            throws: SafetensorsError(file: "example", tensor: "d", problem: "holds I64, expected F32, F64, F16 or BF16")
        ) {
            try example().tensor("d", as: Float.self)
        }
    }
}
