import JobContract

/// A condition over a trial's keys: `dataset.size >= 1024 and model.scale in (4, 8) and not (seed == 0)`; where
/// measurements are known, over these too (`MeasurementTerm`), each a key of the name that its description gives.
///
/// Comparisons are `=` (or `==`), `!=`, `<`, `<=`, `>`, `>=`, `in (…)` and `not in (…)`, with a key on the left and
/// numbers, `true`, `false`, `null` or text on the right; text is quoted (either quote, `\` escapes) or one bare
/// word. `not` binds closest, then `and`, then `or`. `description` reads back as the same expression.
package indirect enum WhereExpression: Hashable, Sendable, CustomStringConvertible {
    case compare(key: String, Comparison, JSONValue)
    case isIn(key: String, [JSONValue])
    case not(WhereExpression)
    /// At least two.
    case all([WhereExpression])
    /// At least two.
    case any([WhereExpression])

    package enum Comparison: String, Hashable, Sendable, CaseIterable {
        case equal = "="
        case unequal = "!="
        case less = "<"
        case lessOrEqual = "<="
        case greater = ">"
        case greaterOrEqual = ">="
    }

    /// A text that is no expression; `description` shows the place.
    package struct Failure: Error, Hashable, Sendable, CustomStringConvertible {
        package let text: String
        /// Characters before the fault.
        package let position: Int
        package let message: String

        /// A fault of `key`, at which the expression `text` looks.
        package init(of key: String, in text: String, _ message: String) {
            var parser = WhereParser(text)
            _ = try? parser.parse()
            self = parser.failure(at: key, message)
        }

        init(text: String, position: Int, message: String) {
            self.text = text
            self.position = position
            self.message = message
        }

        package var description: String {
            "\(message)\n  \(text)\n  \(String(repeating: " ", count: position))^"
        }
    }

    /// Reads an expression.
    package init(_ text: String) throws(Failure) {
        var parser = WhereParser(text)
        self = try parser.parse()
    }

    /// The keys the expression looks at.
    package var keys: Set<String> {
        switch self {
        case .compare(let key, _, _), .isIn(let key, _): [key]
        case .not(let inner): inner.keys
        case .all(let terms), .any(let terms): terms.reduce(into: []) { $0.formUnion($1.keys) }
        }
    }

    /// What the expression compares a key with.
    package func values(of key: String) -> [JSONValue] {
        switch self {
        case .compare(key, _, let value): [value]
        case .isIn(key, let values): values
        case .compare, .isIn: []
        case .not(let inner): inner.values(of: key)
        case .all(let terms), .any(let terms): terms.flatMap { $0.values(of: key) }
        }
    }

    /// Whether the expression holds.
    ///
    /// Numbers compare as numbers, text by Unicode scalars. Values of different kinds, and a key that is missing, are
    /// unequal and neither less nor greater. A structured value equals its canonical JSON as text; a part
    /// `{index: i, of: k}` also equals `"i/k"`.
    package func holds(for values: [String: JSONValue]) -> Bool {
        switch self {
        case .compare(let key, let comparison, let wanted):
            comparison.holds(values[key] ?? .null, wanted)
        case .isIn(let key, let wanted):
            wanted.contains { Comparison.equal.holds(values[key] ?? .null, $0) }
        case .not(let inner): !inner.holds(for: values)
        case .all(let terms): terms.allSatisfy { $0.holds(for: values) }
        case .any(let terms): terms.contains { $0.holds(for: values) }
        }
    }

    package var description: String {
        switch self {
        case .compare(let key, let comparison, let value): "\(key) \(comparison.rawValue) \(Self.literal(value))"
        case .isIn(let key, let values): "\(key) in (\(values.map(Self.literal).joined(separator: ", ")))"
        case .not(let inner): "not (\(inner))"
        case .all(let terms): terms.map { $0.nested(inside: "and") }.joined(separator: " and ")
        case .any(let terms): terms.map { $0.nested(inside: "or") }.joined(separator: " or ")
        }
    }

    private func nested(inside word: String) -> String {
        switch self {
        case .compare, .isIn, .not: description
        case .all: word == "or" ? description : "(\(description))"
        case .any: "(\(description))"
        }
    }

    private static func literal(_ value: JSONValue) -> String {
        // Canonical JSON has no integers beyond 2⁵³.
        if case .integer(let integer) = value { return String(integer) }
        // Digits alone would be read as an integer, which no double beyond 2⁵³ need equal.
        if case .number(let number) = value, number.magnitude >= 0x1p53 { return "\(number)" }
        guard case .string(let text) = value else { return (try? CanonicalJSON.text(value)) ?? "null" }
        if isBare(text) { return text }
        return "\"" + text.replacing("\\", with: "\\\\").replacing("\"", with: "\\\"") + "\""
    }

    /// Whether a text reads as itself without quotes, in expressions and in YAML.
    package static func isBare(_ text: String) -> Bool {
        guard let first = text.utf8.first, WhereParser.startsWord(first), text.utf8.allSatisfy(WhereParser.isWord)
        else {
            return false
        }
        let word = text.lowercased()
        return !["and", "or", "not", "in", "true", "false", "null", "yes", "no", "on", "off", "y", "n"].contains(word)
    }
}

extension WhereExpression.Comparison {
    fileprivate func holds(_ value: JSONValue, _ wanted: JSONValue) -> Bool {
        switch self {
        case .equal: Self.areEqual(value, wanted)
        case .unequal: !Self.areEqual(value, wanted)
        case .less: Self.isLess(value, wanted)
        case .greater: Self.isLess(wanted, value)
        case .lessOrEqual:
            Self.isLess(value, wanted) || (Self.areOrdered(value, wanted) && Self.areEqual(value, wanted))
        case .greaterOrEqual:
            Self.isLess(wanted, value) || (Self.areOrdered(value, wanted) && Self.areEqual(value, wanted))
        }
    }

    private static func areOrdered(_ a: JSONValue, _ b: JSONValue) -> Bool {
        (a.doubleValue != nil && b.doubleValue != nil) || (a.stringValue != nil && b.stringValue != nil)
    }

    private static func areEqual(_ a: JSONValue, _ b: JSONValue) -> Bool {
        if case .integer(let a) = a, case .integer(let b) = b { return a == b }
        if let a = a.doubleValue, let b = b.doubleValue { return a == b }
        if a == b { return true }
        guard let text = b.stringValue else { return false }
        switch a {
        case .array: return (try? CanonicalJSON.text(a)) == text
        case .object(let members):
            if members.count == 2, let index = members["index"]?.integerValue, let of = members["of"]?.integerValue,
                text == "\(index)/\(of)"
            {
                return true
            }
            return (try? CanonicalJSON.text(a)) == text
        case .null, .bool, .integer, .number, .string: return false
        }
    }

    private static func isLess(_ a: JSONValue, _ b: JSONValue) -> Bool {
        if case .integer(let a) = a, case .integer(let b) = b { return a < b }
        if let a = a.doubleValue, let b = b.doubleValue { return a < b }
        if let a = a.stringValue, let b = b.stringValue { return a < b }
        return false
    }
}
