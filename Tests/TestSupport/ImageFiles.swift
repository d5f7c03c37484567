import CImageFiles
import Foundation

/// Makes real PNG, JPEG and zip files, by the libraries themselves.
package enum ImageFiles {
    struct Failure: Error {}

    /// A PNG of interleaved pixels of 1 to 4 channels, 8 bits each, or 16 with the high byte first.
    package static func png(
        _ pixels: [UInt8], width: Int, height: Int, channels: Int, depth: Int = 8, exif: [UInt8]? = nil
    ) throws -> [UInt8] {
        let context = spng_ctx_new(Int32(SPNG_CTX_ENCODER.rawValue))
        defer { spng_ctx_free(context) }
        var header = spng_ihdr()
        header.width = UInt32(width)
        header.height = UInt32(height)
        header.bit_depth = UInt8(depth)
        header.color_type = [1: 0, 2: 4, 3: 2, 4: 6][channels] ?? 0
        guard spng_set_ihdr(context, &header) == 0, spng_set_option(context, SPNG_ENCODE_TO_BUFFER, 1) == 0 else {
            throw Failure()
        }
        guard
            spng_encode_image(
                context, pixels, pixels.count,
                Int32((depth == 16 ? SPNG_FMT_RAW : SPNG_FMT_PNG).rawValue), Int32(SPNG_ENCODE_FINALIZE.rawValue)) == 0
        else { throw Failure() }
        var (length, code) = (0, Int32(0))
        guard let buffer = spng_get_png_buffer(context, &length, &code) else { throw Failure() }
        defer { free(buffer) }
        var file = Array(UnsafeRawBufferPointer(start: buffer, count: length))
        // The chunk stands behind the header's.
        if let exif { file.insert(contentsOf: chunk("eXIf", exif), at: 33) }
        return file
    }

    private static func chunk(_ name: String, _ content: [UInt8]) -> [UInt8] {
        func bigEndian(_ value: UInt32) -> [UInt8] { [24, 16, 8, 0].map { UInt8(truncatingIfNeeded: value >> $0) } }
        let body = Array(name.utf8) + content
        return bigEndian(UInt32(content.count)) + body + bigEndian(UInt32(crc32(0, body, UInt32(body.count))))
    }

    /// A JPEG of quality 95 with these segments after its first marker, without chroma subsampling unless told.
    package static func jpeg(
        _ rgb: [UInt8], width: Int, height: Int, segments: [UInt8] = [], sampling: TJSAMP = TJSAMP_444
    ) throws -> [UInt8] {
        let handle = tjInitCompress()
        defer { tjDestroy(handle) }
        var buffer: UnsafeMutablePointer<UInt8>?
        var length: UInt = 0
        guard
            tjCompress2(
                handle, rgb, Int32(width), 0, Int32(height), Int32(TJPF_RGB.rawValue), &buffer, &length,
                Int32(sampling.rawValue), 95, 0) == 0
        else { throw Failure() }
        defer { tjFree(buffer) }
        var file = Array(UnsafeBufferPointer(start: buffer, count: Int(length)))
        file.insert(contentsOf: segments, at: 2)
        return file
    }

    /// A zip archive; entries whose names end with "/" are folders.
    package static func zip(_ entries: [(name: String, bytes: [UInt8])], to path: String, stored: Bool = false) throws {
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

    /// Grey noise, which differs with the seed.
    package static func noise(_ seed: UInt64, count: Int) -> [UInt8] {
        var state = seed &* 0x9E37_79B9_7F4A_7C15 | 1
        return (0..<count).map { _ in
            state ^= state << 13
            state ^= state >> 7
            state ^= state << 17
            return UInt8(truncatingIfNeeded: state >> 32)
        }
    }
}
