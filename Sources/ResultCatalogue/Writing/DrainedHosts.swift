import GRDB
import SweepModel

/// A host that someone took out of use.
package struct DrainedHost: Hashable, Sendable {
    package var name: HostName
    package var reason: String
    /// ISO 8601, UTC.
    package var drainedAt: String
}

extension Catalogue {
    /// Keeps jobs from the host, now and in later runs, until `undrain`. False where it was drained before; the first reason
    /// stands.
    @discardableResult
    package func drain(_ host: HostName, reason: String) throws -> Bool {
        let now = Timestamp.text(clock())
        return try write { db in
            try db.execute(
                sql: "INSERT INTO drained_host (name, reason, drained_at) VALUES (?, ?, ?) ON CONFLICT DO NOTHING",
                arguments: [host, reason, now])
            return db.changesCount > 0
        }
    }

    /// Has the host used again. False where it was not drained.
    @discardableResult
    package func undrain(_ host: HostName) throws -> Bool {
        try write { db in
            try db.execute(sql: "DELETE FROM drained_host WHERE name = ?", arguments: [host])
            return db.changesCount > 0
        }
    }
}

extension CatalogueReader {
    /// The drained hosts, by name.
    package func drainedHosts() throws -> [DrainedHost] {
        try read { db in
            try Row.fetchAll(db, sql: "SELECT name, reason, drained_at FROM drained_host ORDER BY name").map {
                DrainedHost(name: $0[0], reason: $0[1], drainedAt: $0[2])
            }
        }
    }
}
