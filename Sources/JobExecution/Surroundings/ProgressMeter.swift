import JobContract

/// Sends progress about once a second.
struct ProgressMeter {
    private let events: EventWriter
    private let unit: String
    /// The time at which a report last saw the work advance, and the units done then.
    private var advanced: (done: Int, time: ContinuousClock.Instant)
    private var sent = ContinuousClock.now
    private var rate = 0.0

    init(events: EventWriter, unit: String, done: Int) {
        self.events = events
        self.unit = unit
        advanced = (done, .now)
    }

    /// May be called as often as one likes. Calls within a unit of work show that the work is alive.
    mutating func report(done: Int, of total: Int, loss: Double? = nil) throws {
        let now = ContinuousClock.now
        guard (now - sent).seconds >= 1 else { return }
        sent = now
        if done != advanced.done {
            rate = Double(done - advanced.done) / (now - advanced.time).seconds
            advanced = (done, now)
        }
        try events.send(
            .progress(
                .init(done: done, of: total, unit: unit, rate: rate, loss: loss.flatMap { $0.isFinite ? $0 : nil })))
    }
}

extension Duration {
    /// The duration in seconds.
    var seconds: Double { Double(components.seconds) + Double(components.attoseconds) * 1e-18 }
}
