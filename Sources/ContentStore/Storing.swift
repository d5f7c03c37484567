import Glibc
import JobContract

extension ContentStore {
    /// Stores bytes; storing what is already here and whole changes nothing.
    @discardableResult
    package func put(_ bytes: some Sequence<UInt8>, executable: Bool = false) throws(StoreError) -> Digest {
        let bytes = Array(bytes)
        let digest = Digest(of: bytes)
        let temporary = newTemporaryPath()
        do throws(StoreError) {
            let file = try OpenFile(temporary, O_WRONLY | O_CREAT | O_EXCL, mode: executable ? 0o755 : 0o644)
            try file.write(bytes)
        } catch {
            unlink(temporary)
            throw error
        }
        try adopt(temporary, as: digest)
        return digest
    }

    /// Stores a copy of the file at `path`, which may be on another file system, with its executable bit. Throws
    /// `wrongContent` for a file with other content than `wanted`.
    @discardableResult
    package func put(copyOf path: String, as wanted: Digest? = nil) throws(StoreError) -> Digest {
        // What is here already need not be written anew.
        if wanted == nil || wanted.flatMap(size) != nil, case let digest = try Digest(ofFile: path),
            wanted ?? digest == digest, isKnownWhole(digest)
        {
            if try OpenFile(path, O_RDONLY).status().st_mode & S_IXUSR != 0 { try makeExecutable(digest) }
            return digest
        }
        let temporary = newTemporaryPath()
        var hash = SHA256()
        do throws(StoreError) {
            let source = try OpenFile(path, O_RDONLY)
            let executable = try source.status().st_mode & S_IXUSR != 0
            let copy = try OpenFile(temporary, O_WRONLY | O_CREAT | O_EXCL, mode: executable ? 0o755 : 0o644)
            try source.forEachPiece { piece throws(StoreError) in
                hash.update(piece)
                try copy.write(piece)
            }
        } catch {
            unlink(temporary)
            throw error
        }
        let digest = wanted ?? hash.digest
        try adopt(temporary, as: digest)
        return digest
    }

    /// Verifies that the file at `path` has `digest` and moves it in, durably; the file is gone from `path` then.
    ///
    /// `path` must be on the store's file system, as `temporaryPath` is. A file with other content is removed. A whole file
    /// of the same digest that is already here stays; anything else in its place is put aside.
    package func adopt(_ path: String, as digest: Digest) throws(StoreError) {
        // Whoever left the file may have put a fifo in its place.
        let file = try OpenFile(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK)
        guard try file.status().st_mode & S_IFMT == S_IFREG else {
            throw .system(doing: "take", path: path, code: EINVAL)
        }
        let actual = try file.digest()
        guard actual == digest else {
            unlink(path)
            throw .wrongContent(path: path, expected: digest, actual: actual)
        }
        let executable = try file.status().st_mode & S_IXUSR != 0
        let destination = self.path(of: digest)
        let shard = "\(directory)/\(digest.hex.prefix(2))"
        if isKnownWhole(digest) {
            if executable { try makeExecutable(digest) }
            unlink(path)
        } else {
            try file.synchronise()
            clearShard(shard, of: digest)
            try Self.makeDirectories(shard)
            guard rename(path, destination) == 0 else { throw .last(doing: "move into the store", path: path) }
            whole.note(digest, WholeFiles.Mark(try file.status()))
        }
        // This is needed also for a file that was here: another process may have renamed it a moment ago.
        try OpenFile(shard, O_RDONLY | O_DIRECTORY).synchronise()
    }

    /// Lets a stored file be run by those who may read it.
    package func makeExecutable(_ digest: Digest) throws(StoreError) {
        let file = try openStored(digest)
        let mode = try file.status().st_mode & 0o777
        guard fchmod(file.descriptor, mode | (mode & 0o444) >> 2) == 0 else {
            throw .last(doing: "make executable", path: file.path)
        }
    }

    /// The content of a stored file, verified.
    package func read(_ digest: Digest) throws(StoreError) -> [UInt8] {
        let file = try openStored(digest)
        var bytes: [UInt8] = []
        bytes.reserveCapacity(max(0, Int(try file.status().st_size)))
        try file.forEachPiece { piece throws(StoreError) in bytes.append(contentsOf: piece) }
        let actual = Digest(of: bytes)
        guard actual == digest else {
            throw .wrongContent(path: path(of: digest), expected: digest, actual: actual)
        }
        return bytes
    }

    /// Throws `missing` or `wrongContent` unless the file is here and whole.
    package func verify(_ digest: Digest) throws(StoreError) {
        let actual = try openStored(digest).digest()
        guard actual == digest else {
            throw .wrongContent(path: path(of: digest), expected: digest, actual: actual)
        }
    }

    private func openStored(_ digest: Digest) throws(StoreError) -> OpenFile {
        guard contains(digest) else { throw .missing(digest, directory: directory) }
        return try OpenFile(path(of: digest), O_RDONLY)
    }
}
