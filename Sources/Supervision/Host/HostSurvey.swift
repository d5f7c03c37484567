import CPosix
import Glibc
import JobContract

/// What this host is.
package enum HostSurvey {
    /// machine-id; where there is none, a digest of the host's name stands for it.
    package static func machine() -> String {
        for path in ["/etc/machine-id", "/var/lib/dbus/machine-id"] {
            let text = (Files.text(path) ?? "").split(separator: "\n").first.map(String.init) ?? ""
            if text.utf8.count == 32, text.utf8.allSatisfy({ (48...57).contains($0) || (97...102).contains($0) }) {
                return text
            }
        }
        let name = Files.text("/proc/sys/kernel/hostname") ?? "unnamed"
        return String(Digest(of: Array("host \(name)".utf8)).hex.prefix(32))
    }

    /// Changes with every start of the machine.
    package static func boot() -> String { bootOfThisRun }

    private static let bootOfThisRun = String(
        (Files.text("/proc/sys/kernel/random/boot_id") ?? "").prefix { $0 != "\n" })

    /// In an allocation of a queue, not more than that has, whatever the node would let a program use.
    static func processors() -> Int {
        let lent = number("SLURM_CPUS_ON_NODE") ?? .max
        return min(Int(posix_usable_processors()), max(1, lent), OutsideValues.processors.upperBound)
    }

    /// Bytes of memory that jobs may take: the machine's, or of an allocation the part that it has.
    static func jobMemory() -> Int {
        let lent = number("SLURM_MEM_PER_NODE").map { $0.multipliedReportingOverflow(by: 1 << 20) }
        guard let lent, !lent.overflow, lent.partialValue > 0 else { return memory() }
        return min(memory(), lent.partialValue)
    }

    private static func number(_ variable: String) -> Int? { getenv(variable).flatMap { Int(String(cString: $0)) } }

    /// A line of the system's account of its memory, in bytes.
    static func memory(_ field: String = "MemTotal:") -> Int {
        for line in (Files.text("/proc/meminfo") ?? "").split(separator: "\n") where line.hasPrefix(field) {
            let number = line.split(separator: " ").dropFirst().first
            let (bytes, isTooMuch) = (number.flatMap { Int($0) } ?? 0).multipliedReportingOverflow(by: 1024)
            return isTooMuch ? OutsideValues.bytes.upperBound : OutsideValues.bytes(bytes)
        }
        return 0
    }

    static func cpu() -> String {
        for line in (Files.text("/proc/cpuinfo") ?? "").split(separator: "\n") where line.hasPrefix("model name") {
            if let colon = line.firstIndex(of: ":") {
                return String(line[line.index(after: colon)...].dropFirst()).cut(toBytes: OutsideValues.nameLength)
            }
        }
        return "unknown"
    }

    /// Bytes an ordinary account may still write at `path`.
    static func free(_ path: String) -> Int {
        var status = statvfs()
        guard statvfs(path, &status) == 0 else { return 0 }
        let (bytes, isTooMuch) = UInt64(status.f_bavail).multipliedReportingOverflow(by: UInt64(status.f_frsize))
        return isTooMuch ? OutsideValues.bytes.upperBound : OutsideValues.bytes(Int(clamping: bytes))
    }

    /// Files an ordinary account may still make at `path`; nil where the file system has no such limit.
    static func freeFiles(_ path: String) -> Int? {
        var status = statvfs()
        guard statvfs(path, &status) == 0, status.f_files > 0 else { return nil }
        return OutsideValues.bytes(Int(clamping: status.f_favail))
    }
}
