import JobContract

/// Sends progress about once a second.
struct ProgressMeter {
    private let events: EventWriter
    private let unit: String
    /// When work was last seen to have advanced, and how far.
    private var advanced: (done: Int, time: ContinuousClock.Instant)
    private var sent = ContinuousClock.now
    private var rate = 0.0

    init(events: EventWriter, unit: String, done: Int) {
        self.events = events
        self.unit = unit
        advanced = (done, .now)
    }

    /// To be called as often as one likes, also within a unit of work: that shows that the work is alive.
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
