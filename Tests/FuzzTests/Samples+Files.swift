import CImageFiles
import Foundation
import Tensors

extension Samples {
    struct Unwritten: Error {}

    /// A checkpoint's shape with little data in it.
    static func safetensors() throws -> [[UInt8]] {
        var file = SafetensorsFile()
        file.metadata = [
            "config": #"{"architecture": "ddpmpp", "model_channels": 4, "resolution": 8, "image_channels": 1, "#
                + #""channel_mult": [1, 2], "num_blocks": 1, "attn_resolutions": [4], "sigma_data": 0.5}"#
        ]
        file.set("weights", Tensor<Float>(shape: [2, 3], values: [1, 2, 3, 4, 5, 6]))
        file.set("steps", [7] as [Int64])
        file.set("bytes", [1, 2, 3] as [UInt8])
        return [file.serialized(), SafetensorsFile().serialized()]
    }

    static func images() throws -> [[UInt8]] {
        let grey = (0..<256).map { UInt8($0) }
        return [
            try png(grey, side: 16, colour: 0), try png(Array((grey + grey + grey)), side: 16, colour: 2),
            try jpeg(Array(grey + grey + grey), side: 16, sampling: TJSAMP_420),
            try jpeg(Array(grey + grey + grey), side: 16, sampling: TJSAMP_GRAY),
        ]
    }

    static func archives() throws -> [[UInt8]] {
        let images = try images()
        return try [Int32(ZIP_CM_STORE), Int32(ZIP_CM_DEFLATE)].map { method in
            let path = NSTemporaryDirectory() + "eigensweep-fuzz-\(getpid()).zip"
            defer { unlink(path) }
            guard let archive = zip_open(path, ZIP_CREATE | ZIP_TRUNCATE, nil) else { throw Unwritten() }
            zip_dir_add(archive, "folder", 0)
            for (name, bytes) in [("folder/a.png", images[0]), ("b.jpg", images[2]), ("read.txt", [65])] {
                // The archive reads it when it is closed.
                let copy = UnsafeMutableBufferPointer<UInt8>.allocate(capacity: bytes.count)
                _ = copy.initialize(from: bytes)
                let source = zip_source_buffer(archive, copy.baseAddress, UInt64(bytes.count), 0)
                let index = zip_file_add(archive, name, source, 0)
                guard index >= 0 else { throw Unwritten() }
                zip_set_file_compression(archive, UInt64(index), method, 0)
            }
            guard zip_close(archive) == 0 else { throw Unwritten() }
            return Array(try Data(contentsOf: URL(fileURLWithPath: path)))
        }
    }

    /// Two grey images of 3 × 2 as IDX.
    static func records() -> [[UInt8]] {
        [[0, 0, 8, 3, 0, 0, 0, 2, 0, 0, 0, 2, 0, 0, 0, 3] + Array(0..<12)]
    }

    private static func png(_ pixels: [UInt8], side: UInt32, colour: UInt8) throws -> [UInt8] {
        let context = spng_ctx_new(Int32(SPNG_CTX_ENCODER.rawValue))
        defer { spng_ctx_free(context) }
        var header = spng_ihdr()
        (header.width, header.height, header.bit_depth, header.color_type) = (side, side, 8, colour)
        guard spng_set_ihdr(context, &header) == 0, spng_set_option(context, SPNG_ENCODE_TO_BUFFER, 1) == 0,
            spng_encode_image(
                context, pixels, pixels.count, Int32(SPNG_FMT_PNG.rawValue), Int32(SPNG_ENCODE_FINALIZE.rawValue)) == 0
        else { throw Unwritten() }
        var (length, code) = (0, Int32(0))
        guard let buffer = spng_get_png_buffer(context, &length, &code) else { throw Unwritten() }
        defer { free(buffer) }
        return Array(UnsafeRawBufferPointer(start: buffer, count: length))
    }

    private static func jpeg(_ rgb: [UInt8], side: Int32, sampling: TJSAMP) throws -> [UInt8] {
        let handle = tjInitCompress()
        defer { tjDestroy(handle) }
        var buffer: UnsafeMutablePointer<UInt8>?
        var length: UInt = 0
        guard
            tjCompress2(
                handle, rgb, side, 0, side, Int32(TJPF_RGB.rawValue), &buffer, &length, Int32(sampling.rawValue), 60, 0)
                == 0
        else { throw Unwritten() }
        defer { tjFree(buffer) }
        return Array(UnsafeBufferPointer(start: buffer, count: Int(length)))
    }
}
