import Foundation
import JobContract
import ResultCatalogue
import SweepFiles
import SweepModel

/// The recording of a network that was trained elsewhere.
struct Adoption {
    let checkpoint: String
    let inspection: CheckpointInspection
    /// A path or a generator's name.
    let dataset: String
    /// What the user knows of its training, by key.
    let known: [String: JSONValue]
    let workplace: Workplace

    /// Makes the network a trial of the sweep, with its weights in the store and its training done, and adds the measures
    /// to the sweep's. Doing it again changes nothing.
    func join(_ name: String, measures: [String]) throws -> Trial {
        let earlier = try workplace.catalogue.reader.sweep(named: name)
        guard var sweep = earlier.map({ AdoptedSweep(text: $0.text) }) ?? AdoptedSweep(name: name) else {
            throw CommandFailure(
                .usage,
                "sweep \(name) was launched from a file: expected --sweep with another name for adopted networks")
        }
        let worker = try WorkerProgram.ours().description
        let keys = try keys(worker)
        var alone = AdoptedSweep(name: name)
        alone.add(keys)
        let expansion = try expand(alone, worker).expansion
        let trials = expansion.sweep.trials
        guard let trial = trials.first, trials.count == 1 else {
            throw CommandFailure(
                .invalidInput, "--set asks for \(trials.count) trials: expected one value for each key")
        }
        expansion.datasetNotes.forEach(Terminal.note)
        sweep.add(keys)
        for words in measures { try sweep.addMeasures(words) }
        let whole = try expand(sweep, worker).expansion.sweep
        guard try workplace.store.put(copyOf: checkpoint) == inspection.weights else {
            throw CommandFailure(.invalidInput, "\(checkpoint) was written to while it was read: try again")
        }
        try workplace.catalogue.store(whole, worker: worker)
        try record(trial)
        return trial
    }

    /// All keys of the trial.
    private func keys(_ worker: WorkerDescription) throws -> [String: JSONValue] {
        var keys = inspection.keys
        // How much was dropped or augmented no checkpoint says.
        let open = ["model.dropout", "training.augment"]
        for (key, value) in known.sorted(by: { $0.key < $1.key }) {
            if let its = keys[key], its.canonical != value.canonical, !open.contains(key) {
                throw CommandFailure(
                    .invalidInput,
                    "--set \(key)=\(value.plainText): the network of \(checkpoint) has \(its.plainText)")
            }
            keys[key] = value
        }
        keys["model.weights"] = .string(inspection.weights.hex)
        let isGenerator = ImageGenerator.names.contains(dataset)
        keys["dataset.source"] = .string(isGenerator ? dataset : URL(fileURLWithPath: dataset).standardizedFileURL.path)
        if !SpecKey.lengthKeys.contains(where: { keys[$0] != nil }) {
            keys["training.steps"] = 1
            if keys["training.batch"] == nil { keys["training.batch"] = 1 }
        }
        if keys["dataset.size"] == nil { keys["dataset.size"] = .integer(Int64(try imagesTrainedOn(keys, worker))) }
        return keys
    }

    /// All images but those held out.
    private func imagesTrainedOn(_ keys: [String: JSONValue], _ worker: WorkerDescription) throws -> Int {
        var keys = keys
        func value(_ key: String) -> JSONValue? { keys[key] ?? SpecKey.named(key)?.fallback }
        let heldOut = value("dataset.held_out")?.integerValue ?? 0
        let parts = value("dataset.part")?.objectValue?["of"]?.integerValue ?? 1
        keys["dataset.size"] = 1
        var sweep = AdoptedSweep(name: "size")
        sweep.add(keys)
        return (try expand(sweep, worker).images - heldOut) / parts
    }

    /// The sweep, and how many images the last of its datasets has.
    private func expand(
        _ sweep: AdoptedSweep, _ worker: WorkerDescription
    ) throws -> (expansion: Expansion, images: Int) {
        var images = 0
        do {
            let file = try SweepFile(text: try sweep.text, file: checkpoint)
            let expansion = try file.expand(worker: worker) { request in
                let identity = try workplace.preparer.identify(request)
                images = identity.images
                return identity
            }
            return (expansion, images)
        } catch let error as SweepFileError {
            // Lines are those of a text that nobody wrote.
            throw SweepFileError(error.message, key: error.key, at: TextOrigin(file: error.origin.file))
        }
    }

    /// Records the training as done, by an attempt that nobody made here.
    private func record(_ trial: Trial) throws {
        let catalogue = workplace.catalogue
        let recorded = try catalogue.reader.holdings(of: [trial.training]).milestones[trial.training] ?? []
        guard !recorded.contains(where: { $0.steps == trial.steps }) else { return }
        let attempt = try catalogue.reader.nextAttemptNumber()
        let job = Job(
            training: trial.training, work: .train(milestones: [Milestone(steps: trial.steps, trial: trial.id)]),
            needs: JobNeeds())
        let checkpoint = WorkerEvent.Checkpoint(
            steps: trial.steps, milestone: true,
            weights: OutputFile(path: checkpoint, digest: inspection.weights, bytes: inspection.bytes), state: nil,
            parameters: inspection.parameters, seconds: 0)
        try catalogue.commit([
            .attemptIntended(
                AttemptRecord(
                    attempt: attempt, job: job.id, training: trial.training, kind: "adopt", trials: [trial.id],
                    host: "elsewhere", machine: "", boot: "", cpu: "")),
            .attemptStarted(attempt, nil), .milestone(trial.training, trial.id, attempt, checkpoint),
            .attemptEnded(attempt, .succeeded), .trialState(trial.id, .succeeded, reason: nil),
        ])
    }
}

extension CheckpointInspection {
    /// Has the worker that comes with this program read the checkpoint. Throws CommandFailure with what it refuses.
    init(of checkpoint: String) throws {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: try Programs.bundled("eigensweep-worker"))
        process.arguments = ["inspect", "--", checkpoint]
        let (output, errors) = (Pipe(), Pipe())
        process.standardOutput = output
        process.standardError = errors
        try process.run()
        // Neither fills its pipe: a line each.
        let said = output.fileHandleForReading.readDataToEndOfFile()
        let complaint = String(decoding: errors.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        process.waitUntilExit()
        guard process.terminationStatus == 0 else {
            let words = complaint.hasPrefix("Error: ") ? complaint.dropFirst("Error: ".count) : complaint[...]
            throw CommandFailure(.invalidInput, words.trimmingCharacters(in: .whitespacesAndNewlines))
        }
        self = try JSONText.decode(CheckpointInspection.self, from: said)
    }
}
