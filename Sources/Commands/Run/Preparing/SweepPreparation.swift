import ContentStore
import Coordination
import DatasetPreparation
import Foundation
import JobContract
import RemoteHosts
import ResultCatalogue
import SweepFiles
import SweepModel

/// A sweep with everything a run needs of it.
struct RunningSweep: Sendable {
    var prepared: PreparedSweep
    var isDeterministic: Bool
    /// The files of which its worker consists, beside what comes with this program.
    var files: [String: Digest] = [:]
    /// What hosts are compared by before they run our worker; nil where none of the jobs is its.
    var check: WorkerCheck?
    /// What people should hear of its expansion.
    var notes: [String] = []
    /// Its trainings whose images are samples of other trials that are not drawn yet.
    var students: Set<TrainingID> = []
    /// The sweeps in which these are drawn.
    var teachers: [RunningSweep] = []

    var sweep: ExpandedSweep { prepared.sweep }
    var name: String { prepared.sweep.name }
    /// Whether its worker is the one that comes with this program.
    var isOurs: Bool { prepared.sweep.worker.command.first == WorkerCommand.ours }
}

/// A sweep file, and the worker that it names, with the worker's description of itself.
struct ReadSweepFile {
    let file: SweepFile
    let worker: WorkerProgram

    /// - Parameter folder: paths in the overrides are relative to it.
    init(_ path: String, overrides: [String], folder: String = ".") throws {
        let head: SweepHead
        do {
            head = try SweepHead(contentsOf: path, overrides: overrides, overridesFolder: folder)
        } catch {
            // The whole file tells this and what else is wrong.
            if error.key == "name" {
                _ = try SweepFile(contentsOf: path, overrides: overrides, overridesFolder: folder)
            }
            throw error
        }
        // Ours has no keys of its own: what is wrong with the file is said although it cannot be found.
        if head.worker == WorkerCommand() {
            let ours = Result { try WorkerProgram(head.worker) }
            file = try SweepFile(
                contentsOf: path, overrides: overrides, overridesFolder: folder, worker: try? ours.get().description)
            worker = try ours.get()
        } else {
            // A file may come from others: what is run of it is said first.
            Terminal.note(
                "running `\(head.worker.command.joined(separator: " ")) describe`, which says what the worker can do")
            worker = try WorkerProgram(head.worker)
            file = try SweepFile(
                contentsOf: path, overrides: overrides, overridesFolder: folder, keys: worker.keys,
                worker: worker.description)
        }
    }

    /// The file's trials. Images that were never prepared are decoded to learn their digest, into a folder that goes away
    /// again.
    func expandAside(in catalogue: CatalogueOptions) throws -> Expansion {
        try withTemporaryDirectory { directory in
            let preparer = DatasetPreparer(
                depot: try ContentStore(directory: directory.path), knows: catalogue.datasets,
                progress: PreparationLine.show)
            let teachers = CatalogueTeachers(path: catalogue.path) {
                FileManager.default.fileExists(atPath: catalogue.path)
                    ? try CatalogueReader(path: catalogue.path) : nil
            }
            return try file.expand(
                worker: worker.description, teachers: teachers, identify: preparer.identify)
        }
    }
}

extension SweepFile {
    /// What is waited for while it is expanded.
    var expanding: String { "expanding \(name), \(Readable.counted(points, "point"))" }
}

/// Makes sweeps ready to run: reads them, asks their workers, brings datasets and programs into the store. For any
/// thread.
struct SweepPreparation: Sendable {
    /// The catalogue's path.
    let catalogue: String
    let store: ContentStore
    let preparer: DatasetPreparer
    /// Asks hosts for what the store has lost.
    let recovery: FileRecovery
    let reader: CatalogueReader

    /// Expands a file and makes its sweep ready to run. With `sameNumerics` a worker whose files changed is taken for the one
    /// that it was.
    func launch(_ read: ReadSweepFile, sameNumerics: Bool, in reader: CatalogueReader) throws -> RunningSweep {
        if !sameNumerics {
            try read.worker.requireSameFiles(as: reader, sweep: read.file.name)
        }
        // Launching a file is a yes to the worker that it names.
        let note = TrustedWorkers.ours.add(read.file.worker, of: read.file.name, in: catalogue)
        let expansion = try Waiting.during(read.file.expanding) {
            try read.file.expand(
                worker: read.worker.description, teachers: CatalogueTeachers(path: catalogue) { reader },
                identify: preparer.identify)
        }
        var running = try withTeachers(try prepare(expansion.sweep, read.worker))
        running.notes += [note].compactMap(\.self) + expansion.datasetNotes
        if !expansion.merged.isEmpty {
            running.notes.append(
                expansion.merged.count == 1
                    ? "one point equals another and is merged; `plan` shows which"
                    : "\(Readable.count(expansion.merged.count)) points equal others and are merged; `plan` shows which"
            )
        }
        return running
    }

    /// A stored sweep and its worker, which this account must have said yes to, and which must be the one that its trials
    /// are named with: another version would give them other bits.
    func stored(_ name: String, in reader: CatalogueReader) throws -> RunningSweep {
        guard let sweep = try reader.sweep(named: name) else {
            throw CommandFailure(.usage, "the catalogue has no sweep \"\(name)\"")
        }
        guard !sweep.trials.isEmpty || sweep.misnamed.isEmpty else {
            throw CommandFailure(.catalogue, Self.refusal(sweep))
        }
        guard sweep.datasets.count == sweep.trainings.count else {
            throw CommandFailure(
                .catalogue,
                "sweep \(name): the catalogue does not say where the images of \(sweep.trainings.count - sweep.datasets.count) of "
                    + "its trainings lie: it was damaged or edited. Launch the sweep's file again")
        }
        try TrustedWorkers.ours.require(sweep.worker, of: name, in: reader.path)
        let worker = try WorkerProgram(sweep.worker)
        let names = worker.names
        // One worker's trainings are all named with it.
        let named = names.count == 1 ? sweep.trainings.values.prefix(1) : sweep.trainings.values[...]
        if let strange = named.first(where: { training in !names.contains { $0 == training.worker } }) {
            let known = strange.worker
            let here = names.first { $0.name == known?.name } ?? names[0]
            throw CommandFailure(
                .invalidInput,
                "sweep \(name) was launched with \(known?.name ?? ""), numerics \(known?.numerics ?? 0); the worker here "
                    + "is \(here.name), numerics \(here.numerics). Launch its file again: what the new worker makes are "
                    + "other trials")
        }
        try worker.requireSameFiles(as: reader, sweep: name)
        return try withTeachers(try prepare(sweep, worker))
    }

    /// Brings what the store has lost of a sweep's datasets and programs there again.
    func prepareAgain(_ running: RunningSweep) throws -> RunningSweep {
        let worker = try WorkerProgram(running.sweep.worker)
        let known = running.prepared.worker
        guard known == nil || known?.name == worker.description.name && known?.numerics == worker.description.numerics,
            worker.files == running.files
        else {
            throw CommandFailure(
                .invalidInput,
                "the program of sweep \(running.name) is lost in the store, and the worker here is another one by now, "
                    + "which says of itself \(worker.description.name), numerics \(worker.description.numerics). Launch the "
                    + "sweep's file again"
            )
        }
        return try prepare(running.sweep, worker)
    }

    /// Finds the trials of a stored sweep that nobody may train, since what their specs say has another name than theirs.
    static func refusal(_ sweep: ExpandedSweep) -> String {
        let names = sweep.misnamed.prefix(5).map(\.short).joined(separator: ", ")
        let more = sweep.misnamed.count > 5 ? " and \(Readable.count(sweep.misnamed.count - 5)) more" : ""
        let (what, they, them) =
            sweep.misnamed.count == 1 ? ("trial", "it is", "it") : ("trials", "they are", "them")
        return "sweep \(sweep.name): what the catalogue holds of \(what) \(names)\(more) is not what \(they) named "
            + "for: it was damaged or edited. Nothing is run of \(them). Launch the sweep's file again, which puts it "
            + "right, or restore the catalogue from a copy"
    }

    func prepare(_ sweep: ExpandedSweep, _ worker: WorkerProgram) throws -> RunningSweep {
        var files: [DatasetRequest: Digest] = [:]
        var datasets: [TrainingID: Digest] = [:]
        var students: Set<TrainingID> = []
        var last: (request: DatasetRequest, file: Digest?)?
        datasets.reserveCapacity(sweep.datasets.count)
        for (id, request) in sweep.datasets {
            // Most trainings read the same images as the training before.
            if last?.request != request {
                if files[request] == nil { files[request] = try datasetFile(request, of: sweep.trainings[id]) }
                last = (request, files[request])
            }
            datasets[id] = last?.file
            if last?.file == nil { students.insert(id) }
        }
        let uploads = try worker.uploads.map { try $0.stored(in: store) }
        let measuring = try worker.measuring.map {
            PreparedSweep.Measuring(
                command: $0.command, uploads: try $0.uploads.map { try $0.stored(in: store) }, worker: $0.description)
        }
        var sweep = sweep
        sweep.borrowed = worker.measuring?.measures
        return RunningSweep(
            prepared: PreparedSweep(
                sweep: sweep, datasets: datasets, command: worker.command, uploads: uploads,
                worker: worker.description, measuring: measuring),
            isDeterministic: worker.description.deterministic, files: worker.files, check: try worker.check(),
            students: students)
    }

    /// The prepared file a training reads; nil for samples that are not drawn yet. Images are known by digest: a source that changed since is refused, and one
    /// that is gone is not missed while the store has the file.
    private func datasetFile(_ request: DatasetRequest, of training: Training?) throws -> Digest? {
        if let samples = request.samples { return try file(of: samples) }
        let expected = training?.spec["dataset.digest"]?.stringValue.flatMap { Digest(hex: $0) }
        if let expected {
            if store.isWhole(expected) { return expected }
            recovery.bring([expected])
            if store.isWhole(expected) { return expected }
        }
        let version = training?.spec["dataset.generator_version"]?.integerValue
        let found = try preparer.prepare(request, version: version).digest
        if let expected, expected != found {
            throw CommandFailure(
                .invalidInput,
                "\(request.source) has changed since the sweep was launched: it gives the dataset \(found.short), "
                    + "expected \(expected.short) (or another release read it otherwise: CHANGELOG.md, Results). Put the old "
                    + "images back, or launch the sweep's file again")
        }
        return found
    }
}
