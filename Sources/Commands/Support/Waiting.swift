import Foundation
import RemoteHosts
import SweepModel

/// Sentences for waits of more than ten seconds.
enum Waiting {
    /// Runs `body`, and says what is waited for while it takes long.
    static func during<Result>(_ words: String, _ body: () throws -> Result) rethrows -> Result {
        let begun = Date()
        let timer = DispatchSource.makeTimerSource(queue: .global())
        timer.schedule(deadline: .now() + 10, repeating: 30)
        timer.setEventHandler {
            Terminal.note("\(words): \(Int(Date().timeIntervalSince(begun).rounded())) s so far")
        }
        timer.resume()
        defer { timer.cancel() }
        return try body()
    }

    /// A sentence about hosts that have not answered, and at what stage each is.
    static func words(_ hosts: [HostName], _ seconds: Double, _ stages: HostStages) -> String {
        let some = hosts.prefix(3).map { name in stages[name].map { "\(name) (\($0))" } ?? name }
        let others = hosts.count > 3 ? " and \(hosts.count - 3) more" : ""
        return "waiting for \(some.joined(separator: ", "))\(others): \(Int(seconds)) s so far"
    }
}

extension HostVisits {
    /// Runs `body` for every host at the same time, and says which are waited for.
    func together<Result: Sendable>(
        _ hosts: [HostSpec], saying say: (String) -> Void = Terminal.note,
        _ body: @escaping @Sendable (HostSpec) -> Result
    ) -> [Result] {
        Self.together(hosts, waiting: { say(Waiting.words($0, $1, stages)) }, body)
    }
}
