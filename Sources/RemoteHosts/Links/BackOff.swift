/// The pauses before a host is tried again: each may be twice as long as the last, and a random part of it is left
/// out, so that hosts that went away together do not come back together.
struct BackOff {
    private let first: Double
    private let last: Double
    private var longest: Double

    init(_ options: ConnectionOptions) {
        first = options.firstRetrySeconds
        last = options.lastRetrySeconds
        longest = first
    }

    mutating func next() -> Double {
        defer { longest = min(longest * 2, last) }
        return longest * Double.random(in: 0.5...1)
    }

    mutating func reset() { longest = first }
    mutating func takeTime() { longest = last }
}
