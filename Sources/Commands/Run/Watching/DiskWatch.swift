import Foundation
import RemoteHosts

/// Looks at the coordinator's own disks while a run goes on: says when they run low, and when there is room again, and
/// has the run end in order while the catalogue can still be written to.
final class DiskWatch: Sendable {
    private let disks: [String]
    private let notice: @Sendable (String) -> Void
    private let stop: @Sendable () -> Void
    private let isOver = Locked(false)
    private let words = Locked<String?>(nil)

    /// - Parameters:
    ///   - disks: paths, that of the catalogue first. Where the store has a disk of its own, files that find no room
    ///     there are brought again later: that ends no run.
    ///   - stop: asks the run to end and leave jobs to their hosts.
    init(disks: [String], notice: @escaping @Sendable (String) -> Void, stop: @escaping @Sendable () -> Void) {
        self.disks = disks
        self.notice = notice
        self.stop = stop
    }

    /// Why the run was asked to end; nil when it was not.
    var reason: String? { words.with { $0 } }

    func start() {
        let thread = Thread { [self] in watch() }
        thread.name = "disks"
        thread.start()
    }

    func end() { isOver.with { $0 = true } }

    private func watch() {
        var low: Set<String> = []
        while !isOver.with({ $0 }) {
            for (index, disk) in disks.enumerated() {
                guard let room = DiskRoom(at: disk) else { continue }
                let free = Readable.bytes(room.free)
                if index == 0, room.isCritical {
                    words.with {
                        $0 = "\(disk): only \(free) are left, too few to go on recording. Free some, then go on with"
                    }
                    return stop()
                }
                if room.free < room.reserve, low.insert(disk).inserted {
                    notice(
                        "\(disk): only \(free) are left. Free some: "
                            + (index == 0
                                ? "below \(Readable.bytes(room.reserve / 4)) the run stops and leaves jobs to their hosts"
                                : "results that find no room there wait on their hosts"))
                } else if room.free > room.reserve + room.reserve / 4, low.remove(disk) != nil {
                    notice("\(disk): there is room again, \(free)")
                }
            }
            sleep(1)
        }
    }
}
