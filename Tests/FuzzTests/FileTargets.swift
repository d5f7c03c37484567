import Datasets
import Foundation
import SweepModel
import Tensors

@testable import DatasetPreparation
@testable import ScoreNetworks

/// Files that come from other hosts and other people.
let fileTargets = [
    FuzzTarget("safetensors", seeds: Samples.safetensors) { bytes, _ in
        guard let file = try? SafetensorsFile(bytes: bytes, name: "x") else { return }
        guard let again = try? SafetensorsFile(bytes: file.serialized(), name: "x") else {
            fatalError("what was read cannot be written")
        }
        precondition(again == file, "what was written reads otherwise")
        if let configuration = try? CheckpointConfiguration(file) { _ = try? configuration.network.parameterCount() }
    },
    FuzzTarget("datasets", seeds: { [DatasetFile.encode(pixels: Array(0..<96), channels: 3, height: 4, width: 4)] }) {
        bytes, scratch in
        guard let file = try? DatasetFile(path: scratch.file(bytes)) else { return }
        precondition((try? file.pixels(of: [0, file.count - 1]))?.count == 2 * file.bytesPerImage)
    },
    FuzzTarget("images", longest: 1 << 14, seeds: Samples.images) { bytes, _ in
        guard let image = try? ImageDecoder.decode(bytes) else { return }
        for channels in [1, 3] {
            _ = ImageConversion(resolution: 8, channels: channels, isShuffled: channels == 3)
                .convert(.image(image))
        }
    },
    FuzzTarget("arrays", seeds: Samples.arrays) { bytes, scratch in
        let path = scratch.file(bytes)
        for name in ["x.npy", "x.npz", "x.safetensors"] {
            guard let array = try? TensorFile(path: path, size: bytes.count, named: name) else { continue }
            var count = 0
            guard (try? array.forEach { image, _ in count += image.picture.rgb.isEmpty ? 0 : 1 }) != nil else {
                continue
            }
            precondition(count == array.count, "it hands over as many images as it says")
        }
    },
    FuzzTarget("archives", longest: 1 << 14, seeds: Samples.archives) { bytes, scratch in
        let path = scratch.file(bytes)
        guard let status = stat(path: path), let archive = try? ArchiveFiles(path: path, status) else { return }
        for index in archive.listing.files.indices { _ = try? ImageDecoder.decode(archive.bytes(of: index)) }
    },
    FuzzTarget("records", seeds: Samples.records) { bytes, _ in
        for name in ["x", "x.bin"] {
            let content = Unpacked.isPacked(bytes) ? (try? Unpacked.gzip(bytes, most: 1 << 16)) ?? [] : bytes
            guard case .images(let records) = try? ImageRecords.read(content, name: FileName(Array(name.utf8))) else {
                continue
            }
            _ = records.image(records.count - 1)
        }
    },
]
