import JobContract
import SweepModel

/// A key of a trial: its type, range, default and meaning.
package struct SpecKey: Hashable, Sendable {
    /// The values that a key may have.
    package enum Kind: Hashable, Sendable {
        case integer(ClosedRange<Int64>, multipleOf: Int64)
        /// An integer of a short list.
        case oneOf([Int64])
        /// Bounds are part of the range unless the flag says otherwise.
        case number(ClosedRange<Double>, openBelow: Bool = false, openAbove: Bool = false)
        case flag
        case choice([String])
        case text
        case integers(ClosedRange<Int64>, count: ClosedRange<Int>)
        /// `{index: i, of: k}`, also written `i/k`.
        case part
        /// The SHA-256 of a file as 64 lower-case hexadecimal digits, or `none`.
        case digest
        /// As a worker declares it of a key of its own.
        case declared(ParameterDeclaration)
    }

    /// The use of a key.
    package enum Role: Hashable, Sendable {
        /// Written to the spec under its own name.
        case spec
        /// Replaced in the spec by the dataset's identity.
        case dataset
        /// The length: not in the spec, in the trial's ID as optimiser steps.
        case length
    }

    /// Defaults that depend on another key, the chooser: those that differ from `fallback`, by the chooser's value.
    package struct Exceptions: Hashable, Sendable {
        package let chooser: String
        package let values: [String: JSONValue]
    }

    package let name: String
    package let kind: Kind
    package let role: Role
    /// Whether the key joined after the first release: then it is not in the spec while its value is `fallback`, so that
    /// trainings keep the names they had without it.
    package let isLater: Bool
    /// The default, which never changes; nil where the key must be given.
    package let fallback: JSONValue?
    package let exceptions: Exceptions?
    package let reader: KeyReader
    package let meaning: String

    /// The key by whose value it has its default, or is there at all; nil for keys that have one in any case.
    var chooser: String? {
        if case .ownArchitectures = reader { return "model.architecture" }
        return exceptions?.chooser
    }

    /// The default where the chooser has the value `choice`. A worker's own key has none where that does not read it: specs
    /// are without it then.
    package func fallback(for choice: String) -> JSONValue? {
        if case .ownArchitectures(let names) = reader, !names.contains(choice) { return nil }
        return exceptions?.values[choice] ?? fallback
    }

    /// Whether a spec names the key with this value.
    package func isWritten(_ value: JSONValue) -> Bool { role == .spec && !(isLater && value == fallback) }

    /// The keys of this release, in the documentation's order.
    package static let all: [SpecKey] = datasetKeys + modelKeys + trainingKeys

    package static func named(_ name: String) -> SpecKey? { byName[name] }
    private static let byName = Dictionary(uniqueKeysWithValues: all.map { ($0.name, $0) })

    package static let lengthKeys = all.filter { $0.role == .length }.map(\.name)

    /// Integers that JSON holds exactly, up to 2⁵³ − 1.
    static let counted: ClosedRange<Int64> = 0...9_007_199_254_740_991
    static let positive: ClosedRange<Int64> = 1...9_007_199_254_740_991

    /// Whether computed axis values are rounded to whole numbers.
    var isInteger: Bool {
        switch kind {
        case .integer, .oneOf: true
        case .number, .flag, .choice, .text, .integers, .part, .digest: false
        case .declared(let values): values.kind == .integer && values.list == nil
        }
    }

    /// Whether its values are single numbers, which an axis can compute.
    var isNumber: Bool {
        switch kind {
        case .integer, .oneOf, .number: true
        case .flag, .choice, .text, .integers, .part, .digest: false
        case .declared(let values): (values.kind == .integer || values.kind == .number) && values.list == nil
        }
    }

    /// Whether its values are lists.
    var isList: Bool {
        switch kind {
        case .integers: true
        case .integer, .oneOf, .number, .flag, .choice, .text, .part, .digest: false
        case .declared(let values): values.list != nil
        }
    }

    /// The texts that it has, or that elements of its lists have; none where any text will do.
    private var choices: [String] {
        switch kind {
        case .choice(let names): names
        case .declared(let values): values.choices ?? []
        case .integer, .oneOf, .number, .flag, .text, .integers, .part, .digest: []
        }
    }

    /// Type and range in words.
    package var expected: String {
        switch kind {
        case .integer(let range, let multiple):
            (multiple == 2 ? "an even integer" : multiple > 1 ? "a multiple of \(multiple)" : "an integer")
                + (range.upperBound == Self.counted.upperBound
                    ? ", at least \(range.lowerBound)" : " from \(range.lowerBound) to \(range.upperBound)")
        case .oneOf(let values): values.map(String.init).joined(separator: " or ")
        case .number(let range, let openBelow, let openAbove):
            Self.bounds(range, openBelow, openAbove)
        case .flag: "true or false"
        case .choice(let names): names.joined(separator: " or ")
        case .text: "text"
        case .integers(let range, let count):
            "a list of \(count.lowerBound == 0 ? "" : "at least \(count.lowerBound) and ")at most \(count.upperBound) "
                + "integers from \(range.lowerBound) to \(range.upperBound)"
        case .part: "{index: i, of: k} with 0 ≤ i < k"
        case .digest: "none, or the SHA-256 of a file"
        case .declared(let values): values.expected
        }
    }

    private static func bounds(_ range: ClosedRange<Double>, _ openBelow: Bool, _ openAbove: Bool) -> String {
        let lower = JSONValue.number(range.lowerBound).canonical.flowYAML
        let upper = JSONValue.number(range.upperBound).canonical.flowYAML
        if range.lowerBound == range.upperBound { return lower }
        let above = openBelow ? "above \(lower)" : "at least \(lower)"
        if range.upperBound >= 1e15 { return "a number \(above)" }
        return "a number \(above) and \(openAbove ? "below" : "at most") \(upper)"
    }

    /// The value as the spec holds it, or nil where it is of the wrong type or out of range.
    package func admit(_ value: JSONValue) -> JSONValue? {
        switch kind {
        case .integer(let range, let multiple):
            guard let integer = value.integerValue.map(Int64.init), range.contains(integer),
                integer.isMultiple(of: multiple)
            else { return nil }
            return .integer(integer)
        case .oneOf(let values):
            guard let integer = value.integerValue.map(Int64.init), values.contains(integer) else { return nil }
            return .integer(integer)
        case .number(let range, let openBelow, let openAbove):
            guard let number = value.doubleValue, number.isFinite, range.contains(number),
                !(openBelow && number == range.lowerBound), !(openAbove && number == range.upperBound)
            else { return nil }
            return JSONValue.number(number).canonical
        case .flag: return value.boolValue.map(JSONValue.bool)
        case .choice(let names): return value.stringValue.flatMap { names.contains($0) ? .string($0) : nil }
        case .text: return value.stringValue.flatMap { $0.isEmpty ? nil : .string($0) }
        case .integers(let range, let count):
            guard let items = value.arrayValue, count.contains(items.count) else { return nil }
            var integers: [JSONValue] = []
            for item in items {
                guard let integer = item.integerValue.map(Int64.init), range.contains(integer) else { return nil }
                integers.append(.integer(integer))
            }
            return .array(integers)
        case .declared(let values):
            guard values.fault(value) == nil else { return nil }
            return Self.canonical(value, isWhole: values.kind == .integer)
        case .digest:
            guard let text = value.stringValue else { return nil }
            return text == "none" ? value : Digest(hex: text).map { .string($0.hex) }
        case .part:
            guard let part = Self.part(value), part.index >= 0, part.index < part.of, part.of <= 65535 else {
                return nil
            }
            return ["index": .integer(Int64(part.index)), "of": .integer(Int64(part.of))]
        }
    }

    /// Numbers as specs have them; nil for integers that JSON does not hold exactly.
    private static func canonical(_ value: JSONValue, isWhole: Bool) -> JSONValue? {
        if let items = value.arrayValue {
            let all = items.compactMap { canonical($0, isWhole: isWhole) }
            return all.count == items.count ? .array(all) : nil
        }
        guard isWhole else { return value.canonical }
        guard let integer = value.integerValue.map(Int64.init), integer.magnitude <= counted.upperBound.magnitude else {
            return nil
        }
        return .integer(integer)
    }

    private static func part(_ value: JSONValue) -> (index: Int, of: Int)? {
        if let members = value.objectValue {
            guard members.count == 2, let index = members["index"]?.integerValue, let of = members["of"]?.integerValue
            else { return nil }
            return (index, of)
        }
        guard let pieces = value.stringValue?.split(separator: "/", omittingEmptySubsequences: false),
            pieces.count == 2, let index = Int(pieces[0]), let of = Int(pieces[1])
        else { return nil }
        return (index, of)
    }

    /// Reads one value of this key.
    func read(_ tree: YAMLTree) throws(SweepFileError) -> JSONValue {
        if name == "dataset.source", let members = tree.mapping {
            return .string(try SamplesSource(members, of: tree).text)
        }
        let value = textValue(of: tree) ?? tree.value
        guard let admitted = admit(value) else {
            var message = "expected \(expected), got \(value == .null ? "nothing" : value.flowYAML)"
            if let text = value.stringValue, let nearest = NearestName.nearest(to: text, among: choices) {
                message += "; did you mean \(nearest)?"
            }
            throw tree.failure(message, key: name)
        }
        return admitted
    }

    /// The value of a key of texts: scalars are texts, whatever they look like. Nil for other values.
    private func textValue(of tree: YAMLTree) -> JSONValue? {
        switch (kind, tree.content) {
        case (.text, .scalar(let text, _)), (.choice, .scalar(let text, _)), (.digest, .scalar(let text, _)):
            return .string(text)
        case (.declared(let values), .scalar(let text, _)) where values.kind == .text && !tree.isEmpty:
            return .string(text)
        case (.declared(let values), .list(let items)) where values.kind == .text && values.list != nil:
            return .array(items.map { textValue(of: $0) ?? $0.value })
        default: return nil
        }
    }
}
