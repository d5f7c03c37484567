import JobContract
import SweepModel

/// The YAML form of the hosts file.
enum YAMLHosts {
    private static let names = [
        "address", "port", "user", "identity", "proxy_jump", "directory", "slots", "threads", "memory", "tags", "env",
        "transport", "machine", "gpus", "jobs_per_gpu",
    ]

    static func parse(_ text: String, file: String) throws(SweepFileError) -> [HostSpec] {
        let tree = try YAMLTree(parsing: text, file: file)
        var defaults: [YAMLTree.Member] = []
        var entries: [YAMLTree] = []
        if let list = tree.list {
            entries = list
        } else {
            for member in try tree.members("defaults and hosts") {
                switch member.key {
                case "defaults":
                    if !member.value.isEmpty { defaults = try member.value.members("settings of hosts") }
                case "hosts":
                    guard let list = member.value.list else {
                        throw member.value.failure("expected a list of hosts, got \(member.value.kind)", key: "hosts")
                    }
                    entries = list
                default:
                    throw SweepFileError(
                        "no such key" + NearestName.advice(for: member.key, among: ["defaults", "hosts"]),
                        key: member.key, at: member.origin)
                }
            }
        }
        // Defaults are wrong on their own line, even where no host needs them.
        var probe = HostSpec(name: "defaults", transport: .libssh)
        try set(defaults, in: &probe)

        var hosts = HostList()
        var faults = SweepFileError.Faults()
        for entry in entries {
            faults.collect { () throws(SweepFileError) in try add(entry, defaults: defaults, to: &hosts) }
        }
        try faults.check()
        return hosts.hosts
    }

    private static func add(
        _ entry: YAMLTree, defaults: [YAMLTree.Member], to hosts: inout HostList
    ) throws(SweepFileError) {
        var pattern: String
        var settings: [YAMLTree.Member] = []
        if let members = entry.mapping {
            guard members.count == 1, let member = members.first else {
                throw entry.failure("expected one host with its settings: {name: {slots: 4, …}}")
            }
            pattern = member.key
            if !member.value.isEmpty { settings = try member.value.members("settings of \(member.key)") }
        } else if let items = entry.list, items.count == 1, let range = try? items[0].text("a range") {
            // `- [1-4]` alone has no name; say so rather than guess.
            throw entry.failure("expected a host's name before the range [\(range)]")
        } else {
            pattern = try entry.text("a host's name, or {name: {slots: 4, …}}")
        }
        pattern = pattern.trimmingSpace
        for name in try HostNames.expand(pattern, at: entry.origin) {
            var spec = try HostNames.spec(name, at: entry.origin)
            for member in defaults where !(spec.transport == .local && isRemoteOnly(member.key)) {
                try set(member, in: &spec)
            }
            if settings.contains(where: { $0.key == "queue" }) {
                for seat in try seats(of: spec, settings, at: entry.origin) { try hosts.add(seat, at: entry.origin) }
                continue
            }
            try set(settings, in: &spec)
            // Machines with one machine-id may share a home too: each gets a directory of its own there.
            if spec.sharesMachineID { spec.directory += "/machines/host-\(name)" }
            try hosts.add(spec, at: entry.origin)
        }
    }

    /// The seats of a cluster's queue, each as a host.
    private static func seats(
        of host: HostSpec, _ settings: [YAMLTree.Member], at origin: TextOrigin
    ) throws(SweepFileError) -> [HostSpec] {
        var spec = host
        var queue = QueueHost()
        var faults = SweepFileError.Faults()
        for member in settings {
            let key = "\(host.name).\(member.key)"
            faults.collect { () throws(SweepFileError) in
                do throws(SweepFileError) {
                    if try !queue.set(member, in: &spec) { try set(member, in: &spec) }
                } catch {
                    throw error.about(error.key == nil || error.key == member.key ? key : error.key)
                }
            }
        }
        try faults.check()
        return try queue.seats(of: spec, at: origin)
    }

    private static func isRemoteOnly(_ name: String) -> Bool {
        ["address", "port", "user", "identity", "proxy_jump", "transport"].contains(name)
    }

    private static func set(_ members: [YAMLTree.Member], in spec: inout HostSpec) throws(SweepFileError) {
        var faults = SweepFileError.Faults()
        for member in members {
            faults.collect { () throws(SweepFileError) in
                if spec.name == "local" && isRemoteOnly(member.key) {
                    throw SweepFileError(
                        "this machine has no \(member.key)", key: "local.\(member.key)", at: member.origin)
                }
                try set(member, in: &spec)
            }
        }
        try faults.check()
    }

    private static func set(_ member: YAMLTree.Member, in spec: inout HostSpec) throws(SweepFileError) {
        let key = "\(spec.name).\(member.key)"
        let value = member.value
        do throws(SweepFileError) {
            switch member.key {
            case "address": spec.address = try word(value, "a host name or address")
            case "port": spec.port = try value.integer("a port", in: 1...65535)
            case "user": spec.user = try word(value, "a user's name")
            case "identity": spec.identity = try line(value, "a key file")
            case "proxy_jump": spec.proxyJump = try word(value, "a host, or several separated by commas")
            case "directory": spec.directory = try line(value, "a directory on the host")
            case "slots": spec.slots = try value.integer("a number of slots", in: 1...100_000)
            case "threads": spec.threads = try value.integer("threads a slot", in: 1...4096)
            case "memory": spec.memory = try ByteSize.read(value, key: key)
            case "tags": spec.tags = Set(try value.texts("a tag"))
            case "env": try setEnvironment(value, in: &spec)
            case "transport": spec.transport = try transport(value)
            case "machine": spec.sharesMachineID = try isShared(value)
            case "gpus": spec.gpus = try gpus(value)
            case "jobs_per_gpu": spec.jobsPerGPU = try value.integer("jobs that a GPU may have", in: 1...64)
            default:
                if QueueHost.names.contains(member.key) {
                    throw SweepFileError(
                        "only hosts with queue: have this setting", key: key, at: member.origin)
                }
                let known = names + QueueHost.names.filter { !names.contains($0) }
                throw SweepFileError(
                    "no such setting" + NearestName.advice(for: member.key, among: known), key: key, at: member.origin)
            }
        } catch {
            throw error.about(error.key ?? key)
        }
    }

    /// A text that is no option to the `ssh` program, and one word, also between its commas.
    private static func word(_ tree: YAMLTree, _ what: String) throws(SweepFileError) -> String {
        let text = try line(tree, what)
        let parts = text.split(separator: ",", omittingEmptySubsequences: false)
        guard parts.allSatisfy({ !$0.isEmpty && !$0.hasPrefix("-") && !$0.contains(where: \.isWhitespace) }) else {
            throw tree.failure("expected \(what), got \"\(text.prefix(80))\"")
        }
        return text
    }

    /// A text without control characters.
    private static func line(_ tree: YAMLTree, _ what: String) throws(SweepFileError) -> String {
        let text = try tree.text(what)
        guard !text.unicodeScalars.contains(where: ShownText.steers), !text.hasPrefix("-") else {
            throw tree.failure("expected \(what), got \"\(text.prefix(80))\"")
        }
        return text
    }

    private static func transport(_ tree: YAMLTree) throws(SweepFileError) -> HostSpec.Transport {
        let text = try tree.text("libssh or ssh")
        guard let transport = HostSpec.Transport(rawValue: text) else {
            throw tree.failure(
                "no such transport: \(text)"
                    + NearestName.advice(for: text, among: HostSpec.Transport.allCases.map(\.rawValue)))
        }
        return transport
    }

    private static func isShared(_ tree: YAMLTree) throws(SweepFileError) -> Bool {
        switch try tree.text("own or shared") {
        case "own": return false
        case "shared": return true
        case let text:
            throw tree.failure(
                "expected own, or shared where other machines have its machine-id too, got \(text)"
                    + NearestName.advice(for: text, among: ["own", "shared"]))
        }
    }

    /// `auto`, how many, or which: numbers as the driver counts them, or UUIDs.
    private static func gpus(_ tree: YAMLTree) throws(SweepFileError) -> GPUChoice? {
        let expected = "auto, a number of GPUs, or a list of their numbers or UUIDs"
        if let items = tree.list {
            var names: [String] = []
            for item in items {
                let name = try line(item, "a GPU's number or UUID")
                let isNumber = !name.isEmpty && name.utf8.allSatisfy { (48...57).contains($0) } && name.utf8.count < 6
                guard isNumber || name.hasPrefix("GPU-") || name.hasPrefix("MIG-") else {
                    throw item.failure("expected a GPU's number or UUID (GPU-…, MIG-…), got \"\(name.prefix(80))\"")
                }
                let plain = isNumber ? String(Int(name) ?? 0) : name
                guard !names.contains(plain) else { throw item.failure("GPU \(plain) stands there twice") }
                names.append(plain)
            }
            guard (1...GPUChoice.most).contains(names.count) else { throw tree.failure("expected \(expected)") }
            return .named(names)
        }
        let text = try tree.text(expected)
        if text == "auto" { return .all }
        let count = try tree.integer(expected, in: 0...GPUChoice.most)
        return count == 0 ? nil : .first(count)
    }

    private static func setEnvironment(_ tree: YAMLTree, in spec: inout HostSpec) throws(SweepFileError) {
        for member in try tree.members("variables by name") {
            let isName =
                member.key.utf8.first.map { !(48...57).contains($0) } ?? false
                && member.key.utf8.allSatisfy {
                    (48...57).contains($0) || (65...90).contains($0) || (97...122).contains($0) || $0 == 95
                }
            guard isName else {
                throw SweepFileError("\"\(member.key)\" is no name of a variable", at: member.origin)
            }
            guard case .scalar(let text, _) = member.value.content, !text.contains("\0") else {
                throw member.value.failure("expected a text, got \(member.value.kind)")
            }
            spec.environment[member.key] = text
        }
    }
}
