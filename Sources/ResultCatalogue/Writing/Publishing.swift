import Foundation
import GRDB
import JobContract
import SweepModel

extension Catalogue {
    /// Makes a catalogue at `path`, where there must be none, that holds one sweep of another for anybody to read: its
    /// trials, the measurements that it asks for and the revision that it has now. Left out are hosts' names and machines,
    /// folders, what workers wrote, why attempts ended, notes and tags, and every name of a file of measures, so that
    /// pictures cannot be asked for. Names of weights and of drawn datasets stay, by which the same bits are known again; the
    /// files themselves are no part of a catalogue.
    ///
    /// A sweep that is launched there finds what is recorded. Throws `CatalogueError`; `.query` where there is no such sweep.
    /// - Parameter others: sweeps that come along, such as those of its teachers, by which its images are known.
    package static func publish(
        _ sweep: String, and others: [String] = [], of other: CatalogueReader, to path: String
    ) throws {
        let catalogue = try Catalogue(path: path)
        let refused = try catalogue.merge(other, states: false).refused
        if let first = refused.first {
            throw CatalogueError(.unknown, "\(other.path): \(first.what) cannot be taken: \(first.reason)")
        }
        let sweeps = try catalogue.reader.sweeps().map(\.name)
        guard sweeps.contains(sweep) else {
            throw CatalogueError(.query, "\(other.path): there is no sweep \"\(sweep)\"")
        }
        let left = sweeps.filter { $0 != sweep && !others.contains($0) }
        try catalogue.remove(sweeps: left, trials: try catalogue.unlisted())
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
                DELETE FROM artifact WHERE name <> '\(SamplesSource.file)' OR measured NOT IN (
                    SELECT d.key FROM measured d JOIN measure_request q ON q.key = d.request
                    WHERE q.measure = '\(SamplesSource.measure)');
                DELETE FROM evidence; DELETE FROM merged_attempt; DELETE FROM coordinator_start;
                DELETE FROM host; DELETE FROM drained_host; DELETE FROM kept_state; DELETE FROM recovery_point;
                DELETE FROM worker_files; DELETE FROM note; DELETE FROM tag; DELETE FROM forecast;
                CREATE TEMP TABLE unasked AS SELECT d.key, d.request FROM measured d
                    WHERE NOT EXISTS (SELECT 1 FROM wished_measure w WHERE w.request = d.request)
                    AND NOT EXISTS (SELECT 1 FROM wished_comparison w WHERE w.request = d.request);
                DELETE FROM measurement WHERE (quantity, measured) IN (
                    SELECT q.key, u.key FROM unasked u JOIN quantity q ON q.request = u.request);
                DELETE FROM measured WHERE key IN (SELECT key FROM unasked);
                DROP TABLE unasked;
                UPDATE milestone SET state = NULL, state_bytes = NULL;
                UPDATE trial SET reason = NULL;
                UPDATE failed_comparison SET reason = '';
                CREATE TEMP TABLE named_host AS SELECT host, row_number() OVER (ORDER BY min(number)) AS place
                    FROM attempt GROUP BY host;
                UPDATE attempt SET host = 'host-' || (SELECT place FROM named_host n WHERE n.host = attempt.host),
                    machine = '', boot = '', reason = NULL, task = NULL, diagnostics = NULL;
                DROP TABLE named_host;
                """)
        var requests: Set<String> = []
        try rewrite("dataset_request", ["key"], "request") { text in
            var shorter = Self.shortened(text) { Self.last($0) }
            // Files of one name in two folders are still two.
            var place = 1
            while requests.contains(shorter) {
                place += 1
                shorter = Self.shortened(text) { Self.last($0, in: "/\(place)/") }
            }
            requests.insert(shorter)
            return shorter
        }
        try rewrite("wish", ["revision", "position"], "asked") { Self.shortened($0) { Self.last($0) } }
        try rewrite("revision", ["key"], "worker") { json in
            Self.shortened(json) { $0.hasPrefix("/") ? Self.last($0) : Self.withoutFolders($0) }
        }
        try rewrite("revision", ["key"], "overrides") { Self.shortened($0, Self.override) }
        try rewrite("revision", ["key"], "text") { Self.withoutFolders($0) }
        for name in try String.fetchAll(db, sql: "SELECT name FROM sweep") {
            guard let whole = try CatalogueReader.sweep(named: name, db) else { continue }
            try db.execute(
                sql: "UPDATE revision SET content = ? WHERE key = (SELECT revision FROM sweep WHERE name = ?)",
                arguments: [try Catalogue.content(of: whole), name])
        }
        try Catalogue.recount(db)
    }

    private func rewrite(_ table: String, _ keys: [String], _ column: String, _ shorter: (String) -> String) throws {
        let place = keys.map { "\($0) = ?" }.joined(separator: " AND ")
        for row in try Row.fetchAll(db, sql: "SELECT \(column), \(keys.joined(separator: ", ")) FROM \(table)") {
            let (text, short) = (row[0] as String, shorter(row[0]))
            guard short != text else { continue }
            let values = [short.databaseValue] + keys.map { row[$0] as DatabaseValue }
            try db.execute(
                sql: "UPDATE \(table) SET \(column) = ? WHERE \(place)", arguments: StatementArguments(values))
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

    /// The last component of an absolute path; other texts as they are.
    private static func last(_ text: String, in folder: String = "/") -> String {
        guard text.hasPrefix("/"), let last = text.split(separator: "/").last else { return text }
        return folder + last
    }

    /// A path after `key=` is all of the value, blanks too.
    private static func override(_ text: String) -> String {
        guard let match = text.firstMatch(of: #/[^=]*=(?=\/|~|\.{1,2}\/)/#) else { return withoutFolders(text) }
        return String(match.0 + (text.split(separator: "/").last ?? ""))
    }

    /// The text with the last component of every path that begins with `/`, `~` or dots and a slash. Without quotes a path
    /// goes on to the last slash of its part of the line: a folder's name may have blanks.
    private static func withoutFolders(_ text: String) -> String {
        text.replacing(#/"(?:~[^"\/\n]*|\.{1,2})?\/(?:[^"\n]*\/)?/#, with: "\"")
            .replacing(#/'(?:~[^'\/\n]*|\.{1,2})?\/(?:[^'\n]*\/)?/#, with: "'")
            .replacing(#/(?<before>^|[\s=,\[{(]|:(?!\/\/))(?:~[^\s\/]*|\.{1,2})?\/(?:[^"',\]})\n]*\/)?/#) { $0.before }
    }
}
