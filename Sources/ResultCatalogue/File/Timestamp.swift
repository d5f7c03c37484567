import Foundation

/// Times as the catalogue holds them: ISO 8601, UTC, milliseconds; their text sorts as they do.
enum Timestamp {
    static func text(_ date: Date) -> String {
        date.formatted(Date.ISO8601FormatStyle(includingFractionalSeconds: true))
    }
}
