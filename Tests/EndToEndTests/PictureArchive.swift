import CImageFiles
import Foundation

/// A zip archive of JPEG images, as people bring their pictures.
enum PictureArchive {
    struct Failure: Error {}

    /// Writes `count` different images of 16×16 pixels.
    static func write(_ count: Int, to path: String) throws {
        var code: Int32 = 0
        guard let archive = zip_open(path, ZIP_CREATE | ZIP_TRUNCATE, &code) else { throw Failure() }
        for number in 0..<count {
            let image = try jpeg(number)
            // The library frees what it is given.
            guard let copy = malloc(image.count) else { throw Failure() }
            image.withUnsafeBytes { bytes in
                if let base = bytes.baseAddress { copy.copyMemory(from: base, byteCount: bytes.count) }
            }
            let source = zip_source_buffer(archive, copy, UInt64(image.count), 1)
            guard zip_file_add(archive, "\(number).jpg", source, 0) >= 0 else { throw Failure() }
        }
        guard zip_close(archive) == 0 else { throw Failure() }
    }

    /// A grey picture.
    static func png(_ pixels: [UInt8], side: Int) throws -> [UInt8] {
        let context = spng_ctx_new(Int32(SPNG_CTX_ENCODER.rawValue))
        defer { spng_ctx_free(context) }
        var header = spng_ihdr()
        header.width = UInt32(side)
        header.height = UInt32(side)
        header.bit_depth = 8
        guard spng_set_ihdr(context, &header) == 0, spng_set_option(context, SPNG_ENCODE_TO_BUFFER, 1) == 0,
            spng_encode_image(
                context, pixels, pixels.count, Int32(SPNG_FMT_PNG.rawValue), Int32(SPNG_ENCODE_FINALIZE.rawValue)) == 0
        else { throw Failure() }
        var (length, error): (Int, Int32) = (0, 0)
        guard let buffer = spng_get_png_buffer(context, &length, &error) else { throw Failure() }
        defer { free(buffer) }
        return Array(UnsafeRawBufferPointer(start: buffer, count: length))
    }

    /// A slope whose direction and brightness tell the number.
    private static func jpeg(_ number: Int) throws -> [UInt8] {
        var pixels: [UInt8] = []
        for y in 0..<16 {
            for x in 0..<16 {
                let grey = UInt8(clamping: 8 + number + x * (number % 8) + y * (number / 8 % 8))
                pixels += [grey, grey, grey]
            }
        }
        let handle = tjInitCompress()
        defer { tjDestroy(handle) }
        var buffer: UnsafeMutablePointer<UInt8>?
        var length: UInt = 0
        guard
            tjCompress2(
                handle, pixels, 16, 0, 16, Int32(TJPF_RGB.rawValue), &buffer, &length, Int32(TJSAMP_444.rawValue), 95,
                0) == 0
        else { throw Failure() }
        defer { tjFree(buffer) }
        return Array(UnsafeBufferPointer(start: buffer, count: Int(length)))
    }
}
