import JobContract

/// What keys a dataset's permutation: its identity as text.
///
/// For files the text is `digest:<hex>` of the prepared file, for samples of a trial `samples:<dataset.samples as JSON>`. For generators it is
/// `generator:<name>/<version>;<parameter>=<value>;…`, the parameters sorted by name, and so it does not depend on
/// any file. Where `dataset.order` is `source` it is `source:<number of images found>`. The seed is the first eight bytes,
/// big-endian, of SHA-256 of `eigensweep-split/1;<text>;subset_seed=<seed>`.
package struct DatasetKey: Hashable, Sendable {
    package let text: String

    /// The key of a source of so many images, however many of them were left out: `source:<found>`. So all datasets that are
    /// prepared from one source are drawn alike.
    package init(sourceOf found: Int) { text = "source:\(found)" }

    private init(text: String) { self.text = text }

    /// The key of a prepared file.
    package init(digest: Digest) { text = "digest:\(digest.hex)" }

    /// The key of a generator. Whole numbers are written alike whether they came as integers or as numbers.
    package init(generator: String, version: Int, parameters: [String: JSONValue]) {
        let pairs = parameters.sorted { $0.key < $1.key }.map { ";\($0.key)=\(Self.text(of: $0.value))" }
        text = "generator:\(generator)/\(version)\(pairs.joined())"
    }

    /// Reads the identity from the flat keys of a training's spec: `dataset.digest`, or `dataset.generator`,
    /// `dataset.generator_version`, `dataset.resolution`, `dataset.channels` and the generator's parameters.
    package init(spec: [String: JSONValue]) throws(DatasetError) {
        if let generator = spec["dataset.generator"]?.stringValue {
            var parameters: [String: JSONValue] = [:]
            for name in ["alpha", "channels", "count", "resolution"] {
                parameters[name] = spec["dataset.\(name)"]
            }
            self.init(
                generator: generator, version: try spec.integer("dataset.generator_version"), parameters: parameters)
        } else if let samples = spec["dataset.samples"] {
            guard let json = try? JSONText.write(samples) else {
                throw .badKey("dataset.samples", expected: "numbers and texts", got: "others")
            }
            self.init(text: "samples:\(json)")
        } else {
            let hex = spec["dataset.digest"]?.stringValue ?? ""
            guard let digest = Digest(hex: hex) else {
                throw .badKey("dataset.digest", expected: "64 hexadecimal digits", got: "\"\(hex.prefix(80))\"")
            }
            self.init(digest: digest)
        }
    }

    /// The seed of the permutation.
    package func seed(subsetSeed: Int) -> UInt64 {
        let hex = Digest(of: "eigensweep-split/1;\(text);subset_seed=\(subsetSeed)".utf8).hex
        return UInt64(hex.prefix(16), radix: 16) ?? 0
    }

    private static func text(of value: JSONValue) -> String {
        if let integer = value.integerValue { return "\(integer)" }
        if let number = value.doubleValue { return "\(number)" }
        return value.stringValue ?? value.boolValue.map { "\($0)" } ?? ""
    }
}

extension [String: JSONValue] {
    /// The integer at `key`.
    func integer(_ key: String) throws(DatasetError) -> Int {
        guard let value = self[key]?.integerValue else {
            let got = self[key].map { "\($0)" } ?? "nothing"
            throw .badKey(key, expected: "an integer", got: String(got.prefix(80)))
        }
        return value
    }
}
