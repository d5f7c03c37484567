import Tensors

/// How a checkpoint holds its network.
package struct CheckpointForm: Sendable, Hashable {
    /// The text before the published names, which wrappers of networks put there; may be empty.
    package var prefix: String
    /// Types of the elements of its floating-point tensors: `F32`, `F16` and so on.
    package var elements: [String]
    /// Tensors of the file that were not read: other networks by their prefixes, and the wrappers' counters.
    package var leftAside: [String]
}

extension SafetensorsFile {
    /// Prefixes by which wrappers name a network's tensors: parallel training, averages, compilation.
    private static let wrappers = ["module.", "ema.", "_orig_mod."]
    /// The counter that `AveragedModel` of PyTorch stores beside the tensors.
    private static let counter = "n_averaged"

    /// The network's tensors under their published names, and how the file had them. Of several networks in one file the
    /// averaged one (`ema.`) is read. Several of which none, or more than one, is averaged are an error.
    package func unwrapped() throws(SafetensorsError) -> (file: SafetensorsFile, form: CheckpointForm) {
        var groups: [String: [String]] = [:]
        var leftAside: [String] = []
        for name in names {
            let (prefix, rest) = Self.parted(name)
            if rest == Self.counter { leftAside.append(name) } else { groups[prefix, default: []].append(name) }
        }
        let averaged = groups.keys.filter { $0.contains("ema.") }
        let candidates = averaged.isEmpty ? Array(groups.keys) : averaged
        guard candidates.count <= 1 else {
            let shown = candidates.sorted().map { $0.isEmpty ? "none" : "'\($0)'" }.joined(separator: ", ")
            throw error(
                nil, "holds tensors with several prefixes (\(shown)): expected one network, or one under 'ema.'")
        }
        let prefix = candidates.first ?? ""
        leftAside += groups.keys.filter { $0 != prefix }.sorted().map {
            $0.isEmpty ? "tensors without a prefix" : "\($0)*"
        }
        var file = SafetensorsFile(name: name)
        file.metadata = metadata
        var elements: Set<String> = []
        for full in groups[prefix] ?? [] {
            guard let entry = entries[full] else { continue }
            file.set(String(full.dropFirst(prefix.count)), type: entry.type, shape: entry.shape, bytes: entry.bytes)
            elements.insert(entry.type.rawValue)
        }
        return (file, CheckpointForm(prefix: prefix, elements: elements.sorted(), leftAside: leftAside))
    }

    private static func parted(_ name: String) -> (prefix: String, rest: Substring) {
        var rest = Substring(name)
        while let wrapper = wrappers.first(where: rest.hasPrefix) { rest = rest.dropFirst(wrapper.count) }
        return (String(name.dropLast(rest.count)), rest)
    }
}
