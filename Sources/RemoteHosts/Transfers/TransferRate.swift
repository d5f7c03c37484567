/// How fast files came lately: bytes over the time in which any were under way.
struct TransferRate {
    private var begun: Double?
    private var bytes = 0
    /// Nil before anything worth measuring came.
    private(set) var bytesPerSecond: Double?
    /// Less than this says more about the round trip than about the rate.
    private static let leastBytes = 64 << 10

    mutating func startClock(at now: Double) {
        begun = now
        bytes = 0
    }

    mutating func add(_ count: Int) { bytes += count }

    mutating func stopClock(at now: Double) {
        guard let begun, bytes >= Self.leastBytes, now > begun else { return }
        let found = Double(bytes) / (now - begun)
        bytesPerSecond = bytesPerSecond.map { ($0 + found) / 2 } ?? found
    }
}
