import Glibc
import JobContract
import Synchronization

/// Remembers which stored files were read and found whole: a file that nobody has written to since need not be read again.
final class WholeFiles: Sendable {
    /// What changes when a file is written to or replaced, but not with its links and permissions.
    struct Mark: Hashable {
        private let device: UInt64
        private let inode: UInt64
        private let size: Int
        private let seconds: Int
        private let nanoseconds: Int

        init(_ status: stat) {
            device = UInt64(status.st_dev)
            inode = UInt64(status.st_ino)
            size = Int(status.st_size)
            seconds = status.st_mtim.tv_sec
            nanoseconds = status.st_mtim.tv_nsec
        }
    }

    private struct Known {
        var marks: [Digest: Mark] = [:]
        /// Damaged files that could not be put aside, so that each is told once.
        var told: Set<Digest> = []
    }
    private let known = Mutex(Known())
    /// Held while a file is read.
    let reading = Mutex(())
    /// The most that are remembered. Beyond, all are forgotten: reading a file again costs time only.
    private static let most = 65_536

    func holds(_ digest: Digest, _ mark: Mark) -> Bool { known.withLock { $0.marks[digest] == mark } }

    func note(_ digest: Digest, _ mark: Mark) {
        known.withLock { known in
            if known.marks.count >= Self.most { known.marks = [:] }
            known.marks[digest] = mark
            known.told.remove(digest)
        }
    }

    func forget(_ digest: Digest) { known.withLock { $0.marks[digest] = nil } }

    func forgetAll() { known.withLock { $0.marks = [:] } }

    /// Whether the damage of a file that could not be put aside has not been told yet.
    func isNews(_ digest: Digest) -> Bool { known.withLock { $0.told.insert(digest).inserted } }
}
