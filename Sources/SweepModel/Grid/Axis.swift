import Glibc
import JobContract

/// The values of one axis of a grid, as written.
///
/// `description` is flow YAML that reads back as the same axis.
package enum Axis: Hashable, Sendable, CustomStringConvertible {
    case list([JSONValue])
    /// From `from` by `step`, half open: `to` is not reached.
    case range(from: Double, to: Double, step: Double)
    /// `count` equally spaced values, both ends included.
    case linear(from: Double, to: Double, count: Int)
    /// `count` values in equal ratio, both ends included.
    case geometric(from: Double, to: Double, count: Int)
    /// `from`, `from`·`factor`, … up to and including `to` where it is met.
    case multiplied(from: Double, to: Double, factor: Double)

    /// A way to write computed values, as people are told of it.
    package struct Form: Sendable {
        package let name: String
        package let shapes: [String]
        package let meaning: String
    }

    /// The forms beside lists.
    package static let forms = [
        Form(
            name: "range", shapes: ["{range: [from, to]}", "{range: [from, to, step]}"],
            meaning: "from `from` by `step` (1), `to` not included"),
        Form(
            name: "linear", shapes: ["{linear: {from: a, to: b, count: n}}"],
            meaning: "n in equal distance, both ends included"),
        Form(
            name: "geometric", shapes: ["{geometric: {from: a, to: b, count: n}}"],
            meaning: "n in equal ratio, both ends included"),
        Form(
            name: "geometric", shapes: ["{geometric: {from: a, to: b, factor: f}}"],
            meaning: "a, a·f, a·f², … as far as b"),
    ]

    /// The names of `forms`, once each.
    package static let formNames = forms.map(\.name).reduce(into: [String]()) { names, name in
        if !names.contains(name) { names.append(name) }
    }

    /// Why an axis has no values, and what was expected.
    package struct Failure: Error, Hashable, Sendable, CustomStringConvertible {
        package let description: String
    }

    /// No axis is longer.
    package static let longest = 1_000_000

    /// The values in order; computed ones are rounded to 12 significant digits, so that no library's powers can be
    /// seen in them.
    package func values() throws(Failure) -> [JSONValue] {
        if case .list(let values) = self {
            guard !values.isEmpty else { throw Failure(description: "the axis is empty: expected at least one value") }
            return values
        }
        return try points().map { JSONValue.number($0).canonical }
    }

    private func points() throws(Failure) -> [Double] {
        switch self {
        case .list: return []
        case .range(let from, let to, let step):
            try Self.check([from, to, step])
            guard step != 0 else { throw Failure(description: "the range's step is 0: expected another number") }
            let length = ((to - from) / step - 1e-9).rounded(.up)
            guard length >= 1 else {
                throw Failure(description: "the range is empty: from \(Self.text(from)) to \(Self.text(to)), half open")
            }
            let count = try Self.counted(length)
            return (0..<count).map { Self.tidy(from + Double($0) * step) }
        case .linear(let from, let to, let count):
            try Self.check([from, to])
            let last = try Self.last(count)
            return (0..<count).map {
                $0 == 0 ? from : $0 == last ? to : Self.tidy(from + (to - from) * Double($0) / Double(last))
            }
        case .geometric(let from, let to, let count):
            try Self.checkPositive(from, to)
            let last = try Self.last(count)
            return (0..<count).map {
                $0 == 0 ? from : $0 == last ? to : Self.tidy(from * pow(to / from, Double($0) / Double(last)))
            }
        case .multiplied(let from, let to, let factor):
            try Self.checkPositive(from, to)
            guard factor.isFinite, factor > 0, factor != 1, (factor > 1) == (to >= from) || from == to else {
                throw Failure(
                    description: "the factor \(Self.text(factor)) never leads from \(Self.text(from)) to "
                        + "\(Self.text(to)): expected one above 1 to rise, between 0 and 1 to fall")
            }
            let length = log(to / from) / log(factor) + 1e-9
            let count = try Self.counted(length.rounded(.down) + 1)
            var value = from
            return (0..<count).map { _ in
                defer { value *= factor }
                return Self.tidy(value)
            }
        }
    }

    private static func check(_ numbers: [Double]) throws(Failure) {
        guard numbers.allSatisfy(\.isFinite) else { throw Failure(description: "expected finite numbers") }
        guard numbers.allSatisfy({ $0.magnitude < 9e15 }) else {
            throw Failure(description: "expected numbers below 9e15 in magnitude")
        }
    }

    private static func checkPositive(_ from: Double, _ to: Double) throws(Failure) {
        try check([from, to])
        guard from > 0, to > 0 else {
            throw Failure(description: "a geometric axis needs from and to above 0, got \(text(from)) and \(text(to))")
        }
    }

    private static func counted(_ length: Double) throws(Failure) -> Int {
        guard length <= Double(longest) else {
            throw Failure(description: "the axis has more than \(longest) values")
        }
        return Int(length)
    }

    private static func last(_ count: Int) throws(Failure) -> Int {
        guard count >= 1, count <= longest else {
            throw Failure(description: "expected a count between 1 and \(longest), got \(count)")
        }
        return count - 1
    }

    /// Rounds to 12 significant digits.
    private static func tidy(_ value: Double) -> Double {
        // Rounding would leave whole numbers of so few digits as they are.
        if value.magnitude < 1e11, value == value.rounded() { return value }
        var text = [CChar](repeating: 0, count: 32)
        _ = withVaList([value]) { vsnprintf(&text, 32, "%.11e", $0) }
        return strtod(text, nil)
    }

    private static func text(_ value: Double) -> String { JSONValue.number(value).canonical.flowYAML }

    package var description: String {
        switch self {
        case .list(let values): "[" + values.map(\.flowYAML).joined(separator: ", ") + "]"
        case .range(let from, let to, let step):
            "{range: [\(Self.text(from)), \(Self.text(to)), \(Self.text(step))]}"
        case .linear(let from, let to, let count):
            "{linear: {from: \(Self.text(from)), to: \(Self.text(to)), count: \(count)}}"
        case .geometric(let from, let to, let count):
            "{geometric: {from: \(Self.text(from)), to: \(Self.text(to)), count: \(count)}}"
        case .multiplied(let from, let to, let factor):
            "{geometric: {from: \(Self.text(from)), to: \(Self.text(to)), factor: \(Self.text(factor))}}"
        }
    }
}

extension JSONValue {
    /// The same value with whole numbers as integers, as JSON reads them back.
    package var canonical: JSONValue {
        switch self {
        case .number(let value):
            if value.magnitude < 9_007_199_254_740_992, let whole = Int64(exactly: value) {
                .integer(whole)
            } else {
                self
            }
        case .array(let values): .array(values.map(\.canonical))
        case .object(let members): .object(members.mapValues(\.canonical))
        case .null, .bool, .integer, .string: self
        }
    }

    /// The value as one line of YAML, which JSON is a part of.
    package var flowYAML: String {
        switch self {
        case .object(let members):
            "{"
                + members.keys.sorted()
                .map { "\(JSONValue.string($0).flowYAML): \(members[$0, default: .null].flowYAML)" }
                .joined(separator: ", ") + "}"
        case .array(let values): "[" + values.map(\.flowYAML).joined(separator: ", ") + "]"
        case .number(let value) where !value.isFinite: value.isNaN ? ".nan" : value < 0 ? "-.inf" : ".inf"
        // The digits of a whole number that large would be read as another integer.
        case .number(let value) where value.magnitude >= 0x1p53: value.description
        case .string(let text) where WhereExpression.isBare(text): text
        case .integer(let value): String(value)
        case .null, .bool, .number, .string: (try? CanonicalJSON.text(self)) ?? "null"
        }
    }
}
