/// What a worker says of a parameter of one of its measures: `plan` and `launch` refuse by it what the worker would.
package struct ParameterDeclaration: Hashable, Sendable, Codable {
    package enum Kind: String, Hashable, Sendable, Codable { case integer, number, flag, text }

    /// How many elements a list has.
    package struct Elements: Hashable, Sendable, Codable {
        package var least: Int
        package var most: Int?
        /// Whether no two of them are equal.
        package var distinct: Bool?

        package init(least: Int = 1, most: Int? = nil, distinct: Bool? = true) {
            self.least = least
            self.most = most
            self.distinct = distinct
        }
    }

    package var name: String
    /// Of the value, or of each element where there is a `list`.
    package var kind: Kind
    /// Bounds of numbers; `above` and `below` are no values themselves.
    package var least: Double?
    package var above: Double?
    package var most: Double?
    package var below: Double?
    /// Whole numbers this far apart, from `least` on.
    package var step: Int?
    /// The texts there are.
    package var choices: [String]?
    /// A text is that many different ones of `choices`, with a space between.
    package var words: Int?
    package var list: Elements?
    /// It is read only where these text parameters have one of these values, or of their lists an element that has such a
    /// word.
    package var when: [String: [String]]?
    /// A sentence for people.
    package var meaning: String?

    package init(
        name: String, kind: Kind, least: Double? = nil, above: Double? = nil, most: Double? = nil,
        below: Double? = nil, step: Int? = nil, choices: [String]? = nil, words: Int? = nil, list: Elements? = nil,
        when: [String: [String]]? = nil, meaning: String? = nil
    ) {
        self.name = name
        self.kind = kind
        self.least = least
        self.above = above
        self.most = most
        self.below = below
        self.step = step
        self.choices = choices
        self.words = words
        self.list = list
        self.when = when
        self.meaning = meaning
    }
}

extension ParameterDeclaration {
    /// Why a value is none of this parameter.
    package struct Fault: Hashable, Sendable {
        /// The element of a list that is to blame; nil where the value is as a whole.
        package var element: Int?
        /// What the value, or the element, was expected to be.
        package var expected: String
    }

    /// What is wrong with a value; nil where nothing is.
    package func fault(_ value: JSONValue) -> Fault? {
        guard let list else { return admits(value) ? nil : Fault(element: nil, expected: expected) }
        guard let values = value.arrayValue, values.count >= list.least, values.count <= list.most ?? .max else {
            return Fault(element: nil, expected: expected)
        }
        if let wrong = values.firstIndex(where: { !admits($0) }) {
            return Fault(element: wrong, expected: expectedOfOne)
        }
        guard list.distinct == true else { return nil }
        let again = values.indices.first { index in values[..<index].contains { Self.isSame($0, values[index]) } }
        return again.map { Fault(element: $0, expected: "no element twice") }
    }

    /// Numbers that are equal however they were written.
    private static func isSame(_ a: JSONValue, _ b: JSONValue) -> Bool {
        if let a = a.doubleValue, let b = b.doubleValue { return a == b }
        return a == b
    }

    private func admits(_ value: JSONValue) -> Bool {
        switch kind {
        case .flag: return value.boolValue != nil
        case .integer: return value.integerValue.map { isWithin(Double($0)) } ?? false
        case .number: return value.doubleValue.map { $0.isFinite && isWithin($0) } ?? false
        case .text:
            guard let text = value.stringValue else { return false }
            guard let choices else { return true }
            guard let words else { return choices.contains(text) }
            let parts = text.split(separator: " ", omittingEmptySubsequences: false).map(String.init)
            return parts.count == words && Set(parts).count == words && parts.allSatisfy(choices.contains)
        }
    }

    private func isWithin(_ value: Double) -> Bool {
        if let least, value < least { return false }
        if let above, value <= above { return false }
        if let most, value > most { return false }
        if let below, value >= below { return false }
        guard let step else { return true }
        return (value - (least ?? 0)).truncatingRemainder(dividingBy: Double(step)) == 0
    }

    /// Type and range in words.
    package var expected: String {
        guard let list else { return expectedOfOne }
        let count =
            list.least > 1
            ? " of \(list.least)\(list.most.map { " to \($0)" } ?? " or more")"
            : list.most.map { " of at most \($0)" } ?? ""
        return "a list\(count)\(list.distinct == true ? ", none twice" : ""), each \(expectedOfOne)"
    }

    private var expectedOfOne: String {
        switch kind {
        case .flag: return "true or false"
        case .integer:
            let noun = step == 2 ? (least ?? 0).truncatingRemainder(dividingBy: 2) == 0 ? "an even" : "an odd" : "an"
            let steps = step.map { $0 > 2 ? " in steps of \($0)" : "" } ?? ""
            return "\(noun) integer\(bounds)\(steps)"
        case .number: return "a number\(bounds)"
        case .text:
            guard let choices else { return "a text" }
            guard let words else {
                return choices.count == 1 ? choices[0] : "one of " + choices.joined(separator: ", ")
            }
            let example = choices.prefix(words).joined(separator: " ")
            return "a text of \(words) different ones of \(choices.joined(separator: ", ")), such as \"\(example)\""
        }
    }

    private var bounds: String {
        if let least, let most { return " from \(Self.text(least)) to \(Self.text(most))" }
        let low = least.map { " of at least \(Self.text($0))" } ?? above.map { " above \(Self.text($0))" }
        let high = most.map { "at most \(Self.text($0))" } ?? below.map { "below \(Self.text($0))" }
        guard let high else { return low ?? "" }
        return low.map { "\($0) and \(high)" } ?? " of \(high)"
    }

    private static func text(_ value: Double) -> String { Int64(exactly: value).map(String.init) ?? "\(value)" }
}

extension [String: [String]] {
    /// Whether these text parameters have one of these values, or of their lists an element that has such a word.
    package func holds(of parameters: [String: JSONValue]) -> Bool {
        allSatisfy { name, wanted in
            let value = parameters[name]
            let texts = (value?.arrayValue ?? [value ?? .null]).compactMap(\.stringValue)
            return texts.contains { text in
                wanted.contains(text) || text.split(separator: " ").contains { wanted.contains(String($0)) }
            }
        }
    }

    /// For people, in Markdown.
    package var inWords: String {
        sorted { $0.key < $1.key }
            .map { "`\($0.key)` has \($0.value.joined(separator: " or "))" }.joined(separator: " and ")
    }
}
