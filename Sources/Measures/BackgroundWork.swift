import CPosix
import Glibc
import Tensors

/// Runs a long call that reports nothing on a thread of its own, so that the caller can show that it is alive.
enum BackgroundWork {
    /// Returns when `work` has ended; calls `beat` every second until then. When `beat` throws, `work` is left to run
    /// by itself.
    static func run(_ work: @escaping @Sendable () -> Void, beat: () throws -> Void) throws {
        let work = Work(body: work)
        let box = Unmanaged.passRetained(work)
        let code = posix_start_thread(
            64 << 20,
            { argument in
                guard let argument else { return nil }
                NumericThread.prepare()
                let work = Unmanaged<Work>.fromOpaque(argument).takeRetainedValue()
                work.body()
                sem_post(work.done)
                return nil
            }, box.toOpaque(), nil)
        guard code == 0 else {
            // Without another thread the work is done here, without a beat.
            return box.takeRetainedValue().body()
        }
        while true {
            var until = timespec()
            clock_gettime(CLOCK_REALTIME, &until)
            until.tv_sec += 1
            if sem_timedwait(work.done, &until) == 0 { return }
            try beat()
        }
    }

    private final class Work: @unchecked Sendable {
        // Unchecked for the semaphore, which threads may share.
        let body: @Sendable () -> Void
        let done = UnsafeMutablePointer<sem_t>.allocate(capacity: 1)

        init(body: @escaping @Sendable () -> Void) {
            self.body = body
            sem_init(done, 0, 0)
        }

        deinit {
            sem_destroy(done)
            done.deallocate()
        }
    }
}
