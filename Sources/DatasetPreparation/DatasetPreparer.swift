import Datasets
import Foundation
import JobContract
import SweepModel

/// Turns what sweeps ask for into prepared dataset files.
package struct DatasetPreparer: Sendable {
    // Part of every cache key: rises when the same source would give other pixels.
    private static let conversion = 1

    private let depot: any FileDepot
    private let cache: PreparationCache
    private let progress: (@Sendable (PreparationProgress) -> Void)?

    /// Prepared files go to `depot`. `cache` is a file that remembers what was prepared from which state of a
    /// source; it may be missing, stale or damaged. `progress` is told now and then, on the calling thread.
    package init(
        depot: any FileDepot, cache: String? = nil,
        progress: (@Sendable (PreparationProgress) -> Void)? = nil
    ) {
        self.depot = depot
        self.cache = PreparationCache(path: cache)
        self.progress = progress
    }

    /// What stands for the dataset in a training's spec.
    ///
    /// A generator is named by its parameters and makes nothing yet; files are prepared for their digest. Throws
    /// `DatasetPreparationError` for what is wrong with the dataset, `PreparedFileError` or what the depot throws for
    /// what is wrong with the disk.
    package func identify(_ request: DatasetRequest) throws -> DatasetIdentity {
        if request.isGenerator { return try GeometricGenerator(request).identity }
        let prepared = try prepare(request)
        return DatasetIdentity(
            keys: ["dataset.digest": .string(prepared.digest.hex)], images: prepared.images)
    }

    /// Brings the prepared file into the depot, if it is not there yet. Throws as `identify` does.
    @discardableResult
    package func prepare(_ request: DatasetRequest) throws -> PreparedDataset {
        request.isGenerator ? try generate(request) : try importImages(request)
    }

    private func generate(_ request: DatasetRequest) throws -> PreparedDataset {
        let generator = try GeometricGenerator(request)
        let key = Digest(
            of: "geometric/\(GeometricGenerator.version);\(generator.size);\(generator.alpha);\(generator.count)".utf8)
        return try remembered(key) {
            var pixels: [UInt8] = []
            pixels.reserveCapacity(generator.count * generator.size * generator.size)
            for index in 0..<generator.count {
                pixels += generator.image(index)
                report(request.source, index + 1, of: generator.count)
            }
            return (pixels, 0)
        } shape: {
            (1, generator.size)
        }
    }

    private func importImages(_ request: DatasetRequest) throws -> PreparedDataset {
        if let stranger = request.parameters.keys.sorted().first {
            throw DatasetPreparationError.badKey(
                "dataset.\(stranger)", expected: "no such key for a file or folder", got: "this key")
        }
        guard request.channels == 1 || request.channels == 3 else {
            throw DatasetPreparationError.badKey("dataset.channels", expected: "1 or 3", got: "\(request.channels)")
        }
        guard (1...1024).contains(request.resolution) else {
            throw DatasetPreparationError.badKey(
                "dataset.resolution", expected: "an integer from 1 to 1024", got: "\(request.resolution)")
        }
        let images = try Self.collection(request.source)
        guard !images.names.isEmpty else {
            throw DatasetPreparationError.unusable(path: request.source, reason: "it holds no images")
        }
        let path = URL(fileURLWithPath: request.source).standardizedFileURL.path
        let key = Digest(
            of: "files/\(Self.conversion);\(request.resolution);\(request.channels);\(path);\(images.fingerprint)".utf8)
        return try remembered(key) {
            try convert(images, ImageConversion(resolution: request.resolution, channels: request.channels))
        } shape: {
            (request.channels, request.resolution)
        }
    }

    private static func collection(_ source: String) throws(DatasetPreparationError) -> any ImageCollection {
        guard let status = stat(path: source) else { throw .noSuchSource(source) }
        if status.isDirectory { return try ImageFolder(path: source) }
        guard status.isRegular else { throw .unusable(path: source, reason: "it is neither a file nor a folder") }
        return try ImageArchive(path: source)
    }

    private func convert(
        _ images: any ImageCollection, _ conversion: ImageConversion
    ) throws -> (pixels: [UInt8], duplicates: Int) {
        var pixels: [UInt8] = []
        var seen: Set<Digest> = []
        for (index, name) in images.names.enumerated() {
            let bytes = try images.bytes(of: index)
            do throws(ImageDecoder.Refusal) {
                let image = try conversion.convert(try ImageDecoder.decode(bytes))
                if seen.insert(Digest(of: image)).inserted { pixels += image }
            } catch {
                throw DatasetPreparationError.badImage(source: images.path, name: name, reason: error.reason)
            }
            report(images.path, index + 1, of: images.names.count)
        }
        return (pixels, images.names.count - seen.count)
    }

    private func report(_ source: String, _ done: Int, of total: Int) {
        if done == total || done % 100 == 0 {
            progress?(PreparationProgress(source: source, done: done, total: total))
        }
    }

    private func remembered(
        _ key: Digest, _ make: () throws -> (pixels: [UInt8], duplicates: Int), shape: () -> (channels: Int, side: Int)
    ) throws -> PreparedDataset {
        if let known = cache.find(key), depot.location(of: known.digest) != nil { return known }
        let (pixels, duplicates) = try make()
        let (channels, side) = shape()
        let content = DatasetFile.encode(pixels: pixels, channels: channels, height: side, width: side)
        let digest = Digest(of: content)
        if depot.location(of: digest) == nil {
            let temporary = try depot.temporaryPath()
            do {
                try Data(content).write(to: URL(fileURLWithPath: temporary))
            } catch {
                unlink(temporary)
                throw PreparedFileError(path: temporary, reason: error.localizedDescription)
            }
            try depot.adopt(temporary, as: digest)
        }
        let prepared = PreparedDataset(
            digest: digest, images: pixels.count / (channels * side * side), duplicates: duplicates)
        cache.remember(key, prepared)
        return prepared
    }
}
