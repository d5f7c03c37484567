import ContentStore
import Foundation
import JobContract

/// What one fault alone may cost, read from the catalogue and the hosts afterwards. Without faults the sweep takes 4
/// attempts to train and 8 to measure.
struct SingleFaultCost {
    let fault: Fault
    let arena: ChaosArena
    private var host: NamespaceHosts.Host { arena.hosts[fault.host] }

    /// An attempt that waited on one host and was taken back for another that was free sooner did not fail.
    private static let didNotSucceed =
        "outcome <> 'succeeded' AND NOT (outcome = 'cancelled' AND started_at IS NULL)"

    /// What is not as it must be, in words.
    func findings() -> [String] {
        switch fault.kind {
        case .coordinatorKilled, .coordinatorAsleep, .coordinatorDiskFull, .secondCoordinator, .agentKilled,
            .agentOlder,
            .serverKilled, .linkDownBriefly, .delay, .resultTwice:
            // The fault is in the way of nobody's work, so none is done again.
            return nothingTwice()
        case .agentUnknown:
            return nothingTwice() + agentIsOurs()
        case .uploadTruncated:
            return failuresElsewhere() + workerIsWhole()
        case .workerKilled:
            return expect(
                "attempts that did not succeed",
                "SELECT host, reason LIKE 'killed%' FROM attempt WHERE \(Self.didNotSucceed)", ["\(host.name)|1"])
                + expect("attempts that succeeded", "SELECT count(*) FROM attempt WHERE outcome = 'succeeded'", ["12"])
        case .hostRebooted, .hostDiskFull, .hostBroken: return failuresElsewhere()
        case .resultAfterLease:
            return expect(
                "jobs done twice",
                "SELECT min(number) FROM attempt WHERE outcome = 'succeeded' GROUP BY job HAVING count(*) > 2", [])
                + failuresOfStarted()
        case .linkDownBeyondLease, .lossToHost, .lossFromHost, .hostFrozen:
            return failuresOfStarted()
        }
    }

    /// Finds attempts that were started in vain. An order may never have reached its host.
    private func nothingTwice() -> [String] {
        expect(
            "attempts that were of no use",
            "SELECT host, outcome, reason FROM attempt WHERE outcome <> 'succeeded' AND started_at IS NOT NULL", [])
            + expect(
                "jobs done twice",
                "SELECT min(number) FROM attempt WHERE outcome = 'succeeded' GROUP BY job HAVING count(*) > 1", [])
    }

    private func failuresElsewhere() -> [String] {
        expect(
            "attempts that failed elsewhere",
            "SELECT host, reason FROM attempt WHERE \(Self.didNotSucceed) AND host <> '\(host.name)'", [])
    }

    /// Finds started attempts that failed. An order may never have reached its host; attempts that run there are not
    /// disturbed.
    private func failuresOfStarted() -> [String] {
        expect(
            "attempts that failed",
            "SELECT host, reason FROM attempt WHERE outcome LIKE '%fault' AND started_at IS NOT NULL", [])
    }

    private func expect(_ what: String, _ sql: String, _ expected: [String]) -> [String] {
        let found = arena.rows(sql)
        return found == expected ? [] : ["\(what): \(found), expected \(expected)"]
    }

    private func agentIsOurs() -> [String] {
        let ours = FileManager.default.contents(atPath: "\(arena.programs.current)/eigensweep-agent")
        let found = FileManager.default.contents(atPath: "\(host.home)/.eigensweep/eigensweep-agent")
        return found == ours ? [] : ["the agent on \(host.name) is not the one brought"]
    }

    private func workerIsWhole() -> [String] {
        let whole = FileManager.default.contents(atPath: "\(arena.programs.current)/eigensweep-worker")
        let found = FileManager.default.contents(atPath: arena.workerPath(on: host))
        return found == nil || found == whole ? [] : ["the worker in the store of \(host.name) is not whole"]
    }
}
