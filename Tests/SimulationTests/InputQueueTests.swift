import Coordination
import Foundation
import SweepModel
import Testing

@Suite struct InputQueueTests {
    @Test func inputsOfManyThreadsArriveOnceAndEachThreadsInOrder() {
        let queue = InputQueue()
        for sender in 0..<4 {
            Thread.detachNewThread {
                for number in 0..<3000 {
                    let failure = HostFailure(.unreachable, "\(number)")
                    queue.post(.host("\(sender)", .disconnected(failure)))
                }
            }
        }
        var next = [Int](repeating: 0, count: 4)
        for _ in 0..<12_000 {
            guard case .host(let host, .disconnected(let failure)) = queue.next(before: nil), let sender = Int(host)
            else {
                Issue.record("an input that nobody sent")
                return
            }
            #expect(failure.message == "\(next[sender])")
            next[sender] += 1
        }
        #expect(next == [3000, 3000, 3000, 3000])
    }

    @Test func whatWaitsIsTakenWithoutWaiting() {
        let queue = InputQueue()
        func taken() -> String { queue.nextWaiting().map { "\($0)" } ?? "nothing" }
        #expect(taken() == "nothing")
        queue.post(.stop)
        queue.post(.cancelAll)
        #expect([taken(), taken(), taken()] == ["stop", "cancelAll", "nothing"])
    }

    /// Whoever posts without end waits for the loop, so that the queue's memory has a bound.
    @Test func aFloodWaitsToBeTaken() {
        let queue = InputQueue(pace: 0)
        let flood = 200_000
        let lock = NSLock()
        nonisolated(unsafe) var posted = 0
        Thread.detachNewThread {
            for _ in 0..<flood {
                queue.post(.timeout)
                lock.withLock { posted += 1 }
            }
        }
        var before = -1
        while case let now = lock.withLock({ posted }), now != before || now == 0 {
            before = now
            usleep(200_000)
        }
        #expect(before < flood)
        for _ in 0..<flood { _ = queue.next(before: nil) }
        #expect(queue.nextWaiting() == nil)
    }

    @Test func aDeadlinePasses() {
        let queue = InputQueue()
        let clock = SystemAwakeClock()
        let deadline = clock.now().advanced(bySeconds: 0.02)
        guard case .timeout = queue.next(before: deadline) else {
            Issue.record("an input that nobody sent")
            return
        }
        #expect(clock.now() >= deadline)
        queue.post(.stop)
        guard case .stop = queue.next(before: deadline) else {
            Issue.record("what has come goes before a deadline that has passed")
            return
        }
    }
}
