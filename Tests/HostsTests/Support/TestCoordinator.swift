import ContentStore
import Foundation
import JobContract
import RemoteHosts
import SweepModel

/// A fleet, its store, and every report that it delivered, in order.
final class TestCoordinator: @unchecked Sendable {
    let store: ContentStore
    /// Kept for as long as the fleet lives.
    let scratch: Scratch
    private(set) var fleet: HostFleet
    private let condition = NSCondition()
    private var received: [(HostName, HostReport)] = []

    init(
        _ hosts: [HostSpec], scratch: Scratch, generation: Int = 1, starts: [CoordinatorStart] = [],
        place: CataloguePlace? = nil, options: ConnectionOptions = .quick,
        worker: WorkerCheck? = nil, interaction: any HostInteraction = NoInteraction(),
        store name: String = "coordinator", catalogue: String = "test", agent: String = TestPrograms.agent
    ) throws {
        self.scratch = scratch
        store = try ContentStore(directory: scratch.path(name))
        let box = Box()
        fleet = HostFleet(
            hosts: hosts, catalogue: catalogue, generation: generation, starts: starts, place: place,
            depot: store,
            agent: AgentProgram(path: agent), options: options, worker: worker,
            interaction: interaction,
            deliver: { box.owner?.note($0, $1) })
        box.owner = self
        fleet.start()
    }

    func send(_ command: HostCommand, to host: HostName) {
        fleet.send(command, to: host)
        fleet.flush()
    }

    private final class Box: @unchecked Sendable { weak var owner: TestCoordinator? }

    private func note(_ host: HostName, _ report: HostReport) {
        condition.lock()
        received.append((host, report))
        condition.broadcast()
        condition.unlock()
    }

    var reports: [HostReport] {
        condition.lock()
        defer { condition.unlock() }
        return received.map(\.1)
    }

    /// The reports of one host.
    func reports(of host: HostName) -> [HostReport] {
        condition.lock()
        defer { condition.unlock() }
        return received.filter { $0.0 == host }.map(\.1)
    }

    /// Waits until the reports satisfy `test`. Throws what was reported when that takes too long.
    @discardableResult
    func wait(seconds: Double = 30, _ what: String, until test: ([HostReport]) -> Bool) throws -> [HostReport] {
        let limit = Date(timeIntervalSinceNow: seconds)
        condition.lock()
        defer { condition.unlock() }
        while !test(received.map(\.1)) {
            guard condition.wait(until: limit) else { throw Missing(what: what, reports: received.map { "\($0)" }) }
            // Many reports come at once, and to look at each would cost more than they do.
            condition.unlock()
            usleep(2000)
            condition.lock()
        }
        return received.map(\.1)
    }

    struct Missing: Error, CustomStringConvertible {
        let what: String
        let reports: [String]
        var description: String { "\(what) did not come; what came:\n\(reports.joined(separator: "\n"))" }
    }

    func waitForConnection() throws {
        try wait("connected") { $0.contains { if case .connected = $0 { true } else { false } } }
    }

    func waitForEnd(_ attempt: Int = 1) throws -> AttemptEnd {
        let reports = try wait("end of attempt \(attempt)") { $0.end(of: attempt) != nil }
        return reports.end(of: attempt) ?? .vanished
    }

    func close() { fleet.close() }
}

extension [HostReport] {
    func end(of attempt: Int) -> AttemptEnd? {
        for case .ended(AttemptNumber(attempt), let end, _) in self { return end }
        return nil
    }

    /// Events of an attempt with the offsets behind them, as the fleet delivered them.
    func events(of attempt: Int = 1) -> [(event: WorkerEvent, end: Int)] {
        compactMap {
            if case .event(AttemptNumber(attempt), let event, let end) = $0 { (event, end) } else { nil }
        }
    }

    var failures: [HostFailure] {
        compactMap { if case .disconnected(let failure) = $0 { failure } else { nil } }
    }

    func held() -> [HeldAttempt] {
        for case .connected(_, let held) in self { return held }
        return []
    }
}

func ~= (pattern: AttemptNumber, value: AttemptNumber) -> Bool { pattern == value }

extension ConnectionOptions {
    static var quick: ConnectionOptions {
        var options = ConnectionOptions()
        options.firstRetrySeconds = 0.05
        options.lastRetrySeconds = 0.5
        return options
    }
}
