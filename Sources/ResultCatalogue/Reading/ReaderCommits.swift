import GRDB
import JobContract

/// How much a catalogue held when it was read: what comes later has larger numbers.
package struct CatalogueExtent: Hashable, Sendable {
    /// The number of the last result, which is its key in the table `measured`.
    package var results: Int
    /// The number of the last attempt.
    package var attempts: Int
}

extension CatalogueReader {
    /// Runs `body`, to which all that this reader answers is of one commit. One thread at a time may ask it meanwhile.
    package func atOneCommit<Result>(_ body: () throws -> Result) throws -> Result {
        try CatalogueError.translating(path) { try database.unsafeRead { try $0.beginTransaction(.deferred) } }
        // A query that was interrupted has ended the transaction already.
        defer { try? database.unsafeRead { if $0.isInsideTransaction { try $0.rollback() } } }
        return try body()
    }

    /// Ends the query that another thread is in, with an error there.
    package func interrupt() { database.interrupt() }

    /// A number that is another one once somebody else has committed something. It means nothing to other readers.
    package func version() throws -> Int { try rows("PRAGMA data_version").rows.first?.first?.integer ?? 0 }

    package func extent() throws -> CatalogueExtent {
        let row = try rows(
            "SELECT (SELECT max(key) FROM measured), (SELECT max(number) FROM attempt WHERE number < ?)",
            [.integer(Int64(AttemptNumber.mostGiven.value))]
        ).rows.first
        return CatalogueExtent(results: row?[0].integer ?? 0, attempts: row?[1].integer ?? 0)
    }
}
