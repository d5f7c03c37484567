import CPosix
import Glibc

/// Whether SIGTERM came, asked between steps. The signal is blocked and looked for, so that it interrupts nothing.
struct StopSignal {
    /// From now on SIGTERM does nothing but set the answer of `isRaised`.
    init() {
        var signals = sigset_t()
        sigemptyset(&signals)
        sigaddset(&signals, SIGTERM)
        sigprocmask(SIG_BLOCK, &signals, nil)
    }

    var isRaised: Bool {
        var pending = sigset_t()
        sigpending(&pending)
        return sigismember(&pending, SIGTERM) == 1
    }
}
