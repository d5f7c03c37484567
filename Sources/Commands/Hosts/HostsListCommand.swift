import ArgumentParser
import Foundation
import JobContract
import ResultCatalogue
import ResultQueries
import Scheduling
import SweepModel

struct HostsListCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list", abstract: "Show hosts: how they stand, what they hold, and what they are.",
        discussion: """
            eigensweep hosts list --format csv
            """)

    @OptionGroup var catalogue: CatalogueOptions
    @OptionGroup var hosts: HostOptions
    @OptionGroup var output: FormatOptions

    func run() throws {
        let specs = try HostsSelection(hosts).specs
        let exists = FileManager.default.fileExists(atPath: catalogue.path)
        let reader = exists ? try CatalogueReader(path: catalogue.path) : nil
        let view = exists ? ControlClient(catalogue: catalogue.path)?.look() : nil
        output.print(try HostsTable(specs: specs, reader: reader, fleet: view?.fleet).table())
    }
}

/// Hosts by what the hosts file, the catalogue, and the coordinator that runs, if one does, know of them.
struct HostsTable {
    let specs: [HostSpec]
    let reader: CatalogueReader?
    let fleet: FleetSnapshot?

    /// Hosts of the file in its order, then others that the catalogue has seen.
    func table() throws -> ResultTable {
        let seen = try seen()
        let drained = Dictionary(
            try reader?.drainedHosts().map { ($0.name, $0.reason) } ?? [], uniquingKeysWith: { first, _ in first })
        let live = Dictionary(fleet?.hosts.map { ($0.name, $0) } ?? [], uniquingKeysWith: { first, _ in first })
        let listed = specs.map(\.name)
        let others = Set(seen.keys).union(live.keys).subtracting(listed).sorted()
        var table = ResultTable(
            name: "hosts",
            columns: [
                "host", "address", "standing", "reason", "slots", "running", "backlog", "free_mib", "cores", "cpu",
                "seen_at", "gpus",
            ])
        for name in listed + others {
            let spec = specs.first { $0.name == name }
            let known = seen[name]
            let (standing, reason) = standing(live[name], drained[name], isListed: spec != nil)
            let slots = live[name]?.slots ?? spec.flatMap { spec in spec.slots ?? known?.slots(threads: spec.threads) }
            table.rows.append([
                .text(name), .init(spec?.place), .text(standing), .init(reason), .init(slots),
                .init(live[name]?.running.count ?? known?.running), .init(live[name]?.backlog ?? known?.waiting),
                known?.free ?? .null, known?.cores ?? .null, known?.cpu ?? .null, known?.seenAt ?? .null,
                .init((live[name]?.gpus ?? known?.gpus).map(Self.words)),
            ])
        }
        return table
    }

    private func standing(
        _ live: FleetSnapshot.Host?, _ drained: String?, isListed: Bool
    ) -> (String, String?) {
        if let drained { return ("drained", drained) }
        switch live?.status {
        case .connected: return ("connected", live?.loan.map(Self.words))
        case .vacant: return ("vacant", "no allocation is needed")
        case .queued(let words): return ("queued", words)
        case .connecting: return ("connecting", nil)
        case .unreachable(let reason): return ("unreachable", reason)
        case .unusable(let reason): return ("drained", reason)
        case nil: return (isListed ? "idle" : "not listed", fleet == nil ? "no coordinator runs" : nil)
        }
    }

    private static func words(_ loan: NodeLoan) -> String {
        let left = loan.secondsLeft.map { ", \(Readable.duration($0)) left" } ?? ""
        return loan.node.isEmpty ? "what it left is collected" : "on \(loan.node)\(left)"
    }

    /// The GPUs' names, and which of them get no jobs.
    private static func words(_ gpus: [GPUFacts]) -> String {
        gpus.isEmpty
            ? "none" : gpus.map { $0.title + ($0.setAside == nil ? "" : " set aside") }.joined(separator: "; ")
    }

    private struct Seen {
        var free, cores, cpu, seenAt: ResultTable.Cell
        var gpus: [GPUFacts]?
        var coreCount: Int?
        /// Attempts of which nothing final was heard: those that had started, and those that waited for a slot.
        var running: Int?
        var waiting: Int?

        func slots(threads: Int) -> Int? { coreCount.map { max(1, $0 / max(1, threads)) } }
    }

    private func seen() throws -> [HostName: Seen] {
        let rows = try reader?.hostSightings().rows ?? []
        var seen: [HostName: Seen] = [:]
        for row in rows {
            guard let name = row[0].text else { continue }
            seen[name] = Seen(
                free: .init(row[1]), cores: .init(row[2]), cpu: .init(row[3]), seenAt: .init(row[4]),
                gpus: CatalogueReader.gpus(row[6].text),
                coreCount: row[2].integer, running: row[7].integer,
                waiting: row[5].integer.map { $0 - (row[7].integer ?? 0) })
        }
        return seen
    }
}

extension HostSpec {
    /// Where the host is, as people write it; nil where its name says it.
    fileprivate var place: String? {
        guard transport != .local else { return "this machine" }
        guard address != nil || user != nil || port != nil else { return nil }
        return (user.map { $0 + "@" } ?? "") + (address ?? name) + (port.map { ":\($0)" } ?? "")
    }
}
