import SweepModel

/// The hosts file: which machines there are and what they offer.
///
/// Either YAML (`defaults:` and a list `hosts:`) or plain lines as other tools have them: one host a line, `n/host`
/// for n slots, `:` or `local` for this machine, `#` for comments. Names may hold ranges: `node[01-08,12]`.
package enum HostsFile {
    /// Without a hosts file there is this machine alone.
    package static let localAlone = [HostSpec(name: "local", transport: .local)]

    /// Reads a file. Errors name file, line and key.
    package static func read(_ path: String) throws(SweepFileError) -> [HostSpec] {
        try parse(try TextFile.read(path), file: path)
    }

    /// Reads the text of a hosts file.
    package static func parse(_ text: String, file: String) throws(SweepFileError) -> [HostSpec] {
        let hosts = isPlain(text) ? try PlainHosts.parse(text, file: file) : try YAMLHosts.parse(text, file: file)
        guard !hosts.isEmpty else {
            throw SweepFileError("no hosts are given: expected at least \"local\"", at: TextOrigin(file: file))
        }
        return hosts
    }

    /// Plain lines hold one word each, none of them a YAML mapping or list.
    private static func isPlain(_ text: String) -> Bool {
        for line in text.split(whereSeparator: \.isNewline) {
            let content = line.prefix(while: { $0 != "#" }).drop(while: \.isWhitespace)
            guard let first = content.first else { continue }
            if first == "-" || first == "{" || first == "%" { return false }
            let word = content.prefix(while: { !$0.isWhitespace })
            if word != ":" && word.hasSuffix(":") { return false }
        }
        return true
    }
}

/// Hosts in order, each name once.
struct HostList {
    private(set) var hosts: [HostSpec] = []
    private var origins: [HostName: TextOrigin] = [:]

    mutating func add(_ host: HostSpec, at origin: TextOrigin) throws(SweepFileError) {
        if let earlier = origins.updateValue(origin, forKey: host.name) {
            throw SweepFileError("this host stands at \(earlier) already", key: "\(host.name)", at: origin)
        }
        guard hosts.count < HostNames.mostHosts else {
            throw SweepFileError("there are more than \(HostNames.mostHosts) hosts: expected fewer", at: origin)
        }
        hosts.append(host)
    }
}

/// One host a line.
enum PlainHosts {
    static func parse(_ text: String, file: String) throws(SweepFileError) -> [HostSpec] {
        var hosts = HostList()
        var faults = SweepFileError.Faults()
        for (index, line) in text.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline).enumerated() {
            let origin = TextOrigin(file: file, line: index + 1)
            faults.collect { () throws(SweepFileError) in try read(line, at: origin, into: &hosts) }
        }
        try faults.check()
        return hosts.hosts
    }

    private static func read(
        _ line: Substring, at origin: TextOrigin, into hosts: inout HostList
    ) throws(SweepFileError) {
        let words = line.prefix(while: { $0 != "#" }).split(whereSeparator: \.isWhitespace)
        guard let word = words.first else { return }
        guard words.count == 1 else {
            throw SweepFileError("expected one host on the line, got \(words.count) words", at: origin)
        }
        var name = String(word)
        var slots: Int?
        if let slash = word.firstIndex(of: "/") {
            guard let count = Int(word[..<slash]), (1...100_000).contains(count) else {
                throw SweepFileError("expected n/host with n slots, got \(word)", at: origin)
            }
            slots = count
            name = String(word[word.index(after: slash)...])
        }
        for name in try HostNames.expand(name == ":" ? "local" : name, at: origin) {
            var spec = try HostNames.spec(name, at: origin)
            spec.slots = slots
            try hosts.add(spec, at: origin)
        }
    }
}

/// Names of hosts and ranges of them.
enum HostNames {
    /// A file with more is refused.
    static let mostHosts = 10_000

    /// `node[01-08,12].lab` is eight hosts and one more; digits keep their width.
    static func expand(_ pattern: String, at origin: TextOrigin) throws(SweepFileError) -> [String] {
        guard let open = pattern.firstIndex(of: "[") else {
            guard !pattern.contains("]") else { throw bad(pattern, origin) }
            return [pattern]
        }
        guard let close = pattern[open...].firstIndex(of: "]") else { throw bad(pattern, origin) }
        // No name of a host is longer, and this bounds the recursion.
        guard pattern.utf8.count <= 255 else { throw bad("\(pattern.prefix(60))…", origin) }
        let head = pattern[..<open]
        let tails = try expand(String(pattern[pattern.index(after: close)...]), at: origin)
        var names: [String] = []
        for piece in pattern[pattern.index(after: open)..<close].split(separator: ",", omittingEmptySubsequences: false)
        {
            let ends = piece.split(separator: "-", omittingEmptySubsequences: false)
            guard (1...2).contains(ends.count), let low = number(ends[0]), let high = number(ends[ends.count - 1]),
                low <= high
            else { throw bad(pattern, origin) }
            guard high - low < mostHosts, names.count + (high - low + 1) * tails.count <= mostHosts else {
                throw SweepFileError(
                    "\(pattern) is more than \(mostHosts) hosts: expected fewer", at: origin)
            }
            for value in low...high {
                let digits = String(value)
                let zeros = String(repeating: "0", count: max(0, ends[0].count - digits.count))
                for tail in tails { names.append("\(head)\(zeros)\(digits)\(tail)") }
            }
        }
        return names
    }

    private static func number(_ text: Substring) -> Int? {
        guard !text.isEmpty, text.count <= 9, text.utf8.allSatisfy({ (48...57).contains($0) }) else { return nil }
        return Int(text)
    }

    private static func bad(_ pattern: String, _ origin: TextOrigin) -> SweepFileError {
        SweepFileError("expected a range such as node[01-08] or node[1,3-5], got \(pattern)", at: origin)
    }

    /// A host by its name alone: this machine, or an alias the SSH configuration knows; `user@host` names the user.
    static func spec(_ name: String, at origin: TextOrigin) throws(SweepFileError) -> HostSpec {
        if name == "local" { return HostSpec(name: name, transport: .local) }
        // A leading hyphen would be an option to the ssh program.
        let isName = name.unicodeScalars.allSatisfy {
            $0.properties.isAlphabetic || ("0"..."9").contains($0) || "-_.:@%".unicodeScalars.contains($0)
        }
        guard isName, !name.isEmpty, !name.hasPrefix("-"), !name.hasPrefix("."), name.utf8.count <= 255 else {
            throw SweepFileError("expected a host's name, got \"\(name.prefix(60))\"", at: origin)
        }
        guard let at = name.lastIndex(of: "@") else { return HostSpec(name: name, transport: .libssh) }
        let user = String(name[..<at])
        let address = String(name[name.index(after: at)...])
        guard !user.isEmpty, !address.isEmpty, !user.hasPrefix("-"), !address.hasPrefix("-") else {
            throw SweepFileError("expected user@host, got \"\(name)\"", at: origin)
        }
        return HostSpec(name: name, transport: .libssh, address: address, user: user)
    }
}
