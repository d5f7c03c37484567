import ContentStore
import DatasetPreparation
import Datasets
import Foundation
import ImageGenerators
import JobContract
import SweepModel
import TestSupport
import Testing

/// Arrays of images in .npy, .npz and safetensors.
@Suite struct TensorFileTests {
    let folder: TestFolder
    let store: ContentStore

    init() throws {
        folder = try TestFolder()
        store = try ContentStore(directory: "\(folder.path)/store")
    }

    /// As `numpy.save` writes it.
    private func npy(
        _ elements: String, _ shape: [Int], _ data: [UInt8], fortran: Bool = false, version: UInt8 = 1
    ) -> [UInt8] {
        let sizes = shape.map { "\($0)," }.joined(separator: " ")
        var head = "{'descr': \(elements), 'fortran_order': \(fortran ? "True" : "False"), 'shape': (\(sizes)), }"
        let width = version == 1 ? 2 : 4
        while (8 + width + head.utf8.count + 1) % 64 != 0 { head += " " }
        head += "\n"
        let length = (0..<width).map { UInt8(head.utf8.count >> (8 * $0) & 255) }
        return [0x93] + Array("NUMPY".utf8) + [version, 0] + length + Array(head.utf8) + data
    }

    private func safetensors(_ json: String, _ data: [UInt8]) -> [UInt8] {
        (0..<8).map { UInt8(truncatingIfNeeded: json.utf8.count >> (8 * $0)) } + Array(json.utf8) + data
    }

    private func bytes(_ values: [Float]) -> [UInt8] {
        values.flatMap { value in (0..<4).map { UInt8(truncatingIfNeeded: value.bitPattern >> (8 * $0)) } }
    }

    private func prepared(
        _ source: String, _ resolution: Int = 8, channels: Int = 1, parameters: [String: JSONValue] = [:]
    ) throws -> (dataset: PreparedDataset, file: DatasetFile) {
        let prepared = try DatasetPreparer(depot: store).prepare(
            DatasetRequest(source: source, resolution: resolution, channels: channels, parameters: parameters))
        return (prepared, try DatasetFile(path: try #require(store.location(of: prepared.digest))))
    }

    private func pixels(_ source: String, _ resolution: Int = 8, channels: Int = 1) throws -> [UInt8] {
        let file = try prepared(source, resolution, channels: channels).file
        return try file.pixels(of: Array(0..<file.count))
    }

    private func refusal(_ bytes: [UInt8], _ name: String = "a.npy", float: Bool = false) throws -> String {
        let path = try folder.write(bytes, name)
        let error = #expect(throws: DatasetPreparationError.self) {
            try prepared(path, parameters: float ? ["float": true] : [:])
        }
        return error?.description ?? ""
    }

    @Test func bytesArePicturesInEachForm() throws {
        let noise = ImageFiles.noise(1, count: 3 * 64)
        let npy = npy("'|u1'", [3, 1, 8, 8], noise)
        #expect(try pixels(try folder.write(npy, "a.npy")) == noise)
        #expect(try pixels(try folder.write(self.npy("'|u1'", [3, 1, 8, 8], noise, version: 2), "b.NPY")) == noise)
        for stored in [true, false] {
            try ImageFiles.zip([("arr_0.npy", npy)], to: "\(folder.path)/a.npz", stored: stored)
            #expect(try pixels("\(folder.path)/a.npz") == noise)
        }
        let labels = self.npy("'<i8'", [3], [UInt8](repeating: 0, count: 24))
        try ImageFiles.zip([("images.npy", npy), ("labels.npy", labels)], to: "\(folder.path)/b.npz")
        #expect(try pixels("\(folder.path)/b.npz") == noise)
        let json =
            #"{"__metadata__":{"a":"b"},"labels":{"dtype":"I64","shape":[1],"data_offsets":[0,8]},"#
            + #""images":{"dtype":"U8","shape":[3,1,8,8],"data_offsets":[8,200]}}"#
        let tensors = safetensors(json, [UInt8](repeating: 9, count: 8) + noise)
        #expect(try pixels(try folder.write(tensors, "a.safetensors")) == noise)
        // Pictures are averaged and made grey as those of files are.
        let colour = ImageFiles.noise(2, count: 2 * 3 * 256)
        let path = try folder.write(self.npy("'|u1'", [2, 3, 16, 16], colour), "c.npy")
        #expect(try pixels(path, 16, channels: 3) == colour)
        #expect(try pixels(path).count == 2 * 64)
        #expect(try prepared(path).dataset.account.records == ["c.npy: 2 of uint8"])
    }

    /// The same pixels are the same dataset, whatever file they came from.
    @Test func theFormIsNoPartOfTheIdentity() throws {
        let noise = ImageFiles.noise(3, count: 2 * 64)
        let idx: [UInt8] = [0, 0, 8, 3, 0, 0, 0, 2, 0, 0, 0, 8, 0, 0, 0, 8] + noise
        let asIDX = try prepared(try folder.write(idx, "images-idx3-ubyte")).dataset.digest
        #expect(try prepared(try folder.write(npy("'|u1'", [2, 1, 8, 8], noise), "a.npy")).dataset.digest == asIDX)
    }

    @Test func float32StaysOrBecomesBytes() throws {
        var values = ImageFiles.noise(4, count: 2 * 3 * 64).map { Float($0) / 127.5 - 1 }
        values[0...3] = [-1, 1, -0.0, 0.003]
        let path = try folder.write(npy("'<f4'", [2, 3, 8, 8], bytes(values)), "a.npy")
        let (dataset, file) = try prepared(path, channels: 3, parameters: ["float": true])
        #expect(file.isFloat && file.count == 2 && dataset.images == 2)
        #expect(try file.tensor(of: [0, 1]).values == values)
        #expect(dataset.account.records == ["a.npy: 2 of float32"])
        // The numbers of a byte's levels are that byte again.
        let rounded = try prepared(path, channels: 3).file
        #expect(!rounded.isFloat)
        let expected = [0, 255, 128, 128] + ImageFiles.noise(4, count: 2 * 3 * 64).dropFirst(4)
        #expect(try rounded.pixels(of: [0, 1]) == expected.map { UInt8($0) })
        // A worker that takes float32 gets the bytes of what is bytes.
        let plain = try folder.write(npy("'|u1'", [1, 1, 8, 8], ImageFiles.noise(5, count: 64)), "b.npy")
        #expect(try !prepared(plain, parameters: ["float": true]).file.isFloat)
    }

    @Test func equalOnesStayOnceAndShufflingMovesPixels() throws {
        let one = (0..<64).map { Float($0) / 64 }
        let path = try folder.write(npy("'<f4'", [3, 1, 8, 8], bytes(one + one.reversed() + one)), "a.npy")
        let (dataset, _) = try prepared(path, parameters: ["float": true])
        #expect(dataset.images == 2 && dataset.account.equal == 1)
        let (_, shuffled) = try prepared(path, parameters: ["float": true, "shuffle": true])
        let values = try shuffled.tensor(of: [0]).values
        #expect(values != one && values.sorted() == one)
    }

    @Test func aSizeOfItsOwnIsWanted() throws {
        let zeros = bytes([Float](repeating: 0.5, count: 64))
        let path = try folder.write(npy("'<f4'", [1, 1, 8, 8], zeros), "a.npy")
        func complaint(_ resolution: Int, _ channels: Int, _ path: String) -> String? {
            #expect(throws: DatasetPreparationError.self) {
                try prepared(path, resolution, channels: channels, parameters: ["float": true])
            }?.description
        }
        #expect(complaint(16, 1, path) == "dataset.resolution: expected 8, which images of float32 have, got 16")
        #expect(complaint(8, 3, path) == "dataset.channels: expected 1, which images of float32 have, got 3")
        let wide = try folder.write(npy("'<f4'", [1, 1, 4, 16], zeros), "w.npy")
        #expect(complaint(4, 1, wide)?.contains("have 4 rows and 16 columns") == true)
        #expect(try prepared(wide, 4).file.count == 1, "as pictures they are cropped")
    }

    @Test func strangeArraysAreRefusedByName() throws {
        let noise = ImageFiles.noise(1, count: 2 * 64)
        let whole = npy("'|u1'", [2, 1, 8, 8], noise)
        let wrong: [(String, [UInt8], String)] = [
            (
                "elements", npy("'<f8'", [2, 1, 2, 4], noise),
                "its elements are <f8: expected uint8 (|u1) or float32 (<f4)"
            ),
            ("order of bytes", npy("'>f4'", [2, 1, 4, 4], noise), "its elements are >f4"),
            ("objects", npy("'|O'", [2, 1, 8, 8], noise), "pickled objects of Python, which are not read"),
            ("fields", npy("[('a', '|u1')]", [2, 1, 8, 8], noise), "its elements have several fields"),
            ("Fortran", npy("'|u1'", [2, 1, 8, 8], noise, fortran: true), "in Fortran's order"),
            ("dimensions", npy("'|u1'", [2, 8, 8], noise), "its shape is [2, 8, 8]: expected [N, C, H, W]"),
            ("channels last", npy("'|u1'", [2, 8, 8, 1], noise), "transpose it by (0, 3, 1, 2)"),
            ("channels", npy("'|u1'", [2, 4, 4, 4], noise), "expected [N, C, H, W] of 1 or 3 channels"),
            ("none", npy("'|u1'", [0, 1, 8, 8], []), "it holds no images"),
            ("edges", npy("'|u1'", [1, 1, 8192, 1], noise), "expected edges from 1 to 4096"),
            ("absurd", npy("'|u1'", [1 << 60, 3, 4096, 4096], noise), "which is absurd"),
            ("cut", Array(whole.dropLast()), "it should hold 128 bytes of images, but holds 127 (is it whole?)"),
            ("longer", whole + [0], "holds more than that, 129"),
            ("head", Array(whole.prefix(40)), "it ends inside its head"),
            ("short", [0x93], "not even the head of a NumPy array"),
            ("magic", [UInt8](repeating: 7, count: 200), "it does not begin as a NumPy array"),
            ("version", Array(whole.prefix(6)) + [9] + Array(whole.dropFirst(7)), "of the format 9.0"),
            ("words", npy("eval('1')", [2, 1, 8, 8], noise), "its head is none that NumPy writes"),
        ]
        for (what, bytes, message) in wrong {
            let said = try refusal(bytes)
            #expect(said.contains("/a.npy: ") && said.contains(message), "\(what): \(said)")
        }
        #expect(try refusal([], "e.npy").contains("has 0 bytes"))
    }

    @Test func strangeValuesAreRefusedByPlace() throws {
        for (value, said) in [(Float.nan, "NaN"), (.infinity, "inf"), (255, "255.0"), (-1.5, "-1.5")] {
            var values = [Float](repeating: 0, count: 2 * 64)
            values[64 + 19] = value
            let array = npy("'<f4'", [2, 1, 8, 8], bytes(values))
            for float in [true, false] {
                let refused = try refusal(array, float: float)
                #expect(
                    refused.contains("its image 1 has \(said) at [0, 2, 3]: expected float32 from -1 to 1"),
                    "\(refused)")
            }
        }
    }

    @Test func strangeArchivesAreRefused() throws {
        let array = npy("'|u1'", [1, 1, 8, 8], ImageFiles.noise(1, count: 64))
        func refusal(_ entries: [(name: String, bytes: [UInt8])]) throws -> String {
            try ImageFiles.zip(entries, to: "\(folder.path)/a.npz")
            return #expect(throws: DatasetPreparationError.self) { try prepared("\(folder.path)/a.npz") }?
                .description ?? ""
        }
        #expect(
            try refusal([("a.npy", array), ("b.npy", array)]).contains("the arrays a, b: expected one, or one that"))
        #expect(try refusal([("a.png", array)]).contains("it holds no array"))
        #expect(try refusal([("a.npy", Array(array.dropLast()))]).contains("holds 63 (is it whole?)"))
        #expect(try self.refusal([1, 2, 3], "b.npz").contains("cannot be read as .npz (is it whole?)"))
        // 2²⁷ equal bytes pack to a thousandth.
        let bomb = npy("'|u1'", [1 << 21, 1, 8, 8], [UInt8](repeating: 0, count: 1 << 27))
        #expect(try refusal([("a.npy", bomb)]).contains("as no set of images does: it is not read"))
    }

    @Test func damagedArchivesAreRefused() throws {
        let path = "\(folder.path)/a.npz"
        let array = npy("'|u1'", [64, 1, 8, 8], ImageFiles.noise(1, count: 64 * 64))
        try ImageFiles.zip([("a.npy", array)], to: path, stored: true)
        var bytes = [UInt8](try Data(contentsOf: URL(fileURLWithPath: path)))
        bytes[bytes.count / 2] ^= 1
        let said = try refusal(bytes, "d.npz")
        #expect(said.contains("it cannot be unpacked"), "\(said)")
    }

    @Test(
        arguments: [
            (#"{"images":{"dtype":"F16","shape":[1,1,8,4],"data_offsets":[0,64]}}"#, "its elements are F16"),
            (#"{"images":{"dtype":"U8","shape":[1,8,8],"data_offsets":[0,64]}}"#, "expected [N, C, H, W]"),
            (#"{"images":{"dtype":"U8","shape":[1,1,8,8],"data_offsets":[0,63]}}"#, "but holds 63"),
            (#"{"images":{"dtype":"U8","shape":[1,1,8,8],"data_offsets":[1,65]}}"#, "overlap, or have gaps"),
            (#"{"images":{"dtype":"U8","shape":[1,1,8,16],"data_offsets":[0,128]}}"#, "but holds 64 (is it whole?)"),
            (
                #"{"images":{"dtype":"U8","shape":[1,1,8,8],"data_offsets":[-64,0]}}"#,
                "does not describe the tensor images"
            ),
            (#"{"images":{"dtype":"U8","shape":[1,1,"8",8],"data_offsets":[0,64]}}"#, "does not describe the tensor"),
            (
                #"{"a":{"dtype":"U8","shape":[64],"data_offsets":[0,64]},"b":{"dtype":"U8","shape":[0],"data_offsets":[64,64]}}"#,
                "it holds the tensors a, b"
            ),
            (#"{}"#, "it holds no tensor"), (#"[]"#, "no JSON object"), (#"{"#, "no JSON object"),
        ])
    func strangeSafetensorsAreRefused(json: String, message: String) throws {
        let said = try refusal(safetensors(json, [UInt8](repeating: 0, count: 64)), "a.safetensors")
        #expect(said.contains(message), "\(said)")
    }
}
