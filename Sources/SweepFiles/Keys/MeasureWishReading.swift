import JobContract
import Quantities
import SweepModel

/// A measure as asked for, with every parameter resolved, the worker's defaults where the file says nothing.
struct ResolvedWish: Sendable {
    var request: MeasureRequest
    /// The keys in which the trials of a comparison differ; nil for a measure of one trial.
    var across: [String]?
    /// The rules by which the measure needs something of trials.
    var rules: [MeasureRule]
    /// Whether the measure draws samples whichever quantity is asked for.
    var samples: Bool
    /// Whether the trials of a comparison must be of different images.
    var isOfSubsets: Bool
    /// The parameters that the file gives.
    var given: [String: YAMLTree]
    var origin: TextOrigin

    var name: String { request.measure }
}

extension MeasureWish {
    static func resolve(
        _ wishes: [MeasureWish], by worker: WorkerDescription, keys: KeyTable
    ) throws(SweepFileError) -> [ResolvedWish] {
        var resolved: [ResolvedWish] = []
        var faults = SweepFileError.Faults()
        for wish in wishes {
            faults.collect { () throws(SweepFileError) in
                let next = try wish.resolved(by: worker, keys: keys)
                if resolved.contains(where: { $0.request == next.request && $0.across == next.across }) {
                    throw SweepFileError(
                        "this measure is asked for twice", key: "measures.\(wish.name)", at: wish.origin)
                }
                resolved.append(next)
            }
        }
        try faults.check()
        return resolved
    }

    private func resolved(by worker: WorkerDescription, keys: KeyTable) throws(SweepFileError) -> ResolvedWish {
        guard var request = worker.measures.first(where: { $0.measure == name }) else {
            let names = worker.measures.map(\.measure)
            if let offer = worker.denoise, !offer.derivative, KnownQuantities.needsDerivative(name) {
                throw SweepFileError(
                    "it is taken by products with the Jacobian, which the worker \(worker.name) does not offer",
                    key: "measures.\(name)", at: origin)
            }
            if worker.denoise != nil, keys.other == nil, KnownQuantities.all.contains(where: { $0.name == name }) {
                throw SweepFileError(
                    "the worker \(worker.name) has no such measure, but \(WorkerCommand.ours) can take it: expected "
                        + "`measures: \(WorkerCommand.ours)` in worker", key: name, at: origin)
            }
            let advice = names.isEmpty ? "; it has none" : NearestName.advice(for: name, among: names)
            throw SweepFileError("the worker \(worker.name) has no such measure\(advice)", key: name, at: origin)
        }
        request.parameters = request.parameters.mapValues(\.canonical)
        let declared = worker.parameters?[name] ?? []
        var across = request.isComparison ? ComparisonWish.usualKeys : nil
        var given: [String: YAMLTree] = [:]
        var faults = SweepFileError.Faults()
        for (parameter, tree) in parameters {
            faults.collect { () throws(SweepFileError) in
                if parameter == "across", across != nil {
                    across = try Self.keys(tree, of: keys)
                    given[parameter] = tree
                    return
                }
                guard parameter != MeasureRequest.othersParameter, let fallback = request.parameters[parameter] else {
                    let names =
                        request.parameters.keys.filter { $0 != MeasureRequest.othersParameter }.sorted()
                        + (across == nil ? [] : ["across"])
                    let advice = names.isEmpty ? "; it has none" : NearestName.advice(for: parameter, among: names)
                    throw tree.failure("no such parameter\(advice)", key: "\(name).\(parameter)")
                }
                let value = tree.value.canonical
                if let declaration = declared.first(where: { $0.name == parameter }) {
                    try check(tree, value, as: declaration)
                } else {
                    try check(tree, value, like: fallback, parameter)
                }
                request.parameters[parameter] = value
                given[parameter] = tree
            }
        }
        try faults.check()
        for (parameter, tree) in parameters {
            guard let condition = declared.first(where: { $0.name == parameter })?.when,
                !condition.holds(of: request.parameters)
            else { continue }
            let wanted = condition.sorted { $0.key < $1.key }.map {
                "\($0.key) has \($0.value.joined(separator: " or "))"
            }
            let found = condition.keys.sorted().map { "\($0) is \((request.parameters[$0] ?? .null).flowYAML)" }
            throw tree.failure(
                "is read only where \(wanted.joined(separator: " and ")), but \(found.joined(separator: " and ")): "
                    + "expected it left out", key: "\(name).\(parameter)")
        }
        let quantities = worker.quantities?[name] ?? []
        let resolved = ResolvedWish(
            request: request, across: across, rules: worker.rules?[name] ?? [], samples: worker.samples(name),
            isOfSubsets: !quantities.isEmpty && quantities.allSatisfy { $0.needs?.contains(.subsets) == true },
            given: given, origin: origin)
        try resolved.checkKeys()
        return resolved
    }

    /// Checks a value by what the worker declares of its parameter.
    private func check(
        _ tree: YAMLTree, _ value: JSONValue, as declaration: ParameterDeclaration
    ) throws(SweepFileError) {
        guard let fault = declaration.fault(value) else { return }
        let wrong = fault.element.flatMap { element in tree.list.map { $0[element] } } ?? tree
        let got = wrong.isEmpty ? "nothing" : wrong.value.canonical.flowYAML
        var message = "expected \(fault.expected), got \(got)"
        if declaration.words == nil, let text = wrong.value.stringValue,
            let nearest = NearestName.nearest(to: text, among: declaration.choices ?? [])
        {
            message += "; did you mean \(nearest)?"
        } else if let place = fault.element {
            message += ", element \(place + 1)"
        }
        throw wrong.failure(message, key: "\(name).\(declaration.name)")
    }

    /// Checks a value by its default, where the worker declares nothing of the parameter.
    private func check(
        _ tree: YAMLTree, _ value: JSONValue, like fallback: JSONValue, _ parameter: String
    ) throws(SweepFileError) {
        let isNegative = (value.doubleValue ?? 0) < 0 && (fallback.doubleValue ?? -1) >= 0
        guard Self.isAlike(value, fallback), !isNegative else {
            throw tree.failure(
                "expected \(Self.kind(of: fallback))\(isNegative ? ", at least 0" : ""), such as \(fallback.flowYAML), got \(value.flowYAML)",
                key: "\(name).\(parameter)")
        }
    }

    /// The keys after `across`, one or several.
    private static func keys(_ tree: YAMLTree, of table: KeyTable) throws(SweepFileError) -> [String] {
        var keys: [String] = []
        for item in tree.list ?? [tree] {
            keys.append(try table.find(try item.text("a key, such as dataset.part"), at: item.origin).name)
        }
        guard !keys.isEmpty else { throw tree.failure("expected at least one key", key: "across") }
        return keys
    }

    /// Whether a value is of its default's type. A default that is an integer admits integers alone; a list is alike where
    /// its elements are numbers if the default's are, and no numbers if not.
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
