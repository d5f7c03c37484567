import Glibc
import JobContract

/// Where one agent keeps its things: `<root>/store` may be shared by hosts, the rest is for one host and catalogue.
package struct AgentPlace: Hashable, Sendable {
    package let root: String
    package let machine: String
    package let catalogue: String

    /// - Throws: when the directory is not absolute after `~`, or the catalogue's name could leave it.
    package init(directory: String, catalogue: String, machine: String = HostSurvey.machine()) throws(AgentRefusal) {
        var path = directory
        if path == "~" || path.hasPrefix("~/") {
            guard let home = getenv("HOME") else {
                throw AgentRefusal(.agentFailed, "the account has no HOME; give an absolute directory")
            }
            path = String(cString: home) + path.dropFirst()
        }
        guard path.hasPrefix("/"), path.utf8.count < 3000, !path.utf8.contains(0) else {
            throw AgentRefusal(.agentFailed, "directory must be absolute or begin with ~/, not \"\(path.prefix(80))\"")
        }
        let name = catalogue.utf8
        guard (1...64).contains(name.count),
            name.allSatisfy({ (97...122).contains($0) || (48...57).contains($0) || $0 == 45 })
        else { throw AgentRefusal(.protocolViolation, "\"\(catalogue.prefix(80))\" is no catalogue's name") }
        while path.hasSuffix("/"), path != "/" { path.removeLast() }
        root = path
        self.machine = machine
        self.catalogue = catalogue
    }

    package var store: String { "\(root)/store" }
    package var home: String { "\(root)/hosts/\(machine)/\(catalogue)" }
    var attempts: String { "\(home)/attempts" }
    var journal: String { "\(home)/journal" }
    var lock: String { "\(home)/lock" }
    var memory: String { "\(home)/coordinator.json" }
    var log: String { "\(home)/agent.log" }

    /// Durably: what the journal accepts must be found after a loss of power.
    func makeDirectories() throws(AgentRefusal) { try Files.makeDirectory(attempts, durably: true) }

    /// Calls `body` with a path of the agent's socket short enough for a socket's address.
    func withSocketPath<Result>(_ body: (String) -> Result) throws(AgentRefusal) -> Result {
        let descriptor = open(home, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard descriptor >= 0 else { throw Files.refusal("open \(home)") }
        defer { close(descriptor) }
        return body("/proc/self/fd/\(descriptor)/agent.sock")
    }
}
