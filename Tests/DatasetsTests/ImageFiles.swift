import CImageFiles
import Foundation

/// Real PNG, JPEG and zip files, written by the libraries themselves.
enum ImageFiles {
    struct Failure: Error {}

    /// Interleaved pixels of 1 to 4 channels, 8 bits each.
    static func png(_ pixels: [UInt8], width: Int, height: Int, channels: Int) throws -> [UInt8] {
        let context = spng_ctx_new(Int32(SPNG_CTX_ENCODER.rawValue))
        defer { spng_ctx_free(context) }
        var header = spng_ihdr()
        header.width = UInt32(width)
        header.height = UInt32(height)
        header.bit_depth = 8
        header.color_type = [1: 0, 2: 4, 3: 2, 4: 6][channels] ?? 0
        guard spng_set_ihdr(context, &header) == 0, spng_set_option(context, SPNG_ENCODE_TO_BUFFER, 1) == 0,
            spng_encode_image(
                context, pixels, pixels.count, Int32(SPNG_FMT_PNG.rawValue), Int32(SPNG_ENCODE_FINALIZE.rawValue)) == 0
        else { throw Failure() }
        var (length, code) = (0, Int32(0))
        guard let buffer = spng_get_png_buffer(context, &length, &code) else { throw Failure() }
        defer { free(buffer) }
        return Array(UnsafeRawBufferPointer(start: buffer, count: length))
    }

    /// A JPEG at quality 95 without chroma subsampling.
    static func jpeg(_ rgb: [UInt8], width: Int, height: Int) throws -> [UInt8] {
        let handle = tjInitCompress()
        defer { tjDestroy(handle) }
        var buffer: UnsafeMutablePointer<UInt8>?
        var length: UInt = 0
        guard
            tjCompress2(
                handle, rgb, Int32(width), 0, Int32(height), Int32(TJPF_RGB.rawValue), &buffer, &length,
                Int32(TJSAMP_444.rawValue), 95, 0) == 0
        else { throw Failure() }
        defer { tjFree(buffer) }
        return Array(UnsafeBufferPointer(start: buffer, count: Int(length)))
    }

    static func zip(_ entries: [(name: String, bytes: [UInt8])], to path: String, stored: Bool = false) throws {
        var code: Int32 = 0
        guard let archive = zip_open(path, ZIP_CREATE | ZIP_TRUNCATE, &code) else { throw Failure() }
        for (name, bytes) in entries {
            if name.hasSuffix("/") {
                zip_dir_add(archive, name, 0)
                continue
            }
            // The library frees its copy.
            let copy = malloc(max(1, bytes.count))
            bytes.withUnsafeBytes { raw in
                if let base = raw.baseAddress { copy?.copyMemory(from: base, byteCount: raw.count) }
            }
            let index = zip_file_add(archive, name, zip_source_buffer(archive, copy, UInt64(bytes.count), 1), 0)
            guard index >= 0 else { throw Failure() }
            if stored { zip_set_file_compression(archive, UInt64(index), ZIP_CM_STORE, 0) }
        }
        guard zip_close(archive) == 0 else { throw Failure() }
    }

    /// Grey noise: every seed gives other pixels.
    static func noise(_ seed: UInt64, count: Int) -> [UInt8] {
        var state = seed &* 0x9E37_79B9_7F4A_7C15 | 1
        return (0..<count).map { _ in
            state ^= state << 13
            state ^= state >> 7
            state ^= state << 17
            return UInt8(truncatingIfNeeded: state >> 32)
        }
    }
}
