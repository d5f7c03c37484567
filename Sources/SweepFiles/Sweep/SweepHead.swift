import JobContract
import SweepModel

/// What a sweep file says for itself: its name, and its worker. The rest is read with the keys that this worker has.
package struct SweepHead: Sendable {
    package let worker: WorkerCommand
    private let given: String?
    private let file: String

    /// Reads a file with overrides as `SweepFile` does. Throws for what is no YAML, and for a worker that is none.
    package init(
        contentsOf path: String, overrides: [String] = [], overridesFolder: String = "."
    ) throws(SweepFileError) {
        try self.init(
            text: try TextFile.read(path), file: path, folder: TextFile.folder(of: path), overrides: overrides,
            overridesFolder: overridesFolder)
    }

    package init(
        text: String, file: String, folder: String = ".", overrides: [String] = [], overridesFolder: String = "."
    ) throws(SweepFileError) {
        var content = SweepContent()
        let tree = try YAMLTree(parsing: text, file: file)
        let reader = SweepReader(file: file, folder: folder)
        var profiles: [YAMLTree.Member] = []
        for member in try tree.members("a sweep") {
            if member.key == "profiles" {
                profiles = member.value.mapping ?? []
            } else {
                try Self.read(member, by: reader, into: &content)
            }
        }
        let members = try SweepOverrides.read(overrides)
        for (name, _) in members.profiles {
            for profile in profiles where profile.key == name {
                for member in profile.value.mapping ?? [] { try Self.read(member, by: reader, into: &content) }
            }
        }
        let ofArguments = SweepReader(file: "--set", folder: overridesFolder)
        for member in members.others { try Self.read(member, by: ofArguments, into: &content) }
        worker = content.worker
        given = content.name
        self.file = file
    }

    private static func read(
        _ member: YAMLTree.Member, by reader: SweepReader, into content: inout SweepContent
    ) throws(SweepFileError) {
        guard ["name", "worker"].contains(member.key) || member.key.hasPrefix("worker.") else { return }
        _ = try SweepOverrides.setTopic(member, in: &content, by: reader)
    }

    /// The sweep's name. Throws where the file has none.
    package var name: String {
        get throws(SweepFileError) {
            guard let given else {
                throw SweepFileError("expected the sweep's name, got none", key: "name", at: TextOrigin(file: file))
            }
            return given
        }
    }
}
