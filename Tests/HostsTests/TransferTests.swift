import ContentStore
import Foundation
import JobContract
import SweepModel
import Testing

@testable import RemoteHosts

/// Which files go to a host for which attempt, and how fast files come.
@Suite struct TransferTests {
    private let scratch: Scratch
    private let store: ContentStore

    init() throws {
        scratch = try Scratch()
        store = try ContentStore(directory: scratch.path("store"))
    }

    private func order(_ attempt: Int, _ files: [Digest]) -> AgentOrder {
        AgentOrder(
            attempt: AttemptNumber(attempt), job: JobID(Digest(of: [1])), text: JobText(bytes: Array("{}".utf8)),
            inputs: files, output: 0, command: ["worker"], uploads: [:])
    }

    /// An agent is refused files that its order does not name.
    @Test func aHostIsBroughtWhatItsOrderNames() throws {
        let (own, secret) = (try store.put(Array("own".utf8)), try store.put(Array("of another host".utf8)))
        var queue = UploadQueue(host: "h", depot: store)
        _ = queue.remember(order(1, [own]))
        #expect(queue.enqueue([secret, own], for: AttemptNumber(1)) == nil)
        // One of the order's files was on its way; with it the order has all.
        #expect(queue.stored(1).map(\.attempt) == [AttemptNumber(1)] && queue.stored(2).isEmpty)
        _ = queue.remember(order(2, [own]))
        #expect(queue.enqueue([secret], for: AttemptNumber(2))?.kind == .transferFailed)
        // Nobody waits for this attempt.
        #expect(queue.enqueue([secret], for: AttemptNumber(9)) == nil)
        #expect(queue.stored(2).isEmpty && queue.stored(3).isEmpty)
    }

    /// A file that is on its way for one order serves all orders that wait for it.
    @Test func ordersShareAFileOnItsWay() throws {
        let files = try ["a", "b"].map { try store.put(Array($0.utf8)) }
        var queue = UploadQueue(host: "h", depot: store)
        let orders = [order(1, [files[0]]), order(2, files), order(3, [files[0]])]
        for order in orders {
            _ = queue.remember(order)
            #expect(queue.enqueue(order.inputs, for: order.attempt) == nil)
        }
        #expect(queue.stored(1).map(\.attempt) == [1, 3].map { AttemptNumber($0) })
        #expect(queue.stored(2).map(\.attempt) == [AttemptNumber(2)])
    }

    @Test func aWayThatBecomesSlowIsNoticed() {
        var rate = TransferRate()
        func transfer(_ bytes: Int, seconds: Double) {
            rate.startClock(at: 10)
            rate.add(bytes)
            rate.stopClock(at: 10 + seconds)
        }
        transfer(1000, seconds: 1)
        #expect(rate.bytesPerSecond == nil)
        transfer(1 << 20, seconds: 1)
        #expect(rate.bytesPerSecond == Double(1 << 20))
        for _ in 0..<8 { transfer(1 << 20, seconds: 100) }
        #expect((rate.bytesPerSecond ?? 0) < 0.02 * Double(1 << 20))
        for _ in 0..<8 { transfer(1 << 20, seconds: 1) }
        #expect((rate.bytesPerSecond ?? 0) > 0.9 * Double(1 << 20))
    }
}
