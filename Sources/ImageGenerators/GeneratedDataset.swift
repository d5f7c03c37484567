import JobContract
import SweepModel

/// The images that a request asks of a built-in generator.
package struct GeneratedDataset: Sendable {
    package let count: Int
    package let images: any GeneratedImages
    /// Whether images keep their number where others are missing.
    package let keepsNumbers: Bool
    private let generator: ImageGenerator
    private let values: [(key: String, value: Double)]

    /// Throws when the request asks for what the generator does not make. Nil where no generator has the source's name.
    package init?(_ request: DatasetRequest) throws(DatasetPreparationError) {
        guard let generator = ImageGenerator.all.first(where: { $0.name == request.source }) else { return nil }
        let known = generator.parameters.map(\.name)
        let source = "\"\(generator.name)\""
        if let stranger = request.parameters.keys.filter({ !known.contains($0) && $0 != "order" }).min() {
            throw .badKey(
                "dataset.\(stranger)", expected: "\(known.joined(separator: " or ")) for \(source)", got: "this key")
        }
        guard request.channels == 1 else {
            throw .badKey(
                "dataset.channels", expected: "1, for \(source) makes grey images", got: "\(request.channels)")
        }
        guard (4...256).contains(request.resolution), request.resolution % 2 == 0 else {
            throw .badKey("dataset.resolution", expected: "an even number from 4 to 256", got: "\(request.resolution)")
        }
        var values: [(String, Double)] = []
        for parameter in generator.parameters { values.append((parameter.key, try Self.value(parameter, of: request))) }
        func value(_ parameter: ImageGenerator.Parameter) -> Double {
            values.first { $0.0 == parameter.key }?.1 ?? 0
        }
        self.generator = generator
        self.values = values
        count = Int(value(.count))
        keepsNumbers = request.keepsNumbers
        let size = request.resolution
        switch generator {
        case .geometric: images = GeometricImages(size: size, alpha: value(.alpha))
        case .disks: images = DiskImages(size: size, isContinuous: false)
        case .continuousDisks: images = DiskImages(size: size, isContinuous: true)
        case .sines: images = SineImages(size: size)
        case .ray: images = RayImages(size: size, alpha: value(.alpha))
        case .gaussian: images = GaussianImages(size: size, alpha: value(.alpha))
        default: return nil
        }
    }

    private static func value(
        _ parameter: ImageGenerator.Parameter, of request: DatasetRequest
    ) throws(DatasetPreparationError) -> Double {
        if let value = parameter.value(in: request) { return value }
        let (low, high) = (parameter.range.lowerBound, parameter.range.upperBound)
        let kind = parameter.isInteger ? "an integer" : "a number"
        let given = request.parameters[parameter.name].map { String("\($0)".prefix(80)) } ?? "nothing"
        throw .badKey(
            parameter.key,
            expected: "\(kind) \(parameter.isOpenBelow ? "above" : "from") \(Int(low)) to \(Int(high))", got: given)
    }

    /// The keys of a training's spec for these images, less those that equal an earlier one.
    package func identity(_ account: DatasetAccount) -> DatasetIdentity {
        var keys: [String: JSONValue] = [
            "dataset.generator": .string(generator.name),
            "dataset.generator_version": .integer(
                Int64(account.equal > 0 ? generator.thinnedVersion : generator.version)),
        ]
        for (key, value) in values { keys[key] = Int64(exactly: value).map { .integer($0) } ?? .number(value) }
        return DatasetIdentity(keys: keys, account: account)
    }

    /// Makes the images in order and hands over each: with its pixels where it differs from all before it, without them
    /// where it does not. With the generator's own `version`, that of the first release, all have pixels; without a version
    /// it is today's. Throws what `body` does. Returns nil for a version that does not exist.
    package func forEach(
        version: Int? = nil, _ body: (_ index: Int, _ pixels: [UInt8]?) throws -> Void
    ) rethrows -> DatasetAccount? {
        guard version == nil || version == generator.version || version == generator.thinnedVersion else { return nil }
        let keepsAll = version == generator.version
        var seen: Set<Digest> = []
        for first in stride(from: 0, to: count, by: Self.block) {
            let made = images.images(first..<min(first + Self.block, count))
            for (offset, image) in made.enumerated() {
                try body(first + offset, keepsAll || seen.insert(image.digest).inserted ? image.pixels : nil)
            }
        }
        var account = DatasetAccount(found: count, used: keepsAll ? count : seen.count)
        account.equal = count - account.used
        return account
    }

    /// The number of images that are made at a time.
    private static let block = 1024

    /// A text of everything that the prepared images depend on; `version` is that of `forEach`.
    package func fingerprint(version: Int?) -> String {
        let parameters = values.map { "\($0.key)=\($0.value)" }.joined(separator: ";")
        return "\(generator.name)/\(generator.version);\(images.size);\(parameters)"
            + (version == generator.version ? "" : ";distinct") + (keepsNumbers ? ";numbered" : "")
    }
}
