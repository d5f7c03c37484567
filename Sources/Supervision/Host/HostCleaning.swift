import CPosix
import ContentStore
import Glibc
import JobContract

/// Removes from a host's directory what no attempt needs, of whatever catalogue and, where hosts share the directory,
/// of whatever host. Attempts are never touched: agents remove their own when they are released.
struct HostCleaning {
    private let request: CleaningRequest
    private let place: AgentPlace

    init(_ request: CleaningRequest) throws(AgentRefusal) {
        self.request = request
        place = try AgentPlace(directory: request.directory, catalogue: "none")
    }

    func run() throws -> CleaningReport {
        var report = CleaningReport()
        if let wanted = request.allocations {
            report.allocations = try Relay.endAllocations(in: wanted, isRehearsal: request.isRehearsal)
        }
        guard access(place.store, F_OK) == 0 else {
            emptyUnlessNeeded(report)
            return report
        }
        let store = try ContentStore(directory: place.store)
        // What is stored now: files that come while this runs are not looked at.
        let stored = try store.digests()
        var (needed, attempts) = try neededContent()
        needed.formUnion(request.keep)
        report.attempts = attempts
        for digest in stored {
            let path = store.path(of: digest)
            var status = stat()
            guard stat(path, &status) == 0 else { continue }
            let bytes = Int(status.st_size)
            if needed.contains(digest) {
                report.neededFiles += 1
                report.neededBytes += bytes
            } else if age(of: status) < request.youngerThan {
                report.youngFiles += 1
                report.youngBytes += bytes
            } else {
                if !request.isRehearsal { try store.remove(digest) }
                report.files += 1
                report.bytes += bytes
            }
        }
        sweep("\(place.store)/incoming", beginning: "", &report)
        sweep(store.damagedDirectory, beginning: "", &report)
        sweep(place.root, beginning: "eigensweep-agent.", &report)
        // Where earlier versions brought it.
        if let home = getenv("HOME") { sweep(String(cString: home), beginning: ".eigensweep-agent.", &report) }
        emptyUnlessNeeded(report)
        return report
    }

    /// Where everything is to go, whatever its age, and nothing is needed, nothing is left.
    private func emptyUnlessNeeded(_ report: CleaningReport) {
        let isNeeded = report.attempts > 0 || report.neededFiles > 0 || report.youngFiles > 0
        guard request.youngerThan == 0, !request.isRehearsal, !isNeeded else { return }
        HostEmptying(place).run()
    }

    /// Removes what a transfer that was cut off, or a file that was damaged, left a day ago or longer.
    private func sweep(_ directory: String, beginning prefix: String, _ report: inout CleaningReport) {
        for name in Files.names(in: directory) where name.hasPrefix(prefix) {
            var status = stat()
            let path = "\(directory)/\(name)"
            guard lstat(path, &status) == 0, age(of: status) > 86_400 else { continue }
            if !request.isRehearsal, unlink(path) != 0 { continue }
            report.leftovers += 1
            report.leftoverBytes += Int(status.st_size)
        }
    }

    private func age(of status: stat) -> Int {
        Int(posix_wall_seconds()) - max(status.st_mtim.tv_sec, status.st_ctim.tv_sec)
    }

    /// Everything that attempts need or have made and not been released of, and how many attempts there are.
    private func neededContent() throws -> (Set<Digest>, Int) {
        var needed: Set<Digest> = []
        var attempts = 0
        for machine in Files.names(in: "\(place.root)/hosts") {
            for catalogue in Files.names(in: "\(place.root)/hosts/\(machine)") {
                guard let other = try? AgentPlace(directory: place.root, catalogue: catalogue, machine: machine) else {
                    continue
                }
                for order in try other.heldOrders().values.map(\.order) {
                    attempts += 1
                    needed.formUnion(order.files)
                    let directory = AttemptDirectory(of: order.attempt, in: other.attempts)
                    let events = EventFollower(path: directory.events, from: 0)
                    while let line = events.next(atEnd: true) {
                        if let event = WorkerEvent(line: line.bytes) { needed.formUnion(event.files.map(\.digest)) }
                    }
                }
            }
        }
        return (needed, attempts)
    }
}
