import Coordination
import Foundation
import RemoteHosts
import SweepModel

/// Has a run end in order when it has gone on for as long as it may. Time in which this machine sleeps does not count.
final class TimeWatch: Sendable {
    private let seconds: Double
    private let stop: @Sendable () -> Void
    private let isEnded = Locked(false)
    private let hasStopped = Locked(false)

    /// - Parameter stop: asks the run to end and leave jobs to their hosts.
    init(hours: Double, stop: @escaping @Sendable () -> Void) {
        seconds = hours * 3600
        self.stop = stop
    }

    /// Whether the run was asked to end.
    var isOver: Bool { hasStopped.with { $0 } }

    /// Counts from now on.
    func start() {
        let clock = SystemAwakeClock()
        let begin = clock.now()
        let thread = Thread { [self] in
            while !isEnded.with({ $0 }) {
                let left = seconds - clock.now().seconds(since: begin)
                if left <= 0 {
                    hasStopped.with { $0 = true }
                    return stop()
                }
                usleep(UInt32(min(left, 1) * 1e6) + 1)
            }
        }
        thread.name = "time"
        thread.start()
    }

    func end() { isEnded.with { $0 = true } }
}
