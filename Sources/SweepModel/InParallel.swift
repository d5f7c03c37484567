import Dispatch

/// Work on disjoint ranges of 0..<count, on all cores where there is enough of it.
package enum InParallel {
    package static func chunks(_ count: Int, _ body: @Sendable (Range<Int>) -> Void) {
        let size = 4096
        let chunks = (count + size - 1) / size
        guard chunks > 1 else { return body(0..<count) }
        DispatchQueue.concurrentPerform(iterations: chunks) { chunk in
            body(chunk * size..<min(count, (chunk + 1) * size))
        }
    }
}
