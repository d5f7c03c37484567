import Foundation
import GRDB
import JobContract
import SweepModel
import Testing

@testable import ResultCatalogue

/// A catalogue that somebody else made is data: each of its rows is what it says, or does not come in.
@Suite struct ForeignCatalogueTests {
    let scratch: Scratch
    let ours: Catalogue
    let sweep = Fixture.sweep(name: "both", sizes: [16], scales: [4], steps: [256, 512], seeds: [0, 1])
    var other: String { scratch.path + "/other.sqlite" }

    /// The other catalogue has every result of the sweep.
    init() throws {
        scratch = try Scratch()
        ours = try Catalogue(path: scratch.catalogue)
        let theirs = try Catalogue(path: other)
        try theirs.store(sweep)
        for (index, trial) in sweep.trials.enumerated() {
            let number = AttemptNumber(index + 1)
            try theirs.commit([
                .attemptIntended(Fixture.attempt(number.value, [trial], host: "far")),
                .milestone(trial.training, trial.id, number, Fixture.checkpoint(trial)),
                .measured(number, Fixture.memorized(trial, glScore: 0.5, copied: 0.25)),
                .measured(number, Fixture.distances(trial)), .trialState(trial.id, .succeeded, reason: nil),
                .attemptEnded(number, .succeeded),
            ])
        }
    }

    private func merge() throws -> MergeOutcome { try ours.merge(try CatalogueReader(path: other), states: true) }

    /// Changes the other catalogue as a hostile hand would, past every check of its schema.
    private func change(_ sql: String) throws {
        var configuration = Configuration()
        configuration.foreignKeysEnabled = false
        try DatabaseQueue(path: other, configuration: configuration).inDatabase {
            try $0.execute(sql: "PRAGMA ignore_check_constraints = 1; " + sql)
        }
    }

    private func checkOurs() throws {
        #expect(try ours.reader.wrongCounts() == [])
        #expect(try RawDatabase.text("PRAGMA foreign_key_check", at: scratch.catalogue).isEmpty)
        #expect(try RawDatabase.text("PRAGMA integrity_check", at: scratch.catalogue) == ["ok"])
        #expect(try ours.reader.sweep(named: "both")?.misnamed.isEmpty ?? true)
        let left = try RawDatabase.text(
            "SELECT name FROM sqlite_master WHERE name LIKE '%pair' OR name = 'refused'", at: scratch.catalogue)
        #expect(left.isEmpty)
    }

    @Test(
        arguments: [
            ("dit/1", "{\"../net.py\":\"D\"}"), ("dit/1", "{\"net.py\":\"x\"}"), ("dit/1", "[]"), ("dit/1", "{}"),
            ("dit", "{\"net.py\":\"D\"}"), ("\u{1b}[2J/1", "{\"net.py\":\"D\"}"), ("a/b/1", "{\"net.py\":\"D\"}"),
        ])
    func filesOfWorkersAreDigestsByName(worker: String, files: String) throws {
        let digest = Fixture.digest("net").hex
        func insert(_ worker: String, _ files: String) throws {
            try change(
                "INSERT INTO worker_files (worker, files, since) VALUES ('\(worker)', "
                    + "'\(files.replacing("\"D\"", with: "\"\(digest)\""))', 'soon')")
        }
        try insert("fine/1", "{\"net.py\":\"D\"}")
        try insert(worker, files)
        let outcome = try merge()
        #expect(outcome.refused.map(\.reason) == ["they are not as they are stored"])
        let stored = try ours.reader.rows("SELECT worker, files FROM worker_files").rows
        #expect(stored == [[.text("fine/1"), .text("{\"net.py\":\"\(digest)\"}")]])
        try checkOurs()
    }

    @Test func whatIsRightComesInWhole() throws {
        let outcome = try merge()
        #expect(outcome.refused.isEmpty && outcome.misnamed.isEmpty)
        #expect(outcome.trials == 4 && outcome.checkpoints == 4 && outcome.measures == 8 && outcome.sweeps == ["both"])
        #expect(try ours.reader.sweeps().map(\.counts) == [[.succeeded: 4]])
        try checkOurs()
    }

    /// Each case is one hostile row: the SQL that makes it, what the merge tells of it, and how many checkpoints and
    /// measures still come in.
    @Test(arguments: [
        ("UPDATE milestone SET weights = '../../../../etc/passwd' WHERE trial = 1", "no digest", 3, 8),
        ("UPDATE milestone SET weights_bytes = -1 WHERE trial = 1", "no count", 3, 8),
        ("UPDATE milestone SET state = 'x' WHERE trial = 1", "digest and size", 3, 8),
        ("UPDATE milestone SET losses = '[[1,2],' WHERE trial = 1", "losses", 3, 8),
        ("UPDATE milestone SET seconds = -9e999 WHERE trial = 1", "time", 3, 8),
        ("UPDATE milestone SET attempt = 77 WHERE trial = 1", "not here", 3, 8),
        ("UPDATE milestone SET attempt = 4 WHERE trial = 1", "another training's", 3, 8),
        ("UPDATE attempt SET job = 'j' WHERE number = 1", "job is no digest", 3, 6),
        ("UPDATE attempt SET kind = 'rm -rf' WHERE number = 1", "of its kind", 3, 6),
        ("UPDATE attempt SET outcome = 'odd' WHERE number = 1", "ends so", 3, 6),
        ("UPDATE attempt SET host = printf('%.*c', 2000, 'x') WHERE number = 1", "too long", 3, 6),
        ("UPDATE attempt SET intended_at = 'now' WHERE number = 1", "times", 3, 6),
        ("UPDATE attempt SET number = -9223372036854775808 WHERE number = 1", "no count", 3, 6),
        ("UPDATE attempt SET number = 9223372036854775807 WHERE number = 1", "no count", 3, 6),
        ("UPDATE measure_request SET measure = '../../x' WHERE measure = 'memorization'", "it holds \"/\"", 4, 4),
        ("UPDATE measure_request SET measure = char(27) || '[2J' WHERE measure = 'memorization'", "control", 4, 4),
        ("UPDATE measure_request SET parameters = '{ }' WHERE measure = 'memorization'", "parameters", 4, 4),
        ("UPDATE measure_request SET version = -1 WHERE measure = 'memorization'", "version", 4, 4),
        ("UPDATE measured SET checkpoint = '..' WHERE key = 1", "checkpoint is named by no digest", 4, 7),
        ("UPDATE measured SET members = '[\"a\"]' WHERE key = 1", "no list of trials", 4, 7),
        ("UPDATE artifact SET digest = '/etc/passwd' WHERE measured = 1", "a file of it", 4, 7),
        ("UPDATE artifact SET name = '../../x.png' WHERE measured = 1", "a file of it", 4, 7),
        ("UPDATE artifact SET bytes = -5 WHERE measured = 1", "a file of it", 4, 7),
        ("UPDATE measurement SET value = 9e999 WHERE measured = 1", "a number of it", 4, 7),
        ("UPDATE measurement SET n = -3 WHERE measured = 1", "a number of it", 4, 7),
        ("UPDATE measurement SET position = 9223372036854775807 WHERE measured = 1", "a number of it", 4, 7),
        ("UPDATE measurement SET quantity = 99 WHERE measured = 1 AND ordinal = 0", "a number of it", 4, 7),
        ("UPDATE quantity SET name = '-oProxyCommand' WHERE name = 'copied'", "a quantity of it", 4, 4),
        ("UPDATE trial SET state = 'owned' WHERE key = 1", "its state", 3, 6),
        ("UPDATE trial SET ended_at = 'x' WHERE key = 1", "its state, length, time", 3, 6),
        ("UPDATE sweep SET name = '..'", "its name is none", 4, 8),
        ("UPDATE sweep SET name = '--help'", "its name is none", 4, 8),
        ("UPDATE sweep SET name = 'catalogue.sqlite'", "its name is none", 4, 8),
        ("UPDATE sweep SET name = char(27) || ']0;x'", "its name is none", 4, 8),
        ("UPDATE sweep SET revision = 99", "its revision", 4, 8),
        ("UPDATE revision SET worker = '{\"command\":[]}'", "its revision", 4, 8),
        ("UPDATE revision SET worker = '{\"command\":[\"w\"],\"upload\":[\"relative\"]}'", "its revision", 4, 8),
        ("UPDATE revision SET needs = '{\"memory\":-1,\"tags\":[]}'", "its revision", 4, 8),
        ("UPDATE revision SET overrides = '3'", "its revision", 4, 8),
        ("UPDATE wish SET trial = 99 WHERE position = 0", "1 of its trials", 4, 8),
        ("UPDATE dataset_request SET request = replace(request, 'geometric', '/dev/zero')", "4 of its trials", 4, 8),
        (
            "UPDATE dataset_request SET request = replace(request, '\"alpha\":3', '\"alpha\":5')", "4 of its trials", 4,
            8
        ),
        ("UPDATE dataset_request SET request = '{}'", "4 of its trials", 4, 8),
        ("DELETE FROM wished_dataset WHERE training = 1", "2 of its trials", 4, 8),
        ("INSERT INTO declared_quantity VALUES ('m', 1, 'q', '{}')", "does not declare", 4, 8),
    ])
    func aRowThatIsWrongStaysThere(_ sql: String, _ reason: String, _ checkpoints: Int, _ measures: Int) throws {
        try change(sql)
        let outcome = try merge()
        #expect(outcome.refused.contains { $0.reason.contains(reason) }, "\(outcome.refused)")
        #expect(outcome.checkpoints == checkpoints && outcome.measures == measures, "\(outcome)")
        try checkOurs()
        // Nothing of the hostile row came in: what came is a part of what would have come without it.
        let texts = try ours.reader.rows(
            "SELECT measure, parameters FROM measure_request UNION SELECT name, digest FROM artifact")
        #expect(texts.rows.allSatisfy { row in row.allSatisfy { !($0.text ?? "").contains("/") } })
        let again = try merge()
        #expect(again.checkpoints == 0 && again.measures == 0 && again.trials == 0)
        try checkOurs()
    }

    /// Specs that do not have their names, and columns that contradict their specs.
    @Test func identitiesAreComputedAgain() throws {
        try change(
            """
            UPDATE training SET spec = replace(spec, '"seed":0', '"seed":7') WHERE key = 1;
            UPDATE training SET dataset_size = 99999, architecture = '=cmd()', batch = 1 WHERE key = 2;
            """)
        let outcome = try merge()
        #expect(outcome.misnamed.count == 2 && outcome.trials == 2)
        #expect(
            try ours.reader.rows("SELECT DISTINCT dataset_size, architecture, batch, spec ->> 'seed' FROM training")
                .rows
                == [[.integer(16), .text("ddpmpp"), .integer(32), .integer(1)]])
        try checkOurs()
    }

    @Test func specsWithNumbersThatNoTrainingHasAreRefused() throws {
        var spec = Fixture.training(size: 16, scale: 4).spec
        spec["dataset.size"] = .integer(1 << 50)
        let id = try TrainingID(spec: spec)
        let trial = try TrialID(training: id, steps: 1)
        try change(
            """
            UPDATE training SET training_id = '\(id.hex)', spec = '\(try JSONText.write(spec))' WHERE key = 1;
            UPDATE trial SET trial_id = '\(trial.hex)', steps = 1 WHERE training = 1 AND steps = 256;
            """)
        let outcome = try merge()
        #expect(outcome.refused.contains { $0.reason.contains("numbers that no training has") }, "\(outcome.refused)")
        try checkOurs()
    }

    /// Another's results do not take the number of an attempt that was made here.
    @Test func attemptsAreNotOursBecauseTheyAreSaidToBe() throws {
        try ours.store(Fixture.sweep(name: "mine", sizes: [64], scales: [4], steps: [256]))
        let mine = Fixture.sweep(name: "mine", sizes: [64], scales: [4], steps: [256]).trials[0]
        try ours.commit([.attemptIntended(Fixture.attempt(1, [mine])), .attemptEnded(AttemptNumber(1), .succeeded)])
        try change("INSERT INTO merged_attempt VALUES ('\(ours.id)', 1, 1)")
        let outcome = try merge()
        #expect(outcome.refused.contains { $0.what == "attempt 1" }, "\(outcome.refused)")
        #expect(try ours.reader.rows("SELECT count(*) FROM milestone WHERE attempt = 1").rows == [[.integer(0)]])
        try checkOurs()
    }

    @Test func aTrialIsNotDoneBecauseItIsSaidToBe() throws {
        try change("DELETE FROM milestone; DELETE FROM measured; DELETE FROM measurement; DELETE FROM artifact")
        #expect(try merge().checkpoints == 0)
        #expect(try ours.reader.sweeps().map(\.counts) == [[.cancelled: 4]])
        try checkOurs()
    }

    /// Things that a schema can do beside holding tables.
    @Test(arguments: [
        "ALTER TABLE trial RENAME TO t2; CREATE VIEW trial AS SELECT * FROM t2",
        "ALTER TABLE artifact RENAME TO a2; CREATE VIRTUAL TABLE artifact USING fts5(measured, ordinal, name)",
        "ALTER TABLE milestone ADD COLUMN more TEXT GENERATED ALWAYS AS (hex(zeroblob(1000000000))) VIRTUAL",
        "DROP TABLE wish",
    ])
    func tablesThatAreNoneAreRefusedWhole(_ sql: String) throws {
        try DatabaseQueue(path: other).inDatabase { db in
            // Triggers stand in the way of a hand that changes the schema.
            for name in try String.fetchAll(db, sql: "SELECT name FROM sqlite_master WHERE type = 'trigger'") {
                try db.execute(sql: "DROP TRIGGER \(name)")
            }
            for name in try String.fetchAll(db, sql: "SELECT name FROM sqlite_master WHERE type = 'view'") {
                try db.execute(sql: "DROP VIEW \(name)")
            }
            try db.execute(sql: "PRAGMA foreign_keys = 0; PRAGMA legacy_alter_table = 1; " + sql)
        }
        let before = try ours.reader.rows("SELECT * FROM trial").rows
        let error = #expect(throws: CatalogueError.self) { try merge() }
        #expect(error?.kind == .foreign, "\(String(describing: error))")
        #expect(try ours.reader.rows("SELECT * FROM trial").rows == before)
        try checkOurs()
    }

    /// A view may never end: no command begins to read one under a name of ours, neither of tables nor of views.
    @Test(arguments: ["catalogue_identity", "measurements"], [true, false])
    func aViewOfSomebodysIsNotRead(_ name: String, _ isMerged: Bool) throws {
        try DatabaseQueue(path: other).inDatabase { db in
            for row in try Row.fetchAll(
                db, sql: "SELECT type, name FROM sqlite_master WHERE type IN ('trigger', 'view')")
            {
                let (type, name): (String, String) = (row[0], row[1])
                try db.execute(sql: "DROP \(type) \(name)")
            }
            try db.execute(
                sql: """
                    PRAGMA foreign_keys = 0;
                    DROP TABLE IF EXISTS \(name);
                    CREATE VIEW \(name) AS WITH RECURSIVE r(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM r)
                    SELECT sum(x) AS catalogue_id FROM r
                    """)
        }
        let error = #expect(throws: CatalogueError.self) {
            if isMerged { _ = try merge() } else { _ = try CatalogueReader(path: other) }
        }
        #expect(error?.kind == .foreign && error?.message.contains(name) == true, "\(String(describing: error))")
    }

    /// Somebody's trigger would act on what we write into such a file.
    @Test func aTriggerOfSomebodysIsRefusedByWriters() throws {
        try RawDatabase.execute(
            """
            CREATE TRIGGER mine AFTER INSERT ON revision BEGIN
                UPDATE revision SET worker = '{"command":["evil"],"upload":[]}';
            END
            """, at: other)
        let error = #expect(throws: CatalogueError.self) { _ = try Catalogue(path: other) }
        #expect(error?.message.contains("trigger mine") == true, "\(String(describing: error))")
        #expect(try merge().trials == 4, "readers are not in its way")
    }

    @Test func noReleasesTriggerIsRefused() throws {
        #expect(Schema.triggers.count > 100)
        _ = try Catalogue(path: other)
    }

    /// Functions with effects are not to be had through a schema.
    @Test func connectionsDistrustSchemas() throws {
        let flags = try ours.reader.rows("SELECT trusted_schema FROM pragma_trusted_schema").rows
        #expect(flags == [[.integer(0)]])
        #expect(throws: (any Error).self) { try ours.reader.rows("SELECT load_extension('x')") }
    }
}

/// A catalogue that is only opened must train each trial on the images for which it is named.
@Suite struct OtherImagesTests {
    @Test(arguments: [
        "UPDATE dataset_request SET request = replace(request, '\"alpha\":3', '\"alpha\":5')",
        "UPDATE dataset_request SET request = replace(request, 'geometric', '/dev/zero')",
        "UPDATE dataset_request SET request = replace(request, 'geometric', 'gaussian')",
        "UPDATE dataset_request SET request = replace(request, '\"resolution\":16', '\"resolution\":8')",
    ])
    func trialsThatWouldReadOtherImagesAreMisnamed(_ sql: String) throws {
        let scratch = try Scratch()
        do { try Catalogue(path: scratch.catalogue).store(Fixture.sweep()) }
        let whole = try #require(try CatalogueReader(path: scratch.catalogue).sweep(named: "dataset-size"))
        #expect(whole.misnamed.isEmpty && whole.trials.count == 8)
        try RawDatabase.execute(sql, at: scratch.catalogue)
        let sweep = try #require(try CatalogueReader(path: scratch.catalogue).sweep(named: "dataset-size"))
        #expect(sweep.misnamed.count == 8 && sweep.trials.isEmpty)
    }

    /// One request names images of two digests: the second would be trained on the first's.
    @Test func filesAreThoseOfEachTraining() throws {
        let scratch = try Scratch()
        var sweep = Fixture.sweep(sizes: [16, 64], scales: [4], steps: [256])
        sweep.trainings = [:]
        sweep.datasets = [:]
        sweep.trials = try sweep.trials.enumerated().map { index, trial in
            var spec = Fixture.training(size: 16, scale: 4).spec.filter { !$0.key.hasPrefix("dataset.generator") }
            spec["dataset.alpha"] = nil
            spec["dataset.digest"] = .string(Fixture.digest("images \(index)").hex)
            let training = Training(id: try TrainingID(spec: spec), spec: spec)
            sweep.trainings[training.id] = training
            sweep.datasets[training.id] = DatasetRequest(source: "/images", resolution: 16, channels: 1)
            return Trial(
                id: Fixture.trialID(training, steps: 256), training: training.id, steps: 256, position: index,
                asked: [:])
        }
        let catalogue = try Catalogue(path: scratch.catalogue)
        try catalogue.store(sweep)
        let read = try #require(try catalogue.reader.sweep(named: sweep.name))
        #expect(read.misnamed == [sweep.trials[1].id])
    }
}
