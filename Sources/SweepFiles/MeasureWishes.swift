import JobContract
import SweepModel

extension MeasureWish {
    /// Measures with every parameter resolved, the worker's defaults where the file says nothing: those of one trial,
    /// and those of several.
    static func resolve(
        _ wishes: [MeasureWish], by worker: WorkerDescription
    ) throws(SweepFileError) -> (single: [MeasureRequest], comparisons: [ComparisonWish]) {
        var single: [MeasureRequest] = []
        var comparisons: [ComparisonWish] = []
        for wish in wishes {
            let (request, across) = try wish.resolved(by: worker)
            let isKnown =
                single.contains(request) || comparisons.contains { $0.request == request && $0.across == across }
            if isKnown {
                throw SweepFileError("this measure is asked for twice", key: "measures.\(wish.name)", at: wish.origin)
            }
            if let across {
                try wish.check(across, by: worker)
                comparisons.append(ComparisonWish(request: request, across: across, origin: wish.origin))
            } else {
                single.append(request)
            }
        }
        return (single, comparisons)
    }

    /// The request, and of a comparison the keys in which its trials differ.
    private func resolved(
        by worker: WorkerDescription
    ) throws(SweepFileError) -> (request: MeasureRequest, across: [String]?) {
        guard var request = worker.measures.first(where: { $0.measure == name }) else {
            let names = worker.measures.map(\.measure)
            let advice = names.isEmpty ? "; it has none" : NearestName.advice(for: name, among: names)
            throw SweepFileError("the worker \(worker.name) has no such measure\(advice)", key: name, at: origin)
        }
        request.parameters = request.parameters.mapValues(\.canonical)
        var across = request.isComparison ? ComparisonWish.usualKeys : nil
        for (parameter, tree) in parameters {
            if parameter == "across", across != nil {
                across = try Self.keys(tree)
                continue
            }
            guard parameter != MeasureRequest.partners, let fallback = request.parameters[parameter] else {
                let names =
                    request.parameters.keys.filter { $0 != MeasureRequest.partners }.sorted()
                    + (across == nil ? [] : ["across"])
                let advice = names.isEmpty ? "; it has none" : NearestName.advice(for: parameter, among: names)
                throw tree.failure("no such parameter\(advice)", key: "\(name).\(parameter)")
            }
            let value = tree.value.canonical
            let isNegative = (value.doubleValue ?? 0) < 0 && (fallback.doubleValue ?? -1) >= 0
            guard Self.isAlike(value, fallback), !isNegative else {
                throw tree.failure(
                    "expected \(Self.kind(of: fallback))\(isNegative ? ", at least 0" : ""), such as \(fallback.flowYAML), got \(value.flowYAML)",
                    key: "\(name).\(parameter)")
            }
            request.parameters[parameter] = value
        }
        return (request, across)
    }

    /// Trials that differ in no key of their images have the same ones.
    private func check(_ across: [String], by worker: WorkerDescription) throws(SweepFileError) {
        let declared = worker.quantities?[name] ?? []
        guard !declared.isEmpty, declared.allSatisfy({ $0.needs?.contains(.subsets) == true }) else { return }
        let ofImages = across.filter { $0.hasPrefix("dataset.") && $0 != "dataset.flip" }
        guard ofImages.isEmpty else { return }
        throw SweepFileError(
            "it tells apart what networks of different images made, but across \(across.joined(separator: ", ")) they are "
                + "of the same images, and it is zero by construction; compare across dataset.part or dataset.subset_seed",
            key: "measures.\(name)", at: origin)
    }

    /// One key or several.
    private static func keys(_ tree: YAMLTree) throws(SweepFileError) -> [String] {
        var keys: [String] = []
        for item in tree.list ?? [tree] {
            keys.append(try SpecKey.find(try item.text("a key, such as dataset.part"), at: item.origin).name)
        }
        guard !keys.isEmpty else { throw tree.failure("expected at least one key", key: "across") }
        return keys
    }

    /// Whether a value is of its default's type. A whole default number admits any number only where the value is
    /// whole too; lists are alike when their elements are numbers, or texts.
    private static func isAlike(_ value: JSONValue, _ fallback: JSONValue) -> Bool {
        switch (value, fallback) {
        case (.integer, .integer), (.integer, .number), (.number, .number), (.bool, .bool), (.string, .string),
            (_, .null):
            true
        case (.array(let values), .array(let fallbacks)):
            !values.isEmpty
                && values.allSatisfy { value in
                    fallbacks.isEmpty
                        || fallbacks.contains {
                            ($0.doubleValue != nil) == (value.doubleValue != nil) && value != .null
                        }
                }
        case (.object, .object): true
        default: false
        }
    }

    private static func kind(of value: JSONValue) -> String {
        switch value {
        case .null: "a value"
        case .bool: "true or false"
        case .integer: "an integer"
        case .number: "a number"
        case .string: "a text"
        case .array: "a list"
        case .object: "a mapping"
        }
    }
}
