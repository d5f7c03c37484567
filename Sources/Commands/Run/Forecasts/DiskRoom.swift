import CPosix
import Foundation

/// The room on a disk on which the catalogue or its store lies.
struct DiskRoom {
    /// The path of the catalogue or of the store.
    let path: String
    /// Bytes that this account may still write.
    let free: Int
    /// Bytes below which people are warned: as much as an agent keeps on a host.
    let reserve: Int
    private let device: UInt

    /// Nil where there is nothing at the path, or the system does not say.
    init?(at path: String) {
        var space = statvfs()
        var status = stat()
        guard statvfs(path, &space) == 0, stat(path, &status) == 0 else { return nil }
        self.path = path
        let block = Double(space.f_frsize)
        free = Int(min(Double(space.f_bavail) * block, 1e18))
        reserve = Int(min(Double(256 << 20), Double(space.f_blocks) * block / 20))
        device = UInt(status.st_dev)
    }

    func isSameDisk(as other: DiskRoom) -> Bool { device == other.device }

    /// Whether the room is so scarce that a run must end now, while the catalogue can still record its end.
    var isCritical: Bool { free < reserve / 4 }
}

extension Workplace {
    /// The catalogue's disk first; the store's too where it is another.
    var disks: [String] {
        let places = [URL(fileURLWithPath: catalogue.path).deletingLastPathComponent().path, store.directory]
        let rooms = places.compactMap { DiskRoom(at: $0) }
        return rooms.count == 2 && rooms[0].isSameDisk(as: rooms[1]) ? [store.directory] : places
    }

    /// Throws `CommandFailure` when less than the reserve is free: whatever is written then may be half written.
    func requireReserve() throws {
        for room in disks.compactMap({ DiskRoom(at: $0) }) where room.free < room.reserve {
            throw CommandFailure(
                .catalogue,
                "\(room.path): \(Readable.bytes(room.free)) are free, and at least \(Readable.bytes(room.reserve)) must "
                    + "be before anything is started. Free some, or move the catalogue with its store to a larger disk")
        }
    }

    /// Throws `CommandFailure` when the store is to keep more than there is room for.
    func requireRoom(for bytes: Int) throws {
        guard let room = disks.last.flatMap({ DiskRoom(at: $0) }), bytes > room.free - room.reserve else { return }
        throw CommandFailure(
            .catalogue,
            "\(room.path): \(Readable.bytes(room.free)) are free, and what is wanted will keep about "
                + "\(Readable.bytes(bytes)) there, with \(Readable.bytes(room.reserve)) in reserve. Free some, move the "
                + "catalogue with its store to a larger disk, or go on all the same with --accept-low-space")
    }
}
