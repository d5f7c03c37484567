import CImageFiles
import Foundation
import Tensors
import TestSupport

extension Samples {
    struct Unwritten: Error {}

    /// Checkpoints as they are formed, with little data in them.
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
            try ImageFiles.png(grey, width: 16, height: 16, channels: 1),
            try ImageFiles.png(grey + grey + grey, width: 16, height: 16, channels: 3),
            try ImageFiles.jpeg(grey + grey + grey, width: 16, height: 16, sampling: TJSAMP_420),
            try ImageFiles.jpeg(grey + grey + grey, width: 16, height: 16, sampling: TJSAMP_GRAY),
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
                // The archive reads the copy when it is closed.
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

    /// One of bytes and one of float32 in .npy, the first packed as .npz, the second in safetensors.
    static func arrays() throws -> [[UInt8]] {
        func array(_ elements: String, _ data: [UInt8]) -> [UInt8] {
            var head = "{'descr': '\(elements)', 'fortran_order': False, 'shape': (2, 3, 2, 2), }"
            while (11 + head.utf8.count) % 64 != 0 { head += " " }
            return [0x93] + Array("NUMPY".utf8) + [1, 0, UInt8(head.utf8.count + 1), 0] + Array((head + "\n").utf8)
                + data
        }
        let bytes = array("|u1", Array(0..<24))
        let path = NSTemporaryDirectory() + "eigensweep-fuzz-\(getpid()).npz"
        defer { unlink(path) }
        try ImageFiles.zip([("images.npy", bytes)], to: path)
        let json = #"{"images":{"dtype":"F32","shape":[2,3,2,2],"data_offsets":[0,96]}}"#
        let values = [UInt8](repeating: 0x3D, count: 96)
        return [
            bytes, array("<f4", values), [UInt8](try Data(contentsOf: URL(fileURLWithPath: path))),
            [UInt8(json.utf8.count), 0, 0, 0, 0, 0, 0, 0] + Array(json.utf8) + values,
        ]
    }
}
