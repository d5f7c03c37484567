import Foundation
import JobContract
import ResultCatalogue
import SweepModel

/// The real catalogue, in a directory of its own; closed only by being forgotten, as by a coordinator's death.
final class RealCatalogue: DurableCatalogue {
    private let directory: URL
    private let sweep: ExpandedSweep
    private var catalogue: Catalogue?
    private var wall = WallClock()

    init(_ sweep: ExpandedSweep) throws {
        // In memory where the machine offers that: what is tested is what is committed, not how fast.
        let memory = URL(fileURLWithPath: "/dev/shm")
        let parent =
            FileManager.default.isWritableFile(atPath: memory.path) ? memory : FileManager.default.temporaryDirectory
        directory = parent.appendingPathComponent("eigensweep-simulation-\(UUID().uuidString)")
        self.sweep = sweep
        try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
    }

    deinit {
        catalogue = nil
        try? FileManager.default.removeItem(at: directory)
    }

    private var path: String { directory.appendingPathComponent("catalogue.sqlite").path }

    func isPut(in world: World) { wall.world = world }
    func close() { catalogue = nil }
    func losePower() {}
    func failDisk(afterCalls calls: Int) -> Bool { false }

    func open() throws -> OpenedCatalogue {
        let opened = try Catalogue(path: path, clock: wall.now)
        catalogue = opened
        try opened.store(sweep)
        let generation = try opened.beginGeneration()
        return OpenedCatalogue(
            writer: opened, holdings: try opened.reader.holdings(of: sweep.trainings.keys),
            firstAttempt: try opened.reader.nextAttemptNumber(), generation: generation)
    }

    func copy() throws -> any DurableCatalogue {
        let copy = try RealCatalogue(sweep)
        copy.wall = wall
        for end in ["", "-wal"] where FileManager.default.fileExists(atPath: path + end) {
            try FileManager.default.copyItem(atPath: path + end, toPath: copy.path + end)
        }
        return copy
    }

    func damage() throws -> [String] {
        catalogue = nil
        let reader = try CatalogueReader(path: path)
        let integrity = try reader.rows("PRAGMA integrity_check").rows.map { $0[0].text ?? "" }
        let references = try reader.rows("PRAGMA foreign_key_check").rows.map { "\($0)" }
        return integrity.filter { $0 != "ok" } + references
    }

    func contents() throws -> CatalogueContents {
        catalogue = nil
        let reader = try CatalogueReader(path: path)
        var contents = CatalogueContents()
        let trainings = Dictionary(uniqueKeysWithValues: sweep.trials.map { ($0.id.hex, $0) })
        let milestones = try reader.rows(
            "SELECT t.trial_id, m.attempt, m.weights FROM milestone m JOIN trial t ON t.key = m.trial")
        for row in milestones.rows {
            guard let trial = trainings[row[0].text ?? ""], let digest = row[2].text.flatMap(Digest.init(hex:)) else {
                throw CatalogueRefusal(description: "a milestone that is none of ours: \(row)")
            }
            contents.results[.milestone(trial.training, trial.steps), default: []].append(
                .init(attempt: AttemptNumber(row[1].integer ?? 0), digest: digest, rows: []))
        }
        let measured = try reader.rows(
            """
            SELECT t.trial_id, q.measure, d.attempt, d.checkpoint, v.quantity, v.value, v.n
            FROM measured d JOIN trial t ON t.key = d.trial JOIN measure_request q ON q.key = d.request
            JOIN measurement v ON v.measured = d.key
            """)
        for row in measured.rows {
            guard let trial = trainings[row[0].text ?? ""], let digest = row[3].text.flatMap(Digest.init(hex:)) else {
                throw CatalogueRefusal(description: "a measure that is none of ours: \(row)")
            }
            contents.results[.measure(trial.id, row[1].text ?? ""), default: []].append(
                .init(
                    attempt: AttemptNumber(row[2].integer ?? 0), digest: digest,
                    rows: [MeasureRow(quantity: row[4].text ?? "", value: row[5].number, n: row[6].integer)]))
        }
        for (trial, state) in try reader.trialStates(of: sweep.name) { contents.states[trial] = state }
        contents.evidence = try reader.evidence().count
        contents.openAttempts = try reader.openAttempts()
        return contents
    }
}

/// The date as the coordinator's machine shows it.
private final class WallClock: @unchecked Sendable {
    /// A simulation runs on one thread.
    var world: World?

    @Sendable func now() -> Date {
        Date(timeIntervalSince1970: 1_700_000_000 + (world.map { $0.seconds + $0.wallOffset } ?? 0))
    }
}
