import JobContract
import SweepModel

/// Names by which sweep files may say what has another name here. Specs, and with them identities, have ours alone.
enum OtherNames {
    /// The same values under another name.
    private static let names = ["training.sigma": "training.noise_sigma"]

    /// `training.halving_images` in passes over the training images.
    static let halvingEpochs = SpecKey(
        name: "training.lr_halving_epochs", kind: .number(0...1e9), role: .spec, isLater: true, fallback: 0,
        exceptions: nil, reader: .all, meaning: "passes after which the rate is halved, each time anew")

    static let halvingImages = "training.halving_images"

    static func key(_ name: String, of table: KeyTable) -> SpecKey? {
        name == halvingEpochs.name ? halvingEpochs : names[name].flatMap(table.named)
    }
}

extension SweepContent {
    /// Replaces halvings in epochs by those in images, of each block: where its dataset size varies they advance with it.
    mutating func convertHalvings() throws(SweepFileError) {
        let (epochs, images) = (OtherNames.halvingEpochs.name, OtherNames.halvingImages)
        let given = settings.removeValue(forKey: epochs)
        let size = settings["dataset.size"]?.value
        let isGivenTwice = settings[images] != nil
        for index in blocks.indices {
            let block = blocks[index]
            let place = block.axis(epochs)
            guard given != nil || place != nil else { continue }
            let origin = place.map { block.dimensions[$0.dimension].axes[$0.place].origin } ?? given?.origin
            if isGivenTwice || block.axis(images) != nil {
                throw SweepFileError(
                    "the halvings are given by \(images) too: expected one of them", key: epochs,
                    at: origin ?? block.origin)
            }
            let sizes = block.axis("dataset.size")
            if let place, let sizes, place.dimension != sizes.dimension {
                throw SweepFileError(
                    "varies beside dataset.size: expected \(images), epochs · dataset.size, or both in one zip",
                    key: epochs,
                    at: origin ?? block.origin)
            }
            guard let dimension = (place ?? sizes)?.dimension else { continue }
            let axes = block.dimensions[dimension].axes
            var values: [JSONValue] = []
            for row in 0..<block.dimensions[dimension].count {
                let passes = place.map { axes[$0.place].values[row] } ?? given?.value
                let size = sizes.map { axes[$0.place].values[row] } ?? size
                guard let value = try halving(passes, size, at: origin ?? block.origin) else { return }
                values.append(value)
            }
            let axis = GridAxis(
                key: try keys.find(images, at: block.origin), axis: .list(values), origin: origin ?? block.origin,
                asked: values, values: values)
            if let place {
                blocks[index].dimensions[dimension].axes[place.place] = axis
            } else {
                blocks[index].dimensions[dimension].axes.append(axis)
            }
        }
        guard let given, let value = try halving(given.value, size, at: given.origin) else { return }
        settings[images] = SweepSetting(value: value, asked: value, origin: given.origin)
    }

    /// Nil without a size, which is told elsewhere.
    private func halving(
        _ epochs: JSONValue?, _ size: JSONValue?, at origin: TextOrigin
    ) throws(SweepFileError) -> JSONValue? {
        guard let epochs = epochs?.doubleValue, let size = size?.doubleValue else { return nil }
        let key = try keys.find(OtherNames.halvingImages, at: origin)
        let images = (epochs * size).rounded(.toNearestOrAwayFromZero)
        guard images < 9e15, let value = key.admit(.integer(Int64(images))), images > 0 || epochs == 0 else {
            throw SweepFileError(
                "\(epochs) epochs of \(size) images are \(images) images: expected \(key.expected), of which 0 means never",
                key: OtherNames.halvingEpochs.name, at: origin)
        }
        return value
    }
}
