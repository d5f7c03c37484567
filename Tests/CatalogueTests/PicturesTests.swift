import CImageFiles
import Datasets
import Foundation
import Testing

@testable import Reports

/// Pictures that workers made, in figures and pages.
@Suite struct PicturesTests {
    /// The width, the height, and the pixels' bytes with each row's filter byte.
    private func pixels(_ png: [UInt8]) throws -> [UInt8] {
        var pixels = [UInt8](repeating: 0, count: 1 << 20)
        let context = try #require(spng_ctx_new(0))
        defer { spng_ctx_free(context) }
        var size = 0
        #expect(spng_set_png_buffer(context, png, png.count) == 0)
        #expect(spng_decoded_image_size(context, Int32(SPNG_FMT_RGB8.rawValue), &size) == 0)
        #expect(spng_decode_image(context, &pixels, size, Int32(SPNG_FMT_RGB8.rawValue), 0) == 0)
        return Array(pixels[..<size])
    }

    @Test(arguments: [1, 3]) func packedPicturesAreSmallerAndShowTheSame(channels: Int) throws {
        let values = (0..<12 * 64 * channels).map { UInt8(truncatingIfNeeded: $0 * $0 / 7) }
        let png = try ContactSheet.png(pixels: values, channels: channels, height: 8, width: 8, columns: 4)
        let packed = PackedPicture.packed(png)
        #expect(packed.count * 4 < png.count, "\(packed.count) of \(png.count) bytes")
        #expect(try pixels(packed) == pixels(png))
        #expect(PackedPicture.packed(packed) == packed)
    }

    @Test func whatIsNoWholePNGIsLeftAlone() throws {
        let png = try ContactSheet.png(pixels: [1, 2, 3, 4], channels: 1, height: 2, width: 2)
        for end in [0, 7, 8, 20, 33, 40, png.count - 12, png.count - 1] {
            let part = Array(png[..<end])
            #expect(PackedPicture.packed(part) == part)
        }
        var huge = png
        huge.replaceSubrange(16..<24, with: [0, 0, 255, 255, 0, 0, 255, 255])
        #expect(PackedPicture.packed(huge) == huge)
    }

    @Test func samplesAreAFigureOfTheirOwn() throws {
        let fixture = try PageFixture()
        let out = ProcessInfo.processInfo.environment["EIGENSWEEP_FIGURES"] ?? fixture.scratch.path + "/figures"
        let result = try Analysis(try fixture.reader, sweep: PageFixture.sweepName, store: fixture.store)
            .run(into: out, figures: [.samples])
        #expect(result.problem == nil)
        #expect(result.figures.map { URL(fileURLWithPath: $0).lastPathComponent }.contains("samples.png"))
        let svg = try String(contentsOfFile: out + "/samples.svg", encoding: .utf8)
        #expect(svg.components(separatedBy: "data:image/png;base64,").count == 4)
        for label in [
            "N = 16, scale 8, seed 0", "N = 1024", "Four pairs to a row", "24 trials",
            "Worker of commit 63b5f73abcde.",
        ] {
            #expect(svg.contains(label), "\(label)")
        }
        // A picture that is not what its name says is not shown.
        let names = try FileManager.default.subpathsOfDirectory(atPath: fixture.store).filter { $0.count > 60 }
        for name in names {
            var bytes = try #require(FileManager.default.contents(atPath: "\(fixture.store)/\(name)"))
            bytes[bytes.count / 2] ^= 1
            try bytes.write(to: URL(fileURLWithPath: "\(fixture.store)/\(name)"))
        }
        let damaged = try Analysis(try fixture.reader, sweep: PageFixture.sweepName, store: fixture.store)
            .run(into: out, figures: [.samples])
        #expect(damaged.figures.isEmpty)
        let empty = try Analysis(try fixture.reader, sweep: PageFixture.sweepName, store: "/nowhere")
            .run(into: out, figures: [.samples])
        #expect(
            empty.figures.isEmpty
                && empty.sentences.last?.contains("samples (its pictures are not in the store)") == true
                && empty.missing == [.samples])
    }
}
