/// How hosts are reached.
package struct ConnectionOptions: Hashable, Sendable {
    /// Records and trusts the key of a host never met before. A changed key is refused all the same.
    package var acceptNewHostKeys: Bool
    /// The known-hosts file; nil: what the SSH configuration says.
    package var knownHosts: String?
    /// The SSH configuration file; nil: the account's and the system's.
    package var sshConfig: String?
    /// Seconds to reach a host and be authenticated.
    package var connectSeconds: Double
    /// Seconds between questions whether the host is there, and of silence after which it is not.
    package var pingSeconds: Double
    package var silenceSeconds: Double
    /// Seconds before the first and at most between later tries to reconnect.
    package var firstRetrySeconds: Double
    package var lastRetrySeconds: Double
    /// Seconds that bringing a recovery point's state may take; a slower one stays on its host.
    package var stateSeconds: Double
    /// Seconds for which a host stays with this coordinator without hearing from it.
    package var leaseSeconds: Double

    /// Connections being made at a time, over all hosts: fewer than a server lets wait unauthenticated (MaxStartups,
    /// commonly 10), because all may lead through one bastion.
    static let connectsAtOnce = 6

    package init(
        acceptNewHostKeys: Bool = false, knownHosts: String? = nil, sshConfig: String? = nil,
        connectSeconds: Double = 20, pingSeconds: Double = 15, silenceSeconds: Double = 45,
        firstRetrySeconds: Double = 0.5, lastRetrySeconds: Double = 60, stateSeconds: Double = 75,
        leaseSeconds: Double = 900
    ) {
        self.acceptNewHostKeys = acceptNewHostKeys
        self.knownHosts = knownHosts
        self.sshConfig = sshConfig
        self.connectSeconds = connectSeconds
        self.pingSeconds = pingSeconds
        self.silenceSeconds = silenceSeconds
        self.firstRetrySeconds = firstRetrySeconds
        self.lastRetrySeconds = lastRetrySeconds
        self.stateSeconds = stateSeconds
        self.leaseSeconds = leaseSeconds
    }
}
