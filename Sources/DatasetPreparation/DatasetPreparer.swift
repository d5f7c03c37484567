import Datasets
import Foundation
import ImageGenerators
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
        if let generated = try GeneratedDataset(request) { return generated.identity }
        let prepared = try prepare(request)
        return DatasetIdentity(
            keys: ["dataset.digest": .string(prepared.digest.hex)], images: prepared.images,
            enlarged: prepared.enlarged)
    }

    /// Brings the prepared file into the depot, if it is not there yet. Throws as `identify` does.
    @discardableResult
    package func prepare(_ request: DatasetRequest) throws -> PreparedDataset {
        if let generated = try GeneratedDataset(request) { return try generate(generated, request) }
        return try importImages(request)
    }

    private func generate(_ generated: GeneratedDataset, _ request: DatasetRequest) throws -> PreparedDataset {
        let size = generated.images.size
        return try remembered(Digest(of: generated.fingerprint.utf8)) {
            var pixels: [UInt8] = []
            pixels.reserveCapacity(generated.count * size * size)
            for index in 0..<generated.count {
                pixels += generated.images.image(index)
                report(request.source, index + 1, of: generated.count)
            }
            return Made(pixels: pixels)
        } shape: {
            (1, size)
        }
    }

    private func importImages(_ request: DatasetRequest) throws -> PreparedDataset {
        let known = DatasetRequest.fileParameters
        if let stranger = request.parameters.keys.filter({ !known.contains($0) }).min() {
            throw DatasetPreparationError.badKey(
                "dataset.\(stranger)", expected: "no such key for a file or folder", got: "this key")
        }
        let isShuffled = request.parameters["shuffle"]?.boolValue ?? false
        let isThinned = request.parameters["deduplicate"]?.boolValue ?? false
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
            of: ("files/\(Self.conversion);\(request.resolution);\(request.channels);\(isShuffled);\(path);"
                + (isThinned ? "deduplicated;" : "") + images.fingerprint).utf8)
        return try remembered(key) {
            try convert(
                images,
                ImageConversion(
                    resolution: request.resolution, channels: request.channels, isShuffled: isShuffled),
                isThinned: isThinned)
        } shape: {
            (request.channels, request.resolution)
        }
    }

    private static func collection(_ source: String) throws(DatasetPreparationError) -> any ImageCollection {
        guard let status = stat(path: source) else { throw .noSuchSource(source) }
        if status.isDirectory {
            if let records = try RecordImages.folder(source) { return records }
            return try ImageFolder(path: source)
        }
        guard status.isRegular else { throw .unusable(path: source, reason: "it is neither a file nor a folder") }
        if let records = try RecordImages.file(source) { return records }
        return try ImageArchive(path: source)
    }

    private func convert(
        _ images: any ImageCollection, _ conversion: ImageConversion, isThinned: Bool
    ) throws -> Made {
        var made = Made(pixels: [])
        var seen: Set<Digest> = []
        var thumbnails = NearDuplicates(side: conversion.resolution)
        for index in images.names.indices {
            let image = try images.image(index)
            let pixels = conversion.convert(image)
            if seen.insert(Digest(of: pixels)).inserted {
                made.pixels += pixels
                if min(image.width, image.height) < conversion.resolution { made.enlarged += 1 }
                if isThinned { thumbnails.add(image) }
            }
            report(images.path, index + 1, of: images.names.count)
        }
        made.duplicates = images.names.count - seen.count
        guard isThinned else { return made }
        let size = conversion.channels * conversion.resolution * conversion.resolution
        let kept = thumbnails.kept()
        made.duplicates += seen.count - kept.count
        made.pixels = kept.flatMap { made.pixels[$0 * size..<($0 + 1) * size] }
        return made
    }

    /// The pixels of a dataset, and what became of its images.
    private struct Made {
        var pixels: [UInt8]
        var duplicates = 0
        var enlarged = 0
    }

    private func report(_ source: String, _ done: Int, of total: Int) {
        if done == total || done % 100 == 0 {
            progress?(PreparationProgress(source: source, done: done, total: total))
        }
    }

    private func remembered(
        _ key: Digest, _ make: () throws -> Made, shape: () -> (channels: Int, side: Int)
    ) throws -> PreparedDataset {
        if let known = cache.find(key), depot.location(of: known.digest) != nil { return known }
        let made = try make()
        let (channels, side) = shape()
        let content = DatasetFile.encode(pixels: made.pixels, channels: channels, height: side, width: side)
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
            digest: digest, images: made.pixels.count / (channels * side * side), duplicates: made.duplicates,
            enlarged: made.enlarged)
        cache.remember(key, prepared)
        return prepared
    }
}
