import Foundation
import RemoteHosts
import SweepModel

/// Says once that a run has started: when the first host answers, or when hosts take long to.
///
/// So a command that leaves a coordinator in the background still learns that no host can be used.
final class StartReport: Sendable {
    private let report: Locked<(@Sendable (_ awaited: [HostName]) -> Void)?>
    private let hosts = Locked<Hosts>(Hosts())
    private static let patienceSeconds = 5.0

    private struct Hosts {
        var all: [HostName] = []
        /// Those that were tried in vain.
        var failed: Set<HostName> = []
        /// Those of them that are not tried again.
        var unusable: Set<HostName> = []
    }

    init(_ report: @escaping @Sendable (_ awaited: [HostName]) -> Void) { self.report = Locked(report) }

    /// Has the start said within 5 s from now, whatever these hosts do. Hosts of queues, which may wait for days, are not among
    /// them.
    func startTimer(_ names: [HostName]) {
        hosts.with { $0.all = names }
        DispatchQueue.global().asyncAfter(deadline: .now() + Self.patienceSeconds) { [self] in say(awaiting: names) }
    }

    /// A host has answered.
    func hostAnswered() { say(awaiting: []) }

    /// A host was tried in vain. Once all of them were there is nothing to wait for, unless the run ends, as none is tried
    /// again.
    func hostFailed(_ name: HostName, isFinal: Bool) {
        let now = hosts.with { hosts in
            hosts.failed.insert(name)
            if isFinal { hosts.unusable.insert(name) }
            return hosts
        }
        guard now.all.allSatisfy(now.failed.contains) else { return }
        let awaited = now.all.filter { !now.unusable.contains($0) }
        if !awaited.isEmpty { say(awaiting: awaited) }
    }

    private func say(awaiting names: [HostName]) {
        let first = report.with { report in
            defer { report = nil }
            return report
        }
        first?(names)
    }
}
