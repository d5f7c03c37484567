import Foundation

/// Runs many combinations, several at a time, each in an arena of its own.
struct ChaosRun {
    private(set) var findings: [String] = []
    private(set) var seconds = 0.0
    private var occurred: Set<FaultKind> = []
    private var count = 0

    /// Kinds of faults that met nothing.
    var missing: [FaultKind] { FaultKind.allCases.filter { !occurred.contains($0) } }

    /// How many combinations run at once: more than one for a processor, since a combination waits more than it computes.
    private static var width: Int { max(2, ProcessInfo.processInfo.activeProcessorCount * 3 / 2) }

    /// A fault may wait for a moment that never comes: where one of `kinds` met nothing, a schedule like the one that
    /// should have brought it runs as well, twice at most.
    init(schedules: [FaultSchedule], untilEachOccurred kinds: [FaultKind] = []) throws {
        let programs = try ChaosPrograms()
        defer { programs.remove() }
        let arenas = try (0..<min(Self.width, max(1, schedules.count))).map { _ in try ChaosArena(programs) }
        defer { for arena in arenas { arena.remove() } }
        let expected = try Self.undisturbed(in: arenas[0])

        let begun = Date()
        var wanted = schedules
        for _ in 0...2 where !wanted.isEmpty {
            count += wanted.count
            for result in Self.results(of: wanted, in: arenas, expecting: expected) {
                occurred.formUnion(result.occurred)
                if !result.findings.isEmpty { findings.append(result.line) }
            }
            let missing = kinds.filter { !occurred.contains($0) }
            wanted = missing.compactMap { kind in wanted.first { $0.certainKind == kind }?.another }
        }
        seconds = Date().timeIntervalSince(begun)
    }

    /// The results by seed. Prints each as it ends.
    private static func results(
        of schedules: [FaultSchedule], in arenas: [ChaosArena], expecting expected: CatalogueContent
    ) -> [Result] {
        let lock = NSLock()
        nonisolated(unsafe) var rest = schedules[...]
        nonisolated(unsafe) var results: [Result] = []
        let done = DispatchGroup()
        for arena in arenas {
            done.enter()
            nonisolated(unsafe) let arena = arena
            Thread.detachNewThread {
                defer { done.leave() }
                while let schedule = lock.withLock({ rest.popFirst() }) {
                    let result = Result(schedule, in: arena, expecting: expected)
                    print(result.line)
                    fflush(nil)
                    lock.withLock { results.append(result) }
                }
            }
        }
        done.wait()
        return results.sorted { $0.schedule.seed < $1.schedule.seed }
    }

    /// What the sweep gives without faults.
    private static func undisturbed(in arena: ChaosArena) throws -> CatalogueContent {
        let combination = ChaosCombination(FaultSchedule(seed: 0, faults: []), in: arena)
        combination.run(expecting: nil)
        let content = CatalogueContent(of: arena)
        guard combination.findings.isEmpty, content.isComplete else {
            throw NamespaceHosts.Failure(
                description: "the sweep is not complete even without faults: \(combination.findings); \(content.counts)"
            )
        }
        print("without faults: \(content.counts), \(Int(combination.elapsed * 10)) tenths of a second")
        return content
    }

    struct Result: Sendable {
        let schedule: FaultSchedule
        let findings: [String]
        let occurred: Set<FaultKind>
        let line: String

        init(_ schedule: FaultSchedule, in arena: ChaosArena, expecting expected: CatalogueContent) {
            let combination = ChaosCombination(schedule, in: arena)
            combination.run(expecting: expected)
            self.schedule = schedule
            var findings = combination.findings
            if findings.isEmpty, let only = schedule.faults.first, schedule.faults.count == 1 {
                findings = SingleFaultCost(fault: only, arena: arena).findings()
            }
            self.findings = findings
            occurred = combination.occurred
            let time = "\((combination.elapsed * 10).rounded() / 10) s, \(combination.starts) coordinators"
            if findings.isEmpty, ProcessInfo.processInfo.environment["EIGENSWEEP_CHAOS_KEEP"] == nil {
                line = "ok      \(schedule) (\(time))"
            } else {
                let kept = Self.keep(arena, schedule)
                let title = findings.isEmpty ? "ok     " : "FINDING"
                line =
                    "\(title) \(schedule) (\(time)): \(findings.joined(separator: "; ")) — kept in \(kept)"
                    + (schedule.seed > 0 ? "; again: scripts/chaos --combinations 1 --first \(schedule.seed)" : "")
            }
        }

        /// Copies the files that tell how it came to a finding, and returns where.
        private static func keep(_ arena: ChaosArena, _ schedule: FaultSchedule) -> String {
            let name = schedule.seed > 0 ? "seed-\(schedule.seed)" : schedule.faults.first?.kind.rawValue ?? "none"
            let place = "/tmp/eigensweep-chaos/\(name.replacingOccurrences(of: " ", with: "-"))-\(getpid())"
            let files = FileManager.default
            try? files.removeItem(atPath: place)
            try? files.createDirectory(atPath: place, withIntermediateDirectories: true)
            try? files.copyItem(atPath: arena.notes, toPath: "\(place)/coordinators")
            for name in (try? files.contentsOfDirectory(atPath: arena.volume)) ?? [] where name.hasPrefix("catalogue") {
                try? files.copyItem(atPath: "\(arena.volume)/\(name)", toPath: "\(place)/\(name)")
            }
            for host in arena.hosts {
                try? files.copyItem(
                    atPath: "\(host.home)/.eigensweep/hosts", toPath: "\(place)/\(host.name)")
                try? files.copyItem(
                    atPath: "\(arena.network.directory)/\(host.name)/sshd.log", toPath: "\(place)/\(host.name)-sshd.log"
                )
            }
            return place
        }
    }

    /// The rate and the findings, findings last.
    var summary: String {
        var lines = [
            "\(count) combinations in \(Int(seconds.rounded(.up))) s, "
                + "\((Double(count) * 600 / max(seconds, 1e-9)).rounded() / 10) a minute"
        ]
        if !missing.isEmpty { lines.append("never happened: \(missing.map(\.rawValue).joined(separator: ", "))") }
        lines += findings
        lines.append(findings.isEmpty ? "no findings" : "\(findings.count) combinations with findings")
        return lines.joined(separator: "\n")
    }
}
