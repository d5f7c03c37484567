import CPosix
import Foundation
import JobContract
import RemoteHosts
import SweepFiles
import SweepModel

/// Looks at the hosts file while a run goes on, and hands its hosts in when they have changed.
final class HostsFileWatch: Sendable {
    private let path: String
    private let specs: [HostSpec]
    private let changes: PendingChanges
    private let notice: @Sendable (String) -> Void
    private let isStopped = Locked(false)

    init(
        path: String, specs: [HostSpec], changes: PendingChanges, notice: @escaping @Sendable (String) -> Void
    ) {
        self.path = path
        self.specs = specs
        self.changes = changes
        self.notice = notice
    }

    func start() {
        let thread = Thread { [self] in watch() }
        thread.name = "hosts file"
        thread.start()
    }

    func stop() { isStopped.with { $0 = true } }

    private func watch() {
        var known = specs
        var stamp = Stamp(path)
        while !isStopped.with({ $0 }) {
            sleep(1)
            let now = Stamp(path)
            guard let now, now != stamp else { continue }
            // A file that is being written is looked at again.
            stamp = now
            do {
                let found = try HostsFile.read(path)
                guard found != known else { continue }
                known = found
                notice("\(path) has changed: \(Readable.counted(found.count, "host")) from now on")
                _ = changes.submit(.hosts(found))
            } catch {
                notice("\(path) has changed and cannot be used; the hosts stay as they were: \(explanation(of: error))")
            }
        }
    }

    /// What tells that a file was written.
    private struct Stamp: Equatable {
        let inode: UInt
        let size: Int
        let seconds: Int
        let nanoseconds: Int

        /// Nil where there is no file.
        init?(_ path: String) {
            var status = stat()
            guard stat(path, &status) == 0 else { return nil }
            (inode, size) = (UInt(status.st_ino), Int(status.st_size))
            (seconds, nanoseconds) = (status.st_mtim.tv_sec, status.st_mtim.tv_nsec)
        }
    }
}
