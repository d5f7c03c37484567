import CPosix
import ContentStore
import Glibc
import JobContract

/// Takes the files an event names into the host's store. The worker is not believed: names are confined to its
/// directory, and content is checked.
struct OutputAdoption {
    let store: ContentStore

    /// Nil when all files are in the store, else what the attempt failed of.
    func adopt(_ files: [OutputFile], from work: String) -> WorkerEvent.Failed? {
        for file in files where !store.contains(file.digest) {
            if let failed = adopt(file, from: work) { return failed }
        }
        return nil
    }

    private func adopt(_ file: OutputFile, from work: String) -> WorkerEvent.Failed? {
        let name = file.path
        guard !name.isEmpty, name.utf8.count <= 255, !name.contains("/"), name != ".", name != "..",
            !name.utf8.contains(0)
        else {
            return .init(kind: .internal, message: "\"\(name.prefix(80))\" is not a plain file name")
        }
        let path = "\(work)/\(name)"
        var status = stat()
        guard lstat(path, &status) == 0, posix_is_regular(status.st_mode) == 1 else {
            return .init(kind: .internal, message: "the event names \(name), which is not a file in the directory")
        }
        guard Int(status.st_size) == file.bytes else {
            return .init(
                kind: .internal, message: "\(name) has \(status.st_size) bytes, the event says \(file.bytes)")
        }
        do {
            // A copy: the worker may write to its own file again.
            let temporary = try store.temporaryPath()
            guard Files.copy(path, to: temporary) else {
                let full = errno == ENOSPC || errno == EDQUOT
                unlink(temporary)
                return .init(
                    kind: full ? .noSpace : .internal,
                    message: "cannot take \(name) into the store: \(String(cString: strerror(errno)))")
            }
            try store.adopt(temporary, as: file.digest)
            return nil
        } catch StoreError.noSpace(let path) {
            return .init(kind: .noSpace, message: "cannot take \(name): no space left to write \(path)")
        } catch {
            return .init(kind: .internal, message: "cannot take \(name): \(error)")
        }
    }
}
