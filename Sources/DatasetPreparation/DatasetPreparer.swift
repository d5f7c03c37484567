import Datasets
import Foundation
import ImageGenerators
import JobContract
import SweepModel

/// Turns what sweeps ask for into prepared dataset files.
package struct DatasetPreparer: Sendable {
    // A part of every cache key that rises when the same source would give other pixels.
    private static let conversion = 2

    private let depot: any FileDepot
    private let cache: PreparationCache
    private let known: PreparationCache
    private let progress: (@Sendable (PreparationProgress) -> Void)?

    /// Prepared files go to `depot`. `cache` is a file that remembers what was prepared from which state of a source; it may
    /// be missing, stale or damaged. `knows` is such a file of another depot: a dataset that it remembers is identified
    /// without being prepared. `progress` is called now and then, on the calling thread.
    package init(
        depot: any FileDepot, cache: String? = nil, knows: String? = nil,
        progress: (@Sendable (PreparationProgress) -> Void)? = nil
    ) {
        self.depot = depot
        self.cache = PreparationCache(path: cache)
        known = PreparationCache(path: knows)
        self.progress = progress
    }

    /// What stands for the dataset in a training's spec.
    ///
    /// Files are prepared, to find their digest. A generator is identified by its parameters; its images are made to see how
    /// many differ, and are kept only where there is a cache. Throws `DatasetPreparationError` where the dataset cannot be
    /// used, `PreparedFileError` or what the depot throws where the disk fails.
    package func identify(_ request: DatasetRequest) throws -> DatasetIdentity {
        if let generated = try GeneratedDataset(request) {
            if let known = known.find(Self.key(generated)) { return generated.identity(known.account) }
            if cache.path != nil { return generated.identity(try generate(generated, request).account) }
            let account = generated.forEach { index, _ in report(request.source, index + 1, of: generated.count) }
            return generated.identity(account ?? DatasetAccount(found: generated.count, used: generated.count))
        }
        let sources = try FileSources(request)
        let prepared = try known.find(sources.key(conversion: Self.conversion)) ?? importImages(sources, request)
        var keys: [String: JSONValue] = ["dataset.digest": .string(prepared.digest.hex)]
        if prepared.account.training != nil { keys["dataset.split"] = "given" }
        var account = prepared.account
        sources.addListings(to: &account)
        return DatasetIdentity(keys: keys, account: account)
    }

    /// Brings the prepared file into the depot, if it is not there yet. For a generator, `version` is that of a spec;
    /// without it the images are those of `identify`. Throws as `identify` does.
    @discardableResult
    package func prepare(_ request: DatasetRequest, version: Int? = nil) throws -> PreparedDataset {
        if let samples = request.samples {
            throw DatasetPreparationError.unusable(
                path: samples.words, reason: "a run draws them: expected images that can be prepared here")
        }
        if let generated = try GeneratedDataset(request) {
            return try generate(generated, request, version: version)
        }
        let sources = try FileSources(request)
        var prepared = try importImages(sources, request)
        sources.addListings(to: &prepared.account)
        return prepared
    }

    private static func key(_ generated: GeneratedDataset, version: Int? = nil) -> Digest {
        Digest(of: generated.fingerprint(version: version).utf8)
    }

    private func generate(
        _ generated: GeneratedDataset, _ request: DatasetRequest, version: Int? = nil
    ) throws -> PreparedDataset {
        let size = generated.images.size
        return try remembered(Self.key(generated, version: version)) {
            var pixels: [UInt8] = []
            pixels.reserveCapacity(generated.count * size * size)
            var numbers: [Int] = []
            let account = generated.forEach(version: version) { index, image in
                if let image {
                    pixels += image
                    numbers.append(index)
                }
                report(request.source, index + 1, of: generated.count)
            }
            guard let account else {
                throw DatasetPreparationError.badKey(
                    "dataset.source", expected: "images of \(request.source) that this release makes",
                    got: "version \(version ?? 0) of them")
            }
            let notes = DatasetNotes(source: Self.source(request, found: generated.count, numbers))
            return Made(pixels: pixels, account: account, notes: notes)
        } shape: {
            (1, size)
        }
    }

    /// The note of the images' numbers in their source, where numbers are asked for and some are missing.
    private static func source(_ request: DatasetRequest, found: Int, _ numbers: [Int]) -> DatasetNotes.Source? {
        guard request.keepsNumbers, numbers != Array(0..<found) else { return nil }
        return DatasetNotes.Source(found: found, numbers: numbers)
    }

    /// Imports images. Other files beside them in a source are not part of the result.
    private func importImages(_ sources: FileSources, _ request: DatasetRequest) throws -> PreparedDataset {
        try remembered(sources.key(conversion: Self.conversion)) {
            try convert(sources, request).made
        } shape: {
            (request.channels, request.resolution)
        }
    }

    /// The images of a dataset by their names in the source, in the prepared file's order. Nothing is kept. Throws as
    /// `identify` does.
    package func listing(_ request: DatasetRequest, version: Int? = nil) throws -> DatasetListing {
        if let samples = request.samples {
            return DatasetListing(
                digest: nil, names: (0..<samples.count).map { "sample \($0)" }, notes: DatasetNotes())
        }
        if let generated = try GeneratedDataset(request) {
            var numbers: [Int] = []
            _ = generated.forEach(version: version) { index, image in if image != nil { numbers.append(index) } }
            return DatasetListing(
                digest: nil, names: numbers.map { "\(request.source), image \($0)" },
                notes: DatasetNotes(source: DatasetNotes.Source(found: generated.count, numbers: numbers)))
        }
        let (made, entries) = try convert(try FileSources(request), request)
        let content = DatasetFile.encode(
            pixels: made.pixels, channels: request.channels, height: request.resolution, width: request.resolution,
            notes: made.notes, isFloat: made.isFloat)
        return DatasetListing(digest: Digest(of: content), names: entries.map(\.name), notes: made.notes)
    }

    private func convert(
        _ sources: FileSources, _ request: DatasetRequest
    ) throws -> (made: Made, entries: [ImageCollector.Entry]) {
        let conversion = ImageConversion(
            resolution: request.resolution, channels: request.channels, isShuffled: sources.wishes.isShuffled,
            isFloat: sources.isFloat)
        var collector = ImageCollector(conversion, isThinned: sources.wishes.isThinned)
        func gather(_ reader: SourceReader, isHeldOut: Bool) throws -> DatasetAccount {
            var account = DatasetAccount(found: 0, used: 0)
            let outcome = try reader.forEach { done, total in
                report(reader.files.path, done, of: total)
            } _: { image, name in
                collector.add(image, name, isHeldOut: isHeldOut, &account)
            }
            try sources.check(outcome, of: reader)
            account.found = outcome.found
            account.records = outcome.records
            account.skipped = DatasetAccount.Group.groups(of: outcome.labels)
            account.refused = reader.files.listing.faults + outcome.faults
            return account
        }
        var account = try gather(sources.reader, isHeldOut: false)
        var heldOut = DatasetAccount(found: 0, used: 0)
        if let reader = sources.heldOut { heldOut = try gather(reader, isHeldOut: true) }
        if let index = sources.index {
            collector.chooseForTraining(try index.chosen(among: collector.names, of: request.source))
        }
        let (entries, pixels) = collector.finished(&account, &heldOut)
        var notes = DatasetNotes(source: Self.source(request, found: collector.names.count, entries.map(\.number)))
        if sources.isGiven {
            notes.pool = entries.count(where: \.isForTraining)
            account.training = notes.pool
        }
        if sources.heldOut != nil {
            heldOut.used = entries.count(where: \.isHeldOut)
            account.heldOut = [heldOut]
        }
        return (Made(pixels: pixels, account: account, notes: notes, isFloat: sources.isFloat), entries)
    }

    /// The pixels of a dataset, the account of its images, and the file's notes.
    private struct Made {
        var pixels: [UInt8]
        var account: DatasetAccount
        var notes: DatasetNotes
        /// Whether the pixels are float32.
        var isFloat = false
    }

    private func report(_ source: String, _ done: Int, of total: Int) {
        if done == total || done % 100 == 0 {
            progress?(PreparationProgress(source: source, done: done, total: total))
        }
    }

    private func remembered(
        _ key: Digest, _ make: () throws -> Made, shape: () -> (channels: Int, side: Int)
    ) throws -> PreparedDataset {
        if let known = cache.find(key), depot.wholeFile(known.digest) != nil { return known }
        let made = try make()
        let (channels, side) = shape()
        let content = DatasetFile.encode(
            pixels: made.pixels, channels: channels, height: side, width: side, notes: made.notes, isFloat: made.isFloat
        )
        let digest = Digest(of: content)
        if depot.wholeFile(digest) == nil {
            let temporary = try depot.temporaryPath()
            do {
                try Data(content).write(to: URL(fileURLWithPath: temporary))
            } catch {
                unlink(temporary)
                throw PreparedFileError(path: temporary, reason: error.localizedDescription)
            }
            try depot.adopt(temporary, as: digest)
        }
        var prepared = PreparedDataset(digest: digest, account: made.account)
        prepared.account.used = made.pixels.count / (channels * side * side * (made.isFloat ? 4 : 1))
        cache.remember(key, prepared)
        return prepared
    }
}
