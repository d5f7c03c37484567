import Foundation
import JobContract
import RemoteHosts
import ResultCatalogue
import SweepModel

/// Compares the attempts that hosts hold with those that the catalogue has open, as a coordinator, which may mend what it
/// finds.
struct HostsCheckup {
    let workplace: Workplace
    let options: HostOptions
    let specs: [HostSpec]
    private static let patienceSeconds = 30.0

    /// Connects to every host and asks.
    func findings() throws -> [Finding] {
        let told = Told([:])
        let generation = try workplace.catalogue.raiseGeneration()
        let fleet = HostFleet(
            hosts: specs, catalogue: workplace.catalogue.id, generation: generation,
            starts: try workplace.catalogue.reader.coordinatorStarts(),
            place: CatalogueFile.place(of: workplace.catalogue.path), depot: workplace.store,
            agent: AgentProgram(path: try Programs.bundled("eigensweep-agent")), options: options.connection,
            interaction: TerminalInteraction()
        ) { host, report in
            switch report {
            case .connected(_, let held): told.with { $0[host] = .success(held) }
            case .disconnected(let failure): told.with { $0[host] = .failure(failure) }
            default: break
            }
        }
        fleet.start()
        Waiting.during("waiting for \(specs.count) host\(specs.count == 1 ? "" : "s") to connect") {
            _ = wait { told.with { $0.count } == specs.count }
        }
        let open = Set(try workplace.catalogue.reader.openAttempts().map(\.attempt))
        let answers = told.with { $0 }
        let answering = specs.filter { (try? answers[$0.name]?.get()) != nil }
        let orphans = try OrphanCheckup(options).findings(answering)
        return specs.flatMap { spec -> [Finding] in
            switch answers[spec.name] {
            case .success(let held)?:
                return strangers(held.filter { !open.contains($0.attempt) }, on: spec.name, fleet, told)
                    + (orphans[spec.name] ?? [])
            case .failure(let failure)?: return [Finding(silent: spec, failure.message)]
            case nil: return [Finding(silent: spec, "it did not answer within \(Int(Self.patienceSeconds)) s")]
            }
        }
    }

    private typealias Told = Locked<[HostName: Result<[HeldAttempt], HostFailure>]>

    /// Attempts that a host holds and that the catalogue does not know, or whose end it has recorded: an older copy of the
    /// catalogue was put back, or the host was not told before a run ended.
    private func strangers(
        _ held: [HeldAttempt], on host: HostName, _ fleet: HostFleet, _ told: Told
    ) -> [Finding] {
        guard !held.isEmpty else { return [] }
        let numbers = Set(held.map(\.attempt))
        return [
            Finding(
                strangers: held.count, goingOn: held.count { $0.state == .running }, on: host,
                repair: {
                    for attempt in numbers.sorted() {
                        fleet.send(.cancel(attempt), to: host)
                        fleet.send(.release(attempt), to: host)
                    }
                    let isGone = wait {
                        fleet.send(.enquire, to: host)
                        usleep(200_000)
                        guard case .success(let now)? = told.with({ $0[host] }) else { return false }
                        return numbers.isDisjoint(with: now.map(\.attempt))
                    }
                    guard isGone else { throw HostFailure(.agentFailed, "\(host) still holds some of them") }
                })
        ]
    }

    /// Whether `condition` came true in time.
    @discardableResult
    private func wait(until condition: () -> Bool) -> Bool {
        let end = Date(timeIntervalSinceNow: Self.patienceSeconds)
        while Date() < end {
            if condition() { return true }
            usleep(50_000)
        }
        return false
    }
}
