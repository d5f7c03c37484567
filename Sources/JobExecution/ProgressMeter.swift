import JobContract

/// Sends progress about once a second.
struct ProgressMeter {
    private let events: EventWriter
    private let unit: String
    private var last: (done: Int, time: ContinuousClock.Instant)

    init(events: EventWriter, unit: String, done: Int) {
        self.events = events
        self.unit = unit
        last = (done, .now)
    }

    mutating func report(done: Int, of total: Int, loss: Double? = nil) throws {
        let now = ContinuousClock.now
        let elapsed = (now - last.time).seconds
        guard elapsed >= 1 else { return }
        let rate = Double(done - last.done) / elapsed
        last = (done, now)
        try events.send(
            .progress(
                .init(done: done, of: total, unit: unit, rate: rate, loss: loss.flatMap { $0.isFinite ? $0 : nil })))
    }
}

extension Duration {
    /// The duration in seconds.
    var seconds: Double { Double(components.seconds) + Double(components.attoseconds) * 1e-18 }
}
