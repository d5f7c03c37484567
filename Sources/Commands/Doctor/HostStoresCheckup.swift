import JobContract
import RemoteHosts
import SweepModel

/// Looks for files in the stores of hosts that are not what their names say. Hosts that cannot be asked are left out here.
struct HostStoresCheckup {
    let visits: HostVisits
    let specs: [HostSpec]
    let isThorough: Bool

    /// Connects to every host and has it read its store.
    func findings() -> [Finding] {
        let limit = isThorough ? nil : StoreCheckup.quickBytes
        let reports = visits.together(specs) { [visits] spec -> InspectionReport? in
            try? visits.inspect(spec, limit: limit, putsAside: false)
        }
        return zip(specs, reports).flatMap { spec, report in report.map { findings(spec, $0) } ?? [] }
    }

    private func findings(_ spec: HostSpec, _ report: InspectionReport) -> [Finding] {
        var findings: [Finding] = []
        if let first = report.damaged.first {
            let count = report.damaged.count
            let others = count > 1 ? ", and \(count - 1) more" : ""
            findings.append(
                Finding(
                    about: spec.name,
                    problem: "damaged in its store: \(first.digest.short) \(first.words)\(others)",
                    remedy: "put aside by --repair, and brought again when it is needed",
                    repair: { [visits] in
                        let after = try visits.inspect(spec, putsAside: true)
                        let left = try visits.inspect(spec, putsAside: false)
                        for damage in after.damaged { Terminal.note("\(spec.name): \(damage.words)") }
                        guard left.damaged.isEmpty else {
                            throw HostFailure(
                                .agentFailed, "\(spec.name): \(left.damaged.count) of them could not be put aside")
                        }
                    }))
        }
        if report.unread > 0 {
            findings.append(
                Finding(
                    about: spec.name,
                    problem:
                        "not read of its store: \(Readable.counted(report.unread, "file")) (\(Readable.bytes(report.unreadBytes)))",
                    remedy: "`eigensweep doctor --thorough` reads them", isHarmless: true))
        }
        return findings
    }
}
