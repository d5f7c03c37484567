import SweepModel

/// One thing `hosts check` found on a host.
package struct HostFinding: Hashable, Sendable {
    package enum Level: String, Hashable, Sendable, Comparable {
        /// Worth knowing, below that: fine.
        case fine, note, warning
        /// The host cannot be used as it is.
        case problem

        private var rank: Int {
            switch self {
            case .fine: 0
            case .note: 1
            case .warning: 2
            case .problem: 3
            }
        }
        package static func < (a: Self, b: Self) -> Bool { a.rank < b.rank }
    }
    package var host: HostName
    package var level: Level
    /// A short name of what was looked at, for scripts.
    package var subject: String
    package var words: String
    /// What to do about it.
    package var advice: String

    package init(_ host: HostName, _ level: Level, _ subject: String, _ words: String, _ advice: String = "") {
        self.host = host
        self.level = level
        self.subject = subject
        self.words = words
        self.advice = advice
    }
}

extension HostFailure {
    /// Why a host could not even be asked.
    func finding(_ host: HostName) -> HostFinding {
        let advice =
            switch kind {
            case .unreachable: "see that it runs and that `ssh` reaches it"
            case .authenticationFailed: "put a key there (ssh-copy-id) and load it (ssh-add)"
            case .hostKeyUnknown: "compare the fingerprint, then ssh there once, or --accept-new-host-keys"
            case .hostKeyChanged: "ask its owner; then remove the old key and connect anew"
            case .noSpace: "free space there, or name another directory: in the hosts file"
            case .noShell:
                "the account must run what it is given: `ssh \(host) 'exec /bin/sh -c \"echo yes\"'` must say yes"
            case .directory: "name another directory: in the hosts file"
            case .duplicateMachine: "keep one of the names in the hosts file, or say machine: shared of one"
            case .configuration: "correct the SSH configuration or the hosts file"
            case .unsuitable: "leave the host out"
            case .spawnFailed:
                "directory: in the hosts file must be where programs may run (no noexec), on Linux on x86-64"
            case .agentFailed, .transferFailed: "check again; `ssh \(host)` may show more"
            case .missingFile: "`eigensweep doctor` says more"
            case .protocolViolation: "remove eigensweep-agent from the host's directory; it is brought again"
            }
        return HostFinding(host, .problem, kind.rawValue, words(beside: host), advice)
    }
}
