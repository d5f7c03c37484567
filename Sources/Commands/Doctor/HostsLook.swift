import Foundation
import JobContract
import RemoteHosts
import ResultCatalogue
import SweepModel

/// Compares the attempts that hosts hold, by the files that lie there, with those that the catalogue has open. It changes
/// nothing on hosts, nor for which coordinator they work.
struct HostsLook {
    let reader: CatalogueReader
    let options: HostOptions

    func findings(_ specs: [HostSpec]) throws -> [Finding] {
        let visits = try HostVisits(options)
        let catalogue = reader.id
        let answers = visits.together(specs) { spec -> Result<[HeldNumber], HostFailure> in
            do throws(HostFailure) { return .success(try visits.held(spec, of: catalogue)) } catch {
                return .failure(error)
            }
        }
        let open = Set(try reader.openAttempts().map(\.attempt))
        let answering = zip(specs, answers).filter { (try? $0.1.get()) != nil }.map(\.0)
        let orphans = try OrphanCheckup(options).findings(answering)
        return zip(specs, answers).flatMap { spec, answer -> [Finding] in
            switch answer {
            case .failure(let failure): return [Finding(silent: spec, failure.message)]
            case .success(let held):
                let strangers = held.filter { !open.contains($0.attempt) }
                let found =
                    strangers.isEmpty
                    ? []
                    : [Finding(strangers: strangers.count, goingOn: strangers.count { !$0.hasEnded }, on: spec.name)]
                return found + (orphans[spec.name] ?? [])
            }
        }
    }
}

/// Looks for workers on hosts that no agent of any catalogue knows.
struct OrphanCheckup {
    private let visits: HostVisits

    init(_ options: HostOptions) throws { visits = try HostVisits(options) }

    func findings(_ specs: [HostSpec]) throws -> [HostName: [Finding]] {
        let answers = visits.together(specs) { [visits] spec -> Result<[Orphan], HostFailure> in
            do throws(HostFailure) { return .success(try visits.orphans(spec, ends: false)) } catch {
                return .failure(error)
            }
        }
        let found = zip(specs, answers).map { spec, answer in
            switch answer {
            case .success(let orphans): (spec.name, findings(orphans, on: spec))
            case .failure(let failure): (spec.name, [Finding(silent: spec, failure.message)])
            }
        }
        return Dictionary(found, uniquingKeysWith: { first, _ in first })
    }

    private func findings(_ orphans: [Orphan], on spec: HostSpec) -> [Finding] {
        guard let first = orphans.first else { return [] }
        let pids = orphans.map { "\($0.process.pid)" }.joined(separator: ", ")
        return [
            Finding(
                about: spec.name,
                problem:
                    "\(orphans.count) processes work for attempts that no agent there holds: \(pids), such as "
                    + "\(first.program) for attempt \(first.attempt)",
                remedy: "ended by --repair",
                repair: { [visits] in
                    let left = try visits.orphans(spec, ends: true)
                    guard left.isEmpty else {
                        throw HostFailure(.agentFailed, "\(spec.name): \(left.count) of them do not end")
                    }
                })
        ]
    }
}

extension HostVisits {
    convenience init(_ options: HostOptions) throws {
        self.init(
            agentExecutable: try Programs.bundled("eigensweep-agent"), options: options.connection,
            interaction: TerminalInteraction())
    }
}

extension Finding {
    init(silent host: HostSpec, _ problem: String) {
        self.init(
            about: host.name, problem: HostFailure.words(problem, beside: host.name),
            remedy: "`eigensweep hosts check` says more")
    }

    /// Attempts on a host that the catalogue does not know, or whose end it has recorded.
    init(strangers count: Int, goingOn: Int, on host: HostName, repair: (() throws -> Void)? = nil) {
        self.init(
            about: host,
            problem: "it holds \(Readable.counted(count, "attempt")) unknown or over here, \(goingOn) still going on",
            remedy: "stopped and removed by --repair", repair: repair)
    }
}
