import CPosix
import Glibc
import JobContract

/// Processes of this account that were started for an attempt, on this machine, and that no agent knows of any more: its
/// journal was lost, or they left the group that the agent ends.
struct OrphanSearch {
    private let request: OrphanRequest
    private let place: AgentPlace
    private static let patienceSeconds = 5.0

    init(_ request: OrphanRequest) throws(AgentRefusal) {
        self.request = request
        place = try AgentPlace(directory: request.directory, catalogue: "none")
    }

    func run() throws -> [Orphan] {
        let orphans = try search()
        guard request.ends, !orphans.isEmpty else { return orphans }
        for signal in [SIGTERM, SIGKILL] {
            let end = posix_monotonic_seconds() + Self.patienceSeconds
            for orphan in orphans where isAlive(orphan) { kill(orphan.process.pid, signal) }
            while orphans.contains(where: isAlive), posix_monotonic_seconds() < end { usleep(50_000) }
        }
        return orphans.filter(isAlive)
    }

    private func search() throws -> [Orphan] {
        // Processes first: what begins later is in the journal by the time that is read.
        let found = processes()
        var held: [String: Set<AttemptNumber>] = [:]
        for catalogue in Set(found.map(\.catalogue)) {
            guard let other = try? AgentPlace(directory: place.root, catalogue: catalogue) else { continue }
            held[catalogue] = Set(try other.heldOrders().filter { !$0.value.hasEnded }.keys)
        }
        // An attempt that ended meanwhile has no process any more.
        return found.filter { held[$0.catalogue]?.contains($0.attempt) != true && isAlive($0) }
    }

    /// The processes that were started for an attempt, or that work in its directory, or whose program lies there.
    private func processes() -> [Orphan] {
        let homes = place.machineHome
        var orphans: [Orphan] = []
        for name in Files.names(in: "/proc") {
            var status = stat()
            guard let pid = Int32(name), pid != getpid(), stat("/proc/\(name)", &status) == 0,
                status.st_uid == getuid(),
                let found = Leftovers.paths(of: pid).lazy.compactMap({ PlaceOfAttempt(path: $0, under: homes) }).first,
                let identity = ProcessIdentity(of: pid)
            else { continue }
            orphans.append(
                Orphan(
                    process: ProcessName(boot: identity.boot, pid: pid, start: identity.start),
                    catalogue: found.catalogue, attempt: found.attempt,
                    program: Leftovers.target(of: "/proc/\(pid)/exe").cut(toBytes: OutsideValues.nameLength)))
        }
        return orphans.sorted { $0.process.pid < $1.process.pid }
    }

    private func isAlive(_ orphan: Orphan) -> Bool {
        let process = orphan.process
        return ProcessIdentity(boot: process.boot, pid: process.pid, start: process.start).isAlive
    }
}
