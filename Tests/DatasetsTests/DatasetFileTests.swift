import Datasets
import Foundation
import Tensors
import TestSupport
import Testing

/// Prepared datasets are written the same everywhere, and read with suspicion.
@Suite struct DatasetFileTests {
    let folder: TestFolder
    let pixels = ImageFiles.noise(1, count: 5 * 3 * 4 * 6)
    let content: [UInt8]

    init() throws {
        folder = try TestFolder()
        content = DatasetFile.encode(pixels: pixels, channels: 3, height: 4, width: 6)
    }

    @Test func imagesComeBack() throws {
        let file = try DatasetFile(path: try folder.write(content, "d"))
        #expect(file.count == 5)
        #expect((file.channels, file.height, file.width) == (3, 4, 6))
        #expect(try file.pixels(of: 2) == Array(pixels[144..<216]))
        #expect(try file.pixels(of: [4, 0]) == Array(pixels[288..<360]) + Array(pixels[0..<72]))
        #expect(try file.pixels(of: []) == [])
    }

    @Test func tensorsAreBetweenMinusOneAndOne() throws {
        let bytes = DatasetFile.encode(pixels: [0, 255, 51, 204], channels: 1, height: 1, width: 2)
        let tensor = try DatasetFile(path: try folder.write(bytes, "d")).tensor(of: [1, 0])
        #expect(tensor.shape == [2, 1, 1, 2])
        #expect(tensor.values == [Float(51) / 127.5 - 1, Float(204) / 127.5 - 1, -1, 1])
    }

    @Test func anySafetensorsReaderCanRead() throws {
        let file = try SafetensorsFile(bytes: content, name: "d")
        #expect(try file.bytes("images", shape: [5, 3, 4, 6]) == pixels)
    }

    @Test func missingImagesAreRefused() throws {
        let path = try folder.write(content, "d")
        let file = try DatasetFile(path: path)
        #expect(throws: DatasetError.noSuchImage(path: path, index: 5, count: 5)) { try file.pixels(of: 5) }
        #expect(throws: DatasetError.noSuchImage(path: path, index: -1, count: 5)) { try file.pixels(of: [0, -1]) }
    }

    @Test func everyTruncationIsNoticed() throws {
        for length in 0..<content.count {
            let path = try folder.write(Array(content.prefix(length)), "d")
            let error = #expect(throws: DatasetError.self) { try DatasetFile(path: path) }
            #expect(error?.description.contains(path) == true)
        }
        #expect(throws: DatasetError.self) { try DatasetFile(path: try folder.write(content + [0], "d")) }
    }

    @Test func aFileCutWhileOpenIsNoticed() throws {
        let path = try folder.write(content, "d")
        let file = try DatasetFile(path: path)
        #expect(truncate(path, content.count - 10) == 0)
        #expect(throws: DatasetError.self) { try file.pixels(of: 4) }
        #expect(try file.pixels(of: 0) == Array(pixels[0..<72]))
    }

    @Test(arguments: [
        #"{}"#, #"[]"#, #"{"images":{"dtype":"F32","shape":[1,1,2,2],"data_offsets":[0,16]}}"#,
        #"{"images":{"dtype":"U8","shape":[1,2,2],"data_offsets":[0,4]}}"#,
        #"{"images":{"dtype":"U8","shape":[0,1,2,2],"data_offsets":[0,0]}}"#,
        #"{"images":{"dtype":"U8","shape":[-1,-1,2,2],"data_offsets":[0,4]}}"#,
        #"{"images":{"dtype":"U8","shape":[1,1,2,2],"data_offsets":[4,8]}}"#,
        #"{"images":{"dtype":"U8","shape":[4611686018427387904,4,2,2],"data_offsets":[0,4]}}"#,
        #"{"images":{"dtype":"U8","shape":[1,1,2,2],"data_offsets":[0,5]}}"#, "\u{0}\u{0}",
    ])
    func strangeHeadersAreRefused(json: String) throws {
        let length = UInt64(json.utf8.count)
        let bytes = (0..<8).map { UInt8(truncatingIfNeeded: length >> (8 * $0)) } + Array(json.utf8) + [1, 2, 3, 4]
        #expect(throws: DatasetError.self) { try DatasetFile(path: try folder.write(bytes, "d")) }
    }

    @Test func noRegularFileIsRefused() throws {
        #expect(throws: DatasetError.self) { try DatasetFile(path: folder.path) }
        #expect(throws: DatasetError.self) { try DatasetFile(path: "\(folder.path)/none") }
        let absurd = [UInt8](repeating: 0xff, count: 64)
        #expect(throws: DatasetError.self) { try DatasetFile(path: try folder.write(absurd, "d")) }
    }

    /// A file may have notes on its images beside their pixels; without notes its bytes are as they always were.
    @Test func notesComeBack() throws {
        let source = DatasetNotes.Source(found: 1 << 33, numbers: [3, 0, 1 << 32, 8, 4])
        for notes in [
            DatasetNotes(), DatasetNotes(pool: 0), DatasetNotes(pool: 5), DatasetNotes(source: source),
            DatasetNotes(pool: 2, source: source),
        ] {
            let bytes = DatasetFile.encode(pixels: pixels, channels: 3, height: 4, width: 6, notes: notes)
            #expect((bytes == content) == (notes == DatasetNotes()))
            let file = try DatasetFile(path: try folder.write(bytes, "d"))
            #expect(file.notes == notes && file.count == 5)
            #expect(try file.pixels(of: 4) == Array(pixels[288..<360]))
            #expect(try SafetensorsFile(bytes: bytes, name: "d").bytes("images", shape: [5, 3, 4, 6]) == pixels)
        }
    }

    @Test func notesThatCannotBeAreRefused() throws {
        func refused(_ notes: DatasetNotes) throws -> String? {
            let bytes = DatasetFile.encode(pixels: pixels, channels: 3, height: 4, width: 6, notes: notes)
            let path = try folder.write(bytes, "d")
            return #expect(throws: DatasetError.self) { try DatasetFile(path: path) }?.description
        }
        #expect(try refused(DatasetNotes(pool: 6))?.contains("6 of its 5 images") == true)
        for numbers in [[0, 1, 2, 3, 3], [0, 1, 2, 3, 9], [0, 1, 2, 3, -1]] {
            let words = try refused(DatasetNotes(source: .init(found: 9, numbers: numbers)))
            #expect(words?.contains("different images of 9") == true)
        }
        let few = try refused(DatasetNotes(source: .init(found: 4, numbers: [0, 1, 2, 3, 4])))
        #expect(few?.contains("the numbers of its images") == true)
    }
}
