import ArgumentParser
import Coordination
import Foundation
import JobContract
import ResultCatalogue
import SweepModel

extension EigensweepBench {
    struct Resumption: ParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "resume", abstract: "From a stored million trials to the first start, and 1 000 held jobs.")
        @Argument(help: "The directory with million.sqlite.")
        var directory: String

        func run() throws {
            let whole = BenchUsage.now
            let catalogue = try BenchUsage.measure("opened") { try Catalogue(path: "\(directory)/million.sqlite") }
            let reader = catalogue.reader
            let found = try BenchUsage.measure("sweep read") { try reader.sweep(named: "million") }
            guard let sweep = found else { throw ValidationError("there is no sweep \"million\" here") }
            _ = try BenchUsage.measure("generation begun") { try catalogue.beginGeneration() }
            let holdings = try BenchUsage.measure("holdings read") { try reader.holdings(of: sweep.trainings.keys) }
            let data = Digest(of: "data".utf8)
            let prepared = PreparedSweep(
                sweep: sweep, datasets: sweep.trainings.mapValues { _ in data }, command: ["noop"])
            let fleet = HoldingFleet(slots: 1000)
            let first = try reader.nextAttemptNumber()
            let coordinator = try BenchUsage.measure("planned") {
                let coordinator = Coordinator(
                    configuration: CoordinationConfiguration(
                        sweeps: [prepared], hosts: [HostSpec(name: "far", transport: .libssh, slots: 1000)],
                        holdings: holdings, firstAttempt: first),
                    fleet: fleet, inbox: fleet, catalogue: catalogue, clock: SystemAwakeClock())
                try coordinator.performFirstActions()
                return coordinator
            }
            if holdings.openAttempts.isEmpty {
                while fleet.started.isEmpty { try coordinator.step() }
                print("resume to first dispatch: \((BenchUsage.now - whole).text)")
                while fleet.started.count < 1000 { try coordinator.step() }
            } else {
                fleet.held = holdings.openAttempts.map {
                    HeldAttempt(attempt: $0.attempt, job: $0.job, state: .running)
                }
                try BenchUsage.measure("re-attached to \(fleet.held.count) held jobs") { try coordinator.step() }
            }
        }
    }
}

/// One host that holds the attempts it is given, and starts those it is told to.
private final class HoldingFleet: Fleet, Inbox {
    var held: [HeldAttempt] = []
    private(set) var started: [AttemptNumber] = []
    private var waiting: [HostReport] = []
    private var isConnected = false
    private let slots: Int

    init(slots: Int) { self.slots = slots }

    func send(_ command: HostCommand, to host: HostName) {
        guard case .start(let order) = command else { return }
        started.append(order.attempt)
        waiting += [.accepted(order.attempt), .running(order.attempt)]
    }

    func nextWaiting() -> CoordinatorInput? {
        waiting.isEmpty ? nil : .host("far", waiting.removeFirst())
    }

    func next(before deadline: Instant?) -> CoordinatorInput {
        if isConnected { return nextWaiting() ?? .timeout }
        isConnected = true
        let facts = HostFacts(machine: "far", boot: "b", cores: slots, memory: 1 << 38, cpu: "c", free: 1 << 40)
        return .host("far", .connected(facts, held: held))
    }
}
