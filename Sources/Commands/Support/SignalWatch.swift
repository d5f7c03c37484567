import CPosix
import Foundation

/// Turns SIGINT, SIGTERM and SIGHUP into calls on a thread of its own, from the moment it is made.
final class SignalWatch: Sendable {
    /// `onSignal` receives the count of stopping signals so far and the signal's number.
    init(onSignal: @escaping @Sendable (Int, Int32) -> Void) {
        signal(SIGPIPE, SIG_IGN)
        var set = sigset_t()
        sigemptyset(&set)
        for number in [SIGINT, SIGTERM, SIGHUP] { sigaddset(&set, number) }
        // Threads started later inherit the mask, so that only the watcher receives these signals.
        pthread_sigmask(SIG_BLOCK, &set, nil)
        let watched = set
        Thread.detachNewThread {
            var count = 0
            while true {
                var set = watched
                var number: Int32 = 0
                guard sigwait(&set, &number) == 0 else { continue }
                count += 1
                onSignal(count, number)
            }
        }
    }
}
