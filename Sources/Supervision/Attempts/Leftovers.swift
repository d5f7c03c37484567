import Glibc
import JobContract

/// Processes that outlive the worker that started them.
///
/// Every process of an attempt has the attempt's directory in its environment, whatever group, session and working
/// directory it chose; a child of the agent that has cleared its environment too is known by its working directory.
enum Leftovers {
    static let variable = "EIGENSWEEP_ATTEMPT"

    /// The children of this process, of all its threads; nil where the system does not tell.
    static func children() -> [pid_t]? {
        var found: [pid_t] = []
        for thread in Files.names(in: "/proc/self/task") {
            guard let text = Files.text("/proc/self/task/\(thread)/children") else { return nil }
            found += text.split(separator: " ").compactMap { pid_t($0) }
        }
        return found
    }

    /// The attempt that a process was started for. By its environment alone: somebody who looks at an attempt's directory
    /// works in it too.
    static func attempt(of pid: pid_t, in place: AgentPlace, byEnvironment: Bool = false) -> AttemptNumber? {
        for path in byEnvironment ? said(by: pid) : paths(of: pid) {
            guard let found = PlaceOfAttempt(path: path, under: place.machineHome) else { continue }
            if found.catalogue == place.catalogue { return found.attempt }
        }
        return nil
    }

    /// Ends the processes of this account that say they are of an attempt.
    static func end(of number: AttemptNumber, in place: AgentPlace) {
        for pid in Files.names(in: "/proc").compactMap({ pid_t($0) })
        where pid != getpid() && attempt(of: pid, in: place, byEnvironment: true) == number { kill(pid, SIGKILL) }
    }

    /// Where a process says or shows that it works: by its environment, its working directory, its program.
    static func paths(of pid: pid_t) -> [String] {
        said(by: pid) + [target(of: "/proc/\(pid)/cwd"), target(of: "/proc/\(pid)/exe")]
    }

    /// Whether a process was started for some attempt, of whatever agent.
    static func isOfAttempt(_ pid: pid_t) -> Bool { !said(by: pid).isEmpty }

    private static func said(by pid: pid_t) -> [String] {
        let prefix = Array("\(variable)=".utf8)
        return (Files.read("/proc/\(pid)/environ") ?? []).split(separator: 0).filter { $0.starts(with: prefix) }
            .map { String(decoding: $0.dropFirst(prefix.count), as: UTF8.self) }
    }

    /// The link's target; empty where there is no such link, or it is not ours to read.
    static func target(of link: String) -> String {
        var bytes = [CChar](repeating: 0, count: 4096)
        let count = readlink(link, &bytes, bytes.count)
        return String(decoding: bytes.prefix(max(0, count)).map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }
}

/// Which attempt of which catalogue a path on this host is of.
struct PlaceOfAttempt {
    let catalogue: String
    let attempt: AttemptNumber

    /// - Parameter homes: the directory of a machine's catalogues, by all its names.
    init?(path: String, under homes: [String]) {
        guard let home = homes.first(where: path.hasPrefix) else { return nil }
        // <catalogue>/attempts/<number>/...
        let words = path.dropFirst(home.utf8.count).split(separator: "/")
        guard words.count >= 3, words[1] == "attempts",
            let number = words[2].split(separator: " ").first.flatMap({ Int($0) }).flatMap(AttemptNumber.init(outside:))
        else { return nil }
        catalogue = String(words[0])
        attempt = number
    }
}

extension AgentPlace {
    /// The directory of this machine's catalogues as it is named, and without symbolic links, as the system names it.
    var machineHome: [String] {
        let named = "\(root)/hosts/\(machine)"
        guard let resolved = realpath(named, nil) else { return [named + "/"] }
        defer { free(resolved) }
        let real = String(cString: resolved)
        return real == named ? [named + "/"] : [named + "/", real + "/"]
    }
}
