import Foundation
import Glibc

/// Four hosts, a coordinator's disk and the programs, in which one combination after another runs.
final class ChaosArena {
    let programs: ChaosPrograms
    let network: NamespaceHosts
    /// The directory whose programs the next coordinator runs.
    var build: String
    private(set) var logs = 0
    /// Room for a worker, agents of two builds and files that a killed coordinator was bringing.
    private static let homeBytes = 320 << 20

    var hosts: [NamespaceHosts.Host] { network.hosts }
    /// A small file system for catalogue and store.
    var volume: String { "\(network.directory)/volume" }
    var catalogue: String { "\(volume)/catalogue.sqlite" }
    var notes: String { "\(network.directory)/notes" }

    init(_ programs: ChaosPrograms) throws {
        self.programs = programs
        build = programs.current
        network = try NamespaceHosts(count: FaultSchedule.hostCount, isRelayed: true, homeBytes: Self.homeBytes)
        do {
            let files = FileManager.default
            try files.createDirectory(atPath: volume, withIntermediateDirectories: true)
            try NamespaceHosts.run("/usr/bin/mount", "-t", "tmpfs", "-o", "size=\(Self.homeBytes)", "none", volume)
            try "Host *\n  UserKnownHostsFile \(network.knownHosts)\n  IdentitiesOnly yes\n"
                .write(toFile: network.sshConfig, atomically: true, encoding: .utf8)
            let lines = hosts.map {
                "  - \($0.name): {address: \($0.address), port: \($0.port), user: \(network.user), "
                    + "identity: \(network.identity), slots: 1}\n"
            }
            try ("hosts:\n" + lines.joined())
                .write(toFile: "\(network.directory)/hosts.yaml", atomically: true, encoding: .utf8)
            try Self.sweep.write(toFile: "\(network.directory)/chaos.yaml", atomically: true, encoding: .utf8)
        } catch {
            network.remove()
            throw error
        }
    }

    func remove() {
        _ = try? NamespaceHosts.run("/usr/bin/umount", "-l", volume)
        network.remove()
    }

    /// Four trainings of a second or two with a milestone on the way, and two measures of each milestone.
    static let sweep = """
        name: chaos
        dataset: {source: geometric, resolution: 8, channels: 1, count: 256, held_out: 32}
        model: {architecture: ddpmpp, multipliers: [1], blocks: 1, attention: [], scale: 4}
        training: {batch: 8, learning_rate: 1.0e-3}
        grid: {dataset.size: [4, 64], seed: [0, 1], training.steps: [100, 1000]}
        measures: [{gaussian-distance: {samples: 32, sigmas: [0.5, 4]}}, {memorization: {samples: 32, steps: 4}}]

        """

    /// Makes hosts as new, with the agent, and with the worker on all but `lacking`; the catalogue's place is empty.
    func reset(lacking: Set<Int> = []) throws {
        let files = FileManager.default
        build = programs.current
        for (index, host) in hosts.enumerated() {
            network.halt(host)
            if let cable = host.relayed { network.relay?.set(cable) { $0 = RelayedCables.Condition() } }
            for name in try files.contentsOfDirectory(atPath: host.home) {
                try files.removeItem(atPath: "\(host.home)/\(name)")
            }
            try NamespaceHosts.run("/usr/bin/cp", "-a", "\(programs.home)/.", host.home)
            if lacking.contains(index) { try files.removeItem(atPath: workerPath(on: host)) }
            try NamespaceHosts.run("/usr/bin/chown", "-R", "\(network.user):", host.home)
            try network.boot(host)
        }
        for name in try files.contentsOfDirectory(atPath: volume) {
            try files.removeItem(atPath: "\(volume)/\(name)")
        }
        try? files.removeItem(atPath: notes)
        try files.createDirectory(atPath: notes, withIntermediateDirectories: true)
        logs = 0
    }

    func store(of host: NamespaceHosts.Host) -> String { "\(host.home)/.eigensweep/store" }

    func workerPath(on host: NamespaceHosts.Host) -> String {
        "\(store(of: host))/\(programs.worker.hex.prefix(2))/\(programs.worker.hex)"
    }

    /// Starts a coordinator, by `launch` or `resume` and their arguments.
    func startCoordinator(_ words: [String], log: String? = nil) throws -> pid_t {
        logs += 1
        return try NamespaceHosts.start(
            ["\(build)/eigensweep"] + words + [
                "--catalogue", catalogue, "--hosts", "\(network.directory)/hosts.yaml",
                "--ssh-config", network.sshConfig, "--limits", ChaosLimits.argument,
            ], log: "\(notes)/\(log ?? "coordinator-\(logs)").log")
    }

    func launch() throws -> pid_t { try startCoordinator(["launch", "\(network.directory)/chaos.yaml"]) }
    /// Does what a person does after a coordinator's end: resumes, or launches a sweep that was never stored.
    func resume() throws -> pid_t {
        rows("SELECT 1 FROM sweep").isEmpty ? try launch() : try startCoordinator(["resume", "chaos"])
    }

    /// Processes on a host that run the worker.
    func workers(on host: NamespaceHosts.Host) -> [pid_t] {
        network.processes(of: host, running: "eigensweep-worker run")
    }

    /// The numbers of attempts that a host keeps on its disk.
    func attempts(on host: NamespaceHosts.Host) -> [String] {
        let files = FileManager.default
        let place = "\(host.home)/.eigensweep/hosts/\(host.machine)"
        return ((try? files.contentsOfDirectory(atPath: place)) ?? []).flatMap { catalogue in
            (try? files.contentsOfDirectory(atPath: "\(place)/\(catalogue)/attempts")) ?? []
        }.sorted()
    }

    /// Rows of the catalogue as the sqlite3 program prints them; none while there is no catalogue.
    func rows(_ sql: String) -> [String] {
        let words = ["/usr/bin/sqlite3", "-readonly", "-cmd", ".timeout 5000", catalogue, sql]
        let output = (try? NamespaceHosts.run(words)) ?? ""
        return output.split(separator: "\n").map(String.init)
    }
}
