import CSimulatedDisk

/// A disk in memory below SQLite, for files whose names begin with its prefix.
final class SimulatedDisk {
    private let disk: OpaquePointer
    private static let isInstalled = simulated_disk_install() == 0

    init(prefix: String, seed: UInt64) throws {
        guard Self.isInstalled, let disk = simulated_disk_new(prefix, seed) else {
            throw CatalogueRefusal(description: "no simulated disk")
        }
        self.disk = disk
    }

    deinit { simulated_disk_free(disk) }

    /// How many calls have failed so far.
    var failures: Int { Int(simulated_disk_failures(disk)) }
    /// How many pieces of 512 bytes were written, not synced, and lost.
    var lostPieces: Int { Int(simulated_disk_lost(disk)) }

    /// Lets the `calls`-th call from now on that changes something fail, alone or with all after it.
    func fail(afterCalls calls: Int, forGood: Bool = false) {
        simulated_disk_fail_after(disk, Int32(calls), forGood ? 1 : 0)
    }

    func failNoMore() { simulated_disk_fail_after(disk, 0, 0) }
    func fill(_ isFull: Bool) { simulated_disk_fill(disk, isFull ? 1 : 0) }
    /// From now on the disk says that it syncs, and does not.
    func lie() { simulated_disk_lie(disk, 1) }
    /// Loses what was not synced. All files must be closed.
    func losePower() { simulated_disk_lose_power(disk) }

    func copy(to other: SimulatedDisk) throws {
        if simulated_disk_copy(disk, other.disk) != 0 { throw CatalogueRefusal(description: "no memory") }
    }
}
