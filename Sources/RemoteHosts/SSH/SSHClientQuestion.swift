import CPosix
import CSSH
import Foundation
import SweepModel

/// What `ssh -G` says of a host.
struct SSHClientQuestion {
    let ssh: String
    let host: HostSpec
    let options: ConnectionOptions

    func settings(_ target: String) throws(HostFailure) -> SSHSettings {
        var arguments = [ssh, "-G"]
        if let config = options.sshConfig { arguments += ["-F", config] }
        arguments += sshArguments(of: host) + ["--", target]
        let text = try output(of: arguments)
        let plain = try Self.defaults.with { known throws(HostFailure) -> String in
            if let text = known[ssh] { return text }
            let text = try output(of: [ssh, "-G", "-F", "/dev/null", "--", "host"])
            known[ssh] = text
            return text
        }
        return SSHSettings(answer: text, withoutConfiguration: plain, target: target)
    }

    /// What the program answers where nothing is configured, by the program's path.
    private static let defaults = Locked<[String: String]>([:])

    private func output(of arguments: [String]) throws(HostFailure) -> String {
        let stream = try ProcessStream(
            arguments, environment: ProcessInfo.processInfo.environment, wake: -1, ownSession: true)
        defer { stream.close() }
        stream.finishWriting()
        var bytes: [UInt8] = []
        let limit = posix_monotonic_seconds() + 10
        while let more = try stream.read(), bytes.count < 1 << 20, posix_monotonic_seconds() < limit {
            bytes += more
            if more.isEmpty { try stream.wait(writing: false, seconds: 1) }
        }
        guard !bytes.isEmpty else {
            throw HostFailure(
                .configuration, "\(host.name): the SSH configuration cannot be read: \(stream.diagnostics)")
        }
        return String(decoding: bytes, as: UTF8.self)
    }
}

extension SSHSettings {
    /// Options without effect on a session that runs one program: what they ask for happens beside it, or our own
    /// rules (deadlines, keepalive, host keys, nothing forwarded, nothing asked twice) take their place.
    private static let beside: Set<String> = [
        "host", "addkeystoagent", "batchmode", "canonicaldomains", "canonicalizefallbacklocal", "canonicalizehostname",
        "canonicalizemaxdots", "canonicalizepermittedcnames", "clearallforwardings", "connectionattempts",
        "controlmaster", "controlpersist", "dynamicforward", "enableescapecommandline", "escapechar",
        "exitonforwardfailure", "fingerprinthash", "forkafterauthentication", "forwardagent", "forwardx11",
        "forwardx11timeout", "forwardx11trusted", "gatewayports", "gssapidelegatecredentials", "ipqos", "localcommand",
        "localforward", "loglevel", "logverbose", "permitlocalcommand",
        "permitremoteopen", "remotecommand", "remoteforward", "requesttty", "sendenv", "serveralivecountmax",
        "serveraliveinterval", "sessiontype", "setenv", "stdinnull", "streamlocalbindmask", "streamlocalbindunlink",
        "stricthostkeychecking", "syslogfacility", "tcpkeepalive", "tunnel", "tunneldevice", "updatehostkeys",
        "visualhostkey", "xauthlocation",
    ]

    /// Reads what `ssh -G` prints: one lowercase keyword and its value a line. What differs from the answer
    /// `withoutConfiguration` and is neither honoured here nor without effect is beyond libssh.
    init(answer: String, withoutConfiguration: String, target: String) {
        self.init(target: target)
        let plain = Set(withoutConfiguration.split(separator: "\n"))
        for line in answer.split(separator: "\n") {
            let words = line.split(separator: " ", maxSplits: 1).map(String.init)
            guard words.count == 2 else { continue }
            if !apply(words[0].lowercased(), words[1]), !plain.contains(line) { beyondLibSSH.append(String(line)) }
        }
    }

    /// Whether the option is honoured, or has no effect.
    private mutating func apply(_ keyword: String, _ value: String) -> Bool {
        let isNone = value == "none"
        let isYes = value == "yes" || value == "true"
        switch keyword {
        case "hostname": address = value
        case "port": port = Int(value) ?? 22
        case "user": user = value
        case "hostkeyalias": hostKeyAlias = isNone ? nil : value
        case "hashknownhosts": hashesKnownHosts = isYes
        case "gssapiauthentication": offersKerberos = isYes
        case "identityfile": if !isNone { identities.append(value) }
        case "certificatefile": if !isNone { certificates.append(value) }
        case "identitiesonly": identitiesOnly = isYes
        case "identityagent":
            let variable = value.hasPrefix("$") ? String(value.dropFirst().filter { $0 != "{" && $0 != "}" }) : nil
            if let variable {
                agent = ProcessInfo.processInfo.environment[variable].map { .at($0) } ?? .none
            } else {
                agent = isNone ? .none : value == "SSH_AUTH_SOCK" ? .ofEnvironment : .at(expandingTilde(value))
            }
        case "userknownhostsfile": knownHosts = isNone ? [] : value.split(separator: " ").map(String.init)
        case "globalknownhostsfile": globalKnownHosts = isNone ? [] : value.split(separator: " ").map(String.init)
        case "proxyjump": proxyJump = isNone ? nil : value
        case "proxycommand": proxyCommand = isNone ? nil : value
        case "addressfamily": addressFamily = value == "inet" ? AF_INET : value == "inet6" ? AF_INET6 : AF_UNSPEC
        case "bindaddress": bindAddress = value
        case "connecttimeout": connectSeconds = Double(value)
        case "compression": compression = isYes
        case "pubkeyauthentication": offersKeys = value != "no" && value != "false"
        case "passwordauthentication": offersPassword = isYes
        case "kbdinteractiveauthentication": offersKeyboardInteractive = isYes
        case "numberofpasswordprompts": passwordPrompts = Int(value) ?? 3
        // A connection the user opened by hand, perhaps with more than a key, is there to be used.
        case "controlpath": return isNone || access(value, F_OK) != 0
        default: return Self.beside.contains(keyword)
        }
        return true
    }

    /// Where there is no ssh program. Its own parser knows fewer options and says nothing of the others.
    static func parsedByLibSSH(
        _ target: String, _ host: HostSpec, _ options: ConnectionOptions
    ) throws(HostFailure) -> SSHSettings {
        guard let session = ssh_new() else {
            throw HostFailure(.agentFailed, "\(host.name): no memory for an SSH session")
        }
        defer { ssh_free(session) }
        guard ssh_options_set(session, SSH_OPTIONS_HOST, target) == 0,
            ssh_options_parse_config(session, options.sshConfig) == 0
        else {
            throw HostFailure(
                .configuration, "\(host.name): the SSH configuration cannot be read: \(lastError(of: session))")
        }
        func value(_ option: ssh_options_e) -> String? {
            var text: UnsafeMutablePointer<CChar>?
            guard ssh_options_get(session, option, &text) == 0, let text else { return nil }
            defer { ssh_string_free_char(text) }
            return String(cString: text)
        }
        var settings = SSHSettings(target: target)
        settings.address = value(SSH_OPTIONS_HOST) ?? target
        var port: UInt32 = 0
        if ssh_options_get_port(session, &port) == 0, port > 0 { settings.port = Int(port) }
        settings.user = value(SSH_OPTIONS_USER)
        let home = ProcessInfo.processInfo.environment["HOME"] ?? ""
        let own = ["id_ed25519", "id_ecdsa", "id_rsa"].map { "\(home)/.ssh/\($0)" }
        settings.identities = ([value(SSH_OPTIONS_IDENTITY)].compactMap { $0 } + own).reduce(into: []) { list, path in
            let path = path.replacingOccurrences(of: "%d", with: "\(home)/.ssh")
            if !list.contains(path) { list.append(path) }
        }
        settings.proxyCommand = value(SSH_OPTIONS_PROXYCOMMAND)
        settings.knownHosts = [value(SSH_OPTIONS_KNOWNHOSTS) ?? "\(home)/.ssh/known_hosts"]
        settings.globalKnownHosts = [value(SSH_OPTIONS_GLOBAL_KNOWNHOSTS) ?? "/etc/ssh/ssh_known_hosts"]
        return settings
    }
}
