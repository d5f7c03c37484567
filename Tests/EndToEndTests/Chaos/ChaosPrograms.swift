import ContentStore
import Foundation
import JobContract

/// The programs that the combinations run, in two builds that differ in the agent alone.
final class ChaosPrograms {
    let directory: String
    var current: String { "\(directory)/current" }
    var older: String { "\(directory)/older" }
    /// A host's home in which agent and worker are already.
    var home: String { "\(directory)/home" }
    let worker: Digest

    init() throws {
        let directory = "/tmp/es-programs-\(UInt32.random(in: 0...UInt32.max))"
        let (current, older, home) = ("\(directory)/current", "\(directory)/older", "\(directory)/home")
        self.directory = directory
        let files = FileManager.default
        Leftovers.remove()
        try files.createDirectory(atPath: directory, withIntermediateDirectories: true)
        try Leftovers.claim(directory)
        let built = URL(fileURLWithPath: CommandLine.arguments[0]).deletingLastPathComponent().path
        for place in [current, older] {
            try files.createDirectory(atPath: place, withIntermediateDirectories: true)
            for name in ["eigensweep", "eigensweep-agent", "eigensweep-worker"] {
                try files.copyItem(atPath: "\(built)/\(name)", toPath: "\(place)/\(name)")
                // Debug symbols are most of their bytes, and every host gets the agent and the worker.
                _ = try? NamespaceHosts.run("/usr/bin/strip", "\(place)/\(name)")
            }
        }
        // The older agent has another digest and does the same, as one that was built a day earlier.
        let agent = FileHandle(forWritingAtPath: "\(older)/eigensweep-agent")
        try agent?.seekToEnd()
        try agent?.write(contentsOf: Data("an older build".utf8))
        try agent?.close()
        worker = try ContentStore(directory: "\(home)/.eigensweep/store").put(copyOf: "\(current)/eigensweep-worker")
        try files.copyItem(atPath: "\(current)/eigensweep-agent", toPath: "\(home)/.eigensweep/eigensweep-agent")
    }

    func remove() { try? FileManager.default.removeItem(atPath: directory) }
}
