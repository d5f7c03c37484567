import Foundation
import SweepFiles
import SweepModel

/// The hosts that `--hosts`, a `hosts.yaml` in the current directory, or nothing names.
struct HostsSelection {
    let specs: [HostSpec]
    /// The file they come from; nil for this machine alone.
    let path: String?

    init(_ options: HostOptions) throws {
        path = options.hosts ?? (FileManager.default.fileExists(atPath: "hosts.yaml") ? "hosts.yaml" : nil)
        specs = try path.map { try HostsFile.read($0) } ?? HostsFile.localAlone
    }

    /// The hosts of these names, of a queue host all its allocations, or all hosts where no name is given. Throws for a name
    /// that no host has.
    func named(_ names: [String]) throws -> [HostSpec] {
        guard !names.isEmpty else { return specs }
        return try names.flatMap { name in
            let found = specs.filter { $0.name == name || $0.seat?.queue == name }
            guard !found.isEmpty else {
                let known = specs.gates.prefix(20).map(\.name).joined(separator: ", ")
                throw CommandFailure(.usage, "no host is named \(name); there are \(known)")
            }
            return found
        }
    }
}
