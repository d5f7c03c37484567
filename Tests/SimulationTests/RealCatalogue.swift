import Foundation
import JobContract
import ResultCatalogue
import SweepModel

/// The real catalogue, in a directory of its own; closed only by being forgotten, as by a coordinator's death.
final class RealCatalogue: DurableCatalogue {
    private let directory: URL
    private let sweep: ExpandedSweep
    private var catalogue: Catalogue?

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

    func open() throws -> (writer: any CatalogueWriter, holdings: Holdings, firstAttempt: AttemptNumber) {
        catalogue = nil
        let opened = try Catalogue(path: path)
        catalogue = opened
        try opened.store(sweep)
        try opened.beginGeneration()
        return (
            opened, try opened.reader.holdings(of: sweep.trainings.keys), try opened.reader.nextAttemptNumber()
        )
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
