import Foundation
import GRDB
import JobContract
import SweepModel

extension Catalogue {
    /// Makes a catalogue at `path`, where there must be none, that holds one sweep of another for anybody to read: its
    /// trials, measurements and the revision that it has now. Left out are hosts' names and machines, folders, what workers
    /// wrote, why attempts ended, notes and tags, and every name of a file of measures, so that pictures cannot be asked
    /// for. Names of weights stay, by which the same bits are known again; the weights themselves are no part of a catalogue.
    ///
    /// A sweep that is launched there finds what is recorded. Throws `CatalogueError`; `.query` where there is no such sweep.
    package static func publish(_ sweep: String, of other: CatalogueReader, to path: String) throws {
        let catalogue = try Catalogue(path: path)
        let refused = try catalogue.merge(other, states: false).refused
        if let first = refused.first {
            throw CatalogueError(.unknown, "\(other.path): \(first.what) cannot be taken: \(first.reason)")
        }
        let sweeps = try catalogue.reader.sweeps().map(\.name)
        guard sweeps.contains(sweep) else {
            throw CatalogueError(.query, "\(other.path): there is no sweep \"\(sweep)\"")
        }
        try catalogue.remove(sweeps: sweeps.filter { $0 != sweep }, trials: try catalogue.unlisted())
        try catalogue.write { try Publishing(db: $0).run() }
        // What was deleted would still stand in pages that are free.
        try CatalogueError.translating(path) {
            try catalogue.queue.inDatabase { db in
                try db.execute(sql: "VACUUM")
                try db.execute(sql: "PRAGMA wal_checkpoint(TRUNCATE)")
            }
        }
    }

    /// Trials that only earlier revisions of sweeps had.
    private func unlisted() throws -> [TrialID] {
        try write { db in
            try String.fetchAll(
                db, sql: "SELECT trial_id FROM trial t WHERE NOT EXISTS (SELECT 1 FROM wish w WHERE w.trial = t.key)")
        }.compactMap(TrialID.init(hex:))
    }
}

/// The leaving out, in one transaction.
private struct Publishing {
    let db: Database

    func run() throws {
        try db.execute(
            sql: """
                DELETE FROM artifact; DELETE FROM evidence; DELETE FROM merged_attempt; DELETE FROM coordinator_start;
                DELETE FROM host; DELETE FROM drained_host; DELETE FROM kept_state; DELETE FROM recovery_point;
                DELETE FROM worker_files; DELETE FROM note; DELETE FROM tag; DELETE FROM forecast;
                UPDATE milestone SET state = NULL, state_bytes = NULL;
                UPDATE trial SET reason = NULL;
                UPDATE failed_comparison SET reason = '';
                CREATE TEMP TABLE named_host AS SELECT host, row_number() OVER (ORDER BY min(number)) AS place
                    FROM attempt GROUP BY host;
                UPDATE attempt SET host = 'host-' || (SELECT place FROM named_host n WHERE n.host = attempt.host),
                    machine = '', boot = '', reason = NULL, task = NULL, diagnostics = NULL;
                DROP TABLE named_host;
                """)
        try rewrite("dataset_request", "request") { Self.shortened($0, Self.last) }
        try rewrite("revision", "worker") { Self.shortened($0, Self.last) }
        try rewrite("revision", "overrides") { Self.shortened($0, Self.override) }
        try rewrite("revision", "text", Self.withoutFolders)
        for name in try String.fetchAll(db, sql: "SELECT name FROM sweep") {
            guard let whole = try CatalogueReader.sweep(named: name, db) else { continue }
            try db.execute(
                sql: "UPDATE revision SET content = ? WHERE key = (SELECT revision FROM sweep WHERE name = ?)",
                arguments: [try Catalogue.content(of: whole), name])
        }
        try Catalogue.recount(db)
    }

    private func rewrite(_ table: String, _ column: String, _ shorter: (String) -> String) throws {
        for row in try Row.fetchAll(db, sql: "SELECT rowid, \(column) FROM \(table)") {
            try db.execute(
                sql: "UPDATE \(table) SET \(column) = ? WHERE rowid = ?", arguments: [shorter(row[1]), row[0] as Int64])
        }
    }

    /// JSON with each of its texts made shorter.
    private static func shortened(_ json: String, _ shorter: (String) -> String) -> String {
        func walk(_ value: JSONValue) -> JSONValue {
            switch value {
            case .string(let text): .string(shorter(text))
            case .array(let values): .array(values.map(walk))
            case .object(let values): .object(values.mapValues(walk))
            default: value
            }
        }
        return JSONText.read(json).flatMap { try? JSONText.write(walk($0)) } ?? ""
    }

    /// A path keeps its first slash: of images and uploads it is always there.
    private static func last(_ path: String) -> String {
        guard let last = path.split(separator: "/").last else { return path }
        return (path.hasPrefix("/") ? "/" : "") + last
    }

    /// A path after `key=` is all of the value, blanks too.
    private static func override(_ text: String) -> String {
        guard let match = text.firstMatch(of: #/[^=]*=(?=[\/~.])/#) else { return withoutFolders(text) }
        return String(match.0 + (text.split(separator: "/").last ?? ""))
    }

    /// The text with the last component of every path that begins with `/`, `~` or a dot.
    static func withoutFolders(_ text: String) -> String {
        text.replacing(#/(?<quote>["'])(?:~[^\/"'\n]*|\.{1,2})?\/(?:[^"'\n]*\/)?/#) { $0.quote }
            .replacing(#/(?<before>^|[\s=,\[{(])(?:~[^\s\/]*|\.{1,2})?\/(?:[^\s"',\]})]*\/)?/#) { $0.before }
    }
}
