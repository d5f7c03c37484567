import CImageFiles
import Datasets
import Foundation
import Testing

/// The picture of many images, as the library reads it back.
@Suite struct ContactSheetTests {
    func decode(_ png: [UInt8]) throws -> (width: Int, height: Int, rgb: [UInt8]) {
        let context = spng_ctx_new(0)
        defer { spng_ctx_free(context) }
        var header = spng_ihdr()
        var rgb: [UInt8] = []
        let code = png.withUnsafeBytes { raw in
            spng_set_png_buffer(context, raw.baseAddress, raw.count)
            spng_get_ihdr(context, &header)
            rgb = [UInt8](repeating: 0, count: 3 * Int(header.width * header.height))
            return spng_decode_image(context, &rgb, rgb.count, Int32(SPNG_FMT_RGB8.rawValue), 0)
        }
        try #require(code == 0)
        return (Int(header.width), Int(header.height), rgb)
    }

    @Test func imagesLieInRows() throws {
        // The sheet has three grey images of 1 × 2 pixels in two columns, twice enlarged.
        let png = try ContactSheet.png(
            pixels: [10, 20, 30, 40, 50, 60], channels: 1, height: 1, width: 2, columns: 2, scale: 2)
        let sheet = try decode(png)
        #expect((sheet.width, sheet.height) == (11, 7))
        let grey = stride(from: 0, to: sheet.rgb.count, by: 3).map { sheet.rgb[$0] }
        let gap = [UInt8](repeating: 128, count: 11)
        let first: [UInt8] = [128, 10, 10, 20, 20, 128, 30, 30, 40, 40, 128]
        let second: [UInt8] = [128, 50, 50, 60, 60, 128, 128, 128, 128, 128, 128]
        #expect(grey == gap + first + first + gap + second + second + gap)
    }

    @Test func colourIsInterleaved() throws {
        let sheet = try decode(
            try ContactSheet.png(pixels: [1, 2, 3], channels: 3, height: 1, width: 1, scale: 1))
        #expect(sheet.rgb[(4 * 3)..<(5 * 3)] == [1, 2, 3])
    }

    /// The picture has more bytes than one stored block holds.
    @Test func largePicturesAreWhole() throws {
        let pixels = (0..<3 * 200 * 150).map { UInt8(truncatingIfNeeded: $0 &* 2_654_435_761 >> 7) }
        let sheet = try decode(try ContactSheet.png(pixels: pixels, channels: 3, height: 200, width: 150, scale: 1))
        #expect((sheet.width, sheet.height) == (152, 202))
        for (y, x) in [(0, 0), (77, 149), (199, 149)] {
            let at = 3 * ((y + 1) * 152 + x + 1)
            #expect(Array(sheet.rgb[at..<at + 3]) == (0..<3).map { pixels[($0 * 200 + y) * 150 + x] })
        }
    }

    @Test func nothingCannotBeShown() {
        #expect(throws: ContactSheet.Failure.self) {
            try ContactSheet.png(pixels: [], channels: 1, height: 8, width: 8)
        }
        #expect(throws: ContactSheet.Failure.self) {
            try ContactSheet.png(pixels: [1, 2], channels: 2, height: 1, width: 1)
        }
    }
}
