import CPosix
import Foundation
import SweepModel

/// Where and how to reach a host, after the SSH configuration.
struct SSHSettings {
    enum Agent: Hashable {
        case none
        /// The one SSH_AUTH_SOCK names, if any.
        case ofEnvironment
        case at(String)
    }
    /// The name the configuration was asked about.
    var target: String
    var address: String
    var port = 22
    var user: String?
    /// The name under which known-hosts files have the host; nil: its address and port.
    var hostKeyAlias: String?
    var identities: [String] = []
    var certificates: [String] = []
    var identitiesOnly = false
    var agent = Agent.ofEnvironment
    var knownHosts: [String] = []
    var globalKnownHosts: [String] = []
    /// Whether names are written there as digests.
    var hashesKnownHosts = false
    var proxyJump: String?
    var proxyCommand: String?
    /// AF_INET, AF_INET6 or AF_UNSPEC.
    var addressFamily = AF_UNSPEC
    var bindAddress: String?
    /// Nil: the connection options' own.
    var connectSeconds: Double?
    var compression = false
    var offersKeys = true
    var offersPassword = true
    var offersKeyboardInteractive = true
    var offersKerberos = false
    var passwordPrompts = 3
    /// What the configuration asks for and libssh lacks, as it would stand there.
    var beyondLibSSH: [String] = []

    init(target: String) {
        self.target = target
        address = target
    }

    /// Asks `ssh -G` where there is an ssh program, else libssh's own parser.
    static func resolve(
        _ host: HostSpec, _ options: ConnectionOptions, ssh: String? = findProgram("ssh")
    ) throws(HostFailure) -> SSHSettings {
        let target = host.address ?? host.name
        guard !target.hasPrefix("-") else {
            throw HostFailure(.configuration, "\(host.name): \"\(target)\" is no address")
        }
        var settings: SSHSettings
        if let ssh {
            settings = try SSHClientQuestion(ssh: ssh, host: host, options: options).settings(target)
        } else {
            settings = try parsedByLibSSH(target, host, options)
        }
        if let port = host.port { settings.port = port }
        if let user = host.user { settings.user = user }
        if let identity = host.identity {
            settings.identities = [expandingTilde(identity)]
            settings.identitiesOnly = true
        }
        if let jump = host.proxyJump { settings.proxyJump = jump }
        if let known = options.knownHosts {
            settings.knownHosts = [known]
            settings.globalKnownHosts = []
        }
        settings.identities = settings.identities.map(settings.expandingTokens)
        settings.certificates = settings.certificates.map(settings.expandingTokens)
        settings.knownHosts = settings.knownHosts.map(settings.expandingTokens)
        settings.globalKnownHosts = settings.globalKnownHosts.map(settings.expandingTokens)
        settings.beyondLibSSH += settings.hostAuthorities + settings.certificatesOnlyTheAgentServes
        return settings
    }

    /// The socket of the SSH agent to ask; nil when none is to be asked.
    var agentSocket: String? {
        switch agent {
        case .none: nil
        case .ofEnvironment: ProcessInfo.processInfo.environment["SSH_AUTH_SOCK"].flatMap { $0.isEmpty ? nil : $0 }
        case .at(let path): path
        }
    }

    /// libssh does not know host certificates.
    private var hostAuthorities: [String] {
        KnownHosts(files: knownHosts + globalKnownHosts).authorities(of: self).map { "@cert-authority in \($0.place)" }
    }

    private var certificatesOnlyTheAgentServes: [String] {
        guard agentSocket != nil, !certificates.isEmpty,
            !identities.contains(where: { access($0, R_OK) == 0 && !SSHKeyFile($0).needsPassphrase })
        else { return [] }
        return ["CertificateFile with a key that the SSH agent holds"]
    }

    /// The tokens that names of files may hold.
    private func expandingTokens(_ text: String) -> String {
        let environment = ProcessInfo.processInfo.environment
        let name = ProcessInfo.processInfo.hostName
        let tokens: [Character: String] = [
            "%": "%", "d": environment["HOME"] ?? "", "h": address, "i": String(getuid()),
            "k": hostKeyAlias ?? address, "l": name, "L": String(name.prefix { $0 != "." }), "n": target,
            "p": String(port), "r": user ?? "", "u": environment["USER"] ?? "",
        ]
        return expandingTilde(expandTokens(in: text, tokens))
    }

    /// The command of ProxyCommand with its tokens filled in. Names that a shell would read otherwise are refused.
    func proxyCommandLine(of host: HostName) throws(HostFailure) -> String? {
        guard let proxyCommand else { return nil }
        for value in [address, target, user ?? ""]
        where !value.allSatisfy({ $0.isLetter || $0.isNumber || "-_.:@%+".contains($0) }) {
            throw HostFailure(
                .configuration, "\(host): \"\(value)\" is not given to ProxyCommand, which a shell would read")
        }
        let tokens: [Character: String] = [
            "%": "%", "h": address, "n": target, "p": String(port), "r": user ?? "",
        ]
        return expandTokens(in: proxyCommand, tokens)
    }
}

/// Replaces `%x` by the token's value; what is no token stays.
func expandTokens(in text: String, _ tokens: [Character: String]) -> String {
    var result = ""
    var rest = text[...]
    while let percent = rest.firstIndex(of: "%") {
        result += rest[..<percent]
        rest = rest[rest.index(after: percent)...]
        if let letter = rest.first, let value = tokens[letter] {
            result += value
            rest = rest.dropFirst()
        } else {
            result += "%"
        }
    }
    return result + rest
}

func expandingTilde(_ path: String) -> String {
    guard path == "~" || path.hasPrefix("~/") else { return path }
    return (ProcessInfo.processInfo.environment["HOME"] ?? "") + path.dropFirst()
}
