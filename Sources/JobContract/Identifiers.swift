/// A digest that names one kind of thing; digests of different kinds do not mix.
package struct Identifier<Kind>: Hashable, Sendable, Comparable, Codable, CustomStringConvertible {
    package let digest: Digest

    package init(_ digest: Digest) { self.digest = digest }

    /// Reads 64 hexadecimal digits; nil for anything else.
    package init?(hex: String) {
        guard let digest = Digest(hex: hex) else { return nil }
        self.digest = digest
    }

    package init(from decoder: any Decoder) throws { digest = try Digest(from: decoder) }
    package func encode(to encoder: any Encoder) throws { try digest.encode(to: encoder) }

    package var hex: String { digest.hex }
    package var short: String { digest.short }
    package var description: String { digest.hex }
    package static func < (a: Self, b: Self) -> Bool { a.digest < b.digest }
}

package enum TrainingKind {}
package enum TrialKind {}
package enum JobKindTag {}

/// The name of a training: all that determines its trajectory, without its length.
package typealias TrainingID = Identifier<TrainingKind>
/// The name of a trial: a training and a length in optimiser steps.
package typealias TrialID = Identifier<TrialKind>
/// The name of a job: its kind and the trials it serves.
package typealias JobID = Identifier<JobKindTag>

/// One execution of a job. Numbers only grow over the life of a catalogue, so the larger of two is the later.
package struct AttemptNumber: Hashable, Sendable, Comparable, Codable, CustomStringConvertible {
    package let value: Int

    /// Those that may ever be given: far more than any catalogue gives, and none near the end of `Int`.
    package static let range = 1...(1 << 53)

    /// No catalogue counts further by itself: larger ones came from elsewhere.
    package static let mostGiven = AttemptNumber(1 << 52)

    package init(_ value: Int) { self.value = value }

    /// A number that another program says; nil for one that no catalogue gives.
    package init?(outside value: Int) {
        guard Self.range.contains(value) else { return nil }
        self.value = value
    }

    package init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        let value = try container.decode(Int.self)
        guard let number = AttemptNumber(outside: value) else {
            throw DecodingError.dataCorruptedError(
                in: container, debugDescription: "no attempt has the number \(value)")
        }
        self = number
    }
    package func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(value)
    }
    package static func < (a: Self, b: Self) -> Bool { a.value < b.value }
    package var description: String { String(value) }
}
