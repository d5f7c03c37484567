import CPosix
import Glibc
import SweepModel
import Synchronization

/// The time for which this process was awake: CLOCK_MONOTONIC, which on Linux stands still while the machine sleeps,
/// less what passed while the process was stopped, by Ctrl-Z or with its virtual machine. All instances agree.
package final class SystemAwakeClock: AwakeClock, Sendable {
    package init() {}

    package func now() -> Instant {
        Self.process.withLock { Instant(nanoseconds: $0.advance(to: posix_monotonic_nanoseconds())) }
    }

    /// When CLOCK_MONOTONIC shows that `instant` has come, if the process stays awake; nanoseconds.
    func monotonic(of instant: Instant) -> Int64 {
        let real = posix_monotonic_nanoseconds()
        return Self.process.withLock { real + instant.nanoseconds - $0.advance(to: real) }
    }

    /// Advanced every second by a thread of its own, which is stopped when the process is.
    private static let process: Mutex<AwakeTime> = {
        _ = posix_start_thread(
            0,
            { _ in
                while true {
                    sleep(1)
                    _ = SystemAwakeClock().now()
                }
            }, nil, nil)
        return Mutex(AwakeTime(at: posix_monotonic_nanoseconds()))
    }()
}

/// Counts time that is looked at every second or more often: longer gaps between two looks were no time to be awake.
struct AwakeTime {
    /// A thread that wanted to look after one second may be that late on a busy machine.
    static let longestGap: Int64 = 3_000_000_000
    private var awake: Int64
    private var last: Int64

    init(at real: Int64) {
        awake = real
        last = real
    }

    /// Nanoseconds awake by the time that the real clock shows `real`.
    mutating func advance(to real: Int64) -> Int64 {
        awake += min(max(0, real - last), Self.longestGap)
        last = max(last, real)
        return awake
    }
}
