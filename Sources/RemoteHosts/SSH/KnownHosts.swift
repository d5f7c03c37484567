import Foundation

/// Which keys hosts are known by: known_hosts files as ssh reads them (sshd(8), "SSH_KNOWN_HOSTS FILE FORMAT"), in which
/// names may be patterns or hashed, and keys revoked.
struct KnownHosts {
    struct Line: Hashable {
        enum Mark: String { case revoked = "@revoked", authority = "@cert-authority" }
        var mark: Mark?
        /// Patterns, or one hashed name.
        var names: String
        var type: String
        var blob: [UInt8]
        /// File and line.
        var place: String
    }
    enum Verdict: Hashable {
        case known
        /// It has other keys: kind and place of each.
        case changed([String])
        case revoked(at: String)
        case unknown
    }
    private let lines: [Line]
    /// Files that are there and cannot be read, with the reason.
    let unreadable: [String]

    init(files: [String]) {
        var lines: [Line] = []
        var unreadable: [String] = []
        for file in files {
            if let data = SmallFile.content(file) {
                lines += Self.lines(of: String(decoding: data, as: UTF8.self), file: file)
            } else if FileManager.default.fileExists(atPath: file) {
                unreadable.append(file)
            }
        }
        self.lines = lines
        self.unreadable = unreadable
    }

    private static func lines(of text: String, file: String) -> [Line] {
        text.split(omittingEmptySubsequences: false) { $0.isNewline }.enumerated().compactMap { index, line in
            var words = line.split(maxSplits: 4) { $0 == " " || $0 == "\t" }.map(String.init)
            guard let first = words.first, !first.hasPrefix("#") else { return nil }
            let mark = Line.Mark(rawValue: first)
            if mark != nil { words.removeFirst() } else if first.hasPrefix("@") { return nil }
            guard words.count >= 3, let blob = Data(base64Encoded: words[2]) else { return nil }
            let bytes = Array(blob)
            guard SSHWire(bytes).firstText == words[1] else { return nil }
            return Line(mark: mark, names: words[0], type: words[1], blob: bytes, place: "\(file):\(index + 1)")
        }
    }

    /// The names under which ssh looks for a host: the second only says that a key is known.
    static func names(of settings: SSHSettings) -> [String] {
        if let alias = settings.hostKeyAlias { return [alias.lowercased()] }
        let address = settings.address.lowercased()
        let bare = address.hasPrefix("[") ? String(address.dropFirst().dropLast()) : address
        return settings.port == 22 ? [bare] : ["[\(bare)]:\(settings.port)", bare]
    }

    /// Lines that let others vouch for the host.
    func authorities(of settings: SSHSettings) -> [Line] {
        let names = Self.names(of: settings)
        return lines.filter { line in line.mark == .authority && names.contains { Self.matches($0, line.names) } }
    }

    /// Kinds of keys that the host is known to have.
    func types(of settings: SSHSettings) -> [String] {
        var types: [String] = []
        for name in Self.names(of: settings) {
            for line in lines where line.mark == nil && Self.matches(name, line.names) && !types.contains(line.type) {
                types.append(line.type)
            }
            if !types.isEmpty { break }
        }
        return types
    }

    /// What is known of a host that shows the key `blob` (OpenSSH 9.2, sshconnect.c, check_host_key).
    func verdict(on blob: [UInt8], of settings: SSHSettings) -> Verdict {
        for (index, name) in Self.names(of: settings).enumerated() {
            let found = lines.filter { $0.mark != .authority && Self.matches(name, $0.names) }
            if let line = found.first(where: { $0.mark == .revoked && $0.blob == blob }) {
                return .revoked(at: line.place)
            }
            let keys = found.filter { $0.mark == nil }
            if keys.contains(where: { $0.blob == blob }) { return .known }
            // A key of whatever kind that is not this one is a change.
            if index == 0, !keys.isEmpty { return .changed(keys.map { "\($0.type) at \($0.place)" }) }
        }
        return .unknown
    }

    /// Whether one of the patterns is the name, and none of them excludes it; or the hash is the name's.
    static func matches(_ name: String, _ names: String) -> Bool {
        if names.hasPrefix("|") { return HashedHostName(names)?.isHash(of: name) ?? false }
        var matches = false
        for pattern in names.split(separator: ",") {
            let isNegated = pattern.hasPrefix("!")
            guard fits(Array(name.utf8)[...], Array(pattern.drop { $0 == "!" }.lowercased().utf8)[...]) else {
                continue
            }
            if isNegated { return false }
            matches = true
        }
        return matches
    }

    /// `*` is any text, `?` any one character. In time that grows with the product of both lengths.
    private static func fits(_ text: ArraySlice<UInt8>, _ pattern: ArraySlice<UInt8>) -> Bool {
        var (place, index) = (text.startIndex, pattern.startIndex)
        var star: (place: Int, index: Int)?
        while place < text.endIndex {
            if index < pattern.endIndex, pattern[index] == UInt8(ascii: "*") {
                star = (place, index)
                index += 1
            } else if index < pattern.endIndex, pattern[index] == UInt8(ascii: "?") || pattern[index] == text[place] {
                place += 1
                index += 1
            } else if let last = star {
                star = (last.place + 1, last.index)
                (place, index) = (last.place + 1, last.index + 1)
            } else {
                return false
            }
        }
        return pattern[index...].allSatisfy { $0 == UInt8(ascii: "*") }
    }

    /// Adds the host's key to a file, by a digest of its name where `settings` ask for that. Throws what writing does.
    static func add(_ blob: [UInt8], of settings: SSHSettings, to file: String) throws {
        let name = names(of: settings)[0]
        let words = settings.hashesKnownHosts ? HashedHostName(of: name).text : name
        let line = "\(words) \(SSHWire(blob).firstText ?? "") \(Data(blob).base64EncodedString())\n"
        let folder = URL(fileURLWithPath: file).deletingLastPathComponent()
        try FileManager.default.createDirectory(
            at: folder, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
        let descriptor = open(file, O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw POSIXError(POSIXErrorCode(rawValue: errno) ?? .EIO) }
        let handle = FileHandle(fileDescriptor: descriptor, closeOnDealloc: true)
        // A last line without an end stays a line of its own.
        var last: UInt8 = 10
        var status = stat()
        if fstat(descriptor, &status) == 0, status.st_size > 0 { pread(descriptor, &last, 1, status.st_size - 1) }
        try handle.write(contentsOf: Data((last == 10 ? "" : "\n").utf8) + Data(line.utf8))
    }
}

/// A host's name as known_hosts files hide it: HMAC-SHA1 under a salt of its own.
struct HashedHostName {
    private let salt: [UInt8]
    private let digest: [UInt8]

    /// Reads `|1|salt|digest`.
    init?(_ text: String) {
        let words = text.split(separator: "|")
        guard words.count == 3, words[0] == "1", let salt = Data(base64Encoded: String(words[1])),
            let digest = Data(base64Encoded: String(words[2]))
        else { return nil }
        (self.salt, self.digest) = (Array(salt), Array(digest))
    }

    init(of name: String) {
        salt = (0..<20).map { _ in UInt8.random(in: 0 ... .max) }
        digest = KeyedSHA1.digest(of: Array(name.utf8), key: salt)
    }

    func isHash(of name: String) -> Bool { KeyedSHA1.digest(of: Array(name.utf8), key: salt) == digest }

    var text: String { "|1|\(Data(salt).base64EncodedString())|\(Data(digest).base64EncodedString())" }
}
