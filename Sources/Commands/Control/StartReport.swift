import Foundation
import RemoteHosts

/// Says once that a run has started: when the first host answers, or when hosts take long to.
///
/// So a command that leaves a coordinator in the background still learns that no host can be used.
final class StartReport: Sendable {
    private let report: Locked<(@Sendable (_ hasHost: Bool) -> Void)?>
    private static let patienceSeconds = 20.0

    init(_ report: @escaping @Sendable (_ hasHost: Bool) -> Void) { self.report = Locked(report) }

    /// Has the start said within 20 s from now, whatever hosts do.
    func startTimer() {
        DispatchQueue.global().asyncAfter(deadline: .now() + Self.patienceSeconds) { [self] in say(hasHost: false) }
    }

    func say(hasHost: Bool) {
        let first = report.with { report in
            defer { report = nil }
            return report
        }
        first?(hasHost)
    }
}
