import CPosix
import Foundation

/// Turns SIGINT, SIGTERM and SIGHUP into calls on a thread of their own, from the moment the watch is made.
///
/// Until a handler is set, the first of these signals ends the program by `exit`, with 128 plus the signal's number, so that
/// what it has open is closed in order.
final class SignalWatch: Sendable {
    /// The watch of this process. It is made before other threads are, which then leave these signals to it.
    static let process = SignalWatch()

    enum Request {
        case stop
        /// A second Ctrl-C. Other signals only ever ask to stop: a closing terminal may send several.
        case cancel
    }

    private let handler = HandlerBox()

    private init() {
        signal(SIGPIPE, SIG_IGN)
        var set = sigset_t()
        sigemptyset(&set)
        for number in [SIGINT, SIGTERM, SIGHUP] { sigaddset(&set, number) }
        // Threads started later inherit the mask, so that only the watcher receives these signals.
        pthread_sigmask(SIG_BLOCK, &set, nil)
        let watched = set
        Thread.detachNewThread { [handler] in
            var interrupts = 0
            while true {
                var set = watched
                var number: Int32 = 0
                guard sigwait(&set, &number) == 0 else { continue }
                if number == SIGINT { interrupts += 1 }
                handler.call(interrupts > 1 ? .cancel : .stop, number)
            }
        }
    }

    /// Calls `handle` from now on, on the watcher's thread.
    func set(_ handle: @escaping @Sendable (Request) -> Void) { handler.set(handle) }

    /// Does not return while a signal is ending the program: errors are then of that end, and are not told.
    func waitIfEnding() { while handler.isEnding { pause() } }

    /// Until a run sets its handler, the first signal ends the program with the exit code of an interrupted run.
    func expectRun() {
        Terminal.endsUnread = false
        set { _ in
            Terminal.note("\ninterrupted before anything was started")
            exit(ExitStatus.interrupted.rawValue)
        }
    }
}

private final class HandlerBox: @unchecked Sendable {
    private let lock = NSLock()
    private var handle: (@Sendable (SignalWatch.Request) -> Void)?
    private var ends = false

    var isEnding: Bool { lock.withLock { ends } }

    func set(_ handle: @escaping @Sendable (SignalWatch.Request) -> Void) {
        lock.withLock { self.handle = handle }
    }

    func call(_ request: SignalWatch.Request, _ number: Int32) {
        let known = lock.withLock {
            ends = handle == nil
            return handle
        }
        guard let known else { exit(128 + number) }
        known(request)
    }
}
