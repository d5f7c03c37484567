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
        guard let text = Files.text("/proc/\(pid)/stat"), let close = text.lastIndex(of: ")") else { return nil }
        let fields = text[text.index(after: close)...].split(separator: " ")
        guard fields.count > 19, fields[0] != "Z", fields[0] != "X", let start = UInt64(fields[19]) else { return nil }
        boot = HostSurvey.boot()
        self.pid = pid
        self.start = start
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
