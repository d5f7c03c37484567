import Foundation
import Glibc

/// Finds and removes what tests that were killed left on this machine. Directories of hosts and programs name the process
/// that made them; once that is gone, everything that belongs to them may go.
enum Leftovers {
    /// Claims a directory below /tmp for this process.
    static func claim(_ directory: String) throws {
        try owner(getpid()).write(toFile: "\(directory)/owner", atomically: false, encoding: .utf8)
    }

    /// Removes everything whose owner is gone.
    static func remove() {
        for name in (try? FileManager.default.contentsOfDirectory(atPath: "/tmp")) ?? [] {
            guard name.hasPrefix("es-hosts-") || name.hasPrefix("es-programs-") else { continue }
            let directory = "/tmp/\(name)"
            guard let text = try? String(contentsOfFile: "\(directory)/owner", encoding: .utf8),
                let pid = text.split(separator: " ").first.flatMap({ pid_t($0) }), owner(pid) != text
            else { continue }
            if name.hasPrefix("es-hosts-") { removeHosts(String(name.dropFirst("es-hosts-".count)), directory) }
            try? FileManager.default.removeItem(atPath: directory)
        }
    }

    private static func removeHosts(_ mark: String, _ directory: String) {
        for name in (try? FileManager.default.contentsOfDirectory(atPath: "/proc")) ?? [] {
            guard let pid = pid_t(name), pid != getpid(),
                let line = FileManager.default.contents(atPath: "/proc/\(pid)/cmdline"),
                String(decoding: line, as: UTF8.self).contains("\(directory)/")
            else { continue }
            // A host's first process is among these, and takes the rest of its host along.
            kill(pid, SIGKILL)
        }
        let mounts = (try? String(contentsOfFile: "/proc/self/mounts", encoding: .utf8)) ?? ""
        for point in mounts.split(separator: "\n").compactMap({ $0.split(separator: " ").dropFirst().first })
        where point.hasPrefix("\(directory)/") {
            _ = try? NamespaceHosts.run("/usr/bin/umount", "-l", String(point))
        }
        let spaces = (try? NamespaceHosts.run("/usr/sbin/ip", "netns", "list")) ?? ""
        for space in spaces.split(separator: "\n").compactMap({ $0.split(separator: " ").first })
        where space.hasPrefix("es\(mark)h") {
            _ = try? NamespaceHosts.run("/usr/sbin/ip", "netns", "del", String(space))
        }
        _ = try? NamespaceHosts.run("/usr/sbin/ip", "link", "del", "esb\(mark)")
        _ = try? NamespaceHosts.changeUsers("/usr/sbin/userdel", "es\(mark)")
    }

    /// A process's number and start, which no other has; the number alone once it is gone.
    private static func owner(_ pid: pid_t) -> String {
        let stat = (try? String(contentsOfFile: "/proc/\(pid)/stat", encoding: .utf8)) ?? ""
        let fields = stat.split(separator: ")").last?.split(separator: " ") ?? []
        return "\(pid) \(fields.count > 19 ? String(fields[19]) : "")"
    }
}
