import CPosix
import Glibc
import JobContract

/// How much room a host's file system has left, looked at now and then.
///
/// Below the reserve nothing new is started; when most of the reserve is gone too, workers are asked to pause while
/// there is still room for their checkpoints.
struct SpaceWatch {
    enum Room: Hashable { case ample, scarce, critical }

    private let path: String
    private var lookedAt = -Double.infinity
    private(set) var room = Room.ample
    /// Bytes free at the last look.
    private(set) var free = 0
    /// Bytes kept for what runs.
    private var reserve = 0
    private static let mostReserve = 256 << 20
    private static let seconds = 1.0

    init(path: String) { self.path = path }

    /// Looks again when it is time to.
    mutating func look() {
        let now = posix_monotonic_seconds()
        guard now - lookedAt >= Self.seconds else { return }
        lookedAt = now
        var status = statvfs()
        guard statvfs(path, &status) == 0 else { return }
        func bytes(_ blocks: UInt) -> Int {
            let (bytes, isTooMuch) = blocks.multipliedReportingOverflow(by: status.f_frsize)
            return isTooMuch ? OutsideValues.bytes.upperBound : OutsideValues.bytes(Int(clamping: bytes))
        }
        free = bytes(status.f_bavail)
        // A twentieth of a small disk; more than this of a large one nobody misses.
        reserve = min(Self.mostReserve, bytes(status.f_blocks) / 20)
        room = free >= reserve ? .ample : free >= reserve / 4 ? .scarce : .critical
    }

    /// Why nothing that makes so many bytes may be started; nil when it may.
    func objection(toMaking bytes: Int) -> String? {
        if room != .ample {
            return "\(path) has \(free >> 20) MiB free, which is kept for what runs; nothing new is started"
        }
        guard bytes > free - reserve else { return nil }
        return "\(path) has \(free >> 20) MiB free; the job's files need about \(bytes >> 20) MiB, and "
            + "\(reserve >> 20) MiB are kept for what runs"
    }
}
