import Foundation
import JobContract
import RemoteHosts
import ResultCatalogue
import SweepModel

/// What hosts hold, against the attempts that the catalogue thinks are open.
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
            starts: try workplace.catalogue.reader.coordinatorStarts(), depot: workplace.store,
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
        wait { told.with { $0.count } == specs.count }
        let open = Set(try workplace.catalogue.reader.openAttempts().map(\.attempt))
        let visits = HostVisits(
            agentExecutable: try Programs.bundled("eigensweep-agent"), options: options.connection,
            interaction: TerminalInteraction())
        let answers = told.with { $0 }
        let answering = specs.filter { (try? answers[$0.name]?.get()) != nil }
        let searches = HostVisits.together(answering) { spec -> Result<[Orphan], HostFailure> in
            do throws(HostFailure) { return .success(try visits.orphans(spec, ends: false)) } catch {
                return .failure(error)
            }
        }
        let orphans = Dictionary(
            zip(answering.map(\.name), searches), uniquingKeysWith: { first, _ in first })
        return specs.flatMap { spec -> [Finding] in
            switch answers[spec.name] {
            case .success(let held)?:
                return strangers(held.filter { !open.contains($0.attempt) }, on: spec.name, fleet, told)
                    + (orphans[spec.name].map { self.orphans($0, on: spec, visits) } ?? [])
            case .failure(let failure)?: return [Self.silent(spec, failure.message)]
            case nil: return [Self.silent(spec, "it did not answer within \(Int(Self.patienceSeconds)) s")]
            }
        }
    }

    private static func silent(_ spec: HostSpec, _ problem: String) -> Finding {
        Finding(about: spec.name, problem: problem, remedy: "`eigensweep hosts check` says more")
    }

    /// Workers there that no agent, of whatever catalogue, knows of.
    private func orphans(
        _ found: Result<[Orphan], HostFailure>, on spec: HostSpec, _ visits: HostVisits
    ) -> [Finding] {
        switch found {
        case .failure(let failure): return [Self.silent(spec, failure.message)]
        case .success(let orphans):
            guard let first = orphans.first else { return [] }
            let pids = orphans.map { "\($0.process.pid)" }.joined(separator: ", ")
            return [
                Finding(
                    about: spec.name,
                    problem:
                        "\(orphans.count) processes work for attempts that no agent there holds: \(pids), such as "
                        + "\(first.program) for attempt \(first.attempt)",
                    remedy: "ended by --repair",
                    repair: {
                        let left = try visits.orphans(spec, ends: true)
                        guard left.isEmpty else {
                            throw HostFailure(.agentFailed, "\(spec.name): \(left.count) of them do not end")
                        }
                    })
            ]
        }
    }

    private typealias Told = Locked<[HostName: Result<[HeldAttempt], HostFailure>]>

    /// Attempts there that the catalogue does not know, or whose end it has recorded: an older copy of the catalogue
    /// was put back, or the end of a run did not reach the host.
    private func strangers(
        _ held: [HeldAttempt], on host: HostName, _ fleet: HostFleet, _ told: Told
    ) -> [Finding] {
        guard !held.isEmpty else { return [] }
        let numbers = Set(held.map(\.attempt))
        let running = held.count { $0.state == .running }
        return [
            Finding(
                about: host,
                problem: "it holds \(held.count) attempts that are not open here, \(running) of them running",
                remedy: "stopped and removed by --repair",
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
