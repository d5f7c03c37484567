import Glibc
import SweepModel

/// The inbox of a real run: any thread posts, the coordination loop takes.
package final class InputQueue: Inbox, @unchecked Sendable {
    private let mutex: UnsafeMutablePointer<pthread_mutex_t>
    private let filled: UnsafeMutablePointer<pthread_cond_t>
    /// Guarded by `mutex`.
    private var inputs: [CoordinatorInput] = []
    /// How many at the front of `inputs` are taken; they are dropped in bulk. Guarded by `mutex`.
    private var taken = 0
    /// When `next` last returned an input. Guarded by `mutex`.
    private var roundAt: Instant?
    private let pace: Double
    private static let mostWaiting = 1 << 17

    /// - Parameter pace: seconds that two rounds are apart at least. The first input after a pause is given at once;
    ///   those that come in numbers gather meanwhile and share a commit and all else that a round costs.
    package init(pace: Double = 0.01) {
        self.pace = pace
        mutex = .allocate(capacity: 1)
        pthread_mutex_init(mutex, nil)
        filled = .allocate(capacity: 1)
        var attributes = pthread_condattr_t()
        pthread_condattr_init(&attributes)
        // Waits go by the clock that the awake clock is made of: by wall time they would stretch or break off when someone
        // sets the date.
        pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC)
        pthread_cond_init(filled, &attributes)
        pthread_condattr_destroy(&attributes)
    }

    deinit {
        pthread_cond_destroy(filled)
        pthread_mutex_destroy(mutex)
        filled.deallocate()
        mutex.deallocate()
    }

    /// Adds an input at the end. Never blocks for long: while very many wait, it lets the loop catch up, so that a host
    /// that talks without end does not fill the memory.
    package func post(_ input: CoordinatorInput) {
        pthread_mutex_lock(mutex)
        var pauses = 0
        while inputs.count - taken >= Self.mostWaiting, pauses < 1000 {
            pthread_mutex_unlock(mutex)
            usleep(10_000)
            pauses += 1
            pthread_mutex_lock(mutex)
        }
        inputs.append(input)
        pthread_cond_signal(filled)
        pthread_mutex_unlock(mutex)
    }

    /// The next input; `deadline` is an instant of `SystemAwakeClock`.
    package func next(before deadline: Instant?) -> CoordinatorInput {
        pthread_mutex_lock(mutex)
        defer { pthread_mutex_unlock(mutex) }
        while taken == inputs.count {
            guard let deadline else {
                pthread_cond_wait(filled, mutex)
                continue
            }
            let nanoseconds = max(0, SystemAwakeClock().monotonic(of: deadline))
            var until = timespec()
            until.tv_sec = Int(nanoseconds / 1_000_000_000)
            until.tv_nsec = Int(nanoseconds % 1_000_000_000)
            // A process that was stopped meanwhile has time left: it waits again.
            if pthread_cond_timedwait(filled, mutex, &until) == ETIMEDOUT, taken == inputs.count,
                SystemAwakeClock().now() >= deadline
            {
                return .timeout
            }
        }
        keepPace()
        return takeFirst()
    }

    /// Lets inputs gather; the mutex must be held, and is not while it waits.
    private func keepPace() {
        let clock = SystemAwakeClock()
        if let roundAt, case let left = pace - clock.now().seconds(since: roundAt), left > 0 {
            pthread_mutex_unlock(mutex)
            usleep(UInt32(left * 1e6))
            pthread_mutex_lock(mutex)
        }
        roundAt = clock.now()
    }

    package func nextWaiting() -> CoordinatorInput? {
        pthread_mutex_lock(mutex)
        defer { pthread_mutex_unlock(mutex) }
        return taken == inputs.count ? nil : takeFirst()
    }

    /// The oldest input; there must be one, and the mutex must be held.
    private func takeFirst() -> CoordinatorInput {
        let input = inputs[taken]
        taken += 1
        if taken == inputs.count || taken >= 4096 {
            inputs.removeFirst(taken)
            taken = 0
        }
        return input
    }
}
