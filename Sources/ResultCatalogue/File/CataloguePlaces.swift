import Foundation
import GRDB
import JobContract
import SweepModel

extension CatalogueFile {
    /// The machine, path and file number of the catalogue at `path`.
    package static func place(of path: String) -> CataloguePlace {
        let path = resolve(path)
        var status = stat()
        let number = stat(path, &status) == 0 ? UInt64(status.st_ino) : 0
        let machine = ["/etc/machine-id", "/var/lib/dbus/machine-id"].lazy
            .compactMap { try? String(contentsOfFile: $0, encoding: .utf8) }.first
        return CataloguePlace(
            machine: machine?.trimmingCharacters(in: .whitespacesAndNewlines) ?? "",
            host: ProcessInfo.processInfo.hostName, path: path, file: number)
    }
}

extension CatalogueReader {
    /// Where a coordinator last worked on the catalogue, and when it began; nil before the first.
    package func lastStart() throws -> (place: CataloguePlace, at: String)? {
        let last = try rows(
            "SELECT place, started_at FROM coordinator_start WHERE place IS NOT NULL ORDER BY generation DESC LIMIT 1"
        ).rows.first
        guard let text = last?[0].text, let at = last?[1].text,
            let place = try? JSONText.decode(CataloguePlace.self, from: Array(text.utf8))
        else { return nil }
        return (place, at)
    }
}

extension Catalogue {
    /// Makes a copy a catalogue of its own, with another id, which hosts take for a new one. Open attempts stay with the
    /// original, and what they were to do waits again; returns how many they were.
    package func separate() throws -> Int {
        let open = try reader.openAttempts()
        try commit(open.map { .attemptEnded($0.attempt, .hostFault("it stayed with the original of this catalogue")) })
        try write { db in
            try db.execute(
                sql: """
                    UPDATE catalogue_identity SET catalogue_id = lower(hex(randomblob(16)));
                    DELETE FROM coordinator_start;
                    """)
        }
        try releaseStuckTrials()
        return open.count
    }
}
