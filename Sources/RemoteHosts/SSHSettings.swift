import CPosix
import Foundation
import SweepModel

/// Where and how to reach a host, after the SSH configuration.
struct SSHSettings {
    var address: String
    var port: Int?
    var user: String?
    var identities: [String] = []
    var identitiesOnly = false
    var knownHosts: [String] = []
    var globalKnownHosts: String?
    var proxyJump: String?
    var proxyCommand: String?
    /// The configuration was not read by the `ssh` program: libssh reads it itself.
    var unresolved = false

    /// Asks `ssh -G` where there is an ssh program.
    static func resolve(_ host: HostSpec, _ options: ConnectionOptions) throws(HostFailure) -> SSHSettings {
        let target = host.address ?? host.name
        guard !target.hasPrefix("-") else {
            throw HostFailure(.unreachable, "\(host.name): \"\(target)\" is no address")
        }
        var settings: SSHSettings
        if let ssh = findProgram("ssh") {
            var arguments = [ssh, "-G"]
            if let config = options.sshConfig { arguments += ["-F", config] }
            arguments += sshArguments(of: host) + ["--", target]
            settings = parse(try output(of: arguments, for: host), target: target)
        } else {
            settings = SSHSettings(address: target, unresolved: true)
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
            settings.globalKnownHosts = "/dev/null"
        }
        return settings
    }

    /// Reads what `ssh -G` prints: one lowercase keyword and its value a line.
    static func parse(_ text: String, target: String) -> SSHSettings {
        var settings = SSHSettings(address: target)
        for line in text.split(separator: "\n") {
            let words = line.split(separator: " ", maxSplits: 1).map(String.init)
            guard words.count == 2, words[1] != "none" else { continue }
            switch words[0] {
            case "hostname": settings.address = words[1]
            case "port": settings.port = Int(words[1])
            case "user": settings.user = words[1]
            case "identityfile": settings.identities.append(expandingTilde(words[1]))
            case "identitiesonly": settings.identitiesOnly = words[1] == "yes"
            case "userknownhostsfile":
                settings.knownHosts = words[1].split(separator: " ").map { expandingTilde(String($0)) }
            case "globalknownhostsfile":
                settings.globalKnownHosts = words[1].split(separator: " ").first.map(String.init)
            case "proxyjump": settings.proxyJump = words[1]
            case "proxycommand": settings.proxyCommand = words[1]
            default: break
            }
        }
        return settings
    }

    private static func output(of arguments: [String], for host: HostSpec) throws(HostFailure) -> String {
        let stream = try ProcessStream(
            arguments, environment: ProcessInfo.processInfo.environment, wake: -1)
        defer { stream.close() }
        stream.finishWriting()
        var bytes: [UInt8] = []
        let limit = monotonicSeconds() + 10
        while let more = try stream.read(), bytes.count < 1 << 20, monotonicSeconds() < limit {
            bytes += more
            if more.isEmpty { try stream.wait(writing: false, seconds: 1) }
        }
        guard !bytes.isEmpty else {
            throw HostFailure(
                .unreachable, "\(host.name): the SSH configuration cannot be read: \(stream.diagnostics)")
        }
        return String(decoding: bytes, as: UTF8.self)
    }
}
