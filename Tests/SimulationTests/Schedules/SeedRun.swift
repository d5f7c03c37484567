import Dispatch
import Foundation

/// Runs many schedules, on every core.
struct SeedRun {
    struct Finding {
        let seed: UInt64
        let violations: [String]
    }

    private(set) var findings: [Finding] = []
    private(set) var census = Census()
    private(set) var schedules = 0
    private(set) var seconds = 0.0

    /// Runs the schedules of `count` seeds from `first` on; the same seeds find the same, however many cores there are.
    init(
        first: UInt64, count: Int, _ run: @escaping @Sendable (UInt64) throws -> (violations: [String], census: Census)
    ) {
        let begun = Date()
        let lock = NSLock()
        nonisolated(unsafe) var next = first
        nonisolated(unsafe) var found: [Finding] = []
        nonisolated(unsafe) var counts = Census()
        let end = first + UInt64(count)
        // The schedules have threads of their own, since the test's may be the only one that its pool has left. Each thread
        // takes the next seed, for schedules take very different times.
        let done = DispatchGroup()
        for _ in 0..<ProcessInfo.processInfo.activeProcessorCount {
            done.enter()
            Thread.detachNewThread {
                defer { done.leave() }
                while true {
                    let seed = lock.withLock {
                        defer { next += 1 }
                        return next
                    }
                    guard seed < end else { return }
                    let result = Result { try run(seed) }
                    lock.withLock {
                        switch result {
                        case .success(let result):
                            counts.add(result.census)
                            guard !result.violations.isEmpty else { return }
                            found.append(.init(seed: seed, violations: result.violations))
                        case .failure(let error): found.append(.init(seed: seed, violations: ["\(error)"]))
                        }
                    }
                }
            }
        }
        done.wait()
        findings = found.sorted { $0.seed < $1.seed }
        census = counts
        schedules = count
        seconds = Date().timeIntervalSince(begun)
    }

    /// What people want to know, findings last.
    var summary: String {
        let rate = Int(Double(schedules) / max(seconds, 1e-9))
        var lines = Census.Kind.allCases.map { "\(census[$0]) × \($0.rawValue)" }
        lines += ["\(schedules) schedules in \(Int(seconds.rounded(.up))) s, \(rate) a second"]
        for finding in findings.prefix(20) {
            lines.append("seed \(finding.seed): \(finding.violations.prefix(3).joined(separator: "; "))")
        }
        lines.append(findings.isEmpty ? "no findings" : "\(findings.count) schedules with findings")
        return lines.joined(separator: "\n")
    }
}
