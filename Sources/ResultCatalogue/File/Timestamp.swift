import Foundation

/// Times as the catalogue holds them: ISO 8601, UTC, with milliseconds, so that their texts sort by time.
enum Timestamp {
    static func text(_ date: Date) -> String {
        date.formatted(Date.ISO8601FormatStyle(includingFractionalSeconds: true))
    }
}
