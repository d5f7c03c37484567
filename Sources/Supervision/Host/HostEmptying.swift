import CPosix
import Glibc
import JobContract

/// Takes all of Eigensweep from a host on which no attempt needs anything: ends this machine's agents, and removes what they
/// keep and the programs. Other machines that share the directory remove their own; what is not ours stays.
struct HostEmptying {
    private let root: String
    private let machine: String
    /// How long an agent may take to end.
    private static let patienceSeconds = 10.0

    init(_ place: AgentPlace) {
        root = place.root
        machine = place.machine
    }

    func run() {
        let own = "\(root)/hosts/\(machine)"
        for catalogue in Files.names(in: own) {
            guard let place = try? AgentPlace(directory: root, catalogue: catalogue, machine: machine) else { continue }
            empty(place)
        }
        remove("\(own)/workers")
        rmdir(own)
        rmdir("\(root)/hosts")
        guard access("\(root)/hosts", F_OK) != 0 else { return }
        remove("\(root)/store")
        for name in Files.names(in: root) where name.hasPrefix("eigensweep-agent") { unlink("\(root)/\(name)") }
        guard rmdir(root) == 0 else { return }
        // Hosts with `machine: shared` each have a directory of their own in this one.
        let parts = root.split(separator: "/")
        guard root.hasPrefix("/"), parts.dropLast().last == "machines" else { return }
        guard rmdir("/" + parts.dropLast().joined(separator: "/")) == 0 else { return }
        rmdir("/" + parts.dropLast(2).joined(separator: "/"))
    }

    /// Ends the place's agent and removes the place, unless an agent stays or an attempt came meanwhile.
    private func empty(_ place: AgentPlace) {
        let lock = open(place.lock, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0o600)
        guard lock >= 0 else { return }
        defer { close(lock) }
        let end = posix_monotonic_seconds() + Self.patienceSeconds
        var isAsked = false
        while flock(lock, LOCK_EX | LOCK_NB) != 0 {
            if !isAsked, let agent = holder(of: lock) { isAsked = kill(agent, SIGTERM) == 0 }
            guard posix_monotonic_seconds() < end else { return }
            usleep(20_000)
        }
        // With the lock no other agent begins here.
        guard (try? place.heldOrders().isEmpty) == true else { return }
        remove(place.home)
    }

    /// The process that holds the lock of an open file.
    private func holder(of lock: Int32) -> pid_t? {
        var status = stat()
        guard fstat(lock, &status) == 0 else { return nil }
        for line in (Files.text("/proc/locks") ?? "").split(separator: "\n") {
            // 3: FLOCK  ADVISORY  WRITE 4242 fe:00:131090 0 EOF
            let words = line.split(separator: " ", omittingEmptySubsequences: true)
            guard words.count >= 6, words[1] == "FLOCK", let process = pid_t(words[4]), process > 1,
                words[5].split(separator: ":").last.flatMap({ UInt64($0) }) == UInt64(status.st_ino),
                let command = Files.text("/proc/\(process)/cmdline"), command.contains("eigensweep-agent")
            else { continue }
            return process
        }
        return nil
    }

    /// Removes a file, or a folder with all in it; links are not followed.
    private func remove(_ path: String) {
        var status = stat()
        guard lstat(path, &status) == 0 else { return }
        guard status.st_mode & S_IFMT == S_IFDIR else {
            unlink(path)
            return
        }
        for name in Files.names(in: path) { remove("\(path)/\(name)") }
        rmdir(path)
    }
}
