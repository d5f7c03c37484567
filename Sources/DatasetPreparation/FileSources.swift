import Foundation
import ImageGenerators
import JobContract
import SweepModel

/// The files that a dataset's images come from, and what is wanted of them.
struct FileSources {
    /// The wishes of a request for images from files, besides their size.
    struct Wishes {
        let isShuffled, isThinned, skipsUnreadable: Bool

        init(_ request: DatasetRequest) {
            func wishes(_ name: String) -> Bool { request.parameters[name]?.boolValue ?? false }
            isShuffled = wishes("shuffle")
            isThinned = wishes("deduplicate")
            skipsUnreadable = wishes("skip_unreadable")
        }

        fileprivate var text: String {
            "\(isShuffled)" + (isThinned ? ";deduplicated" : "") + (skipsUnreadable ? ";unreadable skipped" : "")
        }
    }

    let reader: SourceReader
    /// The source of held-out images, where they have one of their own.
    let heldOut: SourceReader?
    let wishes: Wishes
    private let request: DatasetRequest
    let index: TrainingIndex?

    /// Throws for parameters that files do not have, and where a path leads to nothing that can hold images.
    init(_ request: DatasetRequest) throws(DatasetPreparationError) {
        let known = DatasetRequest.fileParameters + ["order", DatasetRequest.floatParameter]
        if let stranger = request.parameters.keys.filter({ !known.contains($0) }).min() {
            throw .badKey("dataset.\(stranger)", expected: "no such key for a file or folder", got: "this key")
        }
        guard request.channels == 1 || request.channels == 3 else {
            throw .badKey("dataset.channels", expected: "1 or 3", got: "\(request.channels)")
        }
        guard (1...1024).contains(request.resolution) else {
            throw .badKey("dataset.resolution", expected: "an integer from 1 to 1024", got: "\(request.resolution)")
        }
        self.request = request
        wishes = Wishes(request)
        reader = try SourceReader(request.source)
        if let path = request.path("held_out_source") {
            do throws(DatasetPreparationError) {
                heldOut = try SourceReader(path)
            } catch {
                throw error.isNoSource
                    ? .badKey(
                        "dataset.held_out_source", expected: "the path of a zip or folder of images, or a file of them",
                        got: "\"\(path)\", which there is not") : error
            }
        } else {
            heldOut = nil
        }
        index = try request.path("training_index").map { path throws(DatasetPreparationError) in try TrainingIndex(path)
        }
        try checkFloat()
    }

    /// Whether the dataset is of float32, as the source is.
    var isFloat: Bool { request.parameters[DatasetRequest.floatParameter] == true && reader.tensor?.isFloat == true }

    /// Throws where a dataset of float32 is asked for that needs another shape: its values are taken as they are.
    private func checkFloat() throws(DatasetPreparationError) {
        guard isFloat, let image = reader.tensor?.image else { return }
        guard image.height == image.width else {
            throw .unusable(
                path: request.source,
                reason: "its images of float32 have \(image.height) rows and \(image.width) columns: expected as many")
        }
        guard image.width == request.resolution else {
            throw .badKey(
                "dataset.resolution", expected: "\(image.width), which images of float32 have",
                got: "\(request.resolution)")
        }
        guard image.channels == request.channels else {
            throw .badKey(
                "dataset.channels", expected: "\(image.channels), which images of float32 have",
                got: "\(request.channels)")
        }
        guard let heldOut else { return }
        guard heldOut.tensor?.isFloat == true, heldOut.tensor?.image == image else {
            throw .badKey(
                "dataset.held_out_source", expected: "images of float32 of the source's shape", got: "others")
        }
    }

    /// Whether it is given which images are for training.
    var isGiven: Bool { heldOut != nil || index != nil }

    /// A key that covers all that the prepared file depends on.
    func key(conversion: Int) -> Digest {
        func place(_ path: String) -> String { URL(fileURLWithPath: path).standardizedFileURL.path }
        var text =
            "files/\(conversion);\(request.resolution);\(request.channels);\(wishes.text);\(place(request.source));"
            + reader.files.fingerprint
        if let heldOut { text += ";held out \(place(heldOut.files.path));\(heldOut.files.fingerprint)" }
        if let index { text += ";training \(index.fingerprint)" }
        if request.keepsNumbers { text += ";numbered" }
        if isFloat { text += ";float" }
        return Digest(of: text.utf8)
    }

    /// Throws for files that cannot be used, unless they are to be left out, and where no image is left.
    func check(_ outcome: SourceReader.Outcome, of reader: SourceReader) throws(DatasetPreparationError) {
        let listing = reader.files.listing
        let faults = listing.faults + outcome.faults
        guard faults.isEmpty || wishes.skipsUnreadable else {
            throw .badFiles(source: reader.files.path, faults, of: listing.files.count + listing.faults.count)
        }
        guard outcome.found > 0 else {
            let beside = (listing.skipped + outcome.labels + faults).prefix(10).map {
                "\n  \(printable($0.name)): \($0.reason)"
            }
            throw .unusable(path: reader.files.path, reason: "it holds no images" + beside.joined())
        }
    }

    /// Adds what lies beside the images, which may change while the images do not.
    func addListings(to account: inout DatasetAccount) {
        Self.add(reader.files.listing, to: &account)
        if let heldOut { account.heldOut = account.heldOut?.map { Self.added(heldOut.files.listing, to: $0) } }
    }

    private static func add(_ listing: SourceListing, to account: inout DatasetAccount) {
        account.links = listing.links
        account.skipped = DatasetAccount.Group.groups(of: listing.skipped) + account.skipped
    }

    private static func added(_ listing: SourceListing, to account: DatasetAccount) -> DatasetAccount {
        var account = account
        add(listing, to: &account)
        return account
    }
}

extension DatasetPreparationError {
    fileprivate var isNoSource: Bool { if case .noSuchSource = self { true } else { false } }
}
