import JobContract

extension DatasetRequest {
    /// Whether a training of this spec reads the images asked for here: its identity says of what generator, with what
    /// parameters, or of what digest they are, and in what size.
    ///
    /// Files are known by their digest alone, which whoever prepares them compares.
    package func agrees(with spec: [String: JSONValue]) -> Bool {
        func says(_ key: String, _ value: JSONValue) -> Bool {
            guard let said = spec[key] else { return true }
            if let said = said.doubleValue, let value = value.doubleValue { return said == value }
            return said.canonical == value.canonical
        }
        guard says("dataset.resolution", .integer(Int64(resolution))),
            says("dataset.channels", .integer(Int64(channels)))
        else { return false }
        for (name, value) in parameters where !Self.pathParameters.contains(name) {
            guard says("dataset.\(name)", value) else { return false }
        }
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
