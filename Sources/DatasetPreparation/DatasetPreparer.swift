import Datasets
import Foundation
import ImageGenerators
import JobContract
import SweepModel

/// Turns what sweeps ask for into prepared dataset files.
package struct DatasetPreparer: Sendable {
    // Part of every cache key: rises when the same source would give other pixels.
    private static let conversion = 2

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
    /// Files are prepared for their digest. A generator is named by its parameters; its images are made to see how many
    /// differ, and are kept only by who remembers what was prepared. Throws `DatasetPreparationError` for what is wrong with
    /// the dataset, `PreparedFileError` or what the depot throws for what is wrong with the disk.
    package func identify(_ request: DatasetRequest) throws -> DatasetIdentity {
        if let generated = try GeneratedDataset(request) {
            if cache.path != nil { return generated.identity(try generate(generated, request).account) }
            let account = generated.forEach { index, _ in report(request.source, index + 1, of: generated.count) }
            return generated.identity(account ?? DatasetAccount(found: generated.count, used: generated.count))
        }
        let prepared = try prepare(request)
        return DatasetIdentity(
            keys: ["dataset.digest": .string(prepared.digest.hex)], account: prepared.account)
    }

    /// Brings the prepared file into the depot, if it is not there yet. Of a generator, `version` names the images of a
    /// spec; without it they are those of `identify`. Throws as `identify` does.
    @discardableResult
    package func prepare(_ request: DatasetRequest, version: Int? = nil) throws -> PreparedDataset {
        if let generated = try GeneratedDataset(request) {
            return try generate(generated, request, version: version)
        }
        return try importImages(request)
    }

    private func generate(
        _ generated: GeneratedDataset, _ request: DatasetRequest, version: Int? = nil
    ) throws -> PreparedDataset {
        let size = generated.images.size
        return try remembered(Digest(of: generated.fingerprint(version: version).utf8)) {
            var pixels: [UInt8] = []
            pixels.reserveCapacity(generated.count * size * size)
            let account = generated.forEach(version: version) { index, image in
                if let image { pixels += image }
                report(request.source, index + 1, of: generated.count)
            }
            guard let account else {
                throw DatasetPreparationError.badKey(
                    "dataset.source", expected: "images of \(request.source) that this release makes",
                    got: "version \(version ?? 0) of them")
            }
            return Made(pixels: pixels, account: account)
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
        guard request.channels == 1 || request.channels == 3 else {
            throw DatasetPreparationError.badKey("dataset.channels", expected: "1 or 3", got: "\(request.channels)")
        }
        guard (1...1024).contains(request.resolution) else {
            throw DatasetPreparationError.badKey(
                "dataset.resolution", expected: "an integer from 1 to 1024", got: "\(request.resolution)")
        }
        let reader = try SourceReader(request.source)
        let wishes = FileWishes(request)
        let path = URL(fileURLWithPath: request.source).standardizedFileURL.path
        let key = Digest(
            of: ("files/\(Self.conversion);\(request.resolution);\(request.channels);\(wishes.text);\(path);"
                + reader.files.fingerprint).utf8)
        var prepared = try remembered(key) {
            try convert(reader, request, wishes)
        } shape: {
            (request.channels, request.resolution)
        }
        // What lies beside images may change while the images do not.
        prepared.account.links = reader.files.listing.links
        prepared.account.skipped =
            DatasetAccount.Group.groups(of: reader.files.listing.skipped) + prepared.account.skipped
        return prepared
    }

    /// What a request wants of files besides their size.
    private struct FileWishes {
        let isShuffled, isThinned, skipsUnreadable: Bool

        init(_ request: DatasetRequest) {
            func wishes(_ name: String) -> Bool { request.parameters[name]?.boolValue ?? false }
            isShuffled = wishes("shuffle")
            isThinned = wishes("deduplicate")
            skipsUnreadable = wishes("skip_unreadable")
        }

        var text: String {
            "\(isShuffled)" + (isThinned ? ";deduplicated" : "") + (skipsUnreadable ? ";unreadable skipped" : "")
        }
    }

    private func convert(_ reader: SourceReader, _ request: DatasetRequest, _ wishes: FileWishes) throws -> Made {
        let conversion = ImageConversion(
            resolution: request.resolution, channels: request.channels, isShuffled: wishes.isShuffled)
        var made = Made(pixels: [], account: DatasetAccount(found: 0, used: 0))
        var seen: Set<Digest> = []
        var thumbnails = NearDuplicates()
        let outcome = try reader.forEach { done, total in
            report(request.source, done, of: total)
        } _: { image, _ in
            let pixels = conversion.convert(image)
            guard seen.insert(Digest(of: pixels)).inserted else { return }
            made.pixels += pixels
            if min(image.width, image.height) < conversion.resolution { made.account.enlarged += 1 }
            if image.isTurned { made.account.turned += 1 }
            if wishes.isThinned { thumbnails.add(image) }
        }
        let faults = reader.files.listing.faults + outcome.faults
        guard faults.isEmpty || wishes.skipsUnreadable else {
            throw DatasetPreparationError.badFiles(
                source: request.source, faults,
                of: reader.files.listing.files.count + reader.files.listing.faults.count)
        }
        guard outcome.found > 0 else {
            let beside = (reader.files.listing.skipped + outcome.labels + faults).prefix(10).map {
                "\n  \(printable($0.name)): \($0.reason)"
            }
            throw DatasetPreparationError.unusable(
                path: request.source, reason: "it holds no images" + beside.joined())
        }
        made.account.found = outcome.found
        made.account.equal = outcome.found - seen.count
        made.account.records = outcome.records
        made.account.skipped = DatasetAccount.Group.groups(of: outcome.labels)
        made.account.refused = faults
        if wishes.isThinned {
            let size = conversion.channels * conversion.resolution * conversion.resolution
            let kept = thumbnails.kept()
            made.account.alike = seen.count - kept.count
            made.pixels = kept.flatMap { made.pixels[$0 * size..<($0 + 1) * size] }
        }
        return made
    }

    /// The pixels of a dataset, and what became of its images.
    private struct Made {
        var pixels: [UInt8]
        var account: DatasetAccount
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
        let content = DatasetFile.encode(pixels: made.pixels, channels: channels, height: side, width: side)
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
        prepared.account.used = made.pixels.count / (channels * side * side)
        cache.remember(key, prepared)
        return prepared
    }
}
