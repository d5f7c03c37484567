import CSimulatedDisk

/// A disk in memory below SQLite, for the files whose names begin with its prefix.
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

    /// Calls that failed so far.
    var failures: Int { Int(simulated_disk_failures(disk)) }
    /// Pieces of 512 bytes that were written, not synced, and lost.
    var lostPieces: Int { Int(simulated_disk_lost(disk)) }

    /// The next but `calls - 1` call that changes something fails: it alone, or all from there on.
    func fail(afterCalls calls: Int, forGood: Bool = false) {
        simulated_disk_fail_after(disk, Int32(calls), forGood ? 1 : 0)
    }

    func failNoMore() { simulated_disk_fail_after(disk, 0, 0) }
    func fill(_ isFull: Bool) { simulated_disk_fill(disk, isFull ? 1 : 0) }
    /// It says that it synced and does not.
    func lie() { simulated_disk_lie(disk, 1) }
    /// Files must be closed.
    func losePower() { simulated_disk_lose_power(disk) }

    func copy(to other: SimulatedDisk) throws {
        if simulated_disk_copy(disk, other.disk) != 0 { throw CatalogueRefusal(description: "no memory") }
    }
}
