import Foundation
import JobContract
import SweepModel
import Testing

@testable import ResultCatalogue

/// A catalogue made for others to read: every number is there, and nothing of where it was made.
@Suite struct PublishingTests {
    private let scratch: Scratch
    private let source: Catalogue
    private let sweep = ofFiles(
        Fixture.sweep(
            name: "map", scales: [4],
            text:
                "name: map\n# see https://example.org/map\ndataset: {source: /home/hidden a/b/faces.zip, held_out: ~hidden/c.txt}\n",
            overrides: ["dataset.source=/home/hidden/some faces/faces.zip", "training.learning_rate=.001"]))
    private var published: String { scratch.path + "/published.sqlite" }

    /// Every text that may tell of people or machines has the word `hidden` in it.
    init() throws {
        scratch = try Scratch()
        source = try Catalogue(path: scratch.catalogue)
        try source.beginGeneration()
        try source.store(Self.ofFiles(Fixture.sweep(name: "map", scales: [4], seeds: [0, 7])))
        try source.store(sweep)
        try source.store(Fixture.sweep(name: "hidden", scales: [16]))
        for (place, trial) in sweep.trials.enumerated() {
            let attempt = AttemptNumber(place + 1)
            try source.commit([
                .attemptIntended(Fixture.attempt(place + 1, [trial], host: place < 2 ? "hidden-a" : "hidden-b")),
                .milestone(trial.training, trial.id, attempt, Fixture.checkpoint(trial)),
                .measured(attempt, Fixture.memorized(trial, glScore: 0.5, copied: 0.25)),
                .measured(attempt, Fixture.distances(trial)), .measured(attempt, unasked(trial)),
                .attemptEnded(attempt, .succeeded),
                .trialState(trial.id, .succeeded, reason: nil),
            ])
        }
        try source.write { db in
            try db.execute(
                sql: """
                    UPDATE attempt SET machine = 'hidden', boot = 'hidden', reason = 'hidden', diagnostics = 'hidden',
                        task = 'hidden';
                    UPDATE trial SET reason = 'hidden';
                    UPDATE artifact SET name = 'hidden.png', media_type = 'image/png';
                    UPDATE coordinator_start SET nonce = 'hidden', place = '{"host":"hidden"}';
                    INSERT INTO host (name, machine, boot, cpu, cores, memory, free, seen_at)
                        VALUES ('hidden', 'hidden', 'hidden', '', 1, 1, 1, '2026-01-01T00:00:00Z');
                    INSERT INTO drained_host VALUES ('hidden', 'hidden', '2026-01-01T00:00:00Z');
                    INSERT INTO worker_files (worker, files, since) VALUES ('w/1', '{"hidden.py":"\(Fixture.digest("w").hex)"}', '2026-01-01T00:00:00Z');
                    INSERT INTO note (sweep, text, written_at) SELECT key, 'hidden', created_at FROM sweep;
                    INSERT INTO tag (sweep, tag, tagged_at) SELECT key, 'hidden', created_at FROM sweep;
                    INSERT INTO evidence (kind, trial, attempt, kept, found, recorded_at)
                        SELECT 'milestone', trial, attempt, 'hidden', 'hidden', recorded_at FROM milestone;
                    UPDATE revision SET worker = replace(worker, '"upload":[]', '"upload":["/home/hidden/train.py"]');
                    """)
        }
        try Catalogue.publish("map", of: source.reader, to: published)
    }

    /// What an earlier revision asked for.
    private func unasked(_ trial: Trial) -> WorkerEvent.Measured {
        WorkerEvent.Measured(
            trial: trial.id, request: MeasureRequest(measure: "earlier", version: 1, parameters: [:]),
            checkpoint: Fixture.digest("weights \(trial.id.hex) "),
            rows: [MeasureRow(quantity: "length", value: 1, n: 1)], artifacts: [], seconds: 1)
    }

    /// The sweep on images of a file.
    private static func ofFiles(_ sweep: ExpandedSweep) -> ExpandedSweep {
        var trainings: [TrainingID: Training] = [:]
        var datasets: [TrainingID: DatasetRequest] = [:]
        let trials = sweep.trials.compactMap { trial -> Trial? in
            guard var spec = sweep.trainings[trial.training]?.spec else { return nil }
            for key in ["dataset.generator", "dataset.generator_version", "dataset.alpha"] { spec[key] = nil }
            spec["dataset.digest"] = .string(Fixture.digest("faces").hex)
            guard let training = try? TrainingID(spec: spec),
                let id = try? TrialID(training: training, steps: trial.steps)
            else { return nil }
            trainings[training] = Training(id: training, spec: spec)
            datasets[training] = DatasetRequest(
                source: "/home/hidden/some faces/faces.zip", resolution: 16, channels: 1,
                parameters: ["training_index": "/home/hidden/index.txt"])
            let asked = trial.asked.merging(["dataset.source": "/home/hidden/some faces/faces.zip"]) { $1 }
            return Trial(id: id, training: training, steps: trial.steps, position: trial.position, asked: asked)
        }
        return ExpandedSweep(
            name: sweep.name, about: sweep.about, text: sweep.text, overrides: sweep.overrides, trials: trials,
            trainings: trainings, datasets: datasets, measures: sweep.measures, needs: sweep.needs, worker: sweep.worker
        )
    }

    @Test func nothingTellsOfPeopleOrMachines() throws {
        let bytes = try Data(contentsOf: URL(fileURLWithPath: published))
        #expect(bytes.range(of: Data("hidden".utf8)) == nil)
        #expect(bytes.range(of: Data("/home".utf8)) == nil)
        #expect(!FileManager.default.fileExists(atPath: published + "-wal"))
        #expect(try tellTale() == [])
        #expect(
            try RawDatabase.text("SELECT DISTINCT host FROM attempt ORDER BY 1", at: published) == ["host-1", "host-2"])
        #expect(
            try RawDatabase.text("SELECT text FROM revision", at: published) == [
                "name: map\n# see https://example.org/map\ndataset: {source: faces.zip, held_out: c.txt}\n"
            ])
        #expect(
            try RawDatabase.text("SELECT value FROM revision, json_each(overrides)", at: published)
                == ["dataset.source=faces.zip", "training.learning_rate=.001"])
    }

    /// Columns of free text that hold something and of which nobody has decided that others may read it.
    private func tellTale() throws -> [String] {
        let read: Set = [
            "attempt.job", "attempt.kind", "attempt.host", "attempt.cpu", "attempt.intended_at", "attempt.started_at",
            "attempt.ended_at", "attempt.outcome", "attempt.worker", "attempt.build", "attempt.worker_cpu",
            "attempt.kernels", "attempt_count.host", "attempt_count.outcome", "cancelled_wish.cancelled_at",
            "catalogue_identity.catalogue_id", "catalogue_identity.created_at", "dataset_request.request",
            "declared_quantity.measure", "declared_quantity.name", "declared_quantity.declaration",
            "grdb_migrations.identifier", "measure_request.measure", "measure_request.parameters",
            "measured.checkpoint",
            "measured.members", "measured.recorded_at", "milestone.weights", "milestone.losses",
            "milestone.recorded_at",
            "quantity.name", "revision.about", "revision.text", "revision.overrides", "revision.needs",
            "revision.worker",
            "revision.content", "revision.stored_at", "stored_bytes.kind", "sweep.name", "sweep.created_at",
            "sweep_count.state", "sweep_work.architecture", "training.training_id", "training.dataset", "training.part",
            "training.architecture", "training.worker", "training.spec", "trial.trial_id", "trial.state",
            "trial.ended_at",
            "wish.asked", "wished_comparison.members",
        ]
        let columns = try RawDatabase.text(
            """
            SELECT t.name || '.' || c.name FROM sqlite_schema t JOIN pragma_table_info(t.name) c
            WHERE t.type = 'table' AND t.name NOT LIKE 'sqlite_%' AND c.type = 'TEXT'
            """, at: published)
        return try columns.filter { column in
            let parts = column.split(separator: ".")
            let some = try RawDatabase.text(
                "SELECT 'some' FROM \(parts[0]) WHERE \(parts[1]) <> '' LIMIT 1", at: published)
            return !read.contains(column) && !some.isEmpty
        }
    }

    @Test func everyNumberIsThere() throws {
        let copy = try Catalogue(path: published)
        let measurements =
            """
            SELECT trial_id, measure, parameters, quantity, sigma, value, n, stderr FROM measurements
            WHERE measure <> 'earlier' ORDER BY 1, 2, 4, 5
            """
        #expect(try copy.reader.rows(measurements) == source.reader.rows(measurements))
        #expect(try copy.reader.rows("SELECT * FROM measurements WHERE measure = 'earlier'").rows.isEmpty)
        #expect(try copy.reader.sweeps().map(\.name) == ["map"])
        #expect(try copy.reader.sweeps().map(\.counts) == [[.succeeded: sweep.trials.count]])
        #expect(try copy.reader.wrongCounts() == [])
        #expect(try RawDatabase.text("PRAGMA foreign_key_check", at: published) == [])
        let stored = try #require(try copy.reader.sweep(named: "map"))
        let jobs = JobGraph(sweeps: [stored], holdings: try copy.reader.holdings(of: stored.trainings.keys)).jobs
        #expect(jobs.isEmpty, "nothing is computed again")
    }
}
