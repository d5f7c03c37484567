import GRDB
import JobContract

extension CatalogueReader {
    /// The files of results that a merge takes in, with their recorded sizes. Names that are no digests are left out, as the
    /// merge leaves out their rows.
    package func filesOfResults() throws -> [Digest: Set<Int>] {
        try read { db in
            var files: [Digest: Set<Int>] = [:]
            let columns = [
                ("weights", "weights_bytes", "milestone"), ("state", "state_bytes", "milestone"),
                ("digest", "bytes", "artifact"),
            ]
            for (name, bytes, table) in columns {
                let rows = try StoredRows(
                    db,
                    """
                    SELECT DISTINCT \(name), \(bytes) FROM \(table)
                    WHERE \(ForeignValues.digest(name)) AND \(ForeignValues.count(bytes))
                    """, [])
                while try rows.next() { files[try rows.digest(0), default: []].insert(rows.count(1)) }
            }
            return files
        }
    }
}
