import Glibc
import JobContract

/// A process that no other can be taken for: numbers are used again, but not within a boot at the same start time.
struct ProcessIdentity: Hashable, Codable {
    var boot: String
    var pid: Int32
    /// Clock ticks since boot, from /proc.
    var start: UInt64

    init(boot: String, pid: Int32, start: UInt64) {
        self.boot = boot
        self.pid = pid
        self.start = start
    }

    /// The process that has this number now; nil when there is none or it has ended.
    init?(of pid: Int32) {
        guard let fields = Self.fields(of: pid), fields.count > 19, let state = fields[0].first,
            state != UInt8(ascii: "Z"), state != UInt8(ascii: "X"),
            let start = UInt64(String(decoding: fields[19], as: UTF8.self))
        else { return nil }
        boot = HostSurvey.boot()
        self.pid = pid
        self.start = start
    }

    /// What /proc says of a process behind its name, which may hold anything.
    private static func fields(of pid: Int32) -> [ArraySlice<UInt8>]? {
        let descriptor = open("/proc/\(pid)/stat", O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return nil }
        defer { close(descriptor) }
        let bytes = [UInt8](unsafeUninitializedCapacity: 1024) { buffer, count in
            count = max(0, read(descriptor, buffer.baseAddress, buffer.count))
        }
        guard let end = bytes.lastIndex(of: UInt8(ascii: ")")) else { return nil }
        return bytes[(end + 1)...].split(separator: 32)
    }

    var isAlive: Bool { ProcessIdentity(of: pid) == self }

    /// The live leader of a process group that works in `directory`.
    static func working(in directory: String) -> ProcessIdentity? {
        // The system tells working directories without symbolic links.
        guard let resolved = realpath(directory, nil) else { return nil }
        let directory = String(cString: resolved)
        free(resolved)
        for name in Files.names(in: "/proc") {
            guard let pid = Int32(name), getpgid(pid) == pid else { continue }
            var target = [CChar](repeating: 0, count: 4096)
            let count = readlink("/proc/\(pid)/cwd", &target, target.count - 1)
            guard count > 0 else { continue }
            let path = String(decoding: target[..<count].map { UInt8(bitPattern: $0) }, as: UTF8.self)
            if path == directory { return ProcessIdentity(of: pid) }
        }
        return nil
    }

    /// Sends a signal to the whole group the process leads.
    func signalGroup(_ signal: Int32) { if isAlive { kill(-pid, signal) } }
}
