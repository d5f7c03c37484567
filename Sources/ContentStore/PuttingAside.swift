import Glibc
import JobContract

/// A file is believed once it was read. A damaged file makes room for a whole one and is kept where people can look at it:
/// in `damaged`, under the digest that it should have had and the time.
extension ContentStore {
    /// Where damaged files are kept.
    package var damagedDirectory: String { "\(directory)/damaged" }
    /// The bounds of what is kept there: the newest file always, older ones as long as all are within both.
    static let mostAside = 64
    static let mostBytesAside = 1 << 30

    package func wholeFile(_ digest: Digest) -> String? {
        let path = path(of: digest)
        var status = stat()
        guard stat(path, &status) == 0 else { return nil }
        if isRegular(status), whole.holds(digest, WholeFiles.Mark(status)), access(path, R_OK) == 0 { return path }
        letRead(path, status)
        // Files are read one at a time, for many threads may ask for the same one at once.
        return whole.reading.withLock { _ in
            guard stat(path, &status) == 0 else { return nil }
            if isRegular(status), whole.holds(digest, WholeFiles.Mark(status)) { return path }
            guard let problem = examine(digest) else { return path }
            putAside(digest, problem, inode: status.st_ino)
            return nil
        }
    }

    /// Whether the file is here and was read and found whole. Anything else in its place is put aside; a file of which this
    /// cannot be found out does not count as whole.
    func isKnownWhole(_ digest: Digest) -> Bool {
        var status = stat()
        guard let path = wholeFileReadAnew(digest), stat(path, &status) == 0 else { return false }
        return whole.holds(digest, WholeFiles.Mark(status))
    }

    /// The file's path as `wholeFile` gives it, after reading the file whatever is remembered of it: disks lose bits
    /// silently.
    package func wholeFileReadAnew(_ digest: Digest) -> String? {
        whole.forget(digest)
        return wholeFile(digest)
    }

    /// Has every file read again before it is believed.
    package func doubtAll() { whole.forgetAll() }

    package func isWhole(_ digest: Digest) -> Bool { wholeFile(digest) != nil }

    /// What is wrong with whatever lies in the place of a file; nil where it is whole, where nothing is there, and where it
    /// cannot be found out. Reads all of it and changes nothing.
    package func examine(_ digest: Digest) -> String? {
        let path = path(of: digest)
        var status = stat()
        guard stat(path, &status) == 0 else { return nil }
        guard isRegular(status) else {
            return status.st_mode & S_IFMT == S_IFDIR ? "is a directory" : "is no file"
        }
        do throws(StoreError) {
            let file = try OpenFile(path, O_RDONLY)
            let opened = try file.status()
            guard try file.digest() == digest else {
                return status.st_size == 0 ? "is empty" : "has other content than its name says"
            }
            // It is not noted as whole where somebody wrote to it meanwhile.
            if try WholeFiles.Mark(file.status()) == WholeFiles.Mark(opened) {
                whole.note(digest, WholeFiles.Mark(opened))
            }
            return nil
        } catch {
            guard case .system(_, _, let code) = error, [EIO, EACCES, EPERM, EUCLEAN].contains(code) else { return nil }
            return "cannot be read (\(String(cString: strerror(code))))"
        }
    }

    /// Puts aside whatever lies in the place of a file, if it is damaged, and returns what was done; nil where it is whole,
    /// or nothing is there.
    @discardableResult
    package func putAsideIfDamaged(_ digest: Digest) -> Damage? {
        var status = stat()
        guard stat(path(of: digest), &status) == 0 else { return nil }
        letRead(path(of: digest), status)
        guard let problem = examine(digest) else { return nil }
        return putAside(digest, problem, inode: status.st_ino)
    }

    /// Files that were put aside and are still kept, and their bytes.
    package func aside() throws(StoreError) -> (count: Int, bytes: Int) {
        let kept = try keptAside()
        return (kept.count, kept.reduce(0) { $0 + $1.bytes })
    }

    /// Lets a file be read whose permissions forbid it: its content can be whole all the same.
    private func letRead(_ path: String, _ status: stat) {
        if isRegular(status), access(path, R_OK) != 0, errno == EACCES { chmod(path, status.st_mode & 0o777 | 0o400) }
    }

    @discardableResult
    private func putAside(_ digest: Digest, _ problem: String, inode: ino_t) -> Damage? {
        var damage = Damage(digest: digest, problem: problem)
        let kept = move(path(of: digest), asideAs: digest.hex)
        if let kept {
            var status = stat()
            if lstat(kept, &status) == 0, status.st_ino != inode, isRegular(status), link(kept, path(of: digest)) == 0 {
                // Another process has put a whole file there since it was looked at.
                unlink(kept)
                return nil
            }
            damage.kept = kept
            damage.removed = boundAside(sparing: kept)
        } else {
            // Where nothing is there any more, another process has removed it.
            guard lstatSucceeds(path(of: digest)) else { return nil }
            guard whole.isNews(digest) else { return damage }
        }
        whole.forget(digest)
        told(damage)
        return damage
    }

    /// Moves whatever is at `path` to where damaged files are kept, and returns its new path; nil where it cannot be moved.
    private func move(_ path: String, asideAs name: String) -> String? {
        guard (try? Self.makeDirectories(damagedDirectory)) != nil else { return nil }
        var now = timespec()
        clock_gettime(CLOCK_REALTIME, &now)
        let kept = "\(damagedDirectory)/\(name).\(now.tv_sec).\(UInt16.random(in: 0 ... .max))"
        return rename(path, kept) == 0 ? kept : nil
    }

    /// Puts aside whatever is not a directory at the path of a file's shard.
    func clearShard(_ path: String, of digest: Digest) {
        var status = stat()
        guard lstat(path, &status) == 0, stat(path, &status) != 0 || status.st_mode & S_IFMT != S_IFDIR else { return }
        if let kept = move(path, asideAs: "\(digest.hex.prefix(2))") {
            told(Damage(digest: digest, problem: "had a file where its directory should be", kept: kept))
        }
    }

    private func keptAside() throws(StoreError) -> [(path: String, bytes: Int, time: Int)] {
        try Self.names(in: damagedDirectory).compactMap { name in
            let path = "\(damagedDirectory)/\(name)"
            var status = stat()
            guard lstat(path, &status) == 0 else { return nil }
            let bytes = isRegular(status) ? Int(status.st_size) : 0
            return (path, bytes, max(status.st_mtim.tv_sec, status.st_ctim.tv_sec))
        }
    }

    /// Removes the oldest files beyond the bounds, and returns how many they were.
    private func boundAside(sparing newest: String) -> Int {
        guard var kept = try? keptAside().filter({ $0.path != newest }) else { return 0 }
        kept.sort { $0.time > $1.time }
        var bytes = 0
        var removed = 0
        for (place, file) in kept.enumerated() {
            bytes += file.bytes
            guard place + 1 >= Self.mostAside || bytes > Self.mostBytesAside else { continue }
            Self.removeTree(file.path)
            removed += 1
        }
        return removed
    }

    private static func removeTree(_ path: String) {
        if unlink(path) == 0 { return }
        for name in (try? names(in: path)) ?? [] { removeTree("\(path)/\(name)") }
        rmdir(path)
    }

    private func lstatSucceeds(_ path: String) -> Bool {
        var status = stat()
        return lstat(path, &status) == 0
    }

    private func isRegular(_ status: stat) -> Bool { status.st_mode & S_IFMT == S_IFREG }
}
