import CPosix
import CSSH
import SweepModel

/// Proves to the host who calls: by the SSH agent, key files and certificates, and by what the person at the terminal
/// answers.
struct SSHAuthentication {
    let host: HostName
    let settings: SSHSettings
    private let context: ConnectContext
    private var tried: [String] = []
    /// Ways in that the configuration allows and only the `ssh` program has.
    private var lacks: [String] = []
    private var asked: AskedOnce { context.asked }

    init(host: HostName, settings: SSHSettings, context: ConnectContext) {
        self.host = host
        self.settings = settings
        self.context = context
    }

    private var account: String { "\(settings.user ?? "this account")@\(settings.address)" }

    /// Nil once the host lets this account in; else what may do it and libssh lacks.
    mutating func run(_ session: ssh_session) throws(HostFailure) -> String? {
        if try accepted(settled(session) { ssh_userauth_none(session, nil) }, session) { return nil }
        let offered = UInt32(bitPattern: ssh_userauth_list(session, nil))
        if settings.offersKeys, offered & SSH_AUTH_METHOD_PUBLICKEY != 0, try keys(session) { return nil }
        if let lack = lacks.first, findProgram("ssh") != nil { return lack }
        if settings.offersKeyboardInteractive, offered & SSH_AUTH_METHOD_INTERACTIVE != 0 {
            if try keyboardInteractive(session) { return nil }
        }
        if settings.offersPassword, offered & SSH_AUTH_METHOD_PASSWORD != 0 {
            if try password(session) { return nil }
        }
        // It may have a ticket, and otherwise says what it tried.
        if settings.offersKerberos, offered & SSH_AUTH_METHOD_GSSAPI_MIC != 0, findProgram("ssh") != nil {
            return "Kerberos (GSSAPIAuthentication)"
        }
        throw refused(offered)
    }

    /// Offers keys in the order in which ssh does, for servers take few tries.
    private mutating func keys(_ session: ssh_session) throws(HostFailure) -> Bool {
        var held: [SSHAgent.Identity] = []
        var filter: SSHAgentFilter?
        if let socket = settings.agentSocket {
            if let found = context.agents.identities(socket, telling: context.asked) {
                held = found
                let made = SSHAgentFilter(SSHAgent(socket: socket))
                if !found.isEmpty, made.attach(to: session) { filter = made }
            } else {
                tried.append("no key of the SSH agent at \(socket), which does not answer")
            }
        }
        let offers = SSHKeyOffer.ordered(
            files: settings.identities, certificates: settings.certificates, held: held,
            onlyFiles: settings.identitiesOnly)
        for offer in offers {
            switch offer {
            case .ofAgent(let identity, let name):
                if try agentKey(identity, name, filter, session) { return true }
            case .file(let path):
                if try key(SSHKeyFile(path), session) { return true }
            case .certificate(let certificate, let path):
                guard let file = path.map({ SSHKeyFile($0) }) else {
                    lacks.append("certificates of keys that the SSH agent holds")
                    continue
                }
                if file.needsPassphrase, held.contains(where: { $0.blob == file.publicBlob }) {
                    lacks.append("certificates of keys that the SSH agent holds")
                } else if try key(file, by: certificate, session) {
                    return true
                }
            }
        }
        return false
    }

    private mutating func agentKey(
        _ identity: SSHAgent.Identity, _ name: String, _ filter: SSHAgentFilter?, _ session: ssh_session
    ) throws(HostFailure) -> Bool {
        guard let filter, SSHKeyFile.isKnown(type: identity.type) else {
            lacks.append("keys of the type \(identity.type)")
            tried.append("not \(name) of the SSH agent, whose type \(identity.type) libssh lacks")
            return false
        }
        filter.show(identity)
        if try accepted(settled(session) { ssh_userauth_agent(session, nil) }, session) { return true }
        tried.append("\(name) of the SSH agent\(filter.hasRefused ? " (which did not sign with it)" : "")")
        return false
    }

    private func refused(_ offered: UInt32) -> HostFailure {
        var words = "\(host): \(settings.address) does not let \(settings.user ?? "this account's name") in; tried "
        words += tried.isEmpty ? "nothing, for want of a key" : tried.joined(separator: ", ")
        words += ". Name a key with identity: in the hosts file, or IdentityFile in the SSH configuration"
        let others = [
            (SSH_AUTH_METHOD_GSSAPI_MIC, "Kerberos"), (SSH_AUTH_METHOD_HOSTBASED, "host-based authentication"),
        ]
        .filter { offered & $0.0 != 0 }.map(\.1)
        if !others.isEmpty {
            words += "; it also takes \(others.joined(separator: " and ")), for which use transport: ssh"
        }
        return HostFailure(.authenticationFailed, words)
    }

    /// Offers the key by itself, or by a certificate.
    private mutating func key(
        _ file: SSHKeyFile, by certificate: String? = nil, _ session: ssh_session
    ) throws(HostFailure) -> Bool {
        let asked = asked
        var last: String?
        for attempt in 1...max(1, settings.passwordPrompts) {
            let outcome = file.load {
                last = asked.answer("key \(file.path)", "Passphrase for the key \(file.path)", refused: last)
                return last
            }
            switch outcome {
            case .damaged:
                // A key on a token, or of a kind that libssh lacks: the program may know what it is.
                if let type = file.publicType, !SSHKeyFile.isKnown(type: type) {
                    lacks.append("keys of the type \(type)")
                }
                tried.append("\(file.path) (it cannot be read as a key)")
                return false
            case .locked where last == nil || last == "" || attempt == settings.passwordPrompts:
                tried.append(
                    "\(file.path) (it has a passphrase, which "
                        + (last == nil ? "nobody is here to give" : "was not given") + ": load it with ssh-add)")
                return false
            case .locked: continue
            case .key(let key):
                defer { ssh_key_free(key) }
                guard let certificate else { return try present(key, file.path, session) }
                return SSHKeyFile.certify(key, by: certificate)
                    ? try present(key, "the certificate \(certificate)", session) : false
            }
        }
        return false
    }

    private mutating func present(_ key: ssh_key, _ name: String, _ session: ssh_session) throws(HostFailure) -> Bool {
        if try accepted(settled(session) { ssh_userauth_publickey(session, nil, key) }, session) { return true }
        tried.append(name)
        return false
    }

    private mutating func password(_ session: ssh_session) throws(HostFailure) -> Bool {
        var last: String?
        for _ in 0..<settings.passwordPrompts {
            last = asked.answer("password \(account)", "Password of \(account)", refused: last)
            guard let last else {
                tried.append(
                    "no password (nobody is here to give it: put a key there with ssh-copy-id and load it with "
                        + "ssh-add)")
                return false
            }
            if try accepted(settled(session) { ssh_userauth_password(session, nil, last) }, session) { return true }
        }
        tried.append("the password")
        return false
    }

    private mutating func keyboardInteractive(_ session: ssh_session) throws(HostFailure) -> Bool {
        var last: String?
        for _ in 0..<settings.passwordPrompts {
            var code = settled(session) { ssh_userauth_kbdint(session, nil, nil) }
            while code == SSH_AUTH_INFO.rawValue {
                for index in 0..<max(0, ssh_userauth_kbdint_getnprompts(session)) {
                    var echo: CChar = 0
                    let text = ssh_userauth_kbdint_getprompt(session, UInt32(index), &echo).map { String(cString: $0) }
                    let prompt = readable(text ?? "")
                    let isPassword = echo == 0 && prompt.lowercased().contains("password")
                    // A code of the minute serves once; a password is the same as over the other method.
                    let answer =
                        isPassword
                        ? asked.answer("password \(account)", "\(account): \(prompt)", refused: last)
                        : asked.fresh("\(account): \(prompt)", isShown: echo != 0)
                    guard let answer else {
                        tried.append(
                            "keyboard-interactive (nobody is here to answer \"\(prompt)\": put a key there with "
                                + "ssh-copy-id and load it with ssh-add)")
                        return false
                    }
                    if isPassword { last = answer }
                    ssh_userauth_kbdint_setanswer(session, UInt32(index), answer)
                }
                code = settled(session) { ssh_userauth_kbdint(session, nil, nil) }
            }
            if try accepted(code, session) { return true }
        }
        tried.append("keyboard-interactive")
        return false
    }

    /// What a server wants to show is shown without control codes and not without end.
    private func readable(_ text: String) -> String {
        String(String.UnicodeScalarView(text.unicodeScalars.filter { $0.value >= 32 && $0.value != 127 }.prefix(200)))
    }

    /// The outcome of a step, or that it is not settled when the connection has ended or the time is over: by itself
    /// libssh would wait for the whole time for a server that has hung up.
    private func settled(_ session: ssh_session, _ step: () -> Int32) -> Int32 {
        ssh_set_blocking(session, 0)
        defer { ssh_set_blocking(session, 1) }
        let limit = posix_monotonic_seconds() + (settings.connectSeconds ?? context.options.connectSeconds)
        while true {
            let code = step()
            guard code == SSH_AUTH_AGAIN.rawValue, ssh_is_connected(session) == 1, posix_monotonic_seconds() < limit
            else {
                return code
            }
            var polled = pollfd(fd: ssh_get_fd(session), events: Int16(POLLIN), revents: 0)
            _ = poll(&polled, 1, 500)
        }
    }

    /// Whether the host is content; throws when the connection broke.
    private func accepted(_ code: Int32, _ session: ssh_session) throws(HostFailure) -> Bool {
        if code == SSH_AUTH_SUCCESS.rawValue { return true }
        let words = lastError(of: session)
        if words.contains("Too many authentication failures") {
            throw HostFailure(
                .authenticationFailed,
                "\(host): \(settings.address) takes no more tries after so many keys (\(tried.joined(separator: ", ")), and "
                    + "another): name the right one with identity: in the hosts file, or IdentityFile and "
                    + "IdentitiesOnly yes in the SSH configuration")
        }
        guard ssh_is_connected(session) == 1 else {
            throw HostFailure(.unreachable, "\(host): the connection broke while authenticating: \(words)")
        }
        guard code != SSH_AUTH_AGAIN.rawValue else {
            throw HostFailure(.unreachable, "\(host): the SSH server did not answer while authenticating")
        }
        return false
    }
}
