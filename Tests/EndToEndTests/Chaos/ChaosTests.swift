import Foundation
import Testing

/// The real programs under seeded combinations of real faults: whatever happens, the catalogue ends as it does without
/// them.
@Suite(
    .serialized, .enabled(if: slowTestsWanted, whySlow),
    .enabled(if: RelayedCables.areAvailable, "hosts are made as root, in network namespaces, with /dev/net/tun"))
struct ChaosTests {
    @Test func oneFaultCostsNoMoreThanItMust() throws {
        let wanted = ProcessInfo.processInfo.environment["EIGENSWEEP_CHAOS_KIND"]
        let kinds = FaultKind.allCases.filter { wanted == nil || $0.rawValue == wanted }
        let run = try ChaosRun(schedules: kinds.map { FaultSchedule($0) }, untilEachOccurred: kinds)
        print(run.summary)
        #expect(run.findings.count == 0)
        let missing = run.missing.filter { kinds.contains($0) }
        #expect(missing.isEmpty, "never happened: \(missing)")
    }

    @Test func whateverHappensTheCatalogueIsTheSame() throws {
        let settings = ProcessInfo.processInfo.environment
        let count = settings["EIGENSWEEP_CHAOS_COMBINATIONS"].flatMap { Int($0) } ?? FaultKind.allCases.count
        let first = settings["EIGENSWEEP_CHAOS_FIRST"].flatMap { UInt64($0) } ?? 1
        let kinds = count >= FaultKind.allCases.count ? FaultKind.allCases : []
        let run = try ChaosRun(
            schedules: (0..<UInt64(count)).map { FaultSchedule(seed: first + $0) }, untilEachOccurred: kinds)
        print(run.summary)
        if let path = settings["EIGENSWEEP_CHAOS_REPORT"] {
            try run.summary.write(toFile: path, atomically: true, encoding: .utf8)
        }
        #expect(run.findings.count == 0)
        let missing = run.missing.filter { kinds.contains($0) }
        #expect(missing.isEmpty, "never happened: \(missing)")
    }
}
