import Glibc
import JobContract

/// Whether other machines may see a directory, as far as the kind of its file system tells.
enum SharedDirectory {
    /// Kinds of file systems that are a machine's own, unless it exports them.
    private static let local: Set<Substring> = [
        "btrfs", "ext2", "ext3", "ext4", "f2fs", "overlay", "ramfs", "tmpfs", "xfs", "zfs",
    ]

    /// The kind and the device of the directory's file system where that is a machine's own; nil where it may be shared.
    /// - Throws: where there is no such directory.
    static func localFileSystem(of place: RelayPlace) throws(AgentRefusal) -> String? {
        let root = try AgentPlace(directory: place.directory, catalogue: place.catalogue).root
        guard let resolved = realpath(root, nil) else { throw Files.refusal("look at \(root)") }
        defer { free(resolved) }
        let path = String(cString: resolved) + "/"
        var found: (point: Substring, type: Substring, device: Substring)?
        for line in (Files.text("/proc/self/mounts") ?? "").split(separator: "\n") {
            let fields = line.split(separator: " ")
            guard fields.count > 2, case let point = fields[1],
                path.hasPrefix(point.hasSuffix("/") ? String(point) : point + "/"),
                point.count >= found?.point.count ?? 0
            else { continue }
            found = (point, fields[2], fields[0])
        }
        guard let found, local.contains(found.type) else { return nil }
        return "\(found.type) (\(found.device))".cut(toBytes: OutsideValues.nameLength)
    }
}
