import JobContract

/// What `eigensweep-worker inspect` says of a checkpoint.
package struct CheckpointInspection: Hashable, Sendable, Codable {
    /// The keys of a sweep that make its network.
    package var keys: [String: JSONValue]
    /// The file's digest and size.
    package var weights: Digest
    package var bytes: Int
    package var parameters: Int
    /// The text before the names of all its tensors, and the parts of the file that were not read.
    package var prefix: String?
    package var leftAside: [String]?
    /// Types of the elements of its tensors.
    package var elements: [String]?
    /// How the network does on the images that it is said to be trained on, where these were shown.
    package var fit: Fit?

    /// PSNR on noised training images: that of the network, and that of the images' Fourier Wiener filter.
    package struct Fit: Hashable, Sendable, Codable {
        package var sigma: Double
        package var decibels: Double
        package var ofFilter: Double

        package init(sigma: Double, decibels: Double, ofFilter: Double) {
            self.sigma = sigma
            self.decibels = decibels
            self.ofFilter = ofFilter
        }
    }

    /// Notes for people on how the file holds its network.
    package var notes: [String] {
        var notes: [String] = []
        let elements = elements ?? []
        let prefix = prefix.map { $0.isEmpty ? "names without a prefix" : "names behind the prefix \($0)" }
        if let prefix, !elements.isEmpty {
            notes.append("weights in \(elements.joined(separator: " and ")), \(prefix)")
        }
        if let leftAside, !leftAside.isEmpty { notes.append("not read: \(leftAside.joined(separator: ", "))") }
        return notes
    }

    /// The decibels by which a network must be worse than the filter to be noted: 3 dB are twice the squared error. Small
    /// networks after short trainings are worse by less.
    private static let margin = 3.0

    /// Notes for people on a network that does badly on the images that it is said to be trained on.
    package static func notes(of fit: Fit?) -> [String] {
        guard let fit, fit.decibels < fit.ofFilter - margin else { return [] }
        func shown(_ decibels: Double) -> Double { (decibels * 10).rounded() / 10 }
        return [
            "at σ = \(fit.sigma) it denoises these images far worse than a linear filter of theirs does, "
                + "\(shown(fit.decibels)) dB against \(shown(fit.ofFilter)): was it trained on others, or were they prepared "
                + "in another way, or was it hardly trained?"
        ]
    }

    package init(keys: [String: JSONValue], weights: Digest, bytes: Int, parameters: Int) {
        self.keys = keys
        self.weights = weights
        self.bytes = bytes
        self.parameters = parameters
    }
}

/// A sweep of networks that were trained elsewhere, as text that `SweepFile` reads: each is a block of its grid.
package struct AdoptedSweep {
    private var content: [String: JSONValue]

    package init(name: String) {
        content = ["name": .string(name), "about": "Networks that were trained elsewhere"]
    }

    /// Goes on with a sweep that was made here. Nil where `text` is another sweep's.
    package init?(text: String) {
        guard let content = JSONText.object(text), content["grid"]?.arrayValue != nil else { return nil }
        self.content = content
    }

    /// The text of the sweep.
    package var text: String {
        get throws { String(decoding: try CanonicalJSON.encode(.object(content)), as: UTF8.self) }
    }

    /// Adds a network by the keys of its one trial; one that is there already stays.
    package mutating func add(_ keys: [String: JSONValue]) {
        append(.object(keys.mapValues { .array([$0]) }), to: "grid")
    }

    /// Adds measures to those that are wanted of every network here, in the words of a sweep file's list:
    /// `linearity, memorization: {samples: 64}`. Throws SweepFileError for what is no list.
    package mutating func addMeasures(_ words: String) throws {
        let tree = try YAMLTree(parsing: "[\(words)]", file: "--measure \(words)", withLines: false)
        for measure in tree.list ?? [] { append(measure.value, to: "measures") }
    }

    private mutating func append(_ value: JSONValue, to key: String) {
        let known = content[key]?.arrayValue ?? []
        if !known.contains(value) { content[key] = .array(known + [value]) }
    }

    /// The key and value of `key=value`, the value as in a sweep file. Throws SweepFileError.
    package static func setting(_ text: String) throws -> (key: String, value: JSONValue) {
        let origin = TextOrigin(file: "--set \(text)")
        guard let sign = text.firstIndex(of: "="), sign != text.startIndex else {
            throw SweepFileError("expected key=value", at: origin)
        }
        let key = try KeyTable.ours.find(String(text[..<sign]).trimmingSpace, at: origin)
        let tree = try YAMLTree(
            parsing: String(text[text.index(after: sign)...]), file: origin.file, withLines: false)
        return (key.name, try key.read(tree))
    }
}
