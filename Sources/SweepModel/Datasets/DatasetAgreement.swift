import JobContract

extension DatasetRequest {
    /// Whether a training of this spec reads the images that are asked for here. Its spec says their size, and their
    /// generator with its parameters or their digest.
    ///
    /// Images from files are known by their digest alone, which is not compared here but when they are prepared.
    package func agrees(with spec: [String: JSONValue]) -> Bool {
        func says(_ key: String, _ value: JSONValue) -> Bool {
            guard let said = spec[key] else { return true }
            if let said = said.doubleValue, let value = value.doubleValue { return said == value }
            return said.canonical == value.canonical
        }
        guard says("dataset.resolution", .integer(Int64(resolution))),
            says("dataset.channels", .integer(Int64(channels)))
        else { return false }
        for (name, value) in parameters where !Self.unnamedParameters.contains(name) {
            guard says("dataset.\(name)", value) else { return false }
        }
        if let samples {
            return samples.teacher != nil
                && samples.identity.keys.allSatisfy { spec[$0.key]?.canonical == $0.value.canonical }
                && spec["dataset.generator"] == nil && spec["dataset.digest"] == nil
        }
        guard spec["dataset.samples"] == nil else { return false }
        guard let generator = ImageGenerator.all.first(where: { $0.name == source }) else {
            return spec["dataset.generator"] == nil && source.hasPrefix("/")
                && spec["dataset.digest"]?.stringValue.flatMap { Digest(hex: $0) } != nil
        }
        return spec["dataset.generator"]?.stringValue == source && spec["dataset.digest"] == nil
            && generator.parameters.allSatisfy { parameter in
                parameter.value(in: self).map { says(parameter.key, .number($0)) } ?? false
            }
    }
}

/// What the trainings that read one dataset say of it in their specs. A sweep may have a million of them: each spec's text
/// is compared without being parsed.
struct DatasetFacts: Sendable {
    private let facts: [(name: String, value: JSONValue?, key: [UInt8], text: [UInt8]?)]

    /// Takes the facts from the spec of one of these trainings. Nil where it tells of other images than `request` asks for.
    init?(_ request: DatasetRequest, of spec: [String: JSONValue]) {
        guard request.agrees(with: spec) else { return nil }
        let names =
            ["digest", "generator", "generator_version", "samples", "resolution", "channels"]
            + request.parameters.keys.filter { !DatasetRequest.unnamedParameters.contains($0) }
            + (ImageGenerator.all.first { $0.name == request.source }?.parameters.map(\.name) ?? [])
        facts = Set(names).sorted().compactMap { name in
            let key = "dataset.\(name)"
            let value = spec[key]
            guard let quoted = try? CanonicalJSON.encode(.string(key)) else { return nil }
            return (key, value, quoted + [UInt8(ascii: ":")], value.flatMap { try? CanonicalJSON.encode($0) })
        }
    }

    func hold(of training: Training) -> Bool {
        if case .text(let table, let index) = training.record {
            return facts.allSatisfy { table.holds(key: $0.key, value: $0.text, at: index) }
        }
        return facts.allSatisfy { training[$0.name]?.canonical == $0.value?.canonical }
    }
}
