import JobContract
import ResultCatalogue
import ResultQueries
import SweepModel

/// Looks at the catalogue by itself: whether the file is undamaged, and its content consistent.
struct CatalogueCheckup {
    let reader: CatalogueReader
    /// Nil while another process writes.
    let writer: Catalogue?

    /// `listed` are the hosts of the hosts file; nil leaves them out.
    func findings(listed: [HostName]?) throws -> [Finding] {
        let names = PointNames(reader)
        var findings = try reader.damage().map {
            Finding(
                about: reader.path, problem: $0,
                remedy: "restore the catalogue from a copy, or try `sqlite3 \(reader.path) .recover`")
        }
        findings += try reader.wrongCounts().map { about in
            Finding(
                about: reader.path, problem: "counts wrongly \(about)", remedy: "counts anew",
                repair: writer.map { writer in { try writer.recount() } })
        }
        let stuck = try reader.stuckTrials()
        if let first = stuck.first {
            findings.append(
                Finding(
                    about: names.name(first) + (stuck.count > 1 ? " and \(stuck.count - 1) more" : ""),
                    problem: "said to run, and no attempt is open", remedy: "waits again",
                    repair: writer.map { writer in { try writer.releaseStuckTrials() } }))
        }
        if let listed { findings += try abandoned(listed) }
        for evidence in try reader.evidence() {
            findings.append(
                Finding(
                    about: names.name(evidence.trial),
                    problem:
                        "attempt \(evidence.attempt) on \(evidence.host) found another \(evidence.kind.rawValue) than the "
                        + "recorded one",
                    remedy: "compare the hosts: equal trials must give equal bits"))
        }
        return findings
    }

    /// Open attempts on hosts that the hosts file does not name: nobody connects to these to hear how the attempts end.
    private func abandoned(_ listed: [HostName]) throws -> [Finding] {
        let open = Dictionary(grouping: try reader.openAttempts().filter { !listed.contains($0.host) }, by: \.host)
        return open.sorted { $0.key < $1.key }.map { host, attempts in
            let changes = attempts.map {
                CatalogueChange.attemptEnded($0.attempt, .hostFault("the host is no longer used"))
            }
            return Finding(
                about: host,
                problem:
                    "it has \(Readable.counted(attempts.count, "open attempt")), and the hosts file does not name it",
                remedy: "put it back into the hosts file to collect them; given up by --repair",
                repair: writer.map { writer in
                    {
                        try writer.commit(changes)
                        try writer.releaseStuckTrials()
                    }
                })
        }
    }
}
