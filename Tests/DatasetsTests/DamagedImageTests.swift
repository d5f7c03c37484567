import ContentStore
import DatasetPreparation
import Foundation
import ImageGenerators
import JobContract
import SweepModel
import TestSupport
import Testing

/// Archives and images that are not what they seem are refused by name, and nothing is stored.
@Suite struct DamagedImageTests {
    let folder: TestFolder
    let store: ContentStore

    init() throws {
        folder = try TestFolder()
        store = try ContentStore(directory: "\(folder.path)/store")
    }

    @discardableResult
    func refusal(of source: String) -> String {
        let error = #expect(throws: DatasetPreparationError.self) {
            try DatasetPreparer(depot: store).prepare(
                DatasetRequest(source: source, resolution: 8, channels: 1))
        }
        #expect((try? store.digests()) == [])
        return error?.description ?? ""
    }

    func refusal(ofImage bytes: [UInt8]) throws -> String {
        try ImageFiles.zip([("good.png", try good()), ("odd.png", bytes)], to: "\(folder.path)/x.zip")
        let words = refusal(of: "\(folder.path)/x.zip")
        #expect(words.hasPrefix("\(folder.path)/x.zip: odd.png: "))
        return words
    }

    func good() throws -> [UInt8] {
        try ImageFiles.png(ImageFiles.noise(1, count: 256), width: 16, height: 16, channels: 1)
    }

    @Test func truncatedPNGs() throws {
        let png = try good()
        for length in stride(from: 1, to: png.count, by: 7) { _ = try refusal(ofImage: Array(png.prefix(length))) }
        // Only the end mark is missing.
        _ = try refusal(ofImage: Array(png.dropLast(12)))
    }

    @Test func corruptPNGs() throws {
        var png = try good()
        png[png.count / 2] ^= 0x40
        #expect(try refusal(ofImage: png).contains("damaged"))
    }

    @Test func truncatedJPEGs() throws {
        let jpeg = try ImageFiles.jpeg(ImageFiles.noise(2, count: 3 * 32 * 32), width: 32, height: 32)
        for length in stride(from: 1, to: jpeg.count, by: 97) { _ = try refusal(ofImage: Array(jpeg.prefix(length))) }
        #expect(try refusal(ofImage: Array(jpeg.dropLast(40))).contains("damaged"))
    }

    @Test func absurdDimensions() throws {
        // A header with a right checksum promises 2^31 − 1 squared pixels in front of a small image.
        var png = try good()
        for place in [16, 20] { png.replaceSubrange(place..<place + 4, with: [0x7f, 0xff, 0xff, 0xff]) }
        let crc = checksum(png[12..<29])
        png.replaceSubrange(29..<33, with: (0..<4).map { UInt8(truncatingIfNeeded: crc >> (24 - 8 * $0)) })
        _ = try refusal(ofImage: png)
    }

    /// CRC-32 by its definition (ISO 3309).
    func checksum(_ bytes: ArraySlice<UInt8>) -> UInt32 {
        var crc: UInt32 = 0xffff_ffff
        for byte in bytes {
            crc ^= UInt32(byte)
            for _ in 0..<8 { crc = crc & 1 == 1 ? (crc >> 1) ^ 0xedb8_8320 : crc >> 1 }
        }
        return ~crc
    }

    @Test func otherFiles() throws {
        #expect(try refusal(ofImage: Array("GIF89a".utf8)).contains("neither a PNG nor a JPEG"))
        #expect(try refusal(ofImage: []).contains("empty"))
        let veiled = try ImageFiles.png([UInt8](repeating: 9, count: 4 * 64), width: 8, height: 8, channels: 4)
        #expect(try refusal(ofImage: veiled).contains("transparent"))
    }

    @Test func truncatedAndCorruptZips() throws {
        let whole = "\(folder.path)/whole.zip"
        try ImageFiles.zip([("a.png", try good()), ("b.png", try good())], to: whole, stored: true)
        let bytes = [UInt8](try Data(contentsOf: URL(fileURLWithPath: whole)))
        for length in stride(from: 0, to: bytes.count, by: 31) {
            let path = try folder.write(Array(bytes.prefix(length)), "cut.zip")
            #expect(refusal(of: path).hasPrefix(path))
        }
        var corrupt = bytes
        corrupt[120] ^= 1
        #expect(refusal(of: try folder.write(corrupt, "corrupt.zip")).contains("a.png"))
        #expect(refusal(of: try folder.write(Array("hello".utf8), "no.zip")).contains("zip"))
    }

    @Test func emptySources() throws {
        try FileManager.default.createDirectory(atPath: "\(folder.path)/none", withIntermediateDirectories: true)
        #expect(refusal(of: "\(folder.path)/none").contains("no images"))
        let end: [UInt8] = [0x50, 0x4b, 5, 6] + [UInt8](repeating: 0, count: 18)
        #expect(refusal(of: try folder.write(end, "empty.zip")).contains("no images"))
        #expect(refusal(of: "\(folder.path)/absent").contains("there is no dataset"))
        #expect(refusal(of: "/dev/null").contains("neither a file nor a folder"))
    }

    @Test func danglingLinksAreNamed() throws {
        try folder.write(try good(), "images/a.png")
        try FileManager.default.createSymbolicLink(
            atPath: "\(folder.path)/images/b.png", withDestinationPath: "nowhere.png")
        #expect(refusal(of: "\(folder.path)/images").contains("b.png"))
    }

    @Test func namesDoNotSteerTheTerminal() throws {
        try ImageFiles.zip([("a\u{1b}[31m.png", [1])], to: "\(folder.path)/x.zip")
        #expect(refusal(of: "\(folder.path)/x.zip").unicodeScalars.allSatisfy { $0.value >= 0x20 })
    }
}
