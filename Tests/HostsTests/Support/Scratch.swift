import CPosix
import Foundation
import SweepModel
import Testing

/// A directory for one test. The agents that serve it, and their workers, end with it.
final class Scratch: Sendable {
    let directory: String

    init() throws {
        directory = NSTemporaryDirectory() + "es-hosts-" + UUID().uuidString.prefix(8)
        try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
    }

    func path(_ name: String) -> String { "\(directory)/\(name)" }

    func write(_ text: String, _ name: String) throws {
        try Data(text.utf8).write(to: URL(fileURLWithPath: path(name)))
    }

    func read(_ name: String) -> String? {
        FileManager.default.contents(atPath: path(name)).map { String(decoding: $0, as: UTF8.self) }
    }

    func exists(_ name: String) -> Bool { FileManager.default.fileExists(atPath: path(name)) }

    /// This machine as a host whose workers see the scratch directory in SCRATCH.
    func localHost(slots: Int = 2) -> HostSpec {
        HostSpec(
            name: "here", transport: .local, directory: path("host"), slots: slots,
            environment: ["SCRATCH": directory])
    }

    /// Processes whose command line contains `text` and this directory.
    func processes(_ text: String) -> [pid_t] {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: "/proc")) ?? []
        return names.compactMap { pid_t($0) }.filter { pid in
            guard let line = FileManager.default.contents(atPath: "/proc/\(pid)/cmdline") else { return false }
            let words = String(decoding: line.map { $0 == 0 ? 32 : $0 }, as: UTF8.self)
            return words.contains(text) && words.contains(directory)
        }
    }

    var agents: [pid_t] { processes("serve --directory") }

    /// Process groups of workers that run in this directory.
    var workers: [pid_t] {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: "/proc")) ?? []
        return names.compactMap { pid_t($0) }.filter { pid in
            let work = try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/\(pid)/cwd")
            return work?.hasPrefix(directory + "/") == true && getpgid(pid) == pid
        }
    }

    /// What agents keep of attempts below this directory, beside their journals.
    var attempts: [String] {
        let all = FileManager.default.enumerator(atPath: directory)?.allObjects as? [String] ?? []
        return all.filter { $0.contains("/attempts/") }
    }

    /// Replaces the lines of the agent's journal in place, so that the agent goes on with the same file.
    func editJournal(_ edit: ([String]) -> [String]) throws {
        let all = FileManager.default.enumerator(atPath: directory)?.allObjects as? [String] ?? []
        let name = try #require(all.first { $0.hasSuffix("/journal") })
        let lines = try #require(read(name)).split(separator: "\n").map(String.init)
        let file = try #require(FileHandle(forWritingAtPath: path(name)))
        try file.truncate(atOffset: 0)
        try file.write(contentsOf: Data(edit(lines).map { $0 + "\n" }.joined().utf8))
        try file.close()
    }

    var journal: String {
        let all = FileManager.default.enumerator(atPath: directory)?.allObjects as? [String] ?? []
        return all.first { $0.hasSuffix("/journal") }.flatMap(read) ?? ""
    }

    func waitUntil(seconds: Double = 20, _ what: String, _ test: () -> Bool) throws {
        let limit = Date(timeIntervalSinceNow: seconds)
        while !test() {
            guard Date() < limit else { throw TimedOut(what: what) }
            usleep(10_000)
        }
    }

    struct TimedOut: Error { let what: String }

    deinit {
        // An agent that is being killed may still write; a later round removes what it wrote.
        for _ in 0..<100 {
            for agent in agents { kill(agent, SIGKILL) }
            for worker in workers { kill(-worker, SIGKILL) }
            try? FileManager.default.removeItem(atPath: directory)
            if !FileManager.default.fileExists(atPath: directory), agents.isEmpty { return }
            usleep(20_000)
        }
    }
}

/// The programs under test, which lie beside the test's own.
enum TestPrograms {
    static var agent: String {
        let own = (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")) ?? ""
        return URL(fileURLWithPath: own).deletingLastPathComponent().path + "/eigensweep-agent"
    }
}
