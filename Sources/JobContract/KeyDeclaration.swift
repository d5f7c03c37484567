/// A key of trainings as its owner declares it, in `describe` or in an `Architecture`: what values it takes, which it has where a
/// sweep says nothing, and who reads it.
package struct KeyDeclaration: Hashable, Sendable, Codable {
    /// The name, `section.name`.
    package var key: String
    /// As of a parameter (`ParameterDeclaration`).
    package var kind: ParameterDeclaration.Kind
    package var list: ParameterDeclaration.Elements?
    package var least: Double?
    package var above: Double?
    package var most: Double?
    package var below: Double?
    package var step: Int?
    package var choices: [String]?
    package var fallback: JSONValue
    package var meaning: String
    /// The architectures that read it; nil: all of its worker's.
    package var architectures: [String]?

    private enum CodingKeys: String, CodingKey {
        case key, kind, list, least, above, most, below, step, choices, meaning, architectures
        case fallback = "default"
    }

    package init(
        _ key: String, _ kind: ParameterDeclaration.Kind, _ fallback: JSONValue, least: Double? = nil,
        above: Double? = nil, most: Double? = nil, below: Double? = nil, step: Int? = nil, choices: [String]? = nil,
        list: ParameterDeclaration.Elements? = nil, architectures: [String]? = nil, _ meaning: String
    ) {
        self.key = key
        self.kind = kind
        self.list = list
        self.least = least
        self.above = above
        self.most = most
        self.below = below
        self.step = step
        self.choices = choices
        self.fallback = fallback
        self.meaning = meaning
        self.architectures = architectures
    }

    /// Its values, as a parameter's.
    package var values: ParameterDeclaration {
        ParameterDeclaration(
            name: key, kind: kind, least: least, above: above, most: most, below: below, step: step, choices: choices,
            list: list, meaning: meaning)
    }

    /// The same key with another default.
    package func with(_ fallback: JSONValue) -> KeyDeclaration {
        var other = self
        other.fallback = fallback
        return other
    }

    /// What is wrong with the declaration in itself; nil where nothing is.
    package var fault: String? {
        let parts = key.split(separator: ".", omittingEmptySubsequences: false)
        let areNames = parts.allSatisfy { part in
            part.utf8.first.map(Self.isLetter) == true
                && part.utf8.allSatisfy { Self.isLetter($0) || (48...57).contains($0) || $0 == UInt8(ascii: "_") }
        }
        guard parts.count == 2, areNames, key.utf8.count <= 100 else {
            return "is no name of a key: expected section.name, of letters, digits and _"
        }
        let isNumber = kind == .integer || kind == .number
        if !isNumber, least != nil || above != nil || most != nil || below != nil || step != nil {
            return "has a bound, which \(kind.rawValue) has none of: expected it of integers and numbers"
        }
        if kind != .text, choices != nil { return "has choices, which \(kind.rawValue) has none of" }
        if let step, step < 1 { return "has the step \(step): expected at least 1" }
        if choices?.isEmpty == true { return "has no choices: expected at least one" }
        if let list, list.least < 0 || list.least > list.most ?? .max {
            return "has lists of at least \(list.least) and at most \(list.most ?? 0) elements"
        }
        if architectures?.isEmpty == true { return "is read by no architecture: expected one, or the field left out" }
        if let fault = values.fault(fallback) {
            return "has a default that is none of its values: expected \(fault.expected)"
        }
        return nil
    }

    private static func isLetter(_ byte: UInt8) -> Bool { (97...122).contains(byte | 32) }
}

/// The images that a worker takes, as `describe` has it.
package struct ImageDeclaration: Hashable, Sendable, Codable {
    /// The edges that images may have.
    package struct Edges: Hashable, Sendable, Codable {
        package var least: Int?
        package var most: Int?

        package init(least: Int? = nil, most: Int? = nil) {
            self.least = least
            self.most = most
        }
    }

    package var resolution: Edges?
    package var channels: [Int]?
    /// Whether it takes datasets of F32 beside those of U8.
    package var float: Bool?

    package init(resolution: Edges? = nil, channels: [Int]? = nil, float: Bool? = nil) {
        self.resolution = resolution
        self.channels = channels
        self.float = float
    }

    /// The largest images of any worker's.
    package static let mostEdge = 512

    /// What is wrong with the declaration; nil where nothing is.
    package var fault: String? {
        let (least, most) = (resolution?.least ?? 1, resolution?.most ?? Self.mostEdge)
        if least < 1 || most > Self.mostEdge || least > most {
            return "resolution from \(least) to \(most): expected edges from 1 to \(Self.mostEdge)"
        }
        if let channels, channels.isEmpty || !channels.allSatisfy([1, 3].contains) {
            return "channels \(channels): expected a list of 1, 3 or both"
        }
        return nil
    }
}
