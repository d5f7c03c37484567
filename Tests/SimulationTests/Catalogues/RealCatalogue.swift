import Foundation
import JobContract
import ResultCatalogue
import SweepModel

/// The real catalogue, on a simulated disk or in real files in memory where the machine offers that.
final class RealCatalogue: DurableCatalogue {
    private let directory: URL
    let sweep: ExpandedSweep
    var catalogue: Catalogue?
    let disk: SimulatedDisk?
    private let mutant: Mutant
    var wall = WallClock()
    /// Catalogues of others, by their numbers.
    var foreign: [Int: RealCatalogue] = [:]
    private var losesPowerOnClosing = false
    /// A copy has a store of its own, which nobody looks at.
    private var isCopy = false

    /// - Parameters:
    ///   - diskSeed: decides what the simulated disk loses with the power; nil: real files.
    ///   - isEmpty: begins with an empty disk; otherwise with a new catalogue that was made once for all runs, so that no
    ///     fault comes before it.
    init(_ sweep: ExpandedSweep, diskSeed: UInt64?, mutant: Mutant = .none, isEmpty: Bool = false) throws {
        directory = try ByteLayer.newFolder()
        self.sweep = sweep
        self.mutant = mutant
        disk = try diskSeed.map { [directory] in try SimulatedDisk(prefix: directory.path, seed: $0) }
        if let disk, !isEmpty { try Self.fresh.get().copy(to: disk) }
        if mutant == .diskLies { disk?.lie() }
    }

    /// A disk with a catalogue that has no results yet.
    nonisolated(unsafe) private static let fresh = Result {
        let directory = try ByteLayer.newFolder()
        defer { try? FileManager.default.removeItem(at: directory) }
        let disk = try SimulatedDisk(prefix: directory.path, seed: 0)
        _ = try Catalogue(path: directory.appendingPathComponent("catalogue.sqlite").path)
        return disk
    }

    deinit {
        catalogue = nil
        try? FileManager.default.removeItem(at: directory)
    }

    var path: String { directory.appendingPathComponent("catalogue.sqlite").path }

    func isPut(in world: World) { wall.world = world }

    func open() throws -> OpenedCatalogue {
        let opened = try Catalogue(path: path, clock: wall.now)
        try opened.store(sweep)
        let generation = try opened.beginGeneration()
        catalogue = opened
        let writer = Writer(catalogue: opened, world: isCopy ? nil : wall.world, mutant: mutant)
        return OpenedCatalogue(writer: writer, plan: try plan(), generation: generation)
    }

    func plan() throws -> (Holdings, AttemptNumber) {
        let reader = try isOpen().reader
        return (try reader.holdings(of: sweep.trainings.keys), try reader.nextAttemptNumber())
    }

    func statesOnHosts() -> Set<Digest>? { (try? catalogue?.reader.statesOnHosts()).map(Set.init) }
    func referencedFiles() throws -> Set<Digest> { Set(try isOpen().reader.referencedFiles().map(\.digest)) }

    func cancel(_ trials: [TrialID]) throws { try isOpen().cancel(trials, of: sweep.name) }
    func retry(_ trials: [TrialID]) throws { try isOpen().retry(trials, of: sweep.name) }

    func addAndRemove(_ trials: [TrialID]) throws {
        let catalogue = try isOpen()
        let chosen = Set(trials)
        var listed: [Trial] = []
        func list(_ id: TrialID, _ trial: Trial, _ steps: Int) {
            listed.append(
                Trial(id: id, training: trial.training, steps: steps, position: listed.count, asked: trial.asked))
        }
        for trial in sweep.trials where chosen.contains(trial.id) {
            list(trial.id, trial, trial.steps)
            let other = try TrialID(training: trial.training, steps: trial.steps + 1)
            if !sweep.trials.contains(where: { $0.id == other }) { list(other, trial, trial.steps + 1) }
        }
        try catalogue.store(
            ExpandedSweep(
                name: "removed", about: "", text: "", overrides: [], trials: listed, trainings: sweep.trainings,
                datasets: sweep.datasets, measures: sweep.measures, needs: sweep.needs, worker: sweep.worker))
        try catalogue.remove(sweeps: ["removed"], trials: [])
        guard mutant == .removalTakesShared else { return }
        try catalogue.remove(sweeps: [], trials: trials)
        try catalogue.store(sweep)
    }

    private func isOpen() throws -> Catalogue {
        guard let catalogue else { throw CatalogueRefusal(description: "the catalogue is not open") }
        return catalogue
    }

    /// Ends as a sudden death does: nothing is written on the way out.
    func close() {
        disk?.fail(afterCalls: 1, forGood: true)
        catalogue = nil
        disk?.failNoMore()
        guard losesPowerOnClosing, let disk else { return }
        losesPowerOnClosing = false
        let lost = disk.lostPieces
        disk.losePower()
        if disk.lostPieces > lost { wall.world?.census.count(.piecesLost) }
    }

    func losePower(afterCalls calls: Int) -> Bool {
        guard let disk else { return false }
        losesPowerOnClosing = true
        disk.fail(afterCalls: calls, forGood: true)
        return true
    }

    func failDisk(afterCalls calls: Int) -> Bool {
        guard let disk else { return false }
        disk.fail(afterCalls: calls)
        return true
    }

    func fillDisk(_ isFull: Bool) -> Bool {
        guard let disk else { return false }
        disk.fill(isFull)
        return true
    }

    var diskFailures: Int { disk?.failures ?? 0 }

    func copy() throws -> any DurableCatalogue {
        let copy = try RealCatalogue(sweep, diskSeed: disk.map { _ in 1 }, mutant: mutant, isEmpty: true)
        copy.wall = wall
        copy.isCopy = true
        if let disk, let other = copy.disk {
            try disk.copy(to: other)
        } else {
            for end in ["", "-wal"] where FileManager.default.fileExists(atPath: path + end) {
                try FileManager.default.copyItem(atPath: path + end, toPath: copy.path + end)
            }
        }
        return copy
    }

    func damage() throws -> [String] {
        let reader = try catalogue?.reader ?? examined()
        let integrity = try reader.rows("SELECT * FROM pragma_integrity_check").rows.map { $0[0].text ?? "" }
        let references = try reader.rows("SELECT * FROM pragma_foreign_key_check").rows.map { "\($0)" }
        return integrity.filter { $0 != "ok" } + references
    }

    /// Removes files from the coordinator's store that the catalogue needs no more.
    private final class Writer: CatalogueWriter {
        private let catalogue: Catalogue
        private let world: World?
        private let mutant: Mutant
        private var longest: [TrainingID: ResumePoint] = [:]

        init(catalogue: Catalogue, world: World?, mutant: Mutant) {
            self.catalogue = catalogue
            self.world = world
            self.mutant = mutant
        }

        func commit(_ changes: [CatalogueChange]) throws {
            for state in try catalogue.record(changes) {
                world?.census.count(.stateRetired)
                world?.store.retire(state)
            }
            guard mutant == .longestStateAlone else { return }
            for change in changes {
                switch change {
                case .recoveryPoint(let training, _, let point, _): keep(point, of: training)
                case .milestone(let training, _, _, let checkpoint):
                    if let state = checkpoint.state {
                        keep(ResumePoint(steps: checkpoint.steps, state: state.digest), of: training)
                    }
                default: break
                }
            }
        }

        private func keep(_ point: ResumePoint, of training: TrainingID) {
            guard let known = longest[training] else { return longest[training] = point }
            guard known.steps != point.steps else { return }
            world?.store.retire(known.steps < point.steps ? known.state : point.state)
            if point.steps > known.steps { longest[training] = point }
        }
    }

    /// The catalogue, opened anew as the next coordinator would open it.
    private func examined() throws -> CatalogueReader {
        close()
        let opened = try Catalogue(path: path, clock: wall.now)
        catalogue = opened
        return opened.reader
    }

    func contents() throws -> CatalogueContents {
        let reader = try examined()
        var contents = CatalogueContents()
        let trainings = Dictionary(uniqueKeysWithValues: sweep.trials.map { ($0.id.hex, $0) })
        let milestones = try reader.rows(
            "SELECT t.trial_id, m.attempt, m.weights, m.parameters, m.losses FROM milestone m JOIN trial t ON t.key = m.trial"
        )
        for row in milestones.rows {
            guard let trial = trainings[row[0].text ?? ""], let digest = row[2].text.flatMap(Digest.init(hex:)) else {
                throw CatalogueRefusal(description: "a milestone that is none of ours: \(row)")
            }
            contents.results[.milestone(trial.training, trial.steps), default: []].append(
                .init(
                    attempt: AttemptNumber(row[1].integer ?? 0),
                    given: Given(
                        digest: digest, parameters: row[3].integer,
                        losses: row[4].text.flatMap { try? JSONText.decode([LossPoint].self, from: Array($0.utf8)) })))
        }
        for (unit, result) in try measured(reader, trainings) { contents.results[unit, default: []].append(result) }
        let failed = try reader.rows(
            """
            SELECT t.trial_id, q.measure, q.parameters, f.members
            FROM failed_comparison f JOIN trial t ON t.key = f.trial JOIN measure_request q ON q.key = f.request
            """)
        for row in failed.rows {
            guard let trial = trainings[row[0].text ?? ""] else {
                throw CatalogueRefusal(description: "a failed measure that is none of ours: \(row)")
            }
            let request = Self.request(row[1].text, row[2].text, row[3].text, of: trial.id)
            contents.failed.insert(.measure(trial.id, request))
        }
        for row in try reader.rows("SELECT trial_id, images, dataset_size FROM trials").rows {
            guard let trial = trainings[row[0].text ?? ""] else { continue }
            contents.images[trial.id] = row[1...2].map { $0.integer ?? 0 }
        }
        for (trial, state) in try reader.trialStates(of: sweep.name) { contents.states[trial] = state }
        contents.evidence = Set(try reader.evidence().map(CatalogueContents.Evidence.init))
        contents.openAttempts = try reader.openAttempts()
        return contents
    }

    private func measured(
        _ reader: CatalogueReader, _ trials: [String: Trial]
    ) throws -> [(Unit, CatalogueContents.Result)] {
        var rows: [Int: [MeasureRow]] = [:]
        let values = try reader.rows(
            """
            SELECT v.measured, k.name, v.sigma, v.position, v.value, v.n, v.stderr
            FROM measurement v JOIN quantity k ON k.key = v.quantity ORDER BY v.measured, v.ordinal
            """)
        for row in values.rows {
            rows[row[0].integer ?? 0, default: []].append(
                MeasureRow(
                    quantity: row[1].text ?? "", sigma: row[2].number, position: row[3].integer, value: row[4].number,
                    n: row[5].integer, stderr: row[6].number))
        }
        var files: [Int: [String: Digest]] = [:]
        for row in try reader.rows("SELECT measured, name, digest FROM artifact").rows {
            files[row[0].integer ?? 0, default: [:]][row[1].text ?? ""] = row[2].text.flatMap(Digest.init(hex:))
        }
        let measured = try reader.rows(
            """
            SELECT d.key, t.trial_id, q.measure, d.attempt, d.checkpoint, q.parameters, d.members
            FROM measured d JOIN trial t ON t.key = d.trial JOIN measure_request q ON q.key = d.request
            """)
        return try measured.rows.map { row in
            guard let trial = trials[row[1].text ?? ""], let digest = row[4].text.flatMap(Digest.init(hex:)) else {
                throw CatalogueRefusal(description: "a measure that is none of ours: \(row)")
            }
            let key = row[0].integer ?? 0
            let given = Given(digest: digest, rows: rows[key] ?? [], files: files[key] ?? [:])
            let request = Self.request(row[2].text, row[5].text, row[6].text, of: trial.id)
            return (
                .measure(trial.id, request), .init(attempt: AttemptNumber(row[3].integer ?? 0), given: given)
            )
        }
    }

    private static func request(
        _ measure: String?, _ parameters: String?, _ members: String?, of trial: TrialID
    ) -> MeasureRequest {
        let request = MeasureRequest(
            measure: measure ?? "", version: 1, parameters: JSONText.object(parameters ?? "") ?? [:])
        guard let members = members.flatMap({ JSONText.read($0)?.arrayValue }) else { return request }
        let others = members.compactMap { $0.stringValue.flatMap(TrialID.init(hex:)) }.filter { $0 != trial }
        return request.comparing(with: others)
    }
}

/// The date as the coordinator's machine shows it.
final class WallClock: @unchecked Sendable {
    /// A simulation runs on one thread.
    var world: World?

    @Sendable func now() -> Date {
        Date(timeIntervalSince1970: 1_700_000_000 + (world.map { $0.seconds + $0.wallOffset } ?? 0))
    }
}

extension CatalogueContents.Evidence {
    fileprivate init(_ evidence: ResultCatalogue.Evidence) throws {
        let found = JSONText.object(evidence.found) ?? [:]
        guard let digest = (found["weights"] ?? found["checkpoint"])?.stringValue.flatMap(Digest.init(hex:)) else {
            throw CatalogueRefusal(description: "evidence of no file: \(evidence.found)")
        }
        let rows = (found["rows"]?.arrayValue ?? []).compactMap(\.arrayValue).map(Self.row)
        let files = (found["artifacts"]?.arrayValue ?? []).compactMap(\.arrayValue).compactMap { pair in
            pair[1].stringValue.flatMap(Digest.init(hex:)).map { (pair[0].stringValue ?? "", $0) }
        }
        self.init(
            trial: evidence.trial, measure: evidence.measure, attempt: evidence.attempt,
            found: Given(digest: digest, rows: rows, files: Dictionary(files) { first, _ in first }))
    }

    private static func row(_ cells: [JSONValue]) -> MeasureRow {
        MeasureRow(
            quantity: cells[0].stringValue ?? "", sigma: cells[1].doubleValue, position: cells[2].integerValue,
            value: cells[3].doubleValue, n: cells[4].integerValue, stderr: cells[5].doubleValue)
    }
}
