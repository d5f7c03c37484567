import JobContract

/// A dataset as a sweep asks for it: what preparing it depends on.
package struct DatasetRequest: Hashable, Sendable {
    /// The name of a built-in generator ("geometric"), the path of a zip or folder of images, or the text of a
    /// `SamplesSource`.
    package var source: String
    package var resolution: Int
    package var channels: Int
    /// Everything else that the images depend on: a generator's parameters (`ImageGenerator`) or the `fileParameters`,
    /// and `order` where it is `source`.
    package var parameters: [String: JSONValue]

    package init(source: String, resolution: Int, channels: Int, parameters: [String: JSONValue] = [:]) {
        self.source = source
        self.resolution = resolution
        self.channels = channels
        self.parameters = parameters
    }
}

/// The keys that stand for a dataset in a training's spec, and the dataset's account.
package struct DatasetIdentity: Hashable, Sendable {
    /// Flat keys: `dataset.digest` of the prepared file, `dataset.generator` and `dataset.generator_version`, or
    /// `dataset.samples`.
    package var keys: [String: JSONValue]
    /// What the dataset consists of.
    package var account: DatasetAccount

    /// How many of the images may be trained on, where that is given; the others are for holding out.
    package var pool: Int? { account.training }

    /// The number of images in the dataset.
    package var images: Int {
        get { account.used }
        set { account.used = newValue }
    }

    package init(keys: [String: JSONValue], account: DatasetAccount) {
        self.keys = keys
        self.account = account
    }

    /// A dataset of that many images, of whose source nothing is known.
    package init(keys: [String: JSONValue], images: Int) {
        self.init(keys: keys, account: DatasetAccount(found: images, used: images))
    }
}

/// An error that is the fault of the dataset asked for, and not of the machine that looked for it.
package protocol DatasetProblem: Error, CustomStringConvertible {
    /// The key of the sweep that is to blame.
    var key: String { get }
    /// What is wrong, without the key's name.
    var problem: String { get }
}
