import Glibc
import SweepModel

/// CLOCK_MONOTONIC, which on Linux stands still while the machine sleeps.
package final class SystemAwakeClock: AwakeClock, Sendable {
    package init() {}

    package func now() -> Instant {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        return Instant(nanoseconds: Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec))
    }
}
