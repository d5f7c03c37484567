import SweepModel

/// How often agents report the progress of their attempts: nine of ten messages are such reports, and one coordinator hears
/// all hosts.
final class ReportPace: Sendable {
    /// Reports a second that all hosts may make together; a report costs the coordinator 30 to 60 µs (docs/scale.md).
    static let reportsPerSecond = 1000.0
    /// So that a person sees a long job move.
    static let longestPause = 60.0
    /// Of a host whose slots nobody knows before it is connected.
    private static let usualSlots = 8
    private let slots = Locked(0)

    func update(_ hosts: [HostSpec]) {
        let count = hosts.reduce(0) { $0 + ($1.slots ?? Self.usualSlots) }
        slots.with { $0 = count }
    }

    /// Seconds between two reports of one attempt, at least; nil: workers report about once a second, and all is told.
    var secondsBetweenReports: Double? {
        let seconds = Double(slots.with { $0 }) / Self.reportsPerSecond
        return seconds > 1 ? min(seconds, Self.longestPause) : nil
    }
}
