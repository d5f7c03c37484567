import Datasets
import JobContract
import SweepModel

/// Gathers converted images, each once, in the order of the prepared file: those for training, where it is given which they
/// are, before the others.
struct ImageCollector {
    /// An image that stays.
    struct Entry {
        /// The image's name in the source.
        var name: String
        /// The image's number among the images found.
        var number: Int
        var isForTraining: Bool
        /// Whether it is of the source of held-out images.
        var isHeldOut: Bool
        fileprivate var place: Int
    }

    private let conversion: ImageConversion
    private let isThinned: Bool
    private var pixels: [UInt8] = []
    private var entries: [Entry] = []
    private var places: [Digest: Int] = [:]
    private var thumbnails = NearDuplicates()
    /// The names of all images found, also of those that are left out.
    private(set) var names: [String] = []
    /// The entry that stands for each image found.
    private var standIns: [Int] = []

    init(_ conversion: ImageConversion, isThinned: Bool) {
        self.conversion = conversion
        self.isThinned = isThinned
    }

    /// Adds the next image found, and counts in the account of its source what becomes of it.
    mutating func add(
        _ image: SourceImage, _ name: String, isHeldOut: Bool, _ account: inout DatasetAccount
    ) {
        defer { names.append(name) }
        let converted = conversion.convert(image)
        let digest = Digest(of: converted)
        if let earlier = places[digest] {
            if isHeldOut, !entries[earlier].isHeldOut {
                account.alsoTrainedOn = (account.alsoTrainedOn ?? 0) + 1
            } else {
                account.equal += 1
            }
            standIns.append(earlier)
            return
        }
        places[digest] = entries.count
        standIns.append(entries.count)
        entries.append(
            Entry(
                name: name, number: names.count, isForTraining: !isHeldOut, isHeldOut: isHeldOut, place: entries.count))
        pixels += converted
        let size = image.size
        if min(size.width, size.height) < conversion.resolution { account.enlarged += 1 }
        if case .image(let image) = image, image.isTurned { account.turned += 1 }
        if isThinned { thumbnails.add(image.picture) }
    }

    /// Says for each image found whether it is for training. Where several are equal, one of them is enough.
    mutating func chooseForTraining(_ chosen: [Bool]) {
        for place in entries.indices { entries[place].isForTraining = false }
        for (place, _) in zip(standIns, chosen).filter(\.1) { entries[place].isForTraining = true }
    }

    /// The images that stay, with their pixels; those left out for being nearly equal are counted in the accounts.
    func finished(
        _ account: inout DatasetAccount, _ heldOut: inout DatasetAccount
    ) -> (entries: [Entry], pixels: [UInt8]) {
        var kept = entries.filter(\.isForTraining) + entries.filter { !$0.isForTraining }
        if isThinned {
            let staying = Set(thumbnails.kept(kept.map(\.place)))
            for entry in kept where !staying.contains(entry.place) {
                if entry.isHeldOut { heldOut.alike += 1 } else { account.alike += 1 }
            }
            kept = kept.filter { staying.contains($0.place) }
        }
        if kept.count == entries.count, zip(kept, kept.dropFirst()).allSatisfy({ $0.place < $1.place }) {
            return (kept, pixels)
        }
        let size = conversion.bytesPerImage
        return (kept, kept.flatMap { pixels[$0.place * size..<($0.place + 1) * size] })
    }
}
