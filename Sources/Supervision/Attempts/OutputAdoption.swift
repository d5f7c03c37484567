import CPosix
import ContentStore
import Glibc
import JobContract

/// Takes the files an event names into the host's store. The worker is not believed: names are confined to its
/// directory, and content is checked. A file that an event names is the worker's no more: it is moved.
struct OutputAdoption {
    let store: ContentStore

    /// Nil when all files are in the store, else what the attempt failed of. What was adopted once and is lost since,
    /// when `isRepeated`, is not the worker's fault.
    func adopt(_ files: [OutputFile], from work: String, isRepeated: Bool) -> WorkerEvent.Failed? {
        for file in files where !store.isWhole(file.digest) {
            guard let failed = adopt(file, from: work) else { continue }
            guard isRepeated else { return failed }
            return .init(
                kind: .missingInput,
                message:
                    "the file \(file.digest.short), which is not fetched yet, is no longer whole in the host's store")
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
        // Reading it would take as long as if it were full.
        guard file.bytes <= 1 << 30 || Int(status.st_blocks) * 512 >= file.bytes / 64 else {
            return .init(
                kind: .internal,
                message:
                    "\(name) has \(status.st_size) bytes, of which only \(Int(status.st_blocks) * 512) are on the disk")
        }
        do {
            // The file has another name too, or somebody may go on writing to it: a copy of it is kept.
            let isShared = status.st_nlink > 1 || posix_has_writer(path) == 1
            try takeOver(path, as: file.digest, copying: isShared)
            return nil
        } catch let refusal as AgentRefusal {
            return .init(kind: refusal.kind == .noSpace ? .noSpace : .internal, message: refusal.message)
        } catch StoreError.noSpace(let path) {
            return .init(kind: .noSpace, message: "cannot take \(name): no space left to write \(path)")
        } catch {
            return .init(kind: .internal, message: "cannot take \(name): \(explanation(of: error))")
        }
    }

    /// Moves the file into the store. Until it is there under its digest it stays in the directory, so that an agent
    /// that dies here leaves it to the next.
    private func takeOver(_ path: String, as digest: Digest, copying: Bool) throws {
        if !copying {
            do throws(StoreError) {
                return try store.adopt(path, as: digest)
            } catch {
                guard case .system(_, _, let code) = error, code == EXDEV else { throw error }
            }
        }
        let temporary = try store.temporaryPath()
        guard Files.copy(path, to: temporary) else {
            let refusal = Files.refusal("take \(path) into the store")
            unlink(temporary)
            throw refusal
        }
        try store.adopt(temporary, as: digest)
        unlink(path)
    }
}
