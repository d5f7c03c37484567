import CPosix
import JobContract

/// How much of what a worker writes to standard output need not be kept: progress, and blank lines. That its room is
/// given back bounds the file of a long job; how much there may be bounds a worker that does nothing else.
struct SpoolMeter {
    /// Bytes of it that any job may write at once, and how many more for every second.
    static let burst = 16 << 20
    static let bytesPerSecond = 64 << 10
    /// The same of events that are kept: no job has as many results.
    static let keptBurst = 1 << 30
    static let keptBytesPerSecond = 1 << 20
    /// What may wait to be read: a coordinator that does not answer is no job's fault.
    static let mostUnread = 64 << 20
    /// Room is given back in pieces of at least this size.
    static let piece = 1 << 20

    private let begun = posix_monotonic_seconds()
    /// Bytes that stood there before this agent watched: they are not held against the worker.
    private let allowed: Int
    private var bytes = 0
    private var kept = 0
    private var countedUpTo = 0
    private var quietFrom: Int?

    init(allowing bytes: Int = 0) { allowed = bytes }

    /// A line that must be kept stands in `range`.
    mutating func passKept(_ range: Range<Int>) {
        quietFrom = nil
        kept += news(range)
    }

    /// How many of these bytes were not counted before: lines are read again for every coordinator that comes.
    private mutating func news(_ range: Range<Int>) -> Int {
        let news = range.upperBound - max(range.lowerBound, countedUpTo)
        countedUpTo = max(countedUpTo, range.upperBound)
        return max(0, news)
    }

    /// A line that need not be kept stands in `range`. Returns what may be given back now: whole lines, none to be kept.
    mutating func passQuiet(_ range: Range<Int>) -> Range<Int>? {
        bytes += news(range)
        let begin = quietFrom ?? range.lowerBound
        guard range.upperBound - begin >= Self.piece else {
            quietFrom = begin
            return nil
        }
        quietFrom = range.upperBound
        return begin..<range.upperBound
    }

    /// Why the worker is to be stopped, in words; nil: it need not. Where room is scarce, less may wait to be read.
    func flood(unread: Int, isRoomScarce: Bool = false) -> String? {
        let seconds = posix_monotonic_seconds() - begun
        let most = allowed + Self.burst + Int(seconds) * Self.bytesPerSecond
        if kept > allowed + Self.keptBurst + Int(seconds) * Self.keptBytesPerSecond {
            return "the worker wrote \(kept >> 20) MiB of events in \(Int(seconds) + 1) s, more than any job has"
        }
        guard bytes > most || unread > allowed + (isRoomScarce ? Self.burst : Self.mostUnread) else { return nil }
        return "the worker filled its standard output with \(max(bytes, unread) >> 20) MiB in \(Int(seconds) + 1) s; "
            + "progress may take \(Self.burst >> 20) MiB and \(Self.bytesPerSecond >> 10) KiB a second beside"
    }
}
